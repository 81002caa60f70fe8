"""Operations of a crystal: rotation, translation, time reversal, and what they do to spin and to orbitals.

An operation takes the point x (lattice coordinates, a column) to ``W x + w`` and the Cartesian point r to ``R r + t``;
its antiunitary partner reverses time afterwards.  R is three by three also in one and two dimensions, where a rotation
of the lattice comes with both signs of the directions that it leaves out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.model import Transformation
from solenoidal.operators.harmonics import LARGEST, shell

__all__ = ["Group", "Operation", "component_matrix", "harmonics", "identity", "spin_matrix"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Translations closer than this are equal modulo the lattice, in lattice coordinates.
SAME = 1e-4
SIGMA = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=np.complex128)
AXES = "xyz"


@dataclass(frozen=True, eq=False)
class Operation:
    """One symmetry operation.

    Attributes
    ----------
    rotation
        ``(D, D)`` integers W: lattice coordinates x go to W x + w.
    translation
        ``(D,)`` w, modulo 1.
    cartesian
        ``(3, 3)`` orthogonal R, the same rotation in space.
    time_reversal
        True if time is reversed as well: the operation is antiunitary.
    """

    rotation: Index
    translation: Real
    cartesian: Real
    time_reversal: bool = False

    @cached_property
    def determinant(self) -> int:
        """+1 for a proper rotation, -1 for one with an inversion."""
        return round(float(np.linalg.det(self.cartesian)))

    @cached_property
    def reciprocal(self) -> Index:
        """``(D, D)`` integers U: the state at k (reciprocal coordinates) goes to U k."""
        inverse = np.rint(np.linalg.inv(self.rotation)).astype(np.int64)
        return np.asarray(-inverse.T if self.time_reversal else inverse.T)

    @cached_property
    def spin(self) -> Complex:
        """``(2, 2)`` matrix on a spin one half; the antiunitary operation is this matrix times complex conjugation."""
        return spin_matrix(self.cartesian, self.time_reversal)

    def then(self, first: "Operation") -> "Operation":
        """Return the product: ``first``, and afterwards this operation."""
        return Operation(
            self.rotation @ first.rotation,
            wrapped(self.rotation @ first.translation + self.translation),
            self.cartesian @ first.cartesian,
            self.time_reversal != first.time_reversal,
        )

    def same(self, other: "Operation") -> bool:
        """Whether both are equal up to a lattice translation."""
        return (
            self.time_reversal == other.time_reversal
            and np.array_equal(self.rotation, other.rotation)
            and bool((self.cartesian * other.cartesian).sum() > 2.99)
            and bool(abs(_nearest_zero(self.translation - other.translation)).max(initial=0.0) < SAME)
        )

    def reversed_in_time(self) -> "Operation":
        """Return the operation combined with time reversal."""
        return Operation(self.rotation, self.translation, self.cartesian, not self.time_reversal)

    def __str__(self) -> str:
        """Rotation by its angle and axis, as in "-4 about (0, 0, 1), time reversed"."""
        n, angle = _axis_and_angle(self.determinant * self.cartesian)
        order = "1" if angle < 1e-6 else f"{2 * np.pi / angle:.3g}"
        text = "-" * (self.determinant < 0) + order
        if angle > 1e-6:
            text += f" about ({', '.join(f'{x:.3g}' for x in n + 0.0)})"
        return text + ", time reversed" * self.time_reversal


def wrapped(w: Real) -> Real:
    """Translation modulo 1, between 0 and 1, with rounding taken off."""
    out = w - np.floor(w)
    out[abs(_nearest_zero(w)) < 1e-9] = 0.0
    return np.asarray(out)


def _nearest_zero(x: Real) -> Real:
    return np.asarray(x - np.rint(x))


def identity(dimension: int) -> Operation:
    """Return the operation that does nothing."""
    return Operation(np.eye(dimension, dtype=np.int64), np.zeros(dimension), np.eye(3))


@dataclass(frozen=True, eq=False)
class Group:
    """A finite set of operations, closed under products up to lattice translations.

    Attributes
    ----------
    lattice
        ``(D, D)`` primitive vectors as rows, Angstrom.
    operations
        The first is the identity.
    name
        What it is called in reports.

    Raises
    ------
    InputError
        If the identity is not the first operation or the product of two operations is not among them.
    """

    lattice: Real
    operations: tuple[Operation, ...]
    name: str = "group"

    def __post_init__(self) -> None:
        if not self.operations or not self.operations[0].same(identity(len(self.lattice))):
            raise InputError(f"{self.name}: the first operation of a group must be the identity.")
        if (self.table < 0).any():
            a, b = np.argwhere(self.table < 0)[0]
            raise InputError(
                f"{self.name}: the product of operations {a + 1} ({self.operations[a]}) and {b + 1} "
                f"({self.operations[b]}) is not in the group."
            )

    def __len__(self) -> int:
        return len(self.operations)

    @cached_property
    def table(self) -> Index:
        """``(n, n)`` number of the product g h for operations g, h; -1 where it is missing."""
        return products(self.operations)

    @cached_property
    def inverse(self) -> Index:
        """``(n,)`` number of the inverse of every operation."""
        return np.asarray(np.argmax(self.table == 0, axis=1))

    @property
    def has_time_reversal(self) -> bool:
        """Whether time reversal by itself, or with a translation, is an operation."""
        return any(g.time_reversal and np.allclose(g.cartesian, np.eye(3), atol=1e-6) for g in self.operations)

    @property
    def has_kramers_pairs(self) -> bool:
        """Whether an antiunitary operation keeps every k: bands of spin one half then come in pairs."""
        return any(g.time_reversal and (g.reciprocal == np.eye(len(self.lattice))).all() for g in self.operations)

    def take(self, index: Sequence[int], name: str | None = None) -> "Group":
        """Return the subgroup of the operations with these numbers."""
        return Group(self.lattice, tuple(self.operations[i] for i in index), name or self.name)

    def describe(self) -> str:
        """A few words: number of operations and how many reverse time."""
        reverse = sum(g.time_reversal for g in self.operations)
        return f"{self.name}: {len(self)} operations, {reverse} of them with time reversal"


def products(operations: Sequence[Operation]) -> Index:
    """``(n, n)`` number of the product g h in the list, -1 where it is missing."""
    W, w, R, reverse = (
        np.array([getattr(g, name) for g in operations])
        for name in ("rotation", "translation", "cartesian", "time_reversal")
    )
    shelf, table = _shelves(W)
    kind = np.argmax((shelf[:, :, None] == np.arange(len(W))).any(axis=1), axis=0)
    out = np.full((len(W),) * 2, -1, dtype=np.int64)
    for i in range(len(W)):
        like = shelf[table[kind[i], kind]]
        gap = (w @ W[i].T + w[i])[:, None] - w[like]
        turned = np.tensordot(R, R[i], axes=([1], [1])).swapaxes(1, 2)  # R_i R_j for every j
        same = (
            (like >= 0)
            & (reverse[like] == (reverse != reverse[i])[:, None])
            & (np.einsum("jab,jmab->jm", turned, R[like]) > 2.99)
            & (abs(_nearest_zero(gap)).max(axis=2, initial=0.0) < SAME)
        )
        first = np.argmax(same, axis=1)[:, None]
        out[i] = np.where(same.any(axis=1), np.take_along_axis(like, first, axis=1)[:, 0], -1)
    return out


def _shelves(W: Index) -> tuple[Index, Index]:
    """Operations sorted by their rotations ``(n, D, D)``.

    Returns
    -------
    tuple
        ``(m + 1, most)``: the numbers of the operations of each of the m different rotations, filled up with -1, and a
        last row of -1; ``(m, m)``: row of the product of two rotations, the last one where it is missing.
    """
    rows: dict[bytes, list[int]] = {}
    for i, x in enumerate(W):
        rows.setdefault(x.tobytes(), []).append(i)
    shelf = np.full((len(rows) + 1, max(map(len, rows.values()))), -1, dtype=np.int64)
    for row, numbers in zip(shelf, rows.values(), strict=False):
        row[: len(numbers)] = numbers
    number = {key: i for i, key in enumerate(rows)}
    different = W[shelf[:-1, 0]]
    table = [[number.get(x.tobytes(), len(rows)) for x in g @ different] for g in different]
    return shelf, np.array(table, dtype=np.int64)


def component_matrix(kind: Transformation, operation: Operation) -> Real:
    """Matrix on the components of a scalar ``(1, 1)`` or vector ``(3, 3)``, without the sign of time reversal.

    Polar vectors turn with R, axial ones with det(R) R, pseudoscalars with det(R).
    """
    one = np.eye(1) if kind in ("scalar", "pseudoscalar") else operation.cartesian
    return np.asarray(one * (operation.determinant if kind in ("axial", "pseudoscalar") else 1))


def _axis_and_angle(R: Real) -> tuple[Real, float]:
    """Axis and angle (0 to pi) of a proper rotation ``(3, 3)``."""
    sine = np.array([R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]]) / 2
    angle = float(np.arctan2(np.linalg.norm(sine), (np.trace(R) - 1) / 2))
    if angle < 1e-8:
        return np.array([0.0, 0.0, 1.0]), 0.0
    if np.linalg.norm(sine) > 1e-6 or np.trace(R) > 0.0:
        return sine / np.linalg.norm(sine), angle
    square = (R + np.eye(3)) / 2
    row = square[int(np.argmax(np.diag(square)))]
    n = row / np.linalg.norm(row)
    # Half turns about n and -n are one rotation but two spin matrices: take the axis whose last entry is positive.
    return n * np.sign(n[np.flatnonzero(abs(n) > 1e-6)[-1]]), float(np.pi)


def _turn(generators: Complex, R: Real) -> Complex:
    """``exp(-i angle n.L)`` for the rotation R and the matrices L ``(3, n, n)`` of an angular momentum."""
    n, angle = _axis_and_angle(R)
    m, U = np.linalg.eigh(np.tensordot(n, generators, axes=1))
    return np.asarray((U * np.exp(-1j * angle * m)) @ U.conj().T)


def spin_matrix(R: Real, time_reversal: bool = False) -> Complex:
    """``exp(-i angle n.sigma / 2)`` of the proper part of R; times -i sigma_y for the antiunitary operation.

    Parameters
    ----------
    R
        ``(3, 3)`` orthogonal.
    time_reversal
        Whether time is reversed: T = -i sigma_y K.
    """
    u = _turn(SIGMA / 2, R * round(float(np.linalg.det(R))))
    return np.asarray(u @ (-1j * SIGMA[1])) if time_reversal else u


def harmonics(R: Real) -> Real:
    """Rotation of the real harmonics of s, p, d, f in the order of :data:`solenoidal.operators.harmonics.SHELLS`.

    Parameters
    ----------
    R
        ``(3, 3)`` orthogonal.

    Returns
    -------
    NDArray
        ``(16, 16)`` orthogonal; column b is the rotated harmonic b on the unrotated ones.
    """
    return _harmonics(np.asarray(R, dtype=np.float64).tobytes())


@lru_cache(maxsize=512)
def _harmonics(data: bytes) -> Real:
    R = np.frombuffer(data).reshape(3, 3)
    sign = round(float(np.linalg.det(R)))
    out = np.zeros(((LARGEST + 1) ** 2,) * 2)
    for l in range(LARGEST + 1):
        part = slice(l * l, (l + 1) ** 2)
        out[part, part] = _turn(shell(l), sign * R).real * sign**l
    out.flags.writeable = False
    return out
