"""Sentences about what may make the numbers mean less than they seem to."""

import numpy as np
from numpy.typing import NDArray

from solenoidal import responses
from solenoidal.diagnostics import hermiticity, operator_defect
from solenoidal.engine.direct import direct_names
from solenoidal.engine.sweep import Sweep
from solenoidal.engine.task import Task
from solenoidal.model import BlochModel

__all__ = ["limit_residuals", "residuals", "warnings"]

Real = NDArray[np.float64]

#: Levels within kT of mu that a Fermi surface needs at least.
FEW = 20
#: Relative error of a limit that a user should read about.
LIMIT = 1e-3


def residuals(model: BlochModel, task: Task) -> dict[str, float]:
    """Numbers that should be small."""
    defect = operator_defect(model, task.operator, task.axes)
    return {"operator_defect": float(defect.max(initial=0.0)), "hermiticity": hermiticity(model)}


def limit_residuals(task: Task, sweep: Sweep, limits: dict[str, dict[str, Real]]) -> dict[str, float]:
    """Error of the limit that a definition takes itself, relative to its largest number."""
    out = {}
    for response, errors in limits.items():
        for name, error in errors.items():
            size = float(abs(sweep.values[response][task.definitions.index(name)]).max(initial=0.0))
            worst = float(error.max(initial=0.0))
            out[f"{response} {name} limit"] = worst / size if size > sweep.floors[response] else 0.0
    return out


def warnings(task: Task, sweep: Sweep, errors: dict[str, Real], small: dict[str, float]) -> tuple[str, ...]:
    """What a user should read beside the numbers of one sweep."""
    out = []
    if small["operator_defect"] > 0.1:
        out.append(
            f"the operator does not commute with the position: max ||D_i s|| = {small['operator_defect']:.3g} "
            f"Angstrom, so the identities behind eq11, eq15 and kubo hold only approximately."
        )
    if sweep.joined > 0.5:
        out.append(
            f"degeneracy = {task.degeneracy:g} eV joins all bands into one multiplet at {100 * sweep.joined:.0f} % of "
            f"the k-points, where every definition then vanishes: give a smaller energy."
        )
    out += [
        f"{name}: the limit moves by {100 * size:.2g} % of the largest number with the order of the extrapolation."
        for name, size in small.items()
        if name.endswith(" limit") and size > LIMIT
    ]
    for name in task.responses:
        out += _quality(task, name, sweep, errors.get(name))
    return (*out, *_surface_warnings(task, sweep))


def _surface_warnings(task: Task, sweep: Sweep) -> list[str]:
    """Sentences about Fermi-surface terms that the mesh does not resolve."""
    choices = [responses.get(name) for name in task.responses]
    tables = any(t.weight == "surface" for r in choices for terms in r.terms(task.choice).values() for t in terms)
    if not tables and not direct_names(task):
        return []
    out = []
    few = [(float(kT), float(n.max())) for kT, n in zip(task.kT, sweep.thermal, strict=True) if 0.0 < n.max() < FEW]
    if few := [x for x in few if x[0] > 0.0]:
        kT, n = min(few)
        out.append(
            f"kT = {kT:.3g} eV: at most {n:.2g} levels of this mesh lie within kT of any mu, which does not resolve a "
            f"Fermi surface and which the error bar does not show: use a denser mesh, a higher temperature or T = 0."
        )
    if (task.kT == 0.0).any() and task.method != "tetrahedron":
        out.append(
            "T = 0: Fermi-surface terms are averaged over the mesh cell, they converge more slowly than at finite "
            "temperature."
        )
    return out


def _quality(task: Task, name: str, sweep: Sweep, errors: Real | None) -> list[str]:
    """Sentences about entries of a response that move by more than 5 %."""
    out = []
    other = "half the mesh" if task.second_offset is None else "the second offset"
    values, shifts, floor = sweep.values[name], sweep.shifts[name], sweep.floors[name]
    for d, label in enumerate(responses.get(name).terms(task.choice)):
        who = label if name == "conductivity" else f"{name} {label}"
        size = float(abs(values[d] if name in ("conductivity", "nernst") else values).max(initial=0.0))
        if size <= floor:
            continue
        if errors is not None and (ratio := float(errors[d].max(initial=0.0)) / size) > 0.05:
            out.append(
                f"{who}: {other} moves the numbers by up to {100 * ratio:.0f} % of the largest: use a denser mesh."
            )
        if (ratio := float(abs(shifts[d]).max(initial=0.0)) / size) > 0.05:
            out.append(
                f"{who}: a three times smaller degeneracy energy moves the numbers by up to {100 * ratio:.0f} % of "
                f"the largest, say which levels count as degenerate."
            )
    return out
