"""Measured program of ``equal_error.py``: this package."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from common import DEGENERACY, WARM_UP_MESH
from error_job import KB, Found, Ladder, Step, read_ladder, report, timed

from solenoidal import symmetry
from solenoidal.engine import Task, run
from solenoidal.model import BlochModel
from solenoidal.readers import read_npz
from solenoidal.symmetry import Operation
from solenoidal.units import conductivity_factor

#: eV, the default of this package: levels closer than this form a group where they are spread over cells.  They then
#: share one weight, so that the large opposite curvatures of nearly equal levels cancel.
SPREAD_DEGENERACY = 1e-3
#: Definition and component (current, field, axis) by response.
WHICH = {"spin": ("conventional", (0, 1, 2)), "charge": ("subspace", (0, 1, 0))}


def compute(model: BlochModel, ladder: Ladder, step: Step, operations: tuple[Operation, ...]) -> np.ndarray:
    """Conductivity at every level."""
    definition, component = WHICH[ladder.response]
    task = Task(
        mesh=(step.mesh,) * 3,
        offset=(step.offset,) * 3,
        mu=ladder.levels,
        kT=np.array([KB * ladder.kelvin]),
        operator=ladder.response,
        definitions=(definition,),
        degeneracy=DEGENERACY if step.method == "plain" else SPREAD_DEGENERACY,
        error=False,
        workers=1,
        method=step.method,
        tolerance=step.tolerance,
        operations=operations if step.symmetry else (),
    )
    values = run(model, task).conductivity[0, 0][:, *component]
    return values * conductivity_factor(3, model.operator(ladder.response).flow)


def steps(ladder: Ladder) -> Iterator[list[Found]]:
    """Every step after one on a small mesh, which compiles what it needs."""
    model = read_npz(ladder.operators)
    operations = symmetry.exact_operations(model, Path(ladder.win) if ladder.win else None)
    for method in {step.method for step in ladder.steps}:
        compute(model, ladder, Step(WARM_UP_MESH, 0.5, method), operations)
    for step in ladder.steps:
        yield [timed(lambda step=step: compute(model, ladder, step, operations))]


if __name__ == "__main__":
    report(steps(read_ladder()))
