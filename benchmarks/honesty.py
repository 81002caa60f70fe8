"""Are errors honest?  Every case against a far denser mesh: ``python benchmarks/honesty.py [--offsets]``.

By default the errors of a tolerance, with ``--offsets`` those of two uniform meshes with different offsets.

For each case: the meshes, the part of all numbers whose true error is below the returned one, the same of those that
are not small (symmetry forbids many, which are zero or rounding), the median of returned over true error, and the
largest true error in parts of the largest value of its definition and temperature.
"""

import argparse
import os
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from solenoidal import models
from solenoidal.engine import Task, run
from solenoidal.model import BlochModel
from solenoidal.readers import read_wannier90

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("SOLENOIDAL_DATA", ROOT.parent / "shared" / "data"))
#: Numbers below this part of the largest of their definition and temperature do not count in the median.
SEEN = 1e-3
#: Part of the numbers that must be honest, and the largest median of returned over true error.
HONEST, MEDIAN = 0.95, 10.0
KT = np.array([0.0, 0.005, 0.05])
#: Those at which uniform meshes of sharp levels are judged, and points per direction of the reference by dimension.
WARM, REFERENCE = np.array([0.0, 0.02, 0.05]), {2: 451, 3: 71}


@dataclass(frozen=True)
class Case:
    """A crystal, its operator, chemical potentials in eV, and how far a mesh may grow."""

    model: str
    mu: np.ndarray
    D: int = 2
    operator: str = "spin"
    definitions: tuple[str, ...] = ("conventional", "eq11", "kubo")
    parameters: dict[str, float] = field(default_factory=dict)
    most: int = 80_000
    denser: float = 3.0

    def build(self) -> BlochModel:
        """The crystal, from files where the name is a path."""
        path = Path(self.model)
        return read_wannier90(path) if path.is_absolute() else models.build(self.model, **self.parameters)

    @property
    def task(self) -> Task:
        """Start from a small mesh; form (P) in three dimensions."""
        start, form = {2: ((16, 16), "S"), 3: ((8, 8, 8), "P")}[self.D]
        axes = ("z",) if Path(self.model).is_absolute() and self.operator == "spin" else None
        return Task(
            start, (0.5,) * self.D, self.mu, KT, self.operator, axes, self.definitions,
            form=form, method="linear", tolerance=1e-2, most=self.most,
        )  # fmt: skip

    @property
    def shifted(self) -> Task:
        """Two uniform meshes of sharp levels."""
        n = {2: 100, 3: 20}[self.D]
        shifted = {"mesh": (n,) * self.D, "second_offset": (0.0,) * self.D}
        return replace(self.task, tolerance=None, method="plain", kT=WARM, **shifted)


SOLID = {"D": 3, "most": 60_000, "denser": 2.2}
CHARGE = {"operator": "charge", "definitions": ("conventional", "kubo")}
CASES = {
    "rashba": Case("rashba", np.linspace(-0.5, 3, 15)),
    "rashba_dresselhaus": Case("rashba_dresselhaus", np.linspace(0.5, 3, 15)),
    "cubic_rashba": Case("cubic_rashba", np.linspace(-1, 1, 15)),
    "kane_mele": Case("kane_mele", np.linspace(-1.5, 1.5, 15)),
    "bhz": Case("bhz", np.linspace(-1.5, 1.5, 15)),
    "haldane": Case("haldane", np.linspace(-2, 2, 15), **CHARGE),
    "massive_dirac": Case("massive_dirac", np.linspace(-1, 1, 15), **CHARGE),
    "altermagnet": Case("altermagnet", np.linspace(-2, 2, 15), parameters={"lambda_R": 0.2}),
    "kagome": Case("kagome_antiferromagnet", np.linspace(-2, 2, 15), parameters={"lambda_R": 0.2, "lambda_so": 0.1}),
    "wilson_dirac": Case("wilson_dirac", np.linspace(-2, 2, 9), parameters={"h_x": 0.1, "h_z": 0.2}, **SOLID),
    "luttinger": Case("luttinger", np.linspace(-2, 2, 9), **SOLID),
    "slater_koster_fcc": Case("slater_koster_fcc", np.linspace(-2, 2, 9), **SOLID),
    "platinum": Case(str(ROOT / "examples/pt/Pt"), 17.6251 + np.linspace(-1, 1, 9), **SOLID),
    "iron": Case(str(DATA / "fe-qe/Fe"), 13.2234 + np.linspace(-1, 1, 9), **SOLID, **CHARGE),
}


def scale(x: np.ndarray) -> np.ndarray:
    """What a tolerance is relative to: the largest value of a definition and temperature, or 1 % of the largest."""
    own = abs(x).max(axis=(2, 3, 4, 5), keepdims=True)
    return np.maximum(own, 0.01 * own.max(axis=0, keepdims=True))


def examine(name: str, case: Case, offsets: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Print one line; return which numbers are honest, which of those that are not small, and their ratios."""
    model, start, task = case.build(), time.perf_counter(), case.shifted if offsets else case.task
    found = run(model, task)
    took = time.perf_counter() - start
    dense = tuple(REFERENCE[case.D] if offsets else round(case.denser * n) + 1 for n in found.mesh)
    exact = run(model, replace(task, mesh=dense, tolerance=None, second_offset=None, error=False)).conductivity
    true, size, error = abs(found.conductivity - exact), scale(exact), found.errors["conductivity"]
    honest = (true <= error) | (true < 1e-9 * size)
    seen = abs(exact) > SEEN * size
    ratio = (error / np.maximum(true, 1e-300))[seen]
    meshes = " ".join(f"{'x'.join(map(str, m)):>14}" for m in (found.mesh, dense))
    worst = " ".join(f"{x:9.1e}" for x in ((true / size).max(), (error / size).max()))
    print(
        f"{name:19} {meshes} {took:6.1f} s {100 * honest.mean():7.1f} % {100 * honest[seen].mean():7.1f} % "
        f"{np.median(ratio):7.1f} {worst}",
        flush=True,
    )
    return honest.ravel(), honest[seen], ratio


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"default: all of {', '.join(CASES)}")
    parser.add_argument("--offsets", action="store_true", help="two uniform meshes instead of a tolerance")
    options = parser.parse_args()
    names = options.cases or list(CASES)
    head = f"{'case':19} {'mesh':>14} {'reference':>14} {'time':>8} {'honest':>9} {'not small':>9} {'median':>7}"
    print(f"{head} {'true':>9} {'returned':>9}")
    parts = []
    for name in names:
        try:
            parts.append(examine(name, CASES[name], options.offsets))
        except Exception as error:
            print(f"{name:19} left out: {error}")
    honest, seen, ratio = (np.concatenate(x) for x in zip(*parts, strict=True))
    print(
        f"all: {100 * honest.mean():.1f} % of {len(honest)} numbers honest, {100 * seen.mean():.1f} % of the "
        f"{len(seen)} that are not small, median {np.median(ratio):.1f}"
    )
    return int(honest.mean() < HONEST or np.median(ratio) > MEDIAN)


if __name__ == "__main__":
    sys.exit(main())
