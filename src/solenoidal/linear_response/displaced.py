"""Pairs of states at k - q/2 and k + q/2 and the elements of ``O(q) = {O, exp(iqr)} / 2`` between them.

``exp(-iqr)`` with the position r = i d_k + A^W of the basis takes the coefficients c(k + q/2) of a Bloch state to
k - q/2 by the transport along the straight line between the two, ``dc = i A^W_q c dk``.  In the smooth gauge that this
defines on the line A^W_q = 0, and the elements are those of the theory notes, section 4: ``(O_- T + T O_+) / 2``.
With on-site positions T is the familiar diag(exp(-i q tau)).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import fourier, velocity
from solenoidal.model import BlochModel

__all__ = ["Displaced", "Levels", "adjoint", "displace", "levels", "portions", "shifts", "transport"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

#: Name under which :func:`levels` looks for the operator.
OPERATOR = "s"
#: Bytes for the elements of the current at the points that are treated together.
BYTES = 64e6


@dataclass(frozen=True)
class Levels:
    """Eigenstates at n_k points.

    Attributes
    ----------
    e, U
        ``(n_k, N)`` eV and ``(n_k, N, N)`` states as columns in the orbital basis.
    v, s
        ``(n_k, D, N, N)`` eV Angstrom and ``(n_k, n_s, N, N)``: <n|X|m>.
    """

    e: Real
    U: Complex
    v: Complex
    s: Complex

    @property
    def tau(self) -> Complex:
        """Torque i [H, s], ``(n_k, n_s, N, N)``, eV."""
        return np.asarray(1j * (self.e[:, None, :, None] - self.e[:, None, None, :]) * self.s)

    @property
    def J(self) -> Complex:
        """Conventional current {v, s} / 2, ``(n_k, D, n_s, N, N)``, eV Angstrom."""
        half = self.v[:, :, None] @ self.s[:, None]
        return np.asarray(0.5 * (half + adjoint(half)))


@dataclass(frozen=True)
class Displaced:
    """States n- at k - q/2 and m+ at k + q/2.

    Attributes
    ----------
    minus, plus
        Levels of the two points.
    overlap
        ``(n_k, N, N)``: <n-|exp(-iqr)|m+>.
    """

    minus: Levels
    plus: Levels
    overlap: Complex

    @cached_property
    def v(self) -> Complex:
        """<n-|v(q)|m+>, ``(n_k, D, N, N)``, eV Angstrom."""
        return self._between(self.minus.v, self.plus.v)

    @cached_property
    def tau(self) -> Complex:
        """<n-|tau(q)|m+>, ``(n_k, n_s, N, N)``, eV."""
        return self._between(self.minus.tau, self.plus.tau)

    @cached_property
    def J(self) -> Complex:
        """<n-|J(q)|m+>, ``(n_k, D, n_s, N, N)``, eV Angstrom."""
        return self._between(self.minus.J, self.plus.J)

    @cached_property
    def s(self) -> Complex:
        """<n-|s(q)|m+>, ``(n_k, n_s, N, N)``."""
        return self._between(self.minus.s, self.plus.s)

    def _between(self, minus: Complex, plus: Complex) -> Complex:
        T = self.overlap.reshape(len(self.overlap), *(1,) * (minus.ndim - 3), *self.overlap.shape[1:])
        return np.asarray(0.5 * (minus @ T + T @ plus))


def adjoint(X: Complex) -> Complex:
    """Hermitian conjugate in the last two axes."""
    return np.asarray(X.conj().swapaxes(-1, -2))


def levels(model: BlochModel, k: Real) -> Levels:
    """Eigenstates of a model whose operator is called ``"s"``, from LAPACK.

    Parameters
    ----------
    model
        Without a metric.
    k
        ``(n_k, D)`` fractional.
    """
    block = fourier(model, k, OPERATOR)
    e, U = np.linalg.eigh(block.H)
    bra, ket = adjoint(U)[:, None], U[:, None]
    return Levels(e, U, bra @ velocity(block).swapaxes(1, 2) @ ket, bra @ block.s @ ket)


def displace(model: BlochModel, k: Real, direction: Real, q: Real) -> Displaced:
    """States at k -+ q/2 and their overlaps.

    Parameters
    ----------
    model
        Operator called ``"s"``, no metric.
    k
        ``(n_k, D)`` fractional.
    direction
        ``(D,)`` Cartesian unit vector along q.
    q
        ``(n_k,)`` length of q at every point, 1/Angstrom.
    """
    step = shifts(model, direction, q)
    minus, plus = levels(model, k - 0.5 * step), levels(model, k + 0.5 * step)
    T = transport(model, k, direction, q)
    overlap = adjoint(minus.U) @ (plus.U if T is None else T @ plus.U)
    return Displaced(minus, plus, overlap)


def portions(model: BlochModel, k: Real) -> Iterator[Real]:
    """Split the points ``k (n_k, D)`` so that the matrices at each part fit into a bounded memory."""
    each = 64 * model.size**2 * model.dimension * len(model.operator(OPERATOR).components)
    together = max(1, int(BYTES // each))
    yield from (k[first : first + together] for first in range(0, len(k), together))


def shifts(model: BlochModel, direction: Real, q: Real) -> Real:
    """``(n_k, D)``: q along a Cartesian unit vector in units of the reciprocal lattice vectors."""
    return np.asarray(q[:, None] * (model.lattice @ direction) / (2 * np.pi))


def transport(model: BlochModel, k: Real, direction: Real, q: Real) -> Complex | None:
    """``P exp(i int A^W_q dk)`` from k + q/2 to k - q/2 along a straight line, ``(n_k, N, N)`` or None for 1.

    Fourth-order Magnus expansion with two Gauss points: exact for a connection that is constant on the line, else
    with an error O(q^5) that is odd in q, as the exact phase is (Blanes et al., Phys. Rep. 470, 151 (2009)).

    Parameters
    ----------
    model, k, direction, q
        As in :func:`displace`.
    """
    if model.position is None:
        return None
    A = np.tensordot(model.position, direction, axes=(1, 0))
    gauss = shifts(model, direction, q) * (np.sqrt(3.0) / 6.0)
    first, second = (_sum(model, A, k + gauss), _sum(model, A, k - gauss))
    h = q[:, None, None]
    K = -0.5 * h * (first + second) - 1j * (np.sqrt(3.0) / 12.0) * h**2 * (first @ second - second @ first)
    angle, W = np.linalg.eigh(K)
    return np.asarray((W * np.exp(1j * angle)[:, None, :]) @ adjoint(W))


def _sum(model: BlochModel, X: Complex, k: Real) -> Complex:
    phase = np.exp(2j * np.pi * k @ model.R.T)
    return np.asarray((phase @ X.reshape(len(X), -1)).reshape(len(k), *X.shape[1:]))
