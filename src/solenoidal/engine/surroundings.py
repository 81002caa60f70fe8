"""Blocks of a mesh with the energies at the neighbours of every point, in memory that does not grow with the mesh."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import Block
from solenoidal.division import Division
from solenoidal.eigen import eigenstates
from solenoidal.zone import Chunk, Interpolator, Mesh, Weights

__all__ = ["TILE", "surrounded"]

Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Energies kept at once by a worker: points, with their neighbours, times bands.
TILE = 1_000_000


def surrounded(
    source: Interpolator,
    mesh: Mesh,
    division: Division,
    chunks: list[Chunk],
    wanted: Callable[[Chunk], Weights | None],
) -> Iterator[Block]:
    """Yield the blocks of consecutive chunks with the energies around their points.

    Parameters
    ----------
    source, mesh
        As for :meth:`solenoidal.zone.Interpolator.blocks`.
    division
        Tells the neighbours.
    chunks
        Consecutive entries of :meth:`solenoidal.zone.Interpolator.chunks`.
    wanted
        Weights of the points of a chunk, or of some of its lines; asked once for each.
    """
    planes = sum(len(first) for first, _ in chunks) + 2
    lines = max(1, TILE // (planes * mesh.n[-1] * source.N) - 2)
    for tile in source.tiles(mesh, chunks, lines):
        weights = [wanted(chunk) for chunk in tile]
        at = [source.positions(mesh, chunk, w) for chunk, w in zip(tile, weights, strict=True)]
        if not sum(map(len, at)):
            continue
        near = _Energies(source, mesh, division, np.concatenate(at))
        for chunk, points, w in zip(tile, at, weights, strict=True):
            done = 0
            for block in source.blocks(mesh, chunk, weights=w):
                yield replace(block, around=near.around(points[done : done + len(block.H)]))
                done += len(block.H)


class _Energies:
    """Energies on all lines that touch some points or their neighbours."""

    def __init__(self, source: Interpolator, mesh: Mesh, division: Division, at: Index) -> None:
        D = source.D
        self.steps = np.zeros((len(division.offsets), 3), dtype=np.int64)
        self.steps[:, 3 - D :] = division.offsets
        edge = abs(self.steps[:, :2]).max(axis=0)
        self.low, high = at[:, :2].min(axis=0) - edge, at[:, :2].max(axis=0) + edge
        n = np.array((1,) * (3 - D) + mesh.n)
        first, second = (np.arange(a, b + 1) % m for a, b, m in zip(self.low, high, n[:2], strict=True))
        lines = source.hamiltonians(mesh, first, second)
        e = np.concatenate([eigenstates(H, source.model.metric)[0] for H in lines])
        self.e = e.reshape(len(first), len(second), n[2], -1)

    def around(self, at: Index) -> Real:
        """``(n, N, M)`` energies at the M neighbours of points ``at (n, 3)``."""
        i, j, l = np.moveaxis(at[:, None] + self.steps, 2, 0)
        e = self.e[i - self.low[0], j - self.low[1], l % self.e.shape[2]]
        return np.ascontiguousarray(e.swapaxes(1, 2))
