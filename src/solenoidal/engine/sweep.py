"""The sum over one mesh: parts in their order, then every function of the energy."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from solenoidal import responses
from solenoidal.definitions import DirectSum
from solenoidal.engine.checkpoint import Checkpoint, Stage
from solenoidal.engine.collector import Collector, Recipe
from solenoidal.engine.direct import begin, made_of_definitions
from solenoidal.engine.schedule import Crew, in_order
from solenoidal.engine.task import Task
from solenoidal.engine.work import Work
from solenoidal.events import Counter
from solenoidal.spectral import Accumulator
from solenoidal.zone import Interpolator, Mesh

__all__ = ["Sweep", "sweep"]

Real = NDArray[np.float64]


@dataclass
class Sweep:
    """Integrals of one mesh by response, ``(label, T, mu, ...)``, per Angstrom^D, and what warnings need.

    ``thermal (T, mu)``: levels of the mesh within kT of mu; ``joined``: part of the k-points where all bands are one
    multiplet; ``limits``: by response and definition that takes a limit itself, the error of that limit.
    """

    values: dict[str, Real]
    shifts: dict[str, Real]
    carriers: Real
    bands: tuple[float, float]
    floors: dict[str, float]
    thermal: Real
    joined: float
    limits: dict[str, dict[str, Real]] = field(default_factory=dict)


def sweep(
    work: Work,
    mesh: Mesh,
    crew: Crew,
    counter: Counter,
    stage: Stage,
    checkpoint: Checkpoint | None,
    most: int | None = None,
) -> Sweep:
    """Sum everything over one mesh.

    Parameters
    ----------
    work
        Model and task.
    mesh
        The points.
    crew
        Computes the parts.
    counter
        Told of finished points.
    stage
        How far this sum has come; updated.
    checkpoint
        Written now and then, and when the sum is broken off.
    most
        Parts that may be under way at once.
    """
    parts = work.parts(mesh)
    if stage.done:
        counter.add(sum(part.points for part in parts[: stage.done]))
    finished = False
    try:
        for part in in_order(crew, work, mesh, parts, counter, stage.done, most):
            if stage.total is None:
                stage.total = part
            else:
                stage.total.merge(part)
            stage.done += 1
            if checkpoint:
                checkpoint.due()
        finished = True
    finally:
        if checkpoint and not finished:
            checkpoint.write()
    recipe = work.recipe(mesh)
    return _finish(work, mesh, recipe, stage.total or Collector(recipe))


def _finish(work: Work, mesh: Mesh, recipe: Recipe, gathered: Collector) -> Sweep:
    """Apply the functions of the energy to what was collected."""
    source, task = work.source, work.task
    density = 1.0 / (mesh.size * work.model.volume)
    filling = recipe.plan.collect(gathered.filling, "fermi")[:, :, 0]
    filling = (filling + gathered.filled) / mesh.size
    values, shifts = (
        {name: density * _combine(recipe, source, name, table) for name in task.responses}
        for table in (gathered.main, gathered.shift)
    )
    stars = work.irreducible(mesh)
    if stars is not None:
        for table in (values, shifts):
            whole = {name: stars.whole(name, x, work.computed, work.model.source) for name, x in table.items()}
            table.update({name: x[..., work.shown] for name, x in whole.items()})
    floors = {name: density * _rounding(recipe, name, gathered.magnitude) for name in task.responses}
    thermal = recipe.plan.collect(gathered.filling, "fermi_surface")[:, :, 0] * recipe.plan.kT[:, None]
    out = Sweep(values, shifts, filling, gathered.bands, floors, thermal, gathered.joined / mesh.size)
    out.limits = {name: {} for name in task.responses if gathered.direct}
    for definition, arrays in gathered.direct.items():
        total = begin(definition, work.model, work.operator, task)
        for key, array in total.arrays().items():
            array[...] = arrays[key]
        _add_direct(out, task, definition, total, density)
    return out


def _add_direct(sweep: Sweep, task: Task, definition: str, total: DirectSum, density: float) -> None:
    """Add the sum of a definition that brings its own to the responses that are made of definitions."""
    row = task.definitions.index(definition)
    for response in made_of_definitions(task):
        limit = total.limit(response.functions["sea"])
        sweep.values[response.name][row] += density * limit.value
        sweep.shifts[response.name][row] += density * limit.shift
        sweep.floors[response.name] = max(sweep.floors[response.name], density * limit.floor)
        sweep.limits[response.name][definition] = density * limit.error


def _rounding(recipe: Recipe, name: str, magnitude: dict[str, float]) -> float:
    """Size below which a response is rounding: the summed magnitudes of its quantities times 1e-13."""
    response = responses.get(name)
    warm = recipe.plan.kT[recipe.plan.kT > 0.0]
    steep = 1.0 / float(warm.min(initial=1.0))
    worst = 0.0
    for terms in response.terms(recipe.task.choice).values():
        sizes = (
            abs(t.coefficient) * magnitude.get(t.quantity, 0.0) * (steep if t.weight == "surface" else 1.0)
            for t in terms
        )
        worst = max(worst, sum(sizes))
    return 1e-13 * worst


def _combine(recipe: Recipe, source: Interpolator, name: str, table: dict[str, list[Accumulator]]) -> Real:
    """A response from its quantities, ``(label, T, mu, ...)``; a quantity nothing was added to is zero."""
    response = responses.get(name)
    directions = (source.D,) * response.directions
    shape = (len(recipe.plan.kT), len(recipe.plan.mu), *directions, source.counts[0])
    out = []
    for terms in response.terms(recipe.task.choice).values():
        total = np.zeros(shape)
        for t in terms:
            if t.quantity in table:
                x = recipe.plan.collect(table[t.quantity], response.functions[t.weight]).reshape(shape)
                total += t.coefficient * (x.swapaxes(2, 3) if t.exchanged else x)
        out.append(response.finish(total))
    return np.array(out)
