"""k-points that are proven to contribute nothing, found without diagonalising them.

By Weyl's inequality no level moves further than the norm of the change of H,

    |e_n(k) - e_n(k0)| <= ||H(k) - H(k0)|| <= sum_i |k_i - k0_i| L_i,    L_i = sum_R 2 pi |R_i| ||H(R)||,

with fractional k.  The levels at the centre of a tile of the mesh therefore tell which levels of all its points are
above every energy that matters, and which are below.  If that is all of them, the points are left out: levels above
contribute nothing, and those below nothing where every function of the energy vanishes deep in the bands.  What counts
is not the level alone but wherever it is spread to: its mesh cell, or the neighbours of its simplices.

In a mesh cell with edges b_j it is spread by at most ``sum_j ||v.b_j|| / 2`` (:mod:`solenoidal.widths`).  Its slope is
that of H, but widths that several levels share know their couplings too, so that all of v = dH + i [H, r] counts:
``||v.b_j|| <= L_j / n_j + 2 ||H|| ||r.b_j||``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import Analytic
from solenoidal.engine.collector import Recipe
from solenoidal.model import BlochModel
from solenoidal.zone import Chunk, Interpolator, Mesh, Weights

__all__ = ["Pruning", "Skipped", "choose", "slopes"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Points of a tile per direction that are tried, and tiles that the choice is made with.
SIZES, SAMPLES = (2, 4, 8), 512
#: Cost of the levels at the centre of a tile, in units of that of a point.
CENTRE = 1.0
#: Least part of the cost of a mesh that leaving out points must save.
WORTH = 0.1


@dataclass(frozen=True)
class Skipped:
    """Points of a chunk that are left out.

    Attributes
    ----------
    points, filled
        How many they are; their levels below every energy that matters, each point as often as its weight says.
    bands
        Lowest and highest energy met, eV.
    """

    points: int
    filled: float
    bands: tuple[float, float]


@dataclass(frozen=True)
class Pruning:
    """Tells which points of a mesh contribute nothing.

    Attributes
    ----------
    source, mesh
        Give H; the points.
    window
        Energies (eV) outside which nothing contributes; the lower one may be minus infinity.
    slopes
        See :func:`slopes`.
    margin
        eV: how far a level may be spread from its point.
    size
        Points of a tile in every direction.
    part
        About the part of the points that is left out.
    """

    source: Interpolator
    mesh: Mesh
    window: tuple[float, float]
    slopes: Real
    margin: float
    size: int
    part: float = 0.0

    def sift(self, chunk: Chunk, weights: Weights | None) -> tuple[Weights, Skipped]:
        """Weights of the points of a chunk, 0 for those that are left out, and what is left out.

        Parameters
        ----------
        chunk
            Lines along the last direction, as in :meth:`solenoidal.zone.Interpolator.chunks`.
        weights
            Of its points, see :meth:`solenoidal.zone.Interpolator.cut`; None for 1.
        """
        ranges = (*chunk, range(self.mesh.n[-1]))
        shape = tuple(map(len, ranges))
        out = np.ones(shape, dtype=np.int32) if weights is None else weights.reshape(shape).copy()
        tiles = [[r[i : i + self.size] for i in range(0, len(r), self.size)] for r in ranges]
        starts = [[tile.start - r.start for tile in cut] for cut, r in zip(tiles, ranges, strict=True)]
        wanted = out > 0
        for axis, start in enumerate(starts):
            wanted = np.logical_or.reduceat(wanted, start, axis=axis)
        e = self._levels(tiles, wanted)
        below, gone = _outside(e, self.window, self._radius(tiles) + self.margin)
        for axis, cut in enumerate(tiles):
            lengths = [len(tile) for tile in cut]
            below, gone = np.repeat(below, lengths, axis=axis), np.repeat(gone, lengths, axis=axis)
        gone &= out > 0
        seen = e[wanted]
        bands = (float(seen.min(initial=np.inf)), float(seen.max(initial=-np.inf)))
        skipped = Skipped(int(gone.sum()), float((out * below)[gone].sum()), bands)
        out[gone] = 0
        return out if weights is None else out.reshape(weights.shape), skipped

    def _levels(self, tiles: list[list[range]], wanted: NDArray[np.bool_]) -> Real:
        """Energies at the centres of the tiles that are wanted, 0 elsewhere, ``(first, second, third, N)``."""
        e = np.zeros((*wanted.shape, self.source.N))
        k = [self._coordinates(axis, [0.5 * (t[0] + t[-1]) for t in cut]) for axis, cut in enumerate(tiles)]
        for i in np.flatnonzero(wanted.any(axis=(1, 2))):
            rows = np.flatnonzero(wanted[i].any(axis=1))
            H = np.concatenate(list(self.source.grid(k[0][i : i + 1], k[1][rows], k[2])))
            some = wanted[i, rows].ravel()
            found = np.zeros((len(some), self.source.N))
            found[some] = np.linalg.eigvalsh(H[some])
            e[i, rows] = found.reshape(len(rows), -1, self.source.N)
        return e

    def _coordinates(self, axis: int, index: list[float]) -> Real:
        direction = axis + self.source.D - 3
        if direction < 0:
            return np.zeros(1)
        return np.asarray((np.array(index) + self.mesh.offset[direction]) / self.mesh.n[direction])

    def _radius(self, tiles: list[list[range]]) -> Real:
        """How far a level may move between the centre of a tile and its points, ``(first, second, third)``, eV."""
        slopes, n = np.zeros(3), np.ones(3)
        slopes[3 - self.source.D :], n[3 - self.source.D :] = self.slopes, self.mesh.n
        half = [0.5 * (np.array([len(t) for t in cut]) - 1) for cut in tiles]
        a, b, c = (s * h / m for s, h, m in zip(slopes, half, n, strict=True))
        return np.asarray(a[:, None, None] + b[:, None] + c)


def _outside(e: Real, window: tuple[float, float], radius: Real) -> tuple[Index, NDArray[np.bool_]]:
    """Levels below the window wherever they may move by a radius, and whether all others are above it."""
    below = (e + radius[..., None] < window[0]).sum(axis=-1)
    above = (e - radius[..., None] > window[1]).sum(axis=-1)
    return below, below + above == e.shape[-1]


def slopes(model: BlochModel) -> Real:
    """``(D,)`` bounds L_i of ``|de_n / dk_i|``, k fractional, eV; see the module.

    A norm is bounded by the smaller of Frobenius' norm and ``sqrt(||H||_1 ||H||_inf)``.
    """
    return np.asarray(2 * np.pi * (abs(model.R) * _norms(model.H)[:, None]).sum(axis=0))


def _norms(X: Complex) -> Real:
    """Bounds of the norms of matrices ``(n, N, N)``."""
    size = abs(X)
    one, infinite = size.sum(axis=1).max(axis=1), size.sum(axis=2).max(axis=1)
    return np.asarray(np.minimum(np.sqrt((size**2).sum(axis=(1, 2))), np.sqrt(one * infinite)))


def choose(source: Interpolator, mesh: Mesh, recipe: Recipe) -> Pruning | None:
    """Tiles that save most, judged by some of them; None if none is worth it, or if nothing can be proven.

    Nothing can be for a model with a metric (its levels are no eigenvalues of H) and one that is no Fourier sum.
    """
    model = source.model
    if isinstance(model, Analytic) or model.metric is not None:
        return None
    found = [_tried(source, mesh, recipe, slopes(model), size) for size in SIZES]
    best = max(found, key=lambda p: p.part - CENTRE / p.size**source.D)
    return best if best.part - CENTRE / best.size**source.D > WORTH else None


def _tried(source: Interpolator, mesh: Mesh, recipe: Recipe, slope: Real, size: int) -> Pruning:
    """Part of the tiles of a size that contribute nothing, from some of them spread over the mesh."""
    n = np.array(mesh.n)
    counts = -(-n // size)
    number = np.unique(np.linspace(0, np.prod(counts) - 1, SAMPLES).astype(np.int64))
    first = np.stack(np.unravel_index(number, counts), axis=1) * size
    last = np.minimum(first + size, n) - 1
    k = (0.5 * (first + last) + np.array(mesh.offset)) / n
    phase = np.exp(2j * np.pi * k @ source.model.R.T)
    e = np.linalg.eigvalsh(np.tensordot(phase, source.model.H, axes=1))
    margin = _margin(recipe, mesh, source.model, slope)
    _, gone = _outside(e, recipe.counted, ((last - first) / 2 / n) @ slope + margin)
    return Pruning(source, mesh, recipe.counted, slope, margin, size, float(gone.mean()))


def _margin(recipe: Recipe, mesh: Mesh, model: BlochModel, slope: Real) -> float:
    """How far from its point a level may count: in its multiplet, its mesh cell or at the neighbours, eV."""
    degeneracy, n = recipe.task.degeneracy, np.array(mesh.n)
    if recipe.plan.simplices:
        return float(degeneracy + (abs(recipe.division.offsets).max(axis=0) / n) @ slope)
    if not recipe.wide:
        return degeneracy
    commutators = 0.0
    if model.position is not None:
        r = np.einsum("ji,Rinm->jRnm", recipe.cell, model.position)
        commutators = float(_norms(model.H).sum() * sum(_norms(edge).sum() for edge in r))
    return float(degeneracy + 0.5 * (slope / n).sum() + commutators)
