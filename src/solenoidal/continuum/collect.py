"""Sums over the rays of one set of directions: adaptive panels for the sea, exact Fermi radii for the surface."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import States, solve
from solenoidal.continuum.panels import GAUSS, KRONROD, Panels
from solenoidal.continuum.rays import Crossings, Nodes, Rays
from solenoidal.continuum.recipe import Recipe
from solenoidal.errors import InputError
from solenoidal.multiplets import RESOLVED
from solenoidal.quantities import Settings
from solenoidal.spectral import Accumulator, ZeroTemperature
from solenoidal.statistics import fermi

__all__ = ["Gathered", "collect", "generic"]

Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Error of a panel, relative to the whole ray, above which it is halved; how often, and how many more panels at most.
TOLERANCE, HALVINGS, MORE = 1e-10, 48, 64
#: Part of what the terms of a channel add up to where no symmetry cancels them that is rounding.
ROUNDING = 1e-12
#: Distance of mu from the edge of a band, relative to 1 eV and to mu, that is rounding; slope of a band at its edge.
EDGE, FLAT = 1e-10, 1e-7
#: Part of the error allowed in the largest channel that is allowed in one whose terms cancel identically.
LEAST = 1e-3
#: Panels that are evaluated together.
TOGETHER = 256


@dataclass
class Gathered:
    """Sums over rays.

    Attributes
    ----------
    inner
        Accumulators for every group of channels, columns with the 15-point rule, then the same with the 7-point rule.
    outer
        What the two outermost octaves below a cutoff contribute, twice.
    columns
        Number of columns of every channel.
    magnitude
        What the terms of each channel would add up to without any symmetry.
    edges
        ``(n_mu,)`` whether a band has its edge there.
    bands, points, split
        Lowest and highest energy met, eV; points met; whether any has other multiplets at a third of ``degeneracy``.
    """

    inner: list[list[Accumulator]]
    outer: list[list[Accumulator]]
    columns: list[int]
    magnitude: Real
    edges: NDArray[np.bool_]
    bands: tuple[float, float] = (np.inf, -np.inf)
    points: int = 0
    split: bool = False

    def merge(self, other: "Gathered") -> None:
        """Add what another worker gathered."""
        for mine, theirs in ((self.inner, other.inner), (self.outer, other.outer)):
            for a, b in zip(mine, theirs, strict=True):
                for x, y in zip(a, b, strict=True):
                    x.merge(y)
        self.magnitude = self.magnitude + other.magnitude
        self.edges = self.edges | other.edges
        self.bands = (min(self.bands[0], other.bands[0]), max(self.bands[1], other.bands[1]))
        self.points += other.points
        self.split |= other.split


def collect(recipe: Recipe, directions: Real, weights: Real, stop: threading.Event) -> Gathered:
    """Sum everything along the rays ``directions (n, D)`` with weights ``(n,)``.

    Raises
    ------
    InputError
        If a Fermi surface does not close below the largest radius.
    """
    return _Worker(recipe, directions, weights).run(stop)


class _Worker:
    """One set of rays."""

    def __init__(self, recipe: Recipe, directions: Real, weights: Real) -> None:
        self.recipe, self.weights, self.directions = recipe, weights, directions
        self.D, self.channels = recipe.model.dimension, recipe.channels
        self.settings = Settings(recipe.task.gamma or 0.0)
        self.columns = [0] * len(self.channels)
        self.out: Gathered | None = None
        mu = recipe.plan.mu
        self.origin = 0.5 * float(mu[0] + mu[-1])

    def run(self, stop: threading.Event) -> Gathered:
        levels, cold = self.recipe.levels()
        self._prepare()
        ends = [self._common(self.recipe.ends)]
        for resolved in sorted({c.resolved for c in self.channels}):
            degeneracy = RESOLVED if resolved else self.recipe.degeneracy
            rays = Rays(self.recipe.model, self.directions, degeneracy)
            nodes = rays.follow(self.recipe.radii)
            self._check_closed(nodes)
            found = rays.crossings(nodes, levels)
            odd = ~np.isin(nodes.r, self.recipe.radii)
            self._find_edges(nodes, odd)
            ends += [(nodes.ray[odd], nodes.r[odd]), (found.ray, found.r)]
            self._surface(found, cold, resolved)
        self._sea(_between(*map(np.concatenate, zip(*ends, strict=True))), stop)
        self._outside()
        assert self.out is not None
        return self.out

    def _common(self, radii: Real) -> tuple[Index, Real]:
        n = len(self.directions)
        return np.repeat(np.arange(n), len(radii)), np.tile(radii, n)

    def _prepare(self) -> None:
        """Number of columns of every channel, from one point; empty accumulators."""
        _, rows = self._rows(np.zeros(1, dtype=np.int64), np.array([self.recipe.span[1]]), None)
        self.columns = [x.shape[2] for _, x in rows]

        def fresh() -> list[list[Accumulator]]:
            out = []
            for members in self.recipe.groups:
                width = 2 * sum(self.columns[n] for n in members)
                functions = tuple(sorted(self.channels[members[0]].functions))
                out.append(_without_cells(self.recipe.plan.accumulators(width, functions)))
            return out

        edges = np.zeros(len(self.recipe.plan.mu), dtype=bool)
        self.out = Gathered(fresh(), fresh(), self.columns, np.zeros(len(self.channels)), edges)

    def _rows(self, ray: Index, r: Real, highest: float | None) -> tuple[States, list[tuple[Real, Real]]]:
        """States at scattered places, and for every channel the energies ``(n, rows)`` and ``(n, rows, columns)``."""
        model, degeneracy = self.recipe.model, self.recipe.degeneracy
        states = solve(model.block(r[:, None] * self.directions[ray], self.recipe.operator), degeneracy, highest)
        return states, self._channel_rows(states)

    def _channel_rows(self, states: States) -> list[tuple[Real, Real]]:
        sets: dict[bool, tuple[States, dict[str, Real]]] = {False: (states, {})}
        out = []
        for c in self.channels:
            if c.resolved not in sets:
                sets[c.resolved] = (states.regroup(RESOLVED), {})
            own, cache = sets[c.resolved]
            out.append((own.e_group[:, own.wanted], c.rows(own, self.settings, cache)))
        return out

    def _check_closed(self, nodes: Nodes) -> None:
        """Refuse a Fermi surface that goes on beyond the largest radius."""
        mu = self.recipe.plan.mu
        last = nodes.e[np.concatenate([np.diff(nodes.ray) > 0, [True]])]
        filled = (last[:, :, None] < mu).sum(axis=1)
        wrong = (filled != self.recipe.beyond).any(axis=0)
        if wrong.any():
            raise InputError(_open(self.recipe, float(mu[wrong][0])))

    def _find_edges(self, nodes: Nodes, odd: NDArray[np.bool_]) -> None:
        """Chemical potentials at which a band begins, ends or touches another at k = 0."""
        assert self.out is not None
        mu = self.recipe.plan.mu
        steep = abs(nodes.slope).max(axis=0)
        flat = (nodes.r == 0.0)[:, None] | (odd[:, None] & (abs(nodes.slope) <= FLAT * steep))
        self.out.edges |= (abs(nodes.e[flat][:, None] - mu) <= EDGE * (1.0 + abs(mu))).any(axis=0)

    def _surface(self, found: Crossings, cold: Index, resolved: bool) -> None:
        """Fermi surfaces at T = 0: ``x r^(D-1) / |de/dr|`` at every crossing with mu."""
        assert self.out is not None
        at = np.flatnonzero(found.true & (found.level < len(cold)) & (cold[0] >= 0))
        firsts = [self.channels[members[0]] for members in self.recipe.groups]
        wanted = [g for g, c in enumerate(firsts) if c.surface and c.resolved == resolved]
        if not wanted or not len(at):
            return
        flat = found.slope[at] == 0.0
        self.out.edges[found.level[at][flat]] = True
        at = at[~flat]
        for part in np.array_split(at, max(1, len(at) // 4096)):
            ray, r, band, level = found.ray[part], found.r[part], found.band[part], found.level[part]
            _, rows = self._rows(ray, r, None)
            weight = self.weights[ray] * r ** (self.D - 1) / abs(found.slope[part])
            for g in wanted:
                x = _joined(rows, self.recipe.groups[g])[np.arange(len(part)), band] * weight[:, None]
                for acc in self.out.inner[g]:
                    if isinstance(acc, ZeroTemperature):
                        np.add.at(acc.table, level, np.concatenate([x, x], axis=1))

    def _sea(self, panels: Panels, stop: threading.Event) -> None:
        """Adaptive sum below the largest radius."""
        panels, limit = self._estimate(panels)
        most, done = MORE * len(panels), 0
        for _ in range(HALVINGS):
            again: list[Panels] = []
            for first in range(0, len(panels), TOGETHER):
                if stop.is_set():
                    return
                part = panels.take(slice(first, first + TOGETHER))
                bad = self._add(part, limit)
                if bad.any():
                    again.append(part.take(bad).halves())
            done += len(panels)
            if not again:
                return
            panels = again[0]
            for more in again[1:]:
                panels = panels.join(more)
            if done + len(panels) > most:
                break  # rounding, which no panel is small enough for: the error shows what is left
        for first in range(0, len(panels), TOGETHER):
            self._add(panels.take(slice(first, first + TOGETHER)), None)

    def _estimate(self, panels: Panels) -> tuple[Panels, Real]:
        """Panels where anything is filled; the error allowed in one, ``(2, channels)``: times 1, times the energy."""
        assert self.out is not None
        r, measure = panels.middle(self.D)
        limit = np.zeros((2, len(self.channels)))
        filled = np.zeros(len(panels), dtype=bool)
        for first in range(0, len(panels), 15 * TOGETHER):
            cut = slice(first, first + 15 * TOGETHER)
            states, rows = self._rows(panels.ray[cut], r[cut], self.recipe.plan.highest)
            filled[cut] = (states.e <= self.recipe.plan.highest).any(axis=1)
            weight = 2.0 * measure[cut] / len(self.directions)
            natural = self._sizes(self._channel_rows(generic(states)), weight)
            self.out.magnitude += natural.max(axis=0) * self.weights.sum()
            limit += TOLERANCE * self._sizes(rows, weight) + ROUNDING * natural
        return panels.take(filled), np.maximum(limit, LEAST * limit[:, 1:].max(initial=0.0))

    def _sizes(self, rows: list[tuple[Real, Real]], weight: Real) -> Real:
        """Integrals of the magnitude of every channel, ``(2, channels)``."""
        out = np.zeros((2, len(rows)))
        for n, (e, x) in enumerate(rows):
            count = self._occupation(e)
            for moment, y in enumerate(self._moments(n, e, x)):
                run = abs(np.cumsum(y, axis=1)).max(axis=2, initial=0.0)
                out[moment, n] = (weight * (run * count).max(axis=1, initial=0.0)).sum()
        return out

    def _moments(self, n: int, e: Real, x: Real) -> tuple[Real, ...]:
        """A channel, and for one that carries the grand potential also times the energy."""
        if "potential" not in self.channels[n].functions:
            return (x,)
        return x, x * (e - self.origin)[..., None]

    def _occupation(self, e: Real) -> Real:
        """``(n_k, rows)``: how much the sum over the lowest 1, 2, .. bands counts for any mu and T.

        ``|f_n - f_(n+1)|`` is largest for mu midway between the two levels and falls to both sides.
        """
        mu, out = self.recipe.plan.mu, np.zeros(e.shape)
        above = np.concatenate([e[:, 1:], np.full((len(e), 1), 1e30)], axis=1)[:, : e.shape[1]]
        middle = 0.5 * (e + above)
        right = np.minimum(np.searchsorted(mu, middle), len(mu) - 1)
        left = np.maximum(right - 1, 0)
        near = np.where(middle - mu[left] < mu[right] - middle, mu[left], mu[right])
        for kT in self.recipe.plan.kT.tolist():
            out = np.maximum(out, abs(fermi(e - near, kT) - fermi(above - near, kT)))
        return out

    def _add(self, panels: Panels, limit: Real | None) -> NDArray[np.bool_]:
        """Add what is exact enough; which panels are not.  Without ``limit`` everything is added."""
        assert self.out is not None
        r, measure = panels.points(self.D)
        n, m = r.shape
        states, rows = self._rows(np.repeat(panels.ray, m), r.ravel(), self.recipe.plan.highest)
        bad = np.zeros(n, dtype=bool)
        if limit is not None:
            middle = rows[0][0].reshape(n, m, -1)[:, m // 2]
            count = self._occupation(middle)
            for c, (e, x) in enumerate(rows):
                for moment, y in enumerate(self._moments(c, e, x)):
                    bad |= _inexact(y.reshape(n, m, states.rows, -1), measure, count, limit[moment, c])
        self._deposit(self.out.inner, rows, panels, measure, ~bad)
        self._note(states, int(m * (~bad).sum()))
        return bad

    def _deposit(
        self, tables: list[list[Accumulator]], rows: list[tuple[Real, Real]], panels: Panels, measure: Real, keep: Real
    ) -> None:
        """Add panels with both rules."""
        some = np.repeat(keep, measure.shape[1])
        factor = self.weights[panels.ray][:, None] * measure
        fine, coarse = ((factor * rule).ravel()[some, None, None] for rule in (KRONROD, GAUSS))
        for members, accumulators in zip(self.recipe.groups, tables, strict=True):
            energy = np.ascontiguousarray(rows[members[0]][0][some]).ravel()
            x = _joined(rows, members)[some]
            y = np.concatenate([x * fine, x * coarse], axis=2).reshape(len(energy), 2 * x.shape[2])
            for acc in accumulators:
                acc.add(energy, y, np.empty((len(energy), 0)))

    def _note(self, states: States, points: int) -> None:
        assert self.out is not None
        low, high = self.out.bands
        self.out.bands = (min(low, float(states.e.min())), max(high, float(states.e.max())))
        self.out.points += points
        if not self.out.split:
            finer = states.regroup(self.recipe.degeneracy / 3.0)
            self.out.split = bool((finer.group != states.group).any())

    def _outside(self) -> None:
        """Bands that are filled for ever: to infinity in 1/r, or the outermost octaves below a cutoff as its error."""
        assert self.out is not None
        if not self.recipe.beyond.any():
            return
        high = self.recipe.span[1]
        ray = np.arange(len(self.directions))
        if self.recipe.cutoff:
            panels = Panels(ray, np.full(len(ray), high / 4), np.full(len(ray), high))
        else:
            panels = Panels(ray, np.zeros(len(ray)), np.full(len(ray), 1.0 / high), inverse=True)
        r, measure = panels.points(self.D)
        _, rows = self._rows(np.repeat(ray, r.shape[1]), r.ravel(), self.recipe.plan.highest)
        rows[0] = (rows[0][0], np.zeros_like(rows[0][1]))  # electrons are counted below the largest radius
        everything = np.ones(len(ray), dtype=bool)
        self._deposit(self.out.outer if self.recipe.cutoff else self.out.inner, rows, panels, measure, everything)


def _joined(rows: list[tuple[Real, Real]], members: tuple[int, ...]) -> Real:
    """Columns of several channels side by side, ``(n, rows, columns)``."""
    return np.concatenate([rows[n][1] for n in members], axis=2)


def _open(recipe: Recipe, mu: float) -> str:
    where = f"below the cutoff of {recipe.span[1]:g} 1/Angstrom" if recipe.cutoff else "at any k"
    return (
        f"{recipe.model.source}: the Fermi surface at mu = {mu:g} eV does not close {where}, "
        f"some directions have more filled bands than others."
    )


def _without_cells(accumulators: Sequence[Accumulator]) -> list[Accumulator]:
    """The delta function at T = 0 comes from the crossings, not from cells of a mesh."""
    for acc in accumulators:
        if isinstance(acc, ZeroTemperature):
            acc.delta = False
    return list(accumulators)


def _between(ray: Index, r: Real) -> Panels:
    """Panels between neighbouring ends on every ray."""
    order = np.lexsort((r, ray))
    ray, r = ray[order], r[order]
    wide = (np.diff(ray) == 0) & (np.diff(r) > 1e-13 * r[1:])
    # an end that nearly coincides with the one before it moves there
    keep = np.concatenate([[True], wide | (np.diff(ray) > 0)])
    ray, r = ray[keep], r[keep]
    same = np.diff(ray) == 0
    return Panels(ray[:-1][same], r[:-1][same], r[1:][same])


def _inexact(y: Real, measure: Real, count: Real, limit: float) -> NDArray[np.bool_]:
    """Panels whose two rules differ by more than ``limit``, ``y (n, 15, rows, columns)``."""
    difference = np.einsum("nmbc,nm->nbc", y, measure * (KRONROD - GAUSS))
    error = abs(np.cumsum(difference, axis=1)).max(axis=2, initial=0.0) * count
    return np.asarray(error.max(axis=1, initial=0.0) > limit)


def generic(states: States) -> States:
    """States whose matrix elements have the same sizes without any symmetry: what sums over them would be then."""
    N, D, n_s = states.e.shape[1], states.v.shape[2], states.s.shape[2]
    random = np.random.default_rng(11)
    angle, scale = random.uniform(0, np.pi, (N, D + n_s, N)), random.uniform(0.5, 1.5, (N, D + n_s, N))
    phase = np.exp(1j * (angle - angle.swapaxes(0, 2))) * (scale + scale.swapaxes(0, 2)) / 2
    size = abs(states.s).max(axis=(1, 3), keepdims=True)
    v, s = states.v * phase[:, :D], size * phase[:, D:]
    return replace(states, v=np.ascontiguousarray(v), s=np.ascontiguousarray(s))
