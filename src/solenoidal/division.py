"""The cells of a mesh cut into simplices: intervals, triangles, tetrahedra.

Every cell is divided into D! simplices of equal volume around one of its diagonals, all cells alike, so that they fit
together across cells and across the boundary of the zone (Kuhn; Bloechl, Jepsen, Andersen, Phys. Rev. B 49, 16223
(1994), Sec. II).  The diagonal is the shortest one, and the first of equally short ones: for an fcc crystal it is the
only one and the division has all symmetries of the lattice, for a simple cubic one the division has a part of them.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Division", "divide"]

Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Relative difference of squared lengths that counts as rounding.
EQUAL = 1e-9


@dataclass(frozen=True, eq=False)
class Division:
    """Simplices that have a given mesh point as a corner.

    Attributes
    ----------
    offsets
        ``(M, D)`` steps to the ``M = 2 (2^D - 1)`` neighbours that share a simplex with the point.
    simplices
        ``((D + 1)!, D)`` the other corners of every simplex, as rows of ``offsets``.
    """

    offsets: Index
    simplices: Index

    def keeps(self, T: Index) -> bool:
        """Whether a linear map ``i -> T i`` of the mesh takes the simplices to themselves."""
        own = {frozenset(map(tuple, self.offsets[s].tolist())) for s in self.simplices}
        image = {frozenset(map(tuple, (self.offsets[s] @ T.T).tolist())) for s in self.simplices}
        return own == image


def divide(cell: Real) -> Division:
    """Division of a mesh around the shortest diagonal of its cell.

    Parameters
    ----------
    cell
        ``(D, D)`` edges as rows.
    """
    D = len(cell)
    sign = _shortest(cell)
    half = [sign * np.array(corner) for corner in itertools.product((0, 1), repeat=D) if any(corner)]
    offsets = np.array([*half, *(-step for step in half)], dtype=np.int64)
    column = {tuple(step): m for m, step in enumerate(offsets.tolist())}
    simplices = []
    for order in itertools.permutations(range(D)):
        path = np.concatenate([np.zeros((1, D), dtype=np.int64), np.cumsum(np.diag(sign)[list(order)], axis=0)])
        for own in range(D + 1):
            others = np.delete(path, own, axis=0) - path[own]
            simplices.append([column[tuple(step)] for step in others.tolist()])
    return Division(offsets, np.array(simplices, dtype=np.int64))


def _shortest(cell: Real) -> Index:
    """Signs of the edges whose sum is the shortest diagonal."""
    best, shortest = np.ones(len(cell), dtype=np.int64), np.inf
    for rest in itertools.product((1, -1), repeat=len(cell) - 1):
        sign = np.array((1, *rest), dtype=np.int64)
        length = float(((sign @ cell) ** 2).sum())
        if length < shortest * (1.0 - EQUAL):
            best, shortest = sign, length
    return best
