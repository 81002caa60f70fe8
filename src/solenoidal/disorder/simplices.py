"""Level sets of a function on a periodic mesh: cut simplices and quadrature on their facets.

Every cell of the mesh is divided into D! simplices around the diagonal (1, .., 1) (Kuhn), which fit together across
cells and across the boundary of the zone.  A simplex whose corners lie on both sides of the level is cut along one
facet: a point, a segment, one or two triangles for D = 1, 2, 3.  Facets meet in common vertices, so that they tile a
closed surface.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import roots_jacobi

__all__ = ["Facets", "cut", "gauss"]

Real = NDArray[np.float64]
Index = NDArray[np.int64]
Edge = tuple[int, int]


@dataclass(frozen=True)
class Facets:
    """Level set by linear interpolation on the edges of the simplices, in units of the mesh spacing.

    Attributes
    ----------
    vertices
        ``(n_v, D)`` points on edges, every edge once.
    corners
        ``(n_f, D)`` vertices of each facet.
    shift
        ``(n_f, D, D)`` whole periods of the mesh to be added to each of them.
    """

    vertices: Real
    corners: Index
    shift: Index


def cut(values: Real) -> Facets:
    """Cut a mesh where ``values (n_1, .., n_D)`` change sign.

    Parameters
    ----------
    values
        Function at the points of a periodic mesh; zero counts as positive.
    """
    n = np.array(values.shape)
    D = len(n)
    paths = _paths(D)
    facets = []
    for path in paths:
        at = np.stack([np.roll(values, -step, axis=tuple(range(D))).ravel() for step in path])
        code = ((at < 0.0) << np.arange(D + 1)[:, None]).sum(axis=0)
        for mask in range(1, 2 ** (D + 1) - 1):
            base = np.argwhere((code == mask).reshape(values.shape))
            facets += [_edges(base, path, edges) for edges in _sections(mask, D)]
    return _shared(values, np.concatenate(facets), n)


def _paths(D: int) -> list[Index]:
    """``(D + 1, D)`` corners of every simplex of a cell."""
    steps = np.eye(D, dtype=np.int64)
    origin = np.zeros((1, D), dtype=np.int64)
    orders = itertools.permutations(range(D))
    return [np.concatenate([origin, np.cumsum(steps[list(order)], axis=0)]) for order in orders]


def _sections(mask: int, D: int) -> list[tuple[Edge, ...]]:
    """Facets of a simplex with the corners of ``mask`` on one side, by the edges (low, high) that are cut."""
    inside = [c for c in range(D + 1) if mask >> c & 1]
    outside = [c for c in range(D + 1) if not mask >> c & 1]
    if len(inside) == 1 or len(outside) == 1:
        return [tuple((min(a, b), max(a, b)) for a in inside for b in outside)]
    (a, b), (c, d) = inside, outside
    ring = [(min(x), max(x)) for x in ((a, c), (a, d), (b, d), (b, c))]
    return [(ring[0], ring[1], ring[2]), (ring[0], ring[2], ring[3])]


def _edges(base: Index, path: Index, edges: Sequence[Edge]) -> Index:
    """``(n, D, 2, D)``: lower end and step of each edge of a facet."""
    pairs = [np.stack([base + path[a], np.broadcast_to(path[b] - path[a], base.shape)], axis=1) for a, b in edges]
    return np.stack(pairs, axis=1)


def _shared(values: Real, facets: Index, n: Index) -> Facets:
    """Number every edge once, wherever its cell lies."""
    D = len(n)
    low, step = facets[:, :, 0], facets[:, :, 1]
    home = low % n
    flat = np.ravel_multi_index(tuple(np.moveaxis(home, -1, 0)), tuple(n)) * 2**D + step @ (1 << np.arange(D))
    _, first, number = np.unique(flat, return_index=True, return_inverse=True)
    start, along = home.reshape(-1, D)[first], step.reshape(-1, D)[first]
    a, b = values[tuple(start.T)], values[tuple(((start + along) % n).T)]
    vertices = start + along * (a / (a - b))[:, None]
    return Facets(vertices, number.reshape(flat.shape), low - home)


def gauss(D: int, order: int) -> tuple[Real, Real]:
    """Quadrature on the facet of D vertices: barycentric coordinates ``(q, D)`` and weights ``(q,)``.

    The weights sum to ``1 / (D - 1)!``; polynomials up to degree ``2 order - 1`` are exact.  Conical product of
    Gauss-Jacobi rules: Stroud, Approximate Calculation of Multiple Integrals (1971).
    """
    points = np.ones((1, 1))
    weights = np.ones(1)
    for power in range(D - 1):
        x, w = roots_jacobi(order, power, 0.0)
        t, w = (1.0 + x) / 2.0, w / 2.0 ** (power + 1)
        scaled = points[None] * (1.0 - t[:, None, None])
        points = np.concatenate([np.repeat(t[:, None], len(weights), axis=1)[..., None], scaled], axis=2)
        points, weights = points.reshape(-1, power + 2), np.outer(w, weights).ravel()
    assert math.isclose(weights.sum(), 1.0 / math.factorial(D - 1))
    return points, weights
