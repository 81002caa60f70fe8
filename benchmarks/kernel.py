"""Cost of a k-point in units of numpy.linalg.eigh of the same matrices: ``python benchmarks/kernel.py``.

Within a round everything takes turns on the same k-points, in processor time of one thread; the table has medians of
ratios within a round.  18 bands are the platinum of the examples, 36 the same crystal with two cells in one, 64 a dense
random model.
"""

import argparse
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np

from solenoidal.compiled import one_blas_thread
from solenoidal.engine import Task
from solenoidal.engine.work import Work
from solenoidal.model import BlochModel, Operator
from solenoidal.readers import read_wannier90
from solenoidal.zone import Mesh

ROOT = Path(__file__).resolve().parents[1]
FERMI = 17.6251
SETS = {
    "conventional": ("conventional",),
    "conventional, eq11": ("conventional", "eq11"),
    "conventional, eq11, eq15": ("conventional", "eq11", "eq15"),
    "all four": ("conventional", "eq11", "eq15", "kubo"),
}
#: Those measured in mixed precision too, by what they are then called.
MIXED = {f"{name}, mixed": SETS[name] for name in ("conventional, eq11", "conventional, eq11, eq15")}
#: Largest ratios that were set as goals, by number of bands and definitions.
GOALS = {
    (18, "conventional, eq11, eq15"): 1.3,
    (18, "all four"): 3.5,
    (36, "conventional, eq11, eq15"): 1.6,
    (64, "conventional, eq11"): 1.8,
}
#: Matrices per call of eigh: they stay in the cache.
BATCH = 64


@dataclass(frozen=True)
class Case:
    """A crystal, chemical potentials (eV), points per direction, and how many chunks of that mesh are computed."""

    model: BlochModel
    mu: np.ndarray
    n: int
    chunks: int

    def work(self, names: tuple[str, ...], precision: str = "double") -> Work:
        """One pass at T = 0, levels closer than 0.1 meV taken together: what benchmarks/run.py measures too."""
        task = Task((self.n,) * 3, (0.0,) * 3, self.mu, np.array([0.0]), definitions=names, degeneracy=1e-4)
        task = replace(task, precision=precision)
        return Work(self.model, task)

    @property
    def mesh(self) -> Mesh:
        """All points of the mesh."""
        return Mesh((self.n,) * 3, (0.0,) * 3)

    def sweep(self, work: Work) -> None:
        """Compute the chunks."""
        part = replace(work.parts(self.mesh)[0], chunks=(0, self.chunks))
        work.compute(self.mesh, part, lambda points: None, threading.Event())

    def hamiltonians(self, work: Work) -> np.ndarray:
        """``(n_k, N, N)`` H at the same points."""
        chunks = work.source.chunks(self.mesh)[: self.chunks]
        return np.concatenate([b.H.copy() for chunk in chunks for b in work.source.blocks(self.mesh, chunk)])


def platinum() -> BlochModel:
    return read_wannier90(ROOT / "examples/pt/Pt")


def doubled(model: BlochModel) -> BlochModel:
    """The same crystal with two cells in one: half b of cell R is the old cell 2 R + b along the first direction."""
    N, lattice = model.size, model.lattice * np.array([[2], [1], [1]])
    steps = {}
    for r, (a, b) in itertools.product(range(len(model.R)), itertools.product(range(2), repeat=2)):
        first, odd = divmod(int(model.R[r, 0]) + a - b, 2)
        if not odd:
            steps[r, a, b] = (first, *model.R[r, 1:].tolist())
    R = np.array(sorted(set(steps.values())))
    where = {tuple(x): i for i, x in enumerate(R.tolist())}

    def spread(X: np.ndarray) -> np.ndarray:
        out = np.zeros((len(R), *X.shape[1:-2], 2 * N, 2 * N), dtype=complex)
        for (r, a, b), step in steps.items():
            out[where[step], ..., a * N : (a + 1) * N, b * N : (b + 1) * N] = X[r]
        return out

    assert model.position is not None
    position, spin = spread(model.position), model.operator("spin")
    second = np.diag([0.0] * N + [1.0] * N)
    position[where[0, 0, 0]] += model.lattice[0][:, None, None] * second
    operators = {"spin": replace(spin, matrices=spread(spin.matrices))}
    return BlochModel(lattice, R, spread(model.H), position, operators)


def random_model(N: int, reach: int = 2) -> BlochModel:
    """Every matrix dense, at ``(2 reach + 1)^3`` lattice vectors, smaller the further away."""
    rng = np.random.default_rng(1)
    R = np.array(list(itertools.product(range(-reach, reach + 1), repeat=3)))

    def matrices(count: int) -> np.ndarray:
        X = rng.normal(size=(len(R), count, N, N)) + 1j * rng.normal(size=(len(R), count, N, N))
        X *= np.exp(-1.5 * np.linalg.norm(R, axis=1))[:, None, None, None]
        return 0.5 * (X + X[::-1].conj().swapaxes(2, 3))  # the list of R is its own mirror image

    operators = {"spin": Operator(matrices(3), ("x", "y", "z"))}
    return BlochModel(3.0 * np.eye(3), R, matrices(1)[:, 0], 0.1 * matrices(3), operators)


def cases() -> list[Case]:
    """Windows of 2 eV around the Fermi energy; the random model is half filled."""
    window = np.linspace(-1.0, 1.0, 21)
    pt = platinum()
    return [
        Case(pt, FERMI + window, 24, 2),
        Case(doubled(pt), FERMI + window, 24, 1),
        Case(random_model(64), window, 16, 1),
    ]


def diagonalise(H: np.ndarray) -> None:
    for first in range(0, len(H), BATCH):
        np.linalg.eigh(H[first : first + BATCH])


def cpu(work: Callable[[], object]) -> float:
    """Seconds of processor time."""
    start = time.process_time()
    work()
    return time.process_time() - start


@one_blas_thread
def measure(case: Case, rounds: int) -> tuple[float, dict[str, list[float]]]:
    """Microseconds per matrix of eigh alone, and ratios by definitions; the first round compiles and is left out."""
    works = {name: case.work(names) for name, names in SETS.items()}
    works |= {name: case.work(names, "mixed") for name, names in MIXED.items()}
    H = case.hamiltonians(works["conventional"])
    alone, ratios = [], {name: [] for name in works}
    for number in range(rounds + 1):
        floor = cpu(lambda: diagonalise(H))
        found = {name: cpu(lambda work=work: case.sweep(work)) for name, work in works.items()}
        if number:
            alone.append(1e6 * floor / len(H))
            for name, seconds in found.items():
                ratios[name].append(seconds / floor)
    return median(alone), ratios


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count (default 5)")
    parser.add_argument("--bands", type=int, nargs="*", default=[18, 36, 64], help="which of 18, 36, 64")
    options = parser.parse_args()
    print("| bands | eigh alone, us | definitions | x eigh alone | goal |\n|---|---|---|---|---|")
    for case in cases():
        N = case.model.size
        if N not in options.bands:
            continue
        alone, ratios = measure(case, options.rounds)
        for name, x in ratios.items():
            goal = GOALS.get((N, name), "")
            print(
                f"| {N} | {alone:.0f} | {name} | {median(x):.2f} ({min(x):.2f} to {max(x):.2f}) | {goal} |", flush=True
            )


if __name__ == "__main__":
    main()
