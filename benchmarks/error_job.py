"""What the programs of ``equal_error.py`` share: their job, their steps and how they are measured.

The programs run in different environments, so this file needs the standard library and numpy only.
"""

import json
import resource
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields

import numpy as np
from common import LEVELS

#: eV per K.
KB = 8.617333262e-5


@dataclass(frozen=True)
class Step:
    """One sum over the zone.

    Attributes
    ----------
    mesh
        Points per direction.
    offset, method, symmetry, tolerance
        For this package: those of ``[zone]`` in a job file.
    fft
        For WannierBerri: points per direction of its Fourier transforms.
    iterations, spread
        For WannierBerri: iterations of its refinement, and how many cells each of them divides.
    tetra
        For WannierBerri: whether it uses tetrahedra.
    """

    mesh: int
    offset: float = 0.0
    method: str = "plain"
    symmetry: bool = True
    tolerance: float | None = None
    fft: int = 6
    iterations: int = 0
    spread: int = 1
    tetra: bool = False


@dataclass(frozen=True)
class Ladder:
    """Steps of one program for one crystal.

    Attributes
    ----------
    operators
        Archive with ``lattice``, ``R``, ``H_R``, ``A_R`` and ``S_R``, symmetrised.
    fermi
        eV.
    response
        ``"spin"``: conventional spin Hall conductivity, xyz; ``"charge"``: anomalous Hall conductivity, xy.
    kelvin
        Temperature.
    generators
        Symmetry of the crystal as WannierBerri calls it.
    steps
        What to run.
    win
        Input file of Wannier90, whose projections help this package to find the symmetry.
    """

    operators: str
    fermi: float
    response: str
    kelvin: float
    generators: tuple[str, ...]
    steps: tuple[Step, ...]
    win: str = ""

    @property
    def levels(self) -> np.ndarray:
        """Fermi levels of the comparison, eV."""
        return self.fermi + LEVELS

    def text(self) -> str:
        """As :func:`read_ladder` reads it."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Found:
    """Processor time in s of one result, and the conductivity at every level."""

    cpu: float
    values: list[float]


def read_ladder() -> Ladder:
    """Ladder that the parent process gave as the only argument."""
    content = json.loads(sys.argv[1])
    names = [f.name for f in fields(Step)]
    steps = tuple(Step(**{name: step[name] for name in names}) for step in content.pop("steps"))
    return Ladder(**{**content, "generators": tuple(content["generators"]), "steps": steps})


def processor_time() -> float:
    """Seconds of this process, user and system."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def timed(work: Callable[[], np.ndarray]) -> Found:
    """Run ``work`` once."""
    start = processor_time()
    values = work()
    return Found(processor_time() - start, values.tolist())


def report(found: Iterator[list[Found]]) -> None:
    """Print, as the last line, what every step gave and the processor time of everything else."""
    steps = list(found)
    measured = sum(max(x.cpu for x in step) for step in steps)
    start_up = processor_time() - measured
    print(json.dumps({"steps": [[asdict(x) for x in step] for step in steps], "start_up": start_up}))
