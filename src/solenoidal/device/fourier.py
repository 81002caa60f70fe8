"""Matrices of many k-points of a mesh at once, on a device.

The sums over R1, R2, R3 one after the other as in :class:`solenoidal.zone.Interpolator`, each one product for all
planes, lines and points of a tile.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import Analytic
from solenoidal.device.backend import Array, Device
from solenoidal.device.states import Batch
from solenoidal.zone import Chunk, Interpolator, Mesh, Pointwise

__all__ = ["Source", "Tile", "halves", "source"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Weights = NDArray[np.int32] | None
Used = NDArray[np.int64] | None
#: Along every direction: phases, plain and times R.
Phases = list[tuple[Array, Array]]


class Tile(NamedTuple):
    """Ranges of indices along three directions; those before the first of the mesh are ``range(1)``."""

    first: range
    second: range
    third: range

    @property
    def size(self) -> int:
        """Number of points."""
        return len(self.first) * len(self.second) * len(self.third)


def halves(tile: Tile) -> tuple[Tile, Tile]:
    """Cut a tile of at least two points in two, across the first direction that has two of them."""
    direction = next(d for d, part in enumerate(tile) if len(part) > 1)
    part, middle = tile[direction], len(tile[direction]) // 2
    field = Tile._fields[direction]
    return tile._replace(**{field: part[:middle]}), tile._replace(**{field: part[middle:]})


def _cut(whole: Tile, size: int) -> Iterator[Tile]:
    """Tiles of at most ``size`` points: planes where these fit, else lines of a plane, else points of a line."""
    points = len(whole.third)
    lines = max(1, min(len(whole.second), size // points))
    planes = max(1, size // (points * len(whole.second)))
    for first in _ranges(whole.first, planes):
        for second in _ranges(whole.second, lines):
            for third in _ranges(whole.third, size):
                yield Tile(first, second, third)


def _ranges(whole: range, size: int) -> Iterator[range]:
    return (whole[start : start + size] for start in range(0, len(whole), size))


class Source(Protocol):
    """Gives the matrices of a model on a device."""

    def tiles(self, mesh: Mesh, chunks: Sequence[Chunk], size: int) -> Iterator[Tile]:
        """Cut consecutive chunks of the source on this machine into tiles of at most ``size`` points."""

    def load(self, mesh: Mesh, tile: Tile, weights: Weights) -> Batch | None:
        """Matrices at the points of a tile that stand for any; None if there are none."""


def source(plain: Interpolator, device: Device) -> Source:
    """Return what does on a device what ``plain`` does on this machine."""
    return Sampled(plain, device) if isinstance(plain, Pointwise) else Lattice(plain, device)


class Lattice:
    """Fourier sums over lattice vectors."""

    def __init__(self, plain: Interpolator, device: Device) -> None:
        self.plain, self.xp = plain, device.xp
        self.H = self._box(plain.model.H[:, None])
        self.X = {name: self._box(X) for name, X in plain.parts.items()}

    def _box(self, X: Complex) -> Array:
        """``(R1, R2, R3, row P column)`` on the device from ``(n_R, P, N, N)``."""
        where = tuple((self.plain.R + self.plain.reach).T)
        box = np.zeros((*(2 * m + 1 for m in self.plain.reach), X[0].size), dtype=np.complex128)
        box[where] = X.swapaxes(1, 2).reshape(len(X), -1)
        return self.xp.asarray(box)

    def tiles(self, mesh: Mesh, chunks: Sequence[Chunk], size: int) -> Iterator[Tile]:
        """See :class:`Source`."""
        (first, second), (last, across) = chunks[0], chunks[-1]
        whole = Tile(range(first.start, last.stop), range(second.start, across.stop), range(mesh.n[-1]))
        return _cut(whole, size)

    def load(self, mesh: Mesh, tile: Tile, weights: Weights) -> Batch | None:
        """See :class:`Source`."""
        plain, N, D = self.plain, self.plain.N, self.plain.D
        at = np.stack([x.ravel() for x in np.meshgrid(*tile, indexing="ij")], axis=1)
        weight = used = None
        if weights is not None:
            weight = weights.reshape((1,) * (3 - D) + mesh.n)[tuple(at.T)]
            used = np.flatnonzero(weight)
            at, weight = at[used], weight[used]
            if not len(used):
                return None
        k = (at[:, 3 - D :] + np.array(mesh.offset)) / np.array(mesh.n)
        phases = self._phases(mesh, tile)
        H = self._sum(self.H, phases, used).reshape(-1, N, N)
        dH = self._gradient(phases, used)
        X = {name: self._sum(box, phases, used).reshape(len(H), N, -1, N) for name, box in self.X.items()}
        return Batch(H, dH, X.get("A"), X["s"], plain.model.metric, k, X.get("curl"), weight)

    def _phases(self, mesh: Mesh, tile: Tile) -> Phases:
        out = []
        for axis, part in enumerate(tile):
            direction = axis + self.plain.D - 3
            k = mesh.points(direction)[part.start : part.stop] if direction >= 0 else np.zeros(1)
            phase, slope = self.plain._phases(axis, k)
            out.append((self.xp.asarray(phase), self.xp.asarray(slope)))
        return out

    def _sum(self, box: Array, phases: Phases, used: Used, slope: int = 3) -> Array:
        """``sum_R exp(2 pi i k R) box[R]`` at the points wanted; along direction ``slope`` with a factor R."""
        p1, p2, p3 = (pair[axis == slope] for axis, pair in enumerate(phases))
        _, n2, n3, columns = box.shape
        planes = (p1 @ box.reshape(len(box), -1)).reshape(-1, n2, n3 * columns)
        lines = (p2 @ planes).reshape(-1, n3, columns)
        points = (p3 @ lines).reshape(-1, columns)
        return points if used is None else points[self.xp.asarray(used)]

    def _gradient(self, phases: Phases, used: Used) -> Array:
        """Cartesian ``d_i H``, ``(n_k, row, i, column)``: every lattice direction once."""
        N, D, lattice = self.plain.N, self.plain.D, self.plain.lattice
        slopes = [self._sum(self.H, phases, used, axis).reshape(-1, N, N) for axis in range(3 - D, 3)]
        out = self.xp.empty((len(slopes[0]), N, D, N), dtype=np.complex128)
        for i in range(D):
            terms = [(1j * float(lattice[3 - D + a, i])) * slope for a, slope in enumerate(slopes)]
            out[:, :, i] = sum(terms[1:], start=terms[0])
        return out


class Sampled:
    """A model that gives its matrices itself, on this machine; they travel to the device."""

    def __init__(self, plain: Pointwise, device: Device) -> None:
        self.plain, self.xp = plain, device.xp

    def tiles(self, mesh: Mesh, chunks: Sequence[Chunk], size: int) -> Iterator[Tile]:
        """See :class:`Source`: ranges of points in the order of the mesh."""
        return _cut(Tile(range(1), range(1), range(chunks[0][0].start, chunks[-1][0].stop)), size)

    def load(self, mesh: Mesh, tile: Tile, weights: Weights) -> Batch | None:
        """See :class:`Source`."""
        model = self.plain.model
        assert isinstance(model, Analytic)
        number = np.array(tile.third)
        weight = None if weights is None else weights.ravel()[number]
        if weight is not None:
            number, weight = number[weight > 0], weight[weight > 0]
        if not len(number):
            return None
        k = (np.stack(np.unravel_index(number, mesh.n), axis=1) + np.array(mesh.offset)) / np.array(mesh.n)
        block = model.block(k, self.plain.operator)
        dH, A, s = (None if X is None else self._rows(X) for X in (block.dH, block.A, block.s))
        return Batch(self.xp.asarray(block.H), dH, A, s, block.metric, block.k, weight=weight)

    def _rows(self, X: Complex) -> Array:
        return self.xp.asarray(np.ascontiguousarray(X.swapaxes(1, 2)))
