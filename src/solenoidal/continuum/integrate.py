"""Responses of unbounded models: sums along rays, doubled in number until they do not move.

The sea of a ray is summed over panels that end where a band crosses mu (T = 0), or an energy within its thermal
window, turns, or meets another; the Fermi surface at T = 0 is the crossings themselves, ``x / |de/dr|``.  Bands that
stay filled for ever are summed to infinity in the variable 1/k, where a response that converges is smooth.
"""

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from solenoidal import definitions, quantities
from solenoidal.bloch import States, select_axes, solve
from solenoidal.compiled import announced_compilation, one_blas_thread
from solenoidal.continuum.channels import Part, channels, parts
from solenoidal.continuum.collect import Gathered, Recipe, collect, generic
from solenoidal.continuum.directions import Rule, rules
from solenoidal.continuum.model import ContinuumModel
from solenoidal.continuum.rays import span
from solenoidal.engine.task import Outcome, Task
from solenoidal.engine.threads import deal
from solenoidal.errors import InputError
from solenoidal.events import Counter, Listener, silent
from solenoidal.model import Operator
from solenoidal.multiplets import RESOLVED
from solenoidal.quantities import SMALLEST_GAMMA, Settings
from solenoidal.spectral import WINDOW, Accumulator, Plan, plan
from solenoidal.statistics import FUNCTIONS

__all__ = ["run"]

Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Part of the largest number of a response by which a doubling of the directions may move it at the end.
CONVERGED = 1e-8
#: Rays of a piece of work.
RAYS = 16
#: Octaves beyond the largest radius over which the decay of filled bands is looked at.
OCTAVES = 6
#: Measure of all directions.
SPHERE = {1: 2.0, 2: 2 * math.pi, 3: 4 * math.pi}


