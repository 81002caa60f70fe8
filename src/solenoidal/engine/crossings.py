"""Mesh cells in which levels nearly touch, divided once.

Where the cell of a point mixes two levels (:func:`solenoidal.widths.mixing`), matrix elements vary within it and one
point stands badly for the whole.  Such cells are few: lines of crossings in three dimensions, points in two.  They are
replaced by a mesh of their own, each of its points with the weight of its part and spread over its part.

Those that mix most are divided, about as many as SHARE allows.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import Block
from solenoidal.engine.collector import Recipe
from solenoidal.scattered import Scattered
from solenoidal.zone import Mesh

__all__ = ["PIECES", "bound", "divided"]

Real = NDArray[np.float64]

#: Pieces of a cell in every direction.
PIECES = 3
#: Mixing from which on a cell may be divided.
LEAST = 1.0
#: Points added by division, at most about this part of those that matter.
SHARE = 1.0
#: Points of a mesh that tell how much its cells mix, and those solved together.
SAMPLES, BLOCK = 512, 32
#: Factor that keeps the bound away from the mixing of a point and its equals.
APART = 1.0 + 1e-6
#: Cells whose pieces are computed together.
TOGETHER = 4


def bound(recipe: Recipe, source: Scattered, mesh: Mesh) -> float:
    """Mixing above which the cells of a mesh are divided, from some of its points.

    All points of a star are on one side of it, so that what vanishes by symmetry still does.
    """
    number = np.unique(np.linspace(0, mesh.size - 1, SAMPLES).astype(np.int64))
    k = (np.stack(np.unravel_index(number, mesh.n), axis=1) + np.array(mesh.offset)) / np.array(mesh.n)
    found = []
    for first in range(0, len(k), BLOCK):
        states = recipe.solve(source.block(k[first : first + BLOCK]))
        found.append(states.mixing(recipe.window))
    mixing = np.sort(np.concatenate(found))
    mixing = mixing[mixing > 0.0]
    allowed = int(SHARE / PIECES ** len(mesh.n) * len(mixing))
    return LEAST if allowed >= len(mixing) else max(LEAST, APART * float(mixing[-allowed - 1]))


def divided(source: Scattered, k: Real, weight: Real, n: Real) -> Iterator[tuple[Block, Real]]:
    """Pieces of the cells around ``k (n_k, D)`` on a mesh with ``n (D,)`` points, each with its weight.

    Parameters
    ----------
    source
        Gives the matrices of the pieces.
    weight
        ``(n_k,)`` of the whole cells.
    """
    D = len(n)
    steps = (np.arange(PIECES) - 0.5 * (PIECES - 1)) / PIECES
    inside = np.stack(np.meshgrid(*[steps] * D, indexing="ij"), axis=-1).reshape(-1, D) / n
    for first in range(0, len(k), TOGETHER):
        points = (k[first : first + TOGETHER, None] + inside).reshape(-1, D)
        weights = np.repeat(weight[first : first + TOGETHER] / len(inside), len(inside))
        yield source.block(points), weights
