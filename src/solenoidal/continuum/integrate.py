"""Responses of unbounded models: sums along rays, doubled in number until they do not move.

The sea of a ray is summed over panels that end where a band crosses mu (T = 0), or an energy within its thermal
window, turns, or meets another; the Fermi surface at T = 0 is the crossings themselves, ``x / |de/dr|``.  Where rays
touch a Fermi surface in the plane, the directions are chosen between those that do.  Bands that stay filled for ever
are summed to infinity in the variable 1/k, where a response that converges is smooth.
"""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from solenoidal import definitions, quantities
from solenoidal.bloch import select_axes
from solenoidal.compiled import announced_compilation, one_blas_thread
from solenoidal.continuum.channels import channels
from solenoidal.continuum.converge import CARRIERS, Converged, converge, gather, values
from solenoidal.continuum.directions import SPHERE, joined, rules, rules_between, sample
from solenoidal.continuum.model import ContinuumModel
from solenoidal.continuum.rays import span
from solenoidal.continuum.recipe import Recipe
from solenoidal.continuum.tails import check_tails
from solenoidal.continuum.tangents import touching_angles
from solenoidal.engine.schedule import Crew, Threads
from solenoidal.engine.task import Outcome, Task
from solenoidal.errors import InputError
from solenoidal.events import Listener, silent
from solenoidal.model import Operator
from solenoidal.multiplets import RESOLVED
from solenoidal.quantities import SMALLEST_GAMMA
from solenoidal.spectral import WINDOW, plan

__all__ = ["run"]

Real = NDArray[np.float64]
Index = NDArray[np.int64]


@one_blas_thread
def run(
    model: ContinuumModel,
    task: Task,
    cutoff: float | None = None,
    listen: Listener = silent,
    crew: Crew | None = None,
) -> Outcome:
    """Compute every response of an unbounded model.

    Parameters
    ----------
    model
        See the class.
    task
        As for :func:`solenoidal.engine.run`; ``mesh`` is one number, the least number of directions (2D) or of polar
        angles (3D, with twice as many azimuths); ``offset`` is not looked at.
    cutoff
        1/Angstrom: sum over |k| below it only.  None for infinity.
    listen
        Receives progress and messages.
    crew
        Who computes; None for threads of this process.  The result is the same to the last bit for all.

    Returns
    -------
    Outcome
        ``errors``: change with the last increase of the directions, plus the difference of the 15-point and the 7-point
        rule along rays, plus, with a cutoff, what the two outermost octaves of k contribute.  ``carriers``: electrons
        per Angstrom^D, less the bands that are filled for ever.  ``k_points``: points of all sets of directions.

    Raises
    ------
    InputError
        For an unknown definition, operator or component; a Fermi surface that does not close; bands within the
        thermal window at any large k; a response whose filled bands diverge.
    WorkersLostError
        If the workers die and cannot be replaced.
    """
    _check(model, task)
    crew = crew or Threads(task.workers)
    try:
        return _run(model, task, cutoff, listen, crew)
    finally:
        crew.close()


def _run(model: ContinuumModel, task: Task, cutoff: float | None, listen: Listener, crew: Crew) -> Outcome:
    operator = select_axes(model.operator(task.operator), task.axes, model.source)
    with announced_compilation(listen):
        recipe = _recipe(model, operator, task, cutoff)
        if cutoff is None:
            check_tails(recipe)
        done = _assemble(recipe, crew, listen)
        shifts = _shifts(recipe, done, crew, listen)
    fine = {name: x[0] for name, x in done.sums.items()}
    errors = {name: done.moved[name] + abs(x[0] - x[1]) + abs(x[2]) for name, x in done.sums.items()}
    carriers = fine.pop(CARRIERS)[0] - _constant(recipe)
    del errors[CARRIERS]
    defect = _defect(recipe)
    return Outcome(
        fine,
        errors,
        shifts,
        carriers,
        done.points,
        done.bands,
        {"operator_defect": defect},
        _warnings(recipe, done, shifts, defect),
        done.floors,
    )