@one_blas_thread
def run(model: ContinuumModel, task: Task, cutoff: float | None = None, listen: Listener = silent) -> Outcome:
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

    Returns
    -------
    Outcome
        ``errors``: change with the last doubling of the directions, plus the difference of the 15-point and the 7-point
        rule along rays, plus, with a cutoff, what the outermost octave of k contributes.  ``carriers``: electrons per
        Angstrom^D, less the bands that are filled for ever.  ``k_points``: points of the last set of directions.

    Raises
    ------
    InputError
        For an unknown definition, operator or component; a Fermi surface that does not close; bands within the
        thermal window at any large k; a response whose filled bands diverge.
    """
    _check(model, task)
    operator = select_axes(model.operator(task.operator), task.axes, model.source)
    with announced_compilation(listen):
        recipe = _recipe(model, operator, task, cutoff)
        if cutoff is None:
            _check_tails(recipe)
        final = _converge(recipe, task, listen)
        shifts = {name: np.zeros_like(x) for name, x in final.values.items()}
        if final.total.split:
            finer = replace(recipe, degeneracy=task.degeneracy / 3.0)
            shifted = _values(finer, _gather(finer, final.directions, task, listen).fine, final.directions)
            shifts = {name: shifted[name] - x for name, x in final.values.items()}
    return Outcome(
        final.values,
        final.errors,
        shifts,
        _carriers(recipe, final),
        final.total.points,
        final.total.bands,
        {"operator_defect": _defect(recipe)},
        _warnings(recipe, final, shifts),
        _floors(recipe, final.total, final.directions),
    )


@dataclass(frozen=True)
class _Final:
    """Sums over the last set of directions, and how far the last doubling moved them."""

    total: Gathered
    directions: Rule
    values: dict[str, Real]
    errors: dict[str, Real]
    converged: bool


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


def _sample(dimension: int) -> Rule:
    """Some directions, symmetric enough that the average of an odd function vanishes."""
    return _joined(
        [r for r in rules(dimension, 32 if dimension == 2 else 8)[:2] if dimension < 3 or len(r.vectors) > 99]
    )


def _joined(used: Sequence[Rule]) -> Rule:
    """One rule of several that add up."""
    vectors, weights = (np.concatenate([getattr(r, x) for r in used]) for x in ("vectors", "weights"))
    return Rule(vectors, weights, sum(r.norm for r in used), False)


def _recipe(model: ContinuumModel, operator: Operator, task: Task, cutoff: float | None) -> Recipe:
    """Range of radii and the bands that are filled beyond it.

    Raises
    ------
    InputError
        If bands stay near mu at any large k.
    """
    steps = plan(task.mu, task.kT)
    hottest = float(steps.kT.max())
    sample = _sample(model.dimension)
    A = model.radial(sample.vectors)
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


def _check_tails(recipe: Recipe) -> None:
    """Refuse responses that bands which are filled for ever make infinite.

    A sum converges if its angular average times k^D falls; for a polynomial Hamiltonian it then falls like 1/k or
    faster.
    """
    if not recipe.beyond.any():
        return
    sample = _sample(recipe.model.dimension)
    shells = [_shell(recipe, sample, recipe.span[1] * 2.0**j) for j in (0, OCTAVES)]
    for (name, first, _), (_, last, size) in zip(*shells, strict=True):
        if last > max(2.0 ** (-0.5 * OCTAVES) * first, 1e-10 * size):
            raise InputError(
                f"{recipe.model.source}: {name} diverges, because the filled bands go on for ever and their sum grows "
                f"with the largest k: give a cutoff or leave it out."
            )


def _shell(recipe: Recipe, sample: Rule, r: float) -> list[tuple[str, float, float]]:
    """For every part its name, what the filled bands add per logarithm of k at radius r, and without any symmetry."""
    model = recipe.model
    states = solve(model.block(r * sample.vectors, recipe.operator), recipe.degeneracy)
    weights = sample.weights / sample.norm * r**model.dimension
    out = []
    for part in parts(recipe.task):
        found = (_shell_part(recipe, part, states, weights), _shell_part(recipe, part, generic(states), weights, True))
        name = part.response.name
        out.append((f"{name} ({part.label})" if part.response.label else name, *found))
    return out


def _shell_part(recipe: Recipe, part: Part, states: States, weights: Real, magnitude: bool = False) -> float:
    """Largest entry of the weighted sum over the filled bands; with ``magnitude`` of the sum of magnitudes."""
    settings, largest = Settings(recipe.task.gamma or 0.0), 0.0
    for m in (0, len(recipe.plan.mu) - 1):
        n, mu = int(recipe.beyond[m]), recipe.plan.mu[m]
        total: Real = np.zeros(())
        for c, function in part.channels:
            channel = recipe.channels[c]
            own = states.regroup(RESOLVED) if channel.resolved else states
            constant, slope = FUNCTIONS[function].deep
            factor = constant + slope * (own.e_group[:, :n] - mu)
            x = channel.rows(own, settings, {})[:, :n] * factor[:, :, None]
            total = total + np.einsum("k,knc->c", weights, abs(x) if magnitude else x)
        if magnitude:
            largest = max(largest, float(total.max(initial=0.0)))
            continue
        finished = part.response.finish(total.reshape(1, 1, *_directions(recipe, part)))
        largest = max(largest, float(abs(finished).max(initial=0.0)))
    return largest


def _directions(recipe: Recipe, part: Part) -> tuple[int, ...]:
    """Shape of one number of a response: directions, component of the operator."""
    return (*(recipe.model.dimension,) * part.response.directions, len(recipe.operator.components))


def _gather(recipe: Recipe, rule: Rule, task: Task, listen: Listener) -> Gathered:
    """Sum along the rays of a rule on threads."""
    chunks = [(rule.vectors[i : i + RAYS], rule.weights[i : i + RAYS]) for i in range(0, len(rule.vectors), RAYS)]
    counter = Counter(listen, len(rule.vectors), "directions")

    def work(part: Sequence[tuple[Real, Real]], stop: threading.Event) -> Gathered:
        mine: Gathered | None = None
        for vectors, weights in part:
            new = collect(recipe, vectors, weights, stop)
            if mine is None:
                mine = new
            else:
                mine.merge(new)
            counter.add(len(vectors))
        assert mine is not None
        return mine

    return deal(work, chunks, task.workers)


def _converge(recipe: Recipe, task: Task, listen: Listener) -> _Final:
    """Double the directions until no response moves."""
    first, *finer = rules(recipe.model.dimension, task.mesh[0])
    total, used, moved, converged = _gather(recipe, first, task, listen), [first], {}, not finer
    values = _values(recipe, total.fine, first)
    for rule in finer:
        new = _gather(recipe, rule, task, listen)
        if rule.adds:
            total.merge(new)
            used.append(rule)
        else:
            total, used = new, [rule]
        old, values = values, _values(recipe, total.fine, _joined(used))
        moved = {name: abs(x - old[name]) for name, x in values.items()}
        floors = _floors(recipe, total, _joined(used))
        converged = all(
            moved[name].max(initial=0.0) <= max(CONVERGED * abs(x).max(initial=0.0), floors[name])
            for name, x in values.items()
        )
        if converged:
            break
    coarse, outer = (_values(recipe, table, _joined(used)) for table in (total.coarse, total.outer))
    errors = {name: moved.get(name, 0.0) + abs(x - coarse[name]) + abs(outer[name]) for name, x in values.items()}
    return _Final(total, _joined(used), values, errors, converged)


def _density(recipe: Recipe, directions: Rule) -> float:
    """Factor of a sum over rays: measure of a direction over (2 pi)^D."""
    D = recipe.model.dimension
    return SPHERE[D] / directions.norm / (2 * math.pi) ** D


def _values(recipe: Recipe, tables: list[list[Accumulator]], directions: Rule) -> dict[str, Real]:
    """Responses ``(label, T, mu, ...)`` from the sums of the channels."""
    steps: Plan = recipe.plan
    out: dict[str, list[Real]] = {}
    for part in parts(recipe.task):
        shape = (len(steps.kT), len(steps.mu), *_directions(recipe, part))
        total = np.zeros(shape)
        for c, function in part.channels:
            total += steps.collect(tables[c], function).reshape(shape)
        out.setdefault(part.response.name, []).append(part.response.finish(_density(recipe, directions) * total))
    return {name: np.array(x) for name, x in out.items()}


def _carriers(recipe: Recipe, final: _Final) -> Real:
    """``(T, mu)`` electrons per Angstrom^D, less those of bands that are filled for ever."""
    D, high = recipe.model.dimension, recipe.span[1]
    count = _density(recipe, final.directions) * recipe.plan.collect(final.total.fine[0], "fermi")[:, :, 0]
    return np.asarray(count - recipe.beyond * high**D / D * SPHERE[D] / (2 * math.pi) ** D)


def _floors(recipe: Recipe, total: Gathered, directions: Rule) -> dict[str, float]:
    """Size below which a response is rounding."""
    warm = recipe.plan.kT[recipe.plan.kT > 0.0]
    steep = max(1.0, 1.0 / float(warm.min(initial=1.0)))
    out: dict[str, float] = {}
    for part in parts(recipe.task):
        size = sum(
            total.magnitude[c] * (steep if FUNCTIONS[function].cold in ("delta", "zero") else 1.0)
            for c, function in part.channels
        )
        name = part.response.name
        out[name] = max(out.get(name, 0.0), 1e-13 * _density(recipe, directions) * size)
    return out


def _defect(recipe: Recipe) -> float:
    """Largest ``||d_i s||`` where something may happen."""
    sample = _sample(recipe.model.dimension)
    radii = np.geomspace(*recipe.span, 8)
    return max(recipe.model.operator_gradient(r * sample.vectors, recipe.operator) for r in radii.tolist())


def _warnings(recipe: Recipe, final: _Final, shifts: dict[str, Real]) -> tuple[str, ...]:
    out = []
    if recipe.model.operators and _defect(recipe) > 0.0:
        out.append(
            "the operator depends on k, it does not commute with the position: the identities behind eq11, eq15 and "
            "kubo do not hold."
        )
    if not final.converged:
        out.append(
            f"{len(final.directions.vectors)} directions of k leave differences, see the error: a Fermi surface that "
            f"does not enclose k = 0, or bands that nearly touch, need T > 0 or more."
        )
    for name, shift in shifts.items():
        size = float(abs(final.values[name]).max(initial=0.0))
        if size and (ratio := float(abs(shift).max(initial=0.0)) / size) > 0.05:
            out.append(
                f"{name}: a three times smaller degeneracy energy moves the numbers by up to {100 * ratio:.0f} % of "
                f"the largest, say which levels count as degenerate."
            )
    return tuple(out)
