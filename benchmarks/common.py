"""What every measured program shares: its job, its clock and the line it prints.

The programs run in different environments, so this file needs the standard library and numpy only.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

Result = TypeVar("Result")

#: Points per direction of the comparison, chosen so that reference numbers exist for it.
MESH = 25
#: Points per direction of the run that loads and compiles everything before the clock starts.
WARM_UP_MESH = 5
#: Fermi levels (eV) relative to that of the crystal.
LEVELS = np.linspace(-1.0, 1.0, 21)
#: eV: levels closer than this form a group; the default of the peer.
DEGENERACY = 1e-4


@dataclass(frozen=True)
class Job:
    """What one measured process computes.

    Attributes
    ----------
    operators
        Archive with ``lattice``, ``R``, ``H_R``, ``A_R`` and ``S_R``.
    fermi
        Energy in eV that the levels are relative to.
    mesh
        Points per direction, centred on Gamma.
    out
        Where the conductivity goes, ``(level, current, field, spin)`` in (hbar/e) S/cm; empty: nowhere.
    definitions, workers
        For this package only.
    """

    operators: str
    fermi: float
    mesh: int = MESH
    out: str = ""
    definitions: tuple[str, ...] = ("conventional",)
    workers: int = 1

    @property
    def points(self) -> int:
        """Number of k-points."""
        return self.mesh**3

    @property
    def levels(self) -> np.ndarray:
        """Absolute Fermi levels, eV."""
        return self.fermi + LEVELS


@dataclass(frozen=True)
class Sample:
    """One measurement: processor time (user and system) and wall time in s, peak resident memory in MB."""

    points: int
    cpu: float
    wall: float
    peak: float

    @property
    def rate(self) -> float:
        """k-points per second of processor time."""
        return self.points / self.cpu

    @property
    def speed(self) -> float:
        """k-points per second of wall time."""
        return self.points / self.wall


def read_job() -> Job:
    """Job that the parent process gave as the only argument."""
    fields = json.loads(sys.argv[1])
    return Job(**{**fields, "definitions": tuple(fields["definitions"])})


def measure(work: Callable[[], Result], job: Job) -> tuple[Result, Sample]:
    """Run ``work`` once; everything it needs must have been imported, read and compiled before."""
    wall, cpu = time.perf_counter(), _cpu()
    result = work()
    return result, Sample(job.points, _cpu() - cpu, time.perf_counter() - wall, _peak())


def report(sample: Sample) -> None:
    """Print the sample as the last line of standard output."""
    print(json.dumps(asdict(sample)))


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _peak() -> float:
    """Peak resident memory of this program, MB.

    Under Linux ru_maxrss starts at the size of the process that started this one; VmHWM does not.
    """
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