def _assemble(recipe: Recipe, crew: Crew, listen: Listener) -> Converged:
    """All temperatures and chemical potentials, each with directions that suit it."""
    kT, mu = recipe.plan.kT, np.arange(len(recipe.plan.mu))
    warm, cold = np.flatnonzero(kT > 0.0), np.flatnonzero(kT == 0.0)
    D = recipe.model.dimension
    usual = rules(D, recipe.task.mesh[0])
    touched = touching_angles(recipe.narrowed(mu, cold)) if D == 2 and len(cold) else {}
    plain = np.setdiff1d(mu, list(touched))
    pieces = [(warm, mu, usual), (cold, plain, usual)]
    pieces += [(cold, np.array([m]), rules_between(marks)) for m, marks in touched.items()]
    out: Converged | None = None
    for t, m, some in pieces:
        if len(t) and len(m):
            part = converge(recipe.narrowed(m, t), some, crew, listen)
            out = _placed(out, part, t, m, kT, len(mu))
    assert out is not None
    return out


def _placed(out: Converged | None, part: Converged, t: Index, m: Index, kT: Real, n_mu: int) -> Converged:
    """Put a part in its place among all temperatures and chemical potentials."""
    if out is None:
        shape = (len(kT), n_mu)
        sums = {name: np.zeros((*x.shape[:2], *shape, *x.shape[4:])) for name, x in part.sums.items()}
        moved = {name: np.zeros(x.shape[1:]) for name, x in sums.items()}
        none = np.zeros(shape[1], dtype=bool)
        out = Converged(sums, moved, none, dict.fromkeys(part.floors, 0.0), none.copy())
    for name, x in part.sums.items():
        out.sums[name][:, :, t[:, None], m] = x
        out.moved[name][:, t[:, None], m] = part.moved[name]
    out.open[m] |= part.open
    _mark_edges(out, part, t, m)
    out.floors = {name: max(x, part.floors[name]) for name, x in out.floors.items()}
    out.bands = (min(out.bands[0], part.bands[0]), max(out.bands[1], part.bands[1]))
    out.points += part.points
    out.split |= part.split
    return out


def _mark_edges(out: Converged, part: Converged, t: Index, m: Index) -> None:
    """At the edge of a band a response may jump at T = 0: its error is then as large as the number."""
    out.edges[m] |= part.edges
    at = m[part.edges]
    for name, x in out.sums.items():
        size = abs(x[0][:, t[:, None], at])
        out.moved[name][:, t[:, None], at] = np.maximum(out.moved[name][:, t[:, None], at], size)


