"""Uniform meshes and the separable Fourier sum over them.

On a mesh ``k = (i + offset) / n`` the sum over R factorises: one matrix product over R1 for a set of planes, one over
R2 for a line, one over R3 for the points of the line.  The derivative brings down ``i (R a)`` and reuses the same
partial sums.  Blocks of a fixed number of points are handed on whatever the shape of the mesh; nothing that is
stored grows with the mesh.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import Analytic, Block
from solenoidal.curvature import position_curl
from solenoidal.elements import Elements
from solenoidal.errors import InputError
from solenoidal.lines import LineSums, Rule, line_sums
from solenoidal.model import BlochModel, Operator
from solenoidal.packed import Packed
from solenoidal.simd import WIDTH, aligned

__all__ = ["BLOCK", "Chunk", "Interpolator", "Mesh", "Weights", "block_points", "source"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Ranges of the first and second direction: a set of lines along the third.
Chunk = tuple[range, range]
#: How many points of a mesh each of its points stands for.
Weights = NDArray[np.int32]
#: Fewest and most points of a block.
BLOCK, MOST = 32, 512
#: Points times bands squared: smaller blocks keep threads waiting for the interpreter, larger ones leave the cache.
SIZE = 64 * 18**2
#: Lines whose partial sums are made together.
LINES = 8
#: k-points above which planes are not processed together.
CHUNK = 4096
#: Bytes for the partial sums of one worker.
PLANES_BYTES = 24e6


@dataclass(frozen=True)
class Mesh:
    """Uniform mesh ``k = (i + offset) / n`` in lattice coordinates.

    Attributes
    ----------
    n, offset
        One entry per periodic direction; the offset in units of the spacing (0 is centred on Gamma).
    """

    n: tuple[int, ...]
    offset: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.n) != len(self.offset) or any(x < 1 for x in self.n):
            raise InputError(f"mesh {list(self.n)}: every direction needs at least one point and one offset.")

    @property
    def size(self) -> int:
        """Number of k-points."""
        return math.prod(self.n)

    def points(self, direction: int) -> Real:
        """Coordinates along one direction."""
        return np.asarray((np.arange(self.n[direction]) + self.offset[direction]) / self.n[direction])

    def halved(self) -> "Mesh":
        """Return the mesh with half as many points in every direction, rounded up; the offset is kept."""
        return Mesh(tuple((x + 1) // 2 for x in self.n), self.offset)

    def cell(self, lattice: Real) -> Real:
        """``(D, D)`` edges of the mesh cell as rows, Cartesian, 1/Angstrom."""
        return np.asarray(2 * np.pi * np.linalg.inv(lattice).T / np.array(self.n)[:, None])


class Interpolator:
    """Matrices of a model on a uniform mesh, block by block.

    Parameters
    ----------
    model, operator
        The operator with only the components wanted.
    curvature
        Whether blocks carry what the curvature of the basis needs.
    precision
        ``"double"``, or ``"mixed"``: single for everything but H.

    Notes
    -----
    Memory: one dense box over R of (1 + D_A + n_s) N (N + 1) / 2 complex numbers, shared by all workers.
    """

    def __init__(
        self, model: BlochModel, operator: Operator, curvature: bool = False, precision: str = "double"
    ) -> None:
        self.kind = np.float32 if precision == "mixed" else np.float64
        if isinstance(model, Analytic):
            raise InputError(f"{model.source}: its matrices are no Fourier sum over lattice vectors, which this needs.")
        self.model = model
        self.N, self.D = model.size, model.dimension
        #: Matrices besides H by name, ``(n_R, P, N, N)``.
        self.parts = {"s": operator.matrices}
        if model.position is not None:
            self.parts["A"] = model.position
            if curvature:
                self.parts["curl"] = position_curl(model.position, model.R @ model.lattice)
        self.counts = [X.shape[1] for X in self.parts.values()]
        self.reach = [0] * (3 - self.D) + [int(x) for x in abs(model.R).max(axis=0)]
        self.R = np.zeros((len(model.R), 3), dtype=np.int64)
        self.R[:, 3 - self.D :] = model.R
        # Layout [R1, R2, R3, (op, element on or above the diagonal)]; along R3 see solenoidal.lines.
        self.H = self._box(model.H)
        self.X = [self._box(X) for X in self.parts.values()]
        self.lattice = np.zeros((3, self.D))
        self.lattice[3 - self.D :] = model.lattice

    def _box(self, X: Complex) -> Complex:
        R, (m1, m2, m3) = self.R, self.reach
        upper = X[..., *np.triu_indices(self.N)].reshape(len(X), -1)
        box = np.zeros((2 * m1 + 1, 2 * m2 + 1, 2 * m3 + 1, upper.shape[1]), dtype=np.complex128)
        box[R[:, 0] + m1, R[:, 1] + m2, R[:, 2] + m3] = upper
        plus, minus = box[:, :, m3 + 1 :].copy(), box[:, :, :m3][:, :, ::-1].copy()
        box[:, :, 0] = box[:, :, m3]
        box[:, :, 1 : m3 + 1], box[:, :, m3 + 1 :] = plus + minus, 1j * (plus - minus)
        return box

    def _phases(self, axis: int, k: Real) -> tuple[Complex, Complex]:
        """``exp(2 pi i k R)`` and R times it, ``(n_k, n_R)``."""
        R = np.arange(-self.reach[axis], self.reach[axis] + 1)
        phase = np.exp(2j * np.pi * k[:, None] * R)
        return phase, phase * R

    def _coefficients(self, k: Real) -> tuple[Real, Real]:
        """1, ``cos 2 pi k R``, ``sin 2 pi k R`` for R > 0 in the third direction, and their derivatives."""
        R = np.arange(1, self.reach[2] + 1)
        cos, sin = np.cos(2 * np.pi * k[:, None] * R), np.sin(2 * np.pi * k[:, None] * R)
        one = np.ones((len(k), 1))
        return np.concatenate([one, cos, sin], axis=1), np.concatenate([0.0 * one, -R * sin, R * cos], axis=1)

    def chunks(self, mesh: Mesh) -> list[Chunk]:
        """Sets of lines that are processed together; they do not depend on the number of workers."""
        n1, n2, n3 = (1,) * (3 - self.D) + mesh.n
        if self.D < 3:
            return [(range(1), range(i, min(i + 16, n2))) for i in range(0, n2, 16)]
        plane = self.H.shape[1] * (2 * self.H[0, 0].size + sum(X[0, 0].size for X in self.X)) * 16
        together = max(1, min(4, int(PLANES_BYTES // plane), CHUNK // (n2 * n3)))
        return [(range(i, min(i + together, n1)), range(n2)) for i in range(0, n1, together)]

    def cut(self, mesh: Mesh, chunk: Chunk, whole: Weights) -> Weights:
        """Weights of the points of a chunk, in its order, from those of a mesh ``mesh.n``."""
        first, second = (slice(part.start, part.stop) for part in chunk)
        return np.ascontiguousarray(whole.reshape((1,) * (3 - self.D) + mesh.n)[first, second])

    def points(self, mesh: Mesh, chunk: Chunk, weights: Weights | None = None) -> int:
        """Points of a chunk that :meth:`blocks` will give."""
        return len(chunk[0]) * len(chunk[1]) * mesh.n[-1] if weights is None else int((weights > 0).sum())

    def positions(self, mesh: Mesh, chunk: Chunk, weights: Weights | None = None) -> Index:
        """``(n, 3)`` indices of the points that :meth:`blocks` gives, in its order; 0 before the first direction."""
        ranges = np.meshgrid(*chunk, range(mesh.n[-1]), indexing="ij")
        at = np.stack([x.ravel() for x in ranges], axis=1)
        return at if weights is None else at[weights.ravel() > 0]

    def tiles(self, mesh: Mesh, chunks: list[Chunk], lines: int) -> list[list[Chunk]]:
        """Cut consecutive chunks into sets of at most so many lines in each plane."""
        if self.D < 3:
            return [[chunk] for chunk in chunks]
        cuts = [range(j, min(j + lines, mesh.n[1])) for j in range(0, mesh.n[1], lines)]
        return [[(planes, cut) for planes, _ in chunks] for cut in cuts]

    def hamiltonians(self, mesh: Mesh, first: Index, second: Index) -> Iterator[Complex]:
        """H alone on lines along the last direction: some lines of a plane at a time, ``(points, N, N)``, eV.

        Parameters
        ----------
        mesh
            The points.
        first, second
            Indices in the first two of three directions, 0 in those that are absent.
        """
        k1, k2, k3 = (_points(mesh, axis + self.D - 3) for axis in range(3))
        yield from self.grid(k1[first], k2[second], k3)

    def grid(self, k1: Real, k2: Real, k3: Real) -> Iterator[Complex]:
        """H at every combination of three coordinates, the last one fastest, ``(points, N, N)`` at a time, eV.

        Coordinates are fractional, 0 before the first direction.
        """
        along, across = self._coefficients(k3)[0], self._phases(1, k2)[0]
        for x in k1:
            phase = self._phases(0, np.array([x]))[0]
            plane = (phase @ self.H.reshape(len(self.H), -1)).reshape(self.H.shape[1], -1)
            for j in range(0, len(k2), LINES):
                lines = (across[j : j + LINES] @ plane).reshape(-1, *self.H.shape[2:])
                yield self._whole((along @ lines).reshape(-1, lines.shape[2]))

    def _whole(self, upper: Complex) -> Complex:
        """Hermitian matrices ``(n, N, N)`` from their elements on and above the diagonal."""
        H = np.empty((len(upper), self.N, self.N), dtype=np.complex128)
        r, c = np.triu_indices(self.N)
        H[:, c, r] = upper.conj()
        H[:, r, c] = upper
        diagonal = np.arange(self.N)
        H[:, diagonal, diagonal] = H[:, diagonal, diagonal].real
        return H

    def blocks(
        self, mesh: Mesh, chunk: Chunk, block: int | None = None, weights: Weights | None = None
    ) -> Iterator[Block]:
        """Yield the points of a chunk in blocks of ``block`` points, the last one shorter.

        A block's arrays are overwritten by the next one.

        Parameters
        ----------
        mesh, chunk
            The points, and an entry of :meth:`chunks`.
        block
            Points of a block; None for a number that suits the size of the matrices.
        weights
            Of the points of the chunk, see :meth:`cut`: how many points each one stands for; those with none are left
            out.  None for all alike.
        """
        w = None if weights is None else weights.reshape(len(chunk[0]), len(chunk[1]), -1)
        planes_used, lines_used = np.arange(len(chunk[0])), np.arange(len(chunk[1]))
        if w is not None:
            used = np.asarray(w.any(axis=2))
            planes_used, lines_used = np.flatnonzero(used.any(axis=1)), np.flatnonzero(used.any(axis=0))
        if not len(planes_used):
            return
        start1, start2 = chunk[0].start, chunk[1].start
        k1, k2, k3 = (_points(mesh, axis + self.D - 3) for axis in range(3))
        buffer = _Buffer(self, block or block_points(self.N), weighted=w is not None)
        rule, (phase2, slope2) = Rule(*self._coefficients(k3), self.lattice), self._phases(1, k2)
        for i, planes in zip(planes_used, self._planes(k1[start1 + planes_used]), strict=True):
            lines = lines_used if w is None else lines_used[w[i, lines_used].any(axis=1)]
            for some, sums in self._lines(planes, lines, phase2[start2 + lines], slope2[start2 + lines]):
                mine = None if w is None else w[i, some]
                line, points = np.nonzero(np.ones((len(some), len(k3))) if mine is None else mine)
                weight = None if mine is None else mine[line, points]
                x, y, z = np.full(len(line), k1[start1 + i]), k2[start2 + some][line], k3[points]
                k = np.stack([x, y, z], axis=1)[:, 3 - self.D :]
                done = 0
                while done < len(line):
                    part = slice(done, done + buffer.free)
                    buffer.fill(rule, sums, line[part], points[part], k[part], None if weight is None else weight[part])
                    done = part.stop
                    if not buffer.free:
                        yield buffer.block()
        if buffer.used:
            yield buffer.block()

    def _planes(self, k1: Real) -> Iterator[list[Complex]]:
        """Sums over R1: H, its derivative along direction 1, then the other operators."""
        phase, slope = self._phases(0, k1)
        shape = (len(k1), *self.H.shape[1:3], -1)
        pairs = [(phase, self.H), (slope, self.H), *((phase, X) for X in self.X)]
        sums = [(a @ b.reshape(len(b), -1)).reshape(shape) for a, b in pairs]
        return map(list, zip(*sums, strict=True))

    def _lines(
        self, planes: list[Complex], lines: Index, phase: Complex, slope: Complex
    ) -> Iterator[tuple[Index, LineSums]]:
        """Sums over R2, a few lines at a time with their numbers."""
        n3 = planes[0].shape[1]
        H, H1, *X = (a.reshape(len(a), -1) for a in planes)
        for first in range(0, len(phase), LINES):
            p, q = phase[first : first + LINES], slope[first : first + LINES]
            pairs = (p, H), (p, H1), (q, H), *((p, x) for x in X)
            double = [(a @ b).view(np.float64).reshape(len(p), n3, -1) for a, b in pairs]
            S, S1, S2, *other = (x.astype(self.kind, copy=False) for x in double)
            yield lines[first : first + LINES], LineSums(double[0], (S, S1, S2), tuple(other))


def block_points(N: int) -> int:
    """Points of a block of matrices of size N: a power of two."""
    return max(BLOCK, min(MOST, (1 << (SIZE // N**2).bit_length()) >> 1))


def _points(mesh: Mesh, direction: int) -> Real:
    """Coordinates along a direction; those before the first stand still at zero."""
    return mesh.points(direction) if direction >= 0 else np.zeros(1)


class _Buffer:
    """Preallocated block that fills from lines of any length."""

    def __init__(self, source: Interpolator, block: int, weighted: bool = False) -> None:
        N, D = source.N, source.D
        self.weight = np.empty(block, dtype=np.int32) if weighted else None
        self.source, self.size = source, block
        self.H = _room(block, 1, N, np.float64)
        self.dH = _room(block, D, N, source.kind)
        self.X = tuple(_room(block, P, N, source.kind) for P in source.counts)
        self.k = np.empty((block, D))
        self.used = 0

    @property
    def free(self) -> int:
        return self.size - self.used

    def fill(self, rule: Rule, sums: LineSums, line: Index, points: Index, k: Real, weight: Weights | None) -> None:
        """Add points of some lines."""
        part = slice(self.used, self.used + len(line))
        line_sums(rule, sums, line, points, self.H, self.dH, self.X, self.used)
        self.k[part] = k
        if self.weight is not None and weight is not None:
            self.weight[part] = weight
        self.used = part.stop

    def block(self) -> Block:
        """Return views of what was filled; they are overwritten by the next block."""
        src, n = self.source, self.used
        self.used = 0
        X = {name: self._part(x, n) for name, x in zip(src.parts, self.X, strict=True)}
        weight = None if self.weight is None else self.weight[:n]
        H, dH = self._part(self.H, n), self._part(self.dH, n)
        return Block(H, dH, X.get("A"), X["s"], src.model.metric, self.k[:n], X.get("curl"), weight)

    @staticmethod
    def _part(X: Packed, n: int) -> Any:
        return Elements(packed=(X[: -(-n // X.shape[-1])], n))


def _room(points: int, P: int, N: int, kind: Any) -> Packed:
    """Packed matrices of so many points."""
    width = 8 * WIDTH // np.dtype(kind).itemsize
    room: Packed = aligned((-(-points // width), P, N, N, 2, width), kind)
    return room


class Pointwise(Interpolator):
    """Matrices of a model that gives them at any k itself, on a uniform mesh, block by block."""

    def __init__(self, model: BlochModel, operator: Operator) -> None:
        self.model, self.operator = model, operator
        self.N, self.D = model.size, model.dimension
        self.counts = [len(operator.components)]

    def chunks(self, mesh: Mesh) -> list[Chunk]:
        """Ranges of points of the mesh in their order, the last direction fastest."""
        return [(range(i, min(i + BLOCK, mesh.size)), range(1)) for i in range(0, mesh.size, BLOCK)]

    def cut(self, mesh: Mesh, chunk: Chunk, whole: Weights) -> Weights:
        """See :meth:`Interpolator.cut`."""
        return whole.ravel()[chunk[0].start : chunk[0].stop]

    def points(self, mesh: Mesh, chunk: Chunk, weights: Weights | None = None) -> int:
        """Points of a chunk that :meth:`blocks` will give."""
        return len(chunk[0]) if weights is None else int((weights > 0).sum())

    def positions(self, mesh: Mesh, chunk: Chunk, weights: Weights | None = None) -> Index:
        """See :meth:`Interpolator.positions`."""
        at = np.stack(np.unravel_index(np.array(chunk[0]), (1,) * (3 - self.D) + mesh.n), axis=1)
        return at if weights is None else at[weights > 0]

    def tiles(self, mesh: Mesh, chunks: list[Chunk], lines: int) -> list[list[Chunk]]:
        """See :meth:`Interpolator.tiles`; parts are small here."""
        return [chunks]

    def hamiltonians(self, mesh: Mesh, first: Index, second: Index) -> Iterator[Complex]:
        """See :meth:`Interpolator.hamiltonians`."""
        assert isinstance(self.model, Analytic)
        k1, k2, k3 = (_points(mesh, axis + self.D - 3) for axis in range(3))
        for i in first:
            for j in second:
                line = np.stack([np.full(len(k3), k1[i]), np.full(len(k3), k2[j]), k3], axis=1)[:, 3 - self.D :]
                for some in range(0, len(line), BLOCK):
                    yield self.model.block(line[some : some + BLOCK], self.operator).H

    def blocks(
        self, mesh: Mesh, chunk: Chunk, block: int | None = None, weights: Weights | None = None
    ) -> Iterator[Block]:
        """Yield the points of a chunk, the last direction fastest."""
        assert isinstance(self.model, Analytic)
        block = block or BLOCK
        for first in range(chunk[0].start, chunk[0].stop, block):
            number = np.arange(first, min(first + block, chunk[0].stop))
            weight = None if weights is None else weights[number - chunk[0].start]
            if weight is not None:
                number, weight = number[weight > 0], weight[weight > 0]
            if not len(number):
                continue
            k = np.stack([mesh.points(d)[i] for d, i in enumerate(np.unravel_index(number, mesh.n))], axis=1)
            yield replace(self.model.block(k, self.operator), weight=weight)


def source(model: BlochModel, operator: Operator, curvature: bool = False, precision: str = "double") -> Interpolator:
    """Return what gives the matrices of a crystal on meshes: the separable Fourier sum, or the model itself.

    Parameters
    ----------
    model, operator, curvature, precision
        As for :class:`Interpolator`.
    """
    return (
        Pointwise(model, operator)
        if isinstance(model, Analytic)
        else Interpolator(model, operator, curvature, precision)
    )
