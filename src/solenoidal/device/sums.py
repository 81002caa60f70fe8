"""Band sums and products of arrays of a device; each stands in for the function of the same meaning it names.

Plain arrays are ``(n_k, n, p, m)`` as in :mod:`solenoidal.sums`.  In the role of :mod:`solenoidal.packed` the same
memory is seen as ``(n_k, p, n, m)``.  Sums over m are products of small matrices, one per k-point and row.  What is
small, a number per row, comes back to this machine.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from solenoidal import packed, products, sums
from solenoidal.device.backend import Array, host, namespace
from solenoidal.placement import serves

__all__ = [
    "anticommutator",
    "anticommutator_sum",
    "diagonal",
    "imag_sum",
    "inverse_differences",
    "multiplet_trace",
    "packed_imag_sum",
    "packed_multiplet_trace",
    "packed_row_product",
    "row_product",
    "unpack",
    "weighted",
]

Real = NDArray[np.float64]
Index = NDArray[np.int64]


@serves(sums.imag_sum)
def imag_sum(L: Array, R: Array, sign: Real | None = None, first: int = 0) -> Real:
    """See :func:`solenoidal.sums.imag_sum`."""
    return host((_signed_rows(L, sign, first) @ _dagger(R)).imag)


@serves(sums.multiplet_trace)
def multiplet_trace(L: Array, R: Array, Z: Array, group: Index, sign: Real | None = None, first: int = 0) -> Real:
    """See :func:`solenoidal.sums.multiplet_trace`: levels x and y of a multiplet by their distance, which is small."""
    xp, n = namespace(L), L.shape[1]
    out = xp.zeros((*L.shape[:3], R.shape[2], Z.shape[2]))
    L, R = _signed_rows(L, sign, first), _dagger(R)
    if sign is not None:
        Z = Z * xp.asarray(sign[:, first : first + Z.shape[1], None, None])
    Z, group = Z[:, :, :, first : first + n], group[:, first : first + n]
    for d in range(n):
        low, high = slice(0, n - d), slice(d, n)
        together = group[:, : n - d] == group[:, d:n]
        if not together.any():  # the levels of a multiplet follow each other
            break
        on = xp.asarray(together[:, :, None, None])
        for x, y in ((low, high), (high, low))[: 1 + (d > 0)]:
            inner = L[:, x] @ R[:, y] * on
            out[:, x] += (inner[:, :, :, :, None] * _between(Z, y, x)[:, :, None, None, :]).imag
    return host(out)


def _between(Z: Array, y: slice, x: slice) -> Array:
    """``<y|Z|x>`` for pairs of levels from two ranges of one length, ``(n_k, pair, r)``."""
    rows, columns = (namespace(Z).asarray(np.arange(part.start, part.stop)) for part in (y, x))
    return Z.swapaxes(2, 3)[:, rows, columns]


@serves(sums.diagonal)
def diagonal(X: Array) -> Real:
    """See :func:`solenoidal.sums.diagonal`."""
    every = slice(0, X.shape[1])
    return host(_between(X, every, every).real)


@serves(products.row_product)
def row_product(X: Array, Y: Array, sign: Real | None = None) -> Array:
    """See :func:`solenoidal.products.row_product`."""
    n_k, n, P, N = X.shape
    if sign is not None:
        X = X * namespace(X).asarray(sign[:, None, None, :])
    product = X.reshape(n_k, n * P, N) @ Y.reshape(n_k, N, Y.shape[2] * N)
    return product.reshape(n_k, n, P, Y.shape[2], N)


@serves(packed.unpack)
def unpack(X: Array, n_k: int) -> Array:
    """See :func:`solenoidal.packed.unpack`: another view of the same memory."""
    return X.swapaxes(1, 2)


@serves(packed.weighted)
def weighted(X: Array, G: Array, first: int = 0) -> Array:
    """See :func:`solenoidal.packed.weighted`; G is ``(n_k, rows, N)``."""
    return (_plain(X)[:, first : first + G.shape[1]] * G[:, :, None, :]).swapaxes(1, 2)


@serves(packed.imag_sum)
def packed_imag_sum(L: Array, R: Array, n_k: int, sign: Real | None = None, first: int = 0) -> Real:
    """See :func:`solenoidal.packed.imag_sum`."""
    left = _plain(L)
    return imag_sum(left, _rows(R, left.shape[1], first), sign, first)


@serves(packed.multiplet_trace)
def packed_multiplet_trace(
    L: Array, R: Array, Z: Array, group: Index, sign: Real | None = None, first: int = 0
) -> Real:
    """See :func:`solenoidal.packed.multiplet_trace`."""
    left = _plain(L)
    n = left.shape[1]
    return multiplet_trace(left, _rows(R, n, first), _rows(Z, n, first), group, sign, first)


@serves(packed.row_product)
def packed_row_product(X: Array, Y: Array, sign: Real | None, which: Sequence[tuple[int, int]]) -> Array:
    """See :func:`solenoidal.packed.row_product`."""
    xp = namespace(X)
    p, q = (xp.asarray(np.array([pair[side] for pair in which], dtype=np.int64)) for side in (0, 1))
    X = _plain(X)
    if sign is not None:
        X = X * xp.asarray(sign[:, None, None, :])
    return X[:, :, p].swapaxes(1, 2) @ Y[:, q]


@serves(packed.anticommutator)
def anticommutator(X: Array, Y: Array, rows: int, sign: Real | None = None, first: int = 0) -> Array:
    """See :func:`solenoidal.packed.anticommutator`."""
    x, y = _plain(X), _plain(Y)
    n_k, N, P, Q = len(x), x.shape[1], x.shape[2], y.shape[2]
    xy = row_product(x[:, first:rows], y, sign)
    yx = row_product(y[:, first:rows], x, sign).swapaxes(2, 3)
    return (xy + yx).reshape(n_k, rows - first, P * Q, N).swapaxes(1, 2)


@serves(packed.anticommutator_sum)
def anticommutator_sum(
    F: Array, X: Array, Y: Array, n_k: int, sign: Real | None = None, full: int = 0, first: int = 0
) -> Real:
    """See :func:`solenoidal.packed.anticommutator_sum`; F is ``(n_k, rows, N)``."""
    rows, P = F.shape[1], X.shape[1]
    if full > first:
        F = F.copy()
        F[:, : full - first, :full] = 0.0
    J = anticommutator(X, Y, first + rows, sign, first)
    out = packed_imag_sum(weighted(X, F, first), J, n_k, sign, first)
    return out.reshape(n_k, rows, P, P, Y.shape[1])


def inverse_differences(w: Array, group: Index) -> Array:
    """``1 / w_nm`` between different multiplets, 0 inside one, from ``w (n_k, N, N)``."""
    xp = namespace(w)
    same = xp.asarray(group[:, :, None] == group[:, None, :])
    return xp.where(same, 0.0, 1.0 / xp.where(same, 1.0, w))


def _plain(X: Array) -> Array:
    """View ``(n_k, n, p, m)`` of what is seen as ``(n_k, p, n, m)``."""
    return X.swapaxes(1, 2)


def _rows(X: Array, n: int, first: int) -> Array:
    """The same with n rows from ``first`` on, which may be all that there are."""
    return _plain(X)[:, first : first + n] if X.shape[2] > n else _plain(X)


def _dagger(R: Array) -> Array:
    return R.conj().swapaxes(2, 3)


def _signed_rows(L: Array, sign: Real | None, first: int) -> Array:
    """``eta_n L_nm eta_m``."""
    if sign is None:
        return L
    return L * namespace(L).asarray(sign[:, first : first + L.shape[1], None, None] * sign[:, None, None, :])