def _shifts(recipe: Recipe, done: Converged, crew: Crew, listen: Listener) -> dict[str, Real]:
    """Change of every response when the degeneracy energy is divided by three, on moderately many directions."""
    if not done.split:
        return {name: np.zeros_like(x[0]) for name, x in done.sums.items() if name != CARRIERS}
    D = recipe.model.dimension
    rule = joined(rules(D, recipe.task.mesh[0])[:3]) if D == 2 else rules(D, recipe.task.mesh[0])[D // 2]
    found = []
    for degeneracy in (recipe.degeneracy / 3.0, recipe.degeneracy):
        part = replace(recipe, degeneracy=degeneracy)
        found.append(values(part, gather(part, rule, crew, listen), rule))
    return {name: x[0] - found[1][name][0] for name, x in found[0].items() if name != CARRIERS}


def _constant(recipe: Recipe) -> Real:
    """``(n_mu,)`` electrons in bands that are filled for ever, below the largest radius, per Angstrom^D."""
    D, high = recipe.model.dimension, recipe.span[1]
    return np.asarray(recipe.beyond * high**D / D * SPHERE[D] / (2 * math.pi) ** D)


def _check(model: ContinuumModel, task: Task) -> None:
    if len(task.mesh) != 1:
        raise InputError(
            f"mesh {list(task.mesh)}: {model.source} has no Brillouin zone, give one number, the least number of "
            f"directions of k."
        )
    flow = model.operator(task.operator).flow
    for name in task.definitions:
        definition = definitions.get(name)
        if flow not in definition.flows:
            kinds = "the charge" if flow == "internal" else "internal operators such as spin"
            raise InputError(f"definition '{name}' is for {kinds}, not for operator '{task.operator}'.")
        if definition.direct is not None:
            raise InputError(f"definition '{name}' sums over a mesh, which {model.source} does not have: leave it out.")
    for c in channels(task):
        for t in c.terms:
            if quantities.get(t.quantity).derivatives:
                raise InputError(f"'{t.quantity}' needs second derivatives, which {model.source} does not give.")
    if task.degeneracy < RESOLVED:
        raise InputError(
            f"degeneracy = {task.degeneracy:g} eV: levels closer than {RESOLVED:g} eV are equal to rounding."
        )
    if task.gamma is not None and not task.gamma >= SMALLEST_GAMMA:
        raise InputError(
            f"gamma = {task.gamma:g} eV: form (K gamma) loses its digits below {SMALLEST_GAMMA:g} eV, "
            f"give a larger rate or none for form (K)."
        )
    if not len(task.mu) or np.any(np.diff(task.mu) < 0.0):
        raise InputError("mu: the chemical potentials must be ascending and at least one.")


def _recipe(model: ContinuumModel, operator: Operator, task: Task, cutoff: float | None) -> Recipe:
    """Range of radii and the bands that are filled beyond it.

    Raises
    ------
    InputError
        If bands stay near mu at any large k.
    """
    steps = plan(task.mu, task.kT)
    hottest = float(steps.kT.max())
    some = sample(model.dimension)
    A = model.radial(some.vectors)
    window = (WINDOW + 1.0) * hottest
    marks = np.array([*abs(steps.mu[[0, -1]]), *(abs(steps.mu[[0, -1]]) + window), window, *steps.kT])
    low, high = span(model, A, marks)
    if cutoff is not None:
        low, high = min(low, 1e-3 * cutoff), cutoff
    e = np.linalg.eigvalsh(np.einsum("j,njab->nab", high ** np.arange(A.shape[1]), A))
    near = abs(e[:, :, None] - steps.mu).min()
    if cutoff is None and near <= window + 1e-9 * (1.0 + abs(steps.mu).max()):
        raise InputError(
            f"{model.source}: a band stays within {near:.3g} eV of mu at any large k, so that its filling is not "
            f"defined: give a cutoff or another mu."
        )
    beyond = (e[:, :, None] < steps.mu).sum(axis=1)[0]
    return Recipe(
        model, operator, task, steps, channels(task), task.degeneracy, (low, high), cutoff is not None, beyond
    )


def _defect(recipe: Recipe) -> float:
    """Largest ``||d_i s||`` where something may happen."""
    some = sample(recipe.model.dimension).vectors
    radii = np.geomspace(*recipe.span, 8)
    return max(recipe.model.operator_gradient(r * some, recipe.operator) for r in radii.tolist())


def _warnings(recipe: Recipe, done: Converged, shifts: dict[str, Real], defect: float) -> tuple[str, ...]:
    out = []
    if defect > 0.0:
        out.append(
            "the operator depends on k, it does not commute with the position: the identities behind eq11, eq15 and "
            "kubo do not hold."
        )
    if done.edges.any():
        places = ", ".join(f"{x:.6g}" for x in recipe.plan.mu[done.edges])
        out.append(
            f"mu = {places} eV is the edge of a band or a touching at k = 0, where numbers at T = 0 may jump: their "
            f"error is set to their size."
        )
    for name, x in done.sums.items():
        size = float(abs(x[0]).max(initial=0.0))
        if name == CARRIERS or size <= done.floors[name]:
            continue
        smooth = done.moved[name][:, :, ~done.edges]
        if (ratio := float(smooth.max(initial=0.0)) / size) > 1e-3:
            out.append(
                f"{name}: the last doubling of the directions of k moves the numbers by up to {100 * ratio:.2g} % of "
                f"the largest: at T = 0 touching bands or a band edge near mu may need a temperature."
            )
        if (ratio := float(abs(x[2]).max(initial=0.0)) / size) > 0.05:
            out.append(
                f"{name}: the two outermost octaves below the cutoff hold {100 * ratio:.0f} % of the largest number, "
                f"the result depends on the cutoff."
            )
        if (ratio := float(abs(shifts[name]).max(initial=0.0)) / size) > 0.05:
            out.append(
                f"{name}: a three times smaller degeneracy energy moves the numbers by up to {100 * ratio:.0f} % of "
                f"the largest, say which levels count as degenerate."
            )
    return tuple(out)
