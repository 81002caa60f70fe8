"""Two meshes of one size, shifted against each other: their mean, and an error from their difference.

Where the integrand is smooth the error of a mesh with offset delta is a sum over lattice vectors of
``c_R exp(2 pi i delta . R)``: with half a step between the meshes the parts with an odd sum of R are opposite, and the
mean has none of them.  Where it is not, the errors of the two are independent.  Levels must be sharp: what cell
averages get wrong is the same on both meshes.
"""

import numpy as np
from numpy.typing import NDArray

from solenoidal.engine.refine import shared
from solenoidal.engine.sweep import Sweep
from solenoidal.engine.task import Task
from solenoidal.errors import InputError

__all__ = ["check", "differences", "mean"]

Real = NDArray[np.float64]


def check(task: Task) -> None:
    """Refuse a second mesh that says nothing about the error.

    Raises
    ------
    InputError
        If it is the first one, or beside a tolerance or spread levels.
    """
    if task.second_offset is None:
        return
    if task.tolerance is not None:
        raise InputError("second_offset: a tolerance has errors of its own, leave one of them out.")
    if task.method != "plain":
        raise InputError(f"second_offset: two meshes share the error of method '{task.method}', leave one of them out.")
    if not np.any((np.subtract(task.second_offset, task.offset) + 1e-9) % 1.0 > 2e-9):
        raise InputError(
            f"second_offset {list(task.second_offset)}: the mesh is the same as with offset {list(task.offset)}."
        )


def mean(a: Sweep, b: Sweep) -> Sweep:
    """Sums over both meshes together."""
    return Sweep(
        {name: 0.5 * (x + b.values[name]) for name, x in a.values.items()},
        {name: 0.5 * (x + b.shifts[name]) for name, x in a.shifts.items()},
        0.5 * (a.carriers + b.carriers),
        (min(a.bands[0], b.bands[0]), max(a.bands[1], b.bands[1])),
        {name: max(x, b.floors[name]) for name, x in a.floors.items()},
        a.thermal + b.thermal,
        0.5 * (a.joined + b.joined),
        {name: _larger(x, b.limits[name]) for name, x in a.limits.items()},
    )


def differences(a: Sweep, b: Sweep) -> dict[str, Real]:
    """Error of every number of the mean: the difference, no smaller than that of its neighbours along mu."""
    return {name: shared(abs(x - b.values[name])) for name, x in a.values.items()}


def _larger(a: dict[str, Real], b: dict[str, Real]) -> dict[str, Real]:
    return {name: np.maximum(x, b[name]) for name, x in a.items()}
