"""Bands along rays from k = 0: where they turn, come close, and cross given energies.

A band is followed on a geometric grid of radii.  Turning points and closest approaches of neighbouring bands are
found from the signs of the exact slopes and join the grid, so that every band is monotonic between neighbours on it
and no crossing with an energy can hide between two of them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solenoidal.continuum.model import ContinuumModel
from solenoidal.eigen import eigenstates
from solenoidal.multiplets import RESOLVED, group_levels, group_means

__all__ = ["Crossings", "Nodes", "Rays", "span"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Radii per decade of the grid on which bands are followed.
PER_DECADE = 24
#: The grid reaches beyond every length scale of the model by this factor, both ways.
REACH = 100.0
#: Longest grid, in decades.
DECADES = 14.0
#: Halvings of an interval: its width is then rounding.
HALVINGS = 60
#: Points whose Hamiltonians are in memory together.
TOGETHER = 8192


@dataclass(frozen=True)
class Nodes:
    """Points on rays, sorted by ray, then by radius.

    Attributes
    ----------
    ray, r
        ``(n,)`` number of the ray and radius, 1/Angstrom.
    e, slope
        ``(n, N)`` mean energy of the multiplet of each level, eV, and its derivative d/dr, eV Angstrom.
    joined
        ``(n, N - 1)`` whether neighbouring levels are in one multiplet.
    gap_slope
        ``(n, N - 1)`` d/dr of the distance of neighbouring levels; 0 where they are equal to rounding.
    """

    ray: Index
    r: Real
    e: Real
    slope: Real
    joined: NDArray[np.bool_]
    gap_slope: Real

    def merged(self, other: "Nodes") -> "Nodes":
        """Both sets, sorted again, each place once."""
        parts = {name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in self.__annotations__}
        order = np.lexsort((parts["r"], parts["ray"]))
        ray, r = parts["ray"][order], parts["r"][order]
        new = np.ones(len(order), dtype=bool)
        new[1:] = (np.diff(ray) > 0) | (np.diff(r) > 1e-14 * r[1:])
        return Nodes(**{name: x[order[new]] for name, x in parts.items()})


@dataclass(frozen=True)
class Crossings:
    """Places where bands have given energies.

    Attributes
    ----------
    ray, band, level
        ``(n,)`` number of the ray, of the band and of the energy.
    r, slope
        ``(n,)`` radius, 1/Angstrom, and d/dr of the mean energy of the multiplet, eV Angstrom.
    true
        ``(n,)`` False where the energy of the multiplet only jumps, because its members change.
    """

    ray: Index
    band: Index
    level: Index
    r: Real
    slope: Real
    true: NDArray[np.bool_]


class Rays:
    """Bands of a model along rays, with levels closer than ``degeneracy`` (eV) as one multiplet."""

    def __init__(self, model: ContinuumModel, directions: Real, degeneracy: float) -> None:
        self.model, self.directions, self.degeneracy = model, directions, degeneracy
        self.A = model.radial(directions)

    def at(self, ray: Index, r: Real) -> Nodes:
        """Bands at scattered places."""
        parts = [self._at(ray[i : i + TOGETHER], r[i : i + TOGETHER]) for i in range(0, max(1, len(r)), TOGETHER)]
        return Nodes(ray, r, *(np.concatenate(x) for x in zip(*parts, strict=True)))

    def _at(self, ray: Index, r: Real) -> tuple[Real, Real, NDArray[np.bool_], Real]:
        N = self.model.size
        if not len(r):
            return np.zeros((0, N)), np.zeros((0, N)), np.zeros((0, N - 1), dtype=bool), np.zeros((0, N - 1))
        j = np.arange(self.A.shape[1])
        power = r[:, None] ** j
        slope = j * r[:, None] ** np.maximum(j - 1, 0)
        A = self.A[ray]
        H = np.einsum("pj,pjab->pab", power, A)
        e, U, _ = eigenstates(H)
        dU = np.einsum("pj,pjab->pab", slope, A) @ U
        de = np.einsum("pan,pan->pn", U.conj(), dU).real
        group = group_levels(e, self.degeneracy)
        apart = np.diff(e, axis=1) > RESOLVED
        return (
            group_means(e, group),
            group_means(de, group),
            np.diff(group, axis=1) == 0,
            np.where(apart, np.diff(de, axis=1), 0.0),
        )

    def follow(self, radii: Real) -> Nodes:
        """Bands on a common grid of radii and at every place of a ray where something happens."""
        n = len(self.directions)
        nodes = self.at(np.repeat(np.arange(n), len(radii)), np.tile(radii, n))
        nodes = nodes.merged(self._places(nodes, lambda p: np.sign(np.concatenate([p.slope, p.gap_slope], axis=1))))
        return nodes.merged(self._places(nodes, lambda p: np.where(p.joined, 1.0, -1.0)))

    def _places(self, nodes: Nodes, signs: Callable[[Nodes], Real]) -> Nodes:
        """Where entries of ``signs (n, m)`` change between neighbouring nodes, found by halving."""
        s = signs(nodes)
        changes = (s[:-1] * s[1:] < 0) & (np.diff(nodes.ray) == 0)[:, None]
        place, column = np.nonzero(changes)
        ray, low, high, left = nodes.ray[place], nodes.r[place], nodes.r[place + 1], s[place, column]
        for _ in range(HALVINGS if len(place) else 0):
            r = 0.5 * (low + high)
            same = signs(self.at(ray, r))[np.arange(len(r)), column] == left
            low, high = np.where(same, r, low), np.where(same, high, r)
        return self.at(ray, high)

    def crossings(self, nodes: Nodes, levels: Real, refine: bool = True) -> Crossings:
        """Every place between ``nodes`` where a band has one of the energies ``levels (n,)``, eV.

        Without ``refine`` only which bands cross which energies on which rays means anything.
        """
        place, band, level = self._brackets(nodes, levels)
        ray, target = nodes.ray[place], levels[level]
        low, high = nodes.r[place], nodes.r[place + 1]
        rising = nodes.e[place, band] < nodes.e[place + 1, band]
        r, slope, miss = 0.5 * (low + high), np.ones(len(low)), np.zeros(len(low))
        scale = 1e-9 * (1.0 + abs(target))
        active = np.arange(len(r) if refine else 0)
        for _ in range(2 * HALVINGS):
            if not len(active):
                break
            a = active
            here = self.at(ray[a], r[a])
            rows = np.arange(len(a))
            slope[a] = here.slope[rows, band[a]]
            miss[a] = here.e[rows, band[a]] - target[a]
            below = (miss[a] < 0) == rising[a]
            low[a], high[a] = np.where(below, r[a], low[a]), np.where(below, high[a], r[a])
            with np.errstate(divide="ignore", invalid="ignore"):
                newton = r[a] - miss[a] / slope[a]
            inside = (newton > low[a]) & (newton < high[a])
            new = np.where(inside, newton, 0.5 * (low[a] + high[a]))
            done = (abs(new - r[a]) <= 4e-16 * abs(new)) | (high[a] - low[a] <= 4e-16 * high[a]) | (miss[a] == 0)
            r[a] = np.where(miss[a] == 0, r[a], new)
            active = a[~done]
        return Crossings(ray, band, level, r, slope, abs(miss) < scale)

    @staticmethod
    def _brackets(nodes: Nodes, levels: Real) -> tuple[Index, Index, Index]:
        """Numbers (node before, band, level) of every crossing; a band may touch a level at a node only once."""
        order = np.argsort(levels)
        rank = np.searchsorted(levels[order], nodes.e)  # levels below the band
        step = np.where((np.diff(nodes.ray) == 0)[:, None], np.diff(rank, axis=0), 0)
        place, band = np.nonzero(step)
        count = abs(step[place, band]).astype(np.int64)
        first = np.minimum(rank[place, band], rank[place + 1, band])
        inner = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        level = order[np.repeat(first, count) + inner]
        return np.repeat(place, count), np.repeat(band, count), level


def span(model: ContinuumModel, A: Complex, energies: Real) -> tuple[float, float]:
    """Smallest and largest radius (1/Angstrom) at which anything can happen, with a margin.

    Parameters
    ----------
    A
        ``(n, degree + 1, N, N)`` from :meth:`ContinuumModel.radial`, some directions.
    energies
        eV: those that matter besides the levels at k = 0.

    Notes
    -----
    Two terms of order i < j are equal at ``(a_i / a_j)^(1 / (j - i))`` with a their sizes; differences of levels count
    as sizes of their own.
    """
    sizes = [_sizes(A[:, j]) for j in range(A.shape[1])]
    sizes[0] = np.unique(np.concatenate([sizes[0], abs(energies)[abs(energies) > 0]]))
    out = [
        (x / y) ** (1.0 / (j - i))
        for i in range(len(sizes))
        for j in range(i + 1, len(sizes))
        for x in sizes[i]
        for y in sizes[j]
    ] or [1.0]
    high = REACH * max(out)
    return max(min(out) / REACH, high * 10.0**-DECADES), high


def _sizes(A: Complex) -> Real:
    """Largest magnitude of eigenvalues and differences of neighbouring ones, without zeros, ``A (n, N, N)``."""
    e = np.linalg.eigvalsh(A)
    largest = float(abs(e).max())
    gaps = np.diff(e, axis=1)
    wide = gaps[gaps > 1e-6 * largest] if largest else gaps[:0]
    found = [largest, *([float(wide.min()), float(wide.max())] if wide.size else [])]
    return np.array([x for x in found if x > 0.0])
