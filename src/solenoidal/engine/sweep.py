"""One pass over a mesh: blocks to states, states to quantities, quantities to integrals."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from solenoidal import quantities, responses
from solenoidal.bloch import Block, States, fourier, select_axes, solve
from solenoidal.engine.task import Task
from solenoidal.engine.threads import deal
from solenoidal.events import Counter
from solenoidal.multiplets import RESOLVED
from solenoidal.quantities import Quantity, Settings
from solenoidal.spectral import Accumulator, Plan, plan
from solenoidal.sums import magnitude
from solenoidal.symmetry.reduce import Irreducible
from solenoidal.zone import BLOCK, Interpolator, Mesh

__all__ = ["Sweep", "functions_wanted", "sweep"]

Real = NDArray[np.float64]


@dataclass
class Sweep:
    """Integrals of one mesh by response, ``(label, T, mu, ...)``, per Angstrom^D, and what warnings need.

    ``thermal (T, mu)``: levels of the mesh within kT of mu; ``joined``: part of the k-points where all bands are one
    multiplet.
    """

    values: dict[str, Real]
    shifts: dict[str, Real]
    carriers: Real
    bands: tuple[float, float]
    floors: dict[str, float]
    thermal: Real
    joined: float


@dataclass
class Collector:
    """What one worker gathers."""

    recipe: "Recipe"
    main: dict[str, list[Accumulator]] = field(default_factory=dict)
    shift: dict[str, list[Accumulator]] = field(default_factory=dict)
    filling: list[Accumulator] = field(default_factory=list)
    bands: tuple[float, float] = (np.inf, -np.inf)
    magnitude: dict[str, float] = field(default_factory=dict)
    joined: float = 0.0

    def __post_init__(self) -> None:
        self.filling = self.recipe.plan.accumulators(1, ("fermi", "fermi_surface"))

    def add(self, states: States, stars: Real) -> None:
        """Add one block whose points stand for ``stars (n_k,)`` points of the mesh each."""
        self.bands = (min(self.bands[0], states.e.min()), max(self.bands[1], states.e.max()))
        if not states.rows:
            return
        self._add_all(self.main, states, stars)
        self.joined += float(stars @ (states.group[:, -1] == 0))
        e = np.ascontiguousarray(states.e[:, : states.rows]).ravel()
        for acc in self.filling:
            acc.add(e, np.repeat(stars, states.rows)[:, None], np.ones((len(e), 1)))
        finer = states.regroup(self.recipe.task.degeneracy / 3.0)
        differs = (finer.group != states.group).any(axis=1)
        if differs.any():
            self._add_all(self.shift, finer.take(differs), stars[differs])
            self._add_all(self.shift, states.take(differs), -stars[differs])

    def _add_all(self, table: dict[str, list[Accumulator]], states: States, factor: Real) -> None:
        where = self._where(states)
        for q in self.recipe.quantities:
            if not q.resolved:
                self._add_one(table, q, states, where, factor)
            elif table is self.main:
                apart = states.regroup(RESOLVED)
                self._add_one(table, q, apart, self._where(apart), factor)

    def _where(self, states: States) -> tuple[Real, Real]:
        """Energy and cell widths (eV) of every level, as accumulators want them."""
        n = states.rows
        e = np.ascontiguousarray(states.e_group[:, :n]).ravel()
        if not self.recipe.cold:
            return e, np.empty((len(e), 0))  # only the Fermi surface at T = 0 is averaged over cells
        return e, np.ascontiguousarray(abs(states.v_group[:, :n] @ self.recipe.cell.T)).reshape(len(e), -1)

    def _add_one(
        self,
        table: dict[str, list[Accumulator]],
        q: Quantity,
        states: States,
        where: tuple[Real, Real],
        factor: Real,
    ) -> None:
        x = q.rows(states, self.recipe.settings)
        n_k, n = x.shape[:2]
        x = np.ascontiguousarray(x).reshape(n_k * n, -1)
        if (factor != 1.0).any():
            x = x * np.repeat(factor, n)[:, None]
        e, widths = where
        if table is self.main:
            self.magnitude[q.name] = self.magnitude.get(q.name, 0.0) + magnitude(x)
        if q.name not in table:
            table[q.name] = self.recipe.plan.accumulators(x.shape[1], self.recipe.functions[q.name])
        for acc in table[q.name]:
            acc.add(e, x, widths)

    def merge(self, other: "Collector") -> None:
        """Add what another worker gathered."""
        for mine, theirs in ((self.main, other.main), (self.shift, other.shift)):
            for name, accs in theirs.items():
                if name not in mine:
                    mine[name] = accs
                    continue
                for a, b in zip(mine[name], accs, strict=True):
                    a.merge(b)
        for a, b in zip(self.filling, other.filling, strict=True):
            a.merge(b)
        self.bands = (min(self.bands[0], other.bands[0]), max(self.bands[1], other.bands[1]))
        self.joined += other.joined
        for name, size in other.magnitude.items():
            self.magnitude[name] = self.magnitude.get(name, 0.0) + size


@dataclass(frozen=True)
class Recipe:
    """Everything a worker needs besides k-points."""

    task: Task
    plan: Plan
    functions: dict[str, tuple[str, ...]]
    cell: Real

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        return tuple(quantities.get(name) for name in self.functions)

    @cached_property
    def settings(self) -> Settings:
        return Settings(self.task.gamma or 0.0)

    @cached_property
    def cold(self) -> bool:
        """Whether a Fermi surface at T = 0 is wanted."""
        return bool((self.plan.kT == 0.0).any()) and any("fermi_surface" in names for names in self.functions.values())

    def solve(self, block: Block) -> States:
        return solve(block, self.task.degeneracy, self.plan.highest)


def functions_wanted(task: Task) -> dict[str, tuple[str, ...]]:
    """Energy functions wanted of every quantity, by name."""
    out: dict[str, set[str]] = {}
    for name in task.responses:
        response = responses.get(name)
        for terms in response.terms(task.choice).values():
            for t in terms:
                out.setdefault(t.quantity, set()).add(response.functions[t.weight])
    return {name: tuple(sorted(out[name])) for name in sorted(out)}


def sweep(
    source: Interpolator,
    task: Task,
    functions: dict[str, tuple[str, ...]],
    mesh: Mesh,
    counter: Counter,
    stars: Irreducible | None = None,
) -> Sweep:
    """Sum everything over one mesh.

    Parameters
    ----------
    source
        Gives the matrices on the mesh.
    task
        What is wanted.
    functions
        Energy functions by quantity, from :func:`functions_wanted`.
    mesh
        The points.
    counter
        Told of finished points.
    stars
        Irreducible points that stand for the whole mesh; None for every point by itself.
    """
    model = source.model
    recipe = Recipe(task, plan(task.mu, task.kT), functions, mesh.cell(model.lattice))
    chunks = source.chunks(mesh) if stars is None else stars.chunks(BLOCK)

    def blocks(chunk: tuple[Real, Real]) -> Iterator[tuple[Block, Real]]:
        if stars is not None:
            yield fourier(model, chunk[0], task.operator, task.axes, "curl" in source.names), chunk[1]
            return
        for block in source.blocks(mesh, chunk):
            yield block, np.ones(len(block.H))

    def work(part: Sequence[tuple[Real, Real]], stop: threading.Event) -> Collector:
        mine = Collector(recipe)
        for chunk in part:
            for block, weights in blocks(chunk):
                if stop.is_set():
                    return mine
                mine.add(recipe.solve(block), weights)
                counter.add(round(weights.sum()))
        return mine

    gathered = deal(work, chunks, task.workers)
    density = 1.0 / (mesh.size * model.volume)
    filling = recipe.plan.collect(gathered.filling, "fermi")[:, :, 0] / mesh.size
    values = {name: density * _combine(recipe, source, name, gathered.main) for name in task.responses}
    shifts = {name: density * _combine(recipe, source, name, gathered.shift) for name in task.responses}
    if stars is not None:
        operator = select_axes(model.operator(task.operator), task.axes, model.source)
        for table in (values, shifts):
            table.update({name: stars.whole(name, x, operator, model.source) for name, x in table.items()})
    floors = {name: density * _rounding(recipe, name, gathered.magnitude) for name in task.responses}
    thermal = recipe.plan.collect(gathered.filling, "fermi_surface")[:, :, 0] * recipe.plan.kT[:, None]
    return Sweep(values, shifts, filling, gathered.bands, floors, thermal, gathered.joined / mesh.size)


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
