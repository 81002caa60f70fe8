"""Surfaces of constant energy on a periodic mesh: marching tetrahedra.

Every cell of the mesh is cut into six tetrahedra that share one of its diagonals; inside each the energy is linear.
The cut is the same in every cell, so neighbours agree about their common faces and the surface has no holes: every edge
belongs to two triangles.  H. W. Kuhn, IBM J. Res. Dev. 4, 518 (1960); A. Doi, A. Koide, IEICE Trans. E74, 214 (1991).
"""

import functools
import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Surface", "triangulate"]

Int = NDArray[np.int64]
Real = NDArray[np.float64]

#: Corners of a cell as steps along the three directions, and orders of steps from the first corner to the last.
CORNERS = np.array(list(itertools.product((0, 1), repeat=3)), dtype=np.int64)
ORDERS = tuple(itertools.permutations(range(3)))


@dataclass(frozen=True)
class Surface:
    """Triangles in the periodic zone.

    Attributes
    ----------
    points
        ``(V, 3)`` vertices in units of the reciprocal lattice vectors, each once in the zone.
    values
        ``(V,)`` what was interpolated to them.
    triangles
        ``(F, 3)`` numbers of vertices; seen from the side of higher energy they run counterclockwise if the three
        reciprocal lattice vectors are right-handed.
    images
        ``(F, 3, 3)`` whole reciprocal lattice vectors that take each corner to its triangle.
    """

    points: Real
    values: Real
    triangles: Int
    images: Int

    @property
    def corners(self) -> Real:
        """Corners of every triangle side by side, ``(F, 3, 3)``: triangle, corner, direction."""
        return np.asarray(self.points[self.triangles] + self.images)


def triangulate(e: Real, values: Real, reciprocal: Real) -> Surface:
    """Triangulate ``e = 0`` on a periodic mesh ``k = i / n``.

    Parameters
    ----------
    e, values
        ``(n1, n2, n3)`` energies from the level wanted, and what to interpolate to the surface.
    reciprocal
        ``(3, 3)`` reciprocal lattice vectors as rows: the cells are cut along their shortest diagonal.

    Returns
    -------
    Surface
        Without triangles if no cell is crossed.

    Notes
    -----
    A vertex lies on an edge between two points of the mesh, where the linear interpolation vanishes; a point with
    ``e = 0`` counts as above, so the surface is closed even if it passes through points of the mesh.
    """
    n = np.array(e.shape)
    signs = _shortest_diagonal(reciprocal / n[:, None])
    below = e < 0.0
    count = sum(_shifted(below, step * signs).astype(np.int8) for step in CORNERS)
    cells = np.argwhere((count > 0) & (count < 8))
    edges = np.concatenate([_edges_of_tetrahedra(e, cells, order, signs) for order in ORDERS])
    if not len(edges):
        return Surface(np.zeros((0, 3)), np.zeros(0), *(np.zeros(s, dtype=np.int64) for s in ((0, 3), (0, 3, 3))))
    start, end = edges[:, :, 0], edges[:, :, 1]
    # The edge decides, not the cell it was met in: start in the zone, and which of the eight corners its end is.
    home = start % n
    kind = ((end - start) * signs) @ np.array([4, 2, 1])
    key = np.ravel_multi_index(tuple(np.moveaxis(home, -1, 0)), e.shape) * 8 + kind
    _, first, triangles = np.unique(key, return_index=True, return_inverse=True)
    a, step = home.reshape(-1, 3)[first], (end - start).reshape(-1, 3)[first]
    points, found = _interpolate(e, values, a, step)
    return Surface(points, found, triangles.reshape(-1, 3), (start - home) // n)


def _shortest_diagonal(steps: Real) -> Int:
    """Signs of the three directions for which the sum of the ``steps`` is shortest."""
    choices = np.array([(1, i, j) for i in (1, -1) for j in (1, -1)], dtype=np.int64)
    return np.asarray(choices[np.argmin(np.linalg.norm(choices @ steps, axis=1))])


def _shifted(x: NDArray[np.bool_], step: Int) -> NDArray[np.bool_]:
    """``x`` at every point of the mesh plus ``step``."""
    return np.roll(x, tuple(-step), axis=(0, 1, 2))


def _edges_of_tetrahedra(e: Real, cells: Int, order: tuple[int, ...], signs: Int) -> Int:
    """Ends ``(F, 3, 2, 3)`` of the edges that the corners of the triangles in one tetrahedron per cell lie on."""
    steps = np.vstack([np.zeros((1, 3), dtype=np.int64), np.cumsum(np.eye(3, dtype=np.int64)[list(order)], axis=0)])
    corners = cells[:, None] + steps * signs
    at = tuple(np.moveaxis(corners % np.array(e.shape), -1, 0))
    case = (e[at] < 0.0) @ np.array([1, 2, 4, 8])
    tables = _triangles(order, int(np.prod(signs)))
    parts = [corners[case == number][:, np.array(triangle)] for number in range(1, 15) for triangle in tables[number]]
    return np.concatenate(parts)


@functools.cache
def _triangles(order: tuple[int, ...], handedness: int) -> tuple[tuple[tuple[tuple[int, int], ...], ...], ...]:
    """Triangles for each of the 16 sets of corners below the level; every corner of a triangle is an edge (i < j)."""
    steps = np.vstack([np.zeros((1, 3)), np.cumsum(np.eye(3)[list(order)], axis=0)])
    out = []
    for case in range(16):
        low = [i for i in range(4) if case >> i & 1]
        high = [i for i in range(4) if not case >> i & 1]
        edges = [(min(i, j), max(i, j)) for i in low for j in high]
        if len(edges) == 4:
            a, b, c, d = edges  # low 0 - high 0, low 0 - high 1, low 1 - high 0, low 1 - high 1: around a quadrangle
            found = [(a, b, d), (a, d, c)]
        else:
            found = [(edges[0], edges[1], edges[2])] if edges else []
        out.append(tuple(_oriented(steps, t, low, high, handedness) for t in found))
    return tuple(out)


def _oriented(
    steps: Real, triangle: tuple[tuple[int, int], ...], low: list[int], high: list[int], handedness: int
) -> tuple[tuple[int, int], ...]:
    """Turn a triangle so that its normal points to the corners above the level."""
    p = np.array([steps[i] + steps[j] for i, j in triangle])
    upward = steps[high].mean(axis=0) - steps[low].mean(axis=0)
    right = handedness * np.cross(p[1] - p[0], p[2] - p[0]) @ upward > 0.0
    return triangle if right else (triangle[0], triangle[2], triangle[1])


def _interpolate(e: Real, values: Real, a: Int, step: Int) -> tuple[Real, Real]:
    """Zeros of the energy on the edges from the points ``a`` along ``step``, and the values there."""
    n = np.array(e.shape)
    ends = tuple(a.T), tuple(((a + step) % n).T)
    low, high = e[ends[0]], e[ends[1]]
    t = low / (low - high)
    return (a + t[:, None] * step) / n, values[ends[0]] + t * (values[ends[1]] - values[ends[0]])
