"""Sums over directions, doubled until no response moves."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solenoidal.continuum.channels import parts
from solenoidal.continuum.collect import Gathered, collect
from solenoidal.continuum.directions import SPHERE, Rule
from solenoidal.continuum.recipe import Recipe
from solenoidal.engine.schedule import Crew, in_order
from solenoidal.engine.work import Part
from solenoidal.events import Counter, Listener
from solenoidal.statistics import FUNCTIONS

__all__ = ["CARRIERS", "Converged", "converge", "gather", "values"]

Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Part of the largest number of a response by which a doubling of the directions may move it at the end.
CONVERGED = 1e-8
#: Rays of a piece of work.
RAYS = 64
#: Name of the density of electrons beside the responses.
CARRIERS = "carriers"


@dataclass
class Converged:
    """Sums over directions for some chemical potentials and temperatures.

    Attributes
    ----------
    sums
        By response, ``(3, label, T, mu, ...)``: with the 15-point rule along rays, with the 7-point rule, and what
        the two outermost octaves below a cutoff contribute.
    moved
        The same without the first dimension: change with the last doubling.
    open
        ``(n_mu,)`` whether the last doubling still moved something.
    floors
        Size below which a response is rounding.
    edges
        ``(n_mu,)`` whether a band has its edge there, at T = 0.
    bands, points, split
        As in :class:`~solenoidal.continuum.collect.Gathered`.
    """

    sums: dict[str, Real]
    moved: dict[str, Real]
    open: NDArray[np.bool_]
    floors: dict[str, float]
    edges: NDArray[np.bool_]
    bands: tuple[float, float] = (np.inf, -np.inf)
    points: int = 0
    split: bool = False

    def note(self, new: Gathered) -> None:
        """Remember what was met on the way."""
        self.bands = (min(self.bands[0], new.bands[0]), max(self.bands[1], new.bands[1]))
        self.points += new.points
        self.split |= new.split


def converge(recipe: Recipe, rules: Sequence[Rule], crew: Crew, listen: Listener) -> Converged:
    """Take one rule after the other until every number stands still; chemical potentials that do are left out."""
    first, *finer = rules
    gathered = gather(recipe, first, crew, listen)
    sums = values(recipe, gathered, first)
    everything = np.arange(len(recipe.plan.mu))
    out = Converged(
        sums,
        {name: np.zeros_like(x[0]) for name, x in sums.items()},
        np.full(len(everything), bool(finer)),
        _floors(recipe, gathered, first),
        gathered.edges & bool((recipe.plan.kT == 0.0).all()),
    )
    out.note(gathered)
    norm = first.norm
    for rule in finer:
        active = np.flatnonzero(out.open)
        if not len(active):
            break
        part = recipe.narrowed(active, np.arange(len(recipe.plan.kT)))
        gathered = gather(part, rule, crew, listen)
        out.note(gathered)
        for name, new in values(part, gathered, rule).items():
            old = out.sums[name][:, :, :, active]
            total = (norm * old + rule.norm * new) / (norm + rule.norm) if rule.adds else new
            out.sums[name][:, :, :, active] = total
            out.moved[name][:, :, active] = abs(total[0] - old[0])
        norm += rule.norm
        out.open = _still_open(out, recipe.task.tolerance or CONVERGED)
    return out


def _still_open(done: Converged, tolerance: float) -> NDArray[np.bool_]:
    """``(n_mu,)``: whether any response still moves there."""
    out = np.zeros(len(done.open), dtype=bool)
    for name, moved in done.moved.items():
        if name == CARRIERS:
            continue
        size = max(tolerance * float(abs(done.sums[name][0]).max(initial=0.0)), done.floors[name])
        out |= (moved > size).any(axis=tuple(x for x in range(moved.ndim) if x != 2))
    return out & done.open & ~done.edges


@dataclass(frozen=True)
class Rays:
    """Sums along rays, in parts that do not depend on who computes them."""

    recipe: Recipe

    def compute(self, mesh: Rule, part: Part, done: Callable[[int], None], stop: threading.Event) -> Gathered:
        """Sum along some of the rays of a rule, see :class:`~solenoidal.engine.schedule.Divisible`."""
        some = slice(*part.chunks)
        out = collect(self.recipe, mesh.vectors[some], mesh.weights[some], stop)
        done(part.points)
        return out


def gather(recipe: Recipe, rule: Rule, crew: Crew, listen: Listener) -> Gathered:
    """Sum along the rays of a rule; parts are added in their order."""
    n = len(rule.vectors)
    parts = [Part((i, min(i + RAYS, n)), min(RAYS, n - i)) for i in range(0, n, RAYS)]
    out, *others = in_order(crew, Rays(recipe), rule, parts, Counter(listen, n, "directions"))
    for other in others:
        out.merge(other)
    return out


def _density(recipe: Recipe, rule: Rule) -> float:
    """Factor of a sum over rays: measure of a direction over (2 pi)^D."""
    D = recipe.model.dimension
    return float(SPHERE[D] / rule.norm / (2 * np.pi) ** D)


def values(recipe: Recipe, gathered: Gathered, rule: Rule) -> dict[str, Real]:
    """Responses ``(3, label, T, mu, ...)`` as in :class:`Converged`, and the density of electrons ``(3, 1, T, mu)``."""
    steps, found = recipe.plan, _columns(recipe, gathered)
    out: dict[str, list[Real]] = {CARRIERS: [found[0, "fermi"][..., 0]]}
    for part in parts(recipe.task):
        one = part.shape(recipe.model.dimension, len(recipe.operator.components))
        shape = (3, len(steps.kT), len(steps.mu), *one)
        total = np.zeros(shape)
        for key in part.channels:
            total += found[key].reshape(shape)
        out.setdefault(part.response.name, []).append(part.response.finish(total))
    return {name: _density(recipe, rule) * np.stack(x, axis=1) for name, x in out.items()}


def _columns(recipe: Recipe, gathered: Gathered) -> dict[tuple[int, str], Real]:
    """``(3, T, mu, columns)`` of every channel with every function of the energy, with both rules, and outermost."""
    out = {}
    for g, members in enumerate(recipe.groups):
        ends = np.cumsum([0, *(gathered.columns[n] for n in members)])
        for function in recipe.channels[members[0]].functions:
            inner = recipe.plan.collect(gathered.inner[g], function)
            outer = recipe.plan.collect(gathered.outer[g], function)
            three = np.stack([inner[..., : ends[-1]], inner[..., ends[-1] :], outer[..., : ends[-1]]])
            for n, low, high in zip(members, ends[:-1], ends[1:], strict=True):
                out[n, function] = three[..., low:high]
    return out


def _floors(recipe: Recipe, total: Gathered, rule: Rule) -> dict[str, float]:
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
        out[name] = max(out.get(name, 0.0), 1e-13 * _density(recipe, rule) * size)
    return out
