"""Products, rotations and band sums with one k-point per vector entry.

The matrices of ``WIDTH`` k-points are stored together, ``X (groups, p, row, column, 2, WIDTH)`` doubles: real parts of
an element, then its imaginary parts, see :mod:`solenoidal.simd`; or those of twice as many k-points in single
precision: what belongs together has one precision.  The last group repeats its last k-point.  The sums are those of
:mod:`solenoidal.sums` and :mod:`solenoidal.products` in this layout.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solenoidal.compiled import exact
from solenoidal.dots import BLOCK, SIDE, dots
from solenoidal.placement import placed
from solenoidal.simd import WIDTH, Real, aligned, choose, fill, load, narrow, scratch, splat, store, times, width

__all__ = [
    "Packed",
    "anticommutator",
    "anticommutator_sum",
    "bras",
    "chosen",
    "diagonal",
    "expectation",
    "imag_sum",
    "inverse_differences",
    "multiplet_trace",
    "pack",
    "pack_levels",
    "rotate",
    "rotated_velocity",
    "row_product",
    "single",
    "unpack",
    "velocity",
    "weighted",
]

Complex = NDArray[np.complex128]
Index = NDArray[np.int64]
#: ``(groups, p, row, column, 2, WIDTH)``.
Packed = Real

#: A vector in compiled code.
Vector = Any


@exact
def _pack(X: Complex, group: int, p: int, out: Real, at: int) -> None:
    """Matrix p of ``X (n_k, row, p, column)`` for the k-points of a group."""
    W = width(out)
    Z = 2 * W
    n_k, N, _, M = X.shape
    for r in range(N):
        for c in range(M):
            z = at + (r * M + c) * Z
            for x in range(W):
                k = min(group * W + x, n_k - 1)
                out[z + x] = X[k, r, p, c].real
                out[z + W + x] = X[k, r, p, c].imag


@exact
def _pack_all(X: Complex, out: Packed) -> None:
    flat = out.reshape(-1)
    size = out[0, 0].size
    for number in range(out.shape[0] * out.shape[1]):
        group, p = divmod(number, out.shape[1])
        _pack(X, group, p, flat, number * size)


def pack(X: Complex) -> Packed:
    """Matrices ``X (n_k, row, p, column)`` in packed layout."""
    n_k, rows, P, N = X.shape
    out: Packed = aligned((-(-n_k // WIDTH), P, rows, N, 2, WIDTH))
    _pack_all(X, out)
    return out


@exact
def _single(X: Packed, out: Packed) -> None:
    source, flat = X.reshape(-1), out.reshape(-1)
    size, W = X[0].size, width(X)
    for half in range(2 * len(out)):
        first = min(half, len(X) - 1) * size
        for z in range(0, size, W):
            narrow(flat, half // 2 * 2 * size + half % 2 * W + 2 * z, load(source, first + z))


def single(X: Packed) -> Packed:
    """Matrices in single precision, twice as many k-points in a group."""
    out: Packed = aligned(((len(X) + 1) // 2, *X.shape[1:-1], 2 * X.shape[-1]), np.float32)
    _single(X, out)
    return out


@exact
def _chosen(X: Real, index: Index, size: int, out: Real) -> None:
    W = width(out)
    for number in range(len(out)):
        for z in range(size):
            for lane in range(W):
                k = index[min(number * W + lane, len(index) - 1)]
                out[number, z, lane] = X[k // W, z, k % W]


def chosen(X: Packed, index: NDArray[np.bool_]) -> Packed:
    """Matrices of the k-points that ``index (n_k,)`` marks, one at least."""
    points = X.shape[-1]
    at = np.flatnonzero(index)
    out: Packed = aligned((-(-len(at) // points), *X.shape[1:]), X.dtype)
    size = X[0, ..., 0].size
    _chosen(X.reshape(len(X), size, points), at, size, out.reshape(len(out), size, points))
    return out


@placed
def unpack(X: Packed, n_k: int) -> Complex:
    """``(n_k, row, p, column)`` from packed matrices."""
    groups, P, rows, N = X.shape[:4]
    out = np.empty((groups, X.shape[5], rows, P, N), dtype=np.complex128)
    ordered = X.transpose(0, 5, 2, 1, 3, 4)
    out.real, out.imag = ordered[..., 0], ordered[..., 1]
    return out.reshape(groups * X.shape[5], rows, P, N)[:n_k]


def bras(U: Complex) -> Packed:
    """Conjugate states as rows, from states as the columns of ``U (n_k, N, N)``."""
    return pack(np.ascontiguousarray(U.conj().swapaxes(1, 2))[:, :, None])


def pack_levels(x: Real, points: int = WIDTH) -> Real:
    """``(groups, N, points)`` from numbers of levels ``(n_k, N)``; so many k-points in a group."""
    n_k, N = x.shape
    filled = np.concatenate([x, np.repeat(x[-1:], -n_k % points, axis=0)])
    return np.ascontiguousarray(filled.reshape(-1, points, N).swapaxes(1, 2))


def diagonal(X: Packed, n_k: int) -> Real:
    """Real diagonal elements ``(n_k, N, p)`` of packed Hermitian matrices."""
    d = np.einsum("gpnnx->gxnp", X[..., 0, :])
    return np.asarray(d.reshape(-1, *d.shape[2:])[:n_k], dtype=np.float64)


@exact
def _covariant(N: int, H: Real, h: int, dH: Real, A: Real, at: int, HA: Real, out: Real) -> None:
    """``dH + i (HA - HA+)`` of the matrices at h and ``at``."""
    W = width(HA)
    Z = 2 * W
    dots(N, N, N, H, h, A, at, HA, 0, False, False)
    for first in range(0, N, BLOCK):
        for left in range(first, N, BLOCK):
            for r in range(first, min(first + BLOCK, N)):
                for c in range(max(left, r), min(left + BLOCK, N)):
                    z, y = (r * N + c) * Z, (c * N + r) * Z
                    re = load(dH, at + z) - load(HA, z + W) - load(HA, y + W)
                    im = load(dH, at + z + W) + load(HA, z) - load(HA, y)
                    store(out, z, re)
                    store(out, z + W, im)
                    store(out, y, re)
                    store(out, y + W, fill(out, 0.0) - im)
    for r in range(N):
        store(out, (r * N + r) * Z + W, fill(out, 0.0))


@exact
def _velocity(H: Packed, dH: Packed, A: Packed, out: Packed, work: Real) -> None:
    W = width(out)
    Z = 2 * W
    groups, D, N = out.shape[:3]
    size = N * N * Z
    h, slope, position, flat = H.reshape(-1), dH.reshape(-1), A.reshape(-1), out.reshape(-1)
    for matrix in range(groups * D):
        at = matrix * size
        _covariant(N, h, matrix // D * size, slope, position, at, work, flat[at : at + size])


def velocity(H: Packed, dH: Packed, A: Packed) -> Packed:
    """``dH + i (H A - A H)``."""
    out: Packed = aligned(dH.shape, dH.dtype)
    _velocity(H, dH, A, out, scratch("velocity", dH[0, 0].size, dH.dtype))
    return out


@exact
def _rotate_one(N: int, bra: Real, b: int, X: Real, x: int, half: Real, out: Real, at: int) -> None:
    """``<n|X|m>`` of the matrix at x between the states at b."""
    dots(N, N, N, bra, b, X, x, half, 0, False, False)
    dots(N, N, N, bra, b, half, 0, out, at, True, False)


@exact
def _rotate(X: Packed, bras: Packed, out: Packed, half: Real) -> None:
    W = width(out)
    Z = 2 * W
    groups, P, N = X.shape[:3]
    size = N * N * Z
    source, bra, flat = X.reshape(-1), bras.reshape(-1), out.reshape(-1)
    for number in range(groups * P):
        _rotate_one(N, bra, number // P * size, source, number * size, half, flat, number * size)


def rotate(X: Packed, bras: Packed, into: Packed | None = None) -> Packed:
    """``<n|X^p|m>`` of Hermitian matrices; ``bras (groups, 1, n, row, 2, WIDTH)`` are the conjugate states as rows.

    ``into`` is memory for it, that of X itself too.
    """
    out: Packed = aligned(X.shape, X.dtype) if into is None else into
    _rotate(X, bras, out, scratch("rotate", X[0, 0].size, X.dtype))
    return out


@exact
def _rotated_velocity(H: Packed, dH: Packed, A: Packed, bras: Packed, out: Packed, work: Real) -> None:
    W = width(out)
    Z = 2 * W
    groups, D, N = out.shape[:3]
    size = N * N * Z
    half, v = work[:size], work[size:]
    h, slope, position, bra, flat = H.reshape(-1), dH.reshape(-1), A.reshape(-1), bras.reshape(-1), out.reshape(-1)
    for number in range(groups * D):
        g, at = number // D * size, number * size
        _covariant(N, h, g, slope, position, at, half, v)
        _rotate_one(N, bra, g, v, 0, half, flat, at)


def rotated_velocity(H: Packed, dH: Packed, A: Packed, bras: Packed, into: Packed | None = None) -> Packed:
    """:func:`rotate` of :func:`velocity`, which stays in the cache in between; ``into`` memory, that of dH too."""
    out: Packed = aligned(dH.shape, dH.dtype) if into is None else into
    _rotated_velocity(H, dH, A, bras, out, scratch("rotated velocity", 2 * dH[0, 0].size, dH.dtype))
    return out


@exact
def _inverse_differences(e: Real, group: Real, first: int, out: Real) -> None:
    groups, N, points = e.shape
    rows, W = out.shape[1], width(e)
    levels, number, flat, zero, one = e.reshape(-1), group.reshape(-1), out.reshape(-1), splat(0.0), splat(1.0)
    for g in range(groups):
        for n in range(rows):
            for z in range(0, points, W):
                at, m = (g * N + first + n) * points + z, g * N * points + z
                x, i = load(levels, at), load(number, at)
                for y in range((g * rows + n) * N * points + z, (g * rows + n + 1) * N * points, points):
                    other = load(number, m) - i
                    other = times(other, other)
                    w = choose(other, x - load(levels, m), one)
                    store(flat, y, choose(other, one / w, zero))
                    m += points


def inverse_differences(e: Real, group: Index, rows: int, kind: Any = np.float64, first: int = 0) -> Real:
    """``1 / (e_n - e_m)`` between different multiplets, 0 inside one, ``(groups, rows - first, N, WIDTH)``.

    In the rows from ``first`` to ``rows``, whose differences are taken in double precision whatever the ``kind``.
    """
    n_k, N = e.shape
    points = 8 * WIDTH // np.dtype(kind).itemsize
    out: Real = aligned((-(-n_k // points), rows - first, N, points))
    _inverse_differences(pack_levels(e, points), pack_levels(group.astype(np.float64), points), first, out)
    return out.astype(kind, copy=False)


@exact
def _weighted(X: Packed, G: Real, first: int, out: Packed) -> None:
    W = width(out)
    Z = 2 * W
    groups, P, rows, N = out.shape[:4]
    source, weight, flat = X.reshape(-1), G.reshape(-1), out.reshape(-1)
    for g in range(groups):
        for p in range(P):
            for nm in range(rows * N):
                f = load(weight, (g * rows * N + nm) * W)
                x, y = (((g * P + p) * X.shape[2] + first) * N + nm) * Z, ((g * P + p) * rows * N + nm) * Z
                store(flat, y, load(source, x) * f)
                store(flat, y + W, load(source, x + W) * f)


@placed
def weighted(X: Packed, G: Real, first: int = 0) -> Packed:
    """``X^p_nm G_nm`` for the rows that G has, which begin at row ``first`` of X."""
    groups, rows, N, points = G.shape
    out: Packed = aligned((groups, X.shape[1], rows, N, 2, points), X.dtype)
    _weighted(X, G, first, out)
    return out


def _skipped(X: Packed, rows: int, first: int) -> int:
    """Row of X that is level ``first``: the first if X has only the rows wanted."""
    return first if X.shape[2] > rows else 0


def _signed_columns(X: Packed, sign: Real | None) -> Packed:
    """``X_nm eta_m``."""
    if sign is None:
        return X
    groups, rows, N, points = X.shape[0], X.shape[2], X.shape[3], X.shape[5]
    eta = pack_levels(sign, points).astype(X.dtype, copy=False)
    return weighted(X, np.ascontiguousarray(np.broadcast_to(eta[:, None], (groups, rows, N, points))))


@exact
def _row_products(X: Packed, Y: Packed, which: Index, out: Packed) -> None:
    W = width(out)
    Z = 2 * W
    groups, P, rows, N = X.shape[:4]
    Q = Y.shape[1]
    left, right, flat = X.reshape(-1), Y.reshape(-1), out.reshape(-1)
    size, part = N * N * Z, rows * N * Z
    for g in range(groups):
        for c in range(len(which)):
            a, b, at = (g * P + which[c, 0]) * part, (g * Q + which[c, 1]) * size, (g * len(which) + c) * part
            dots(N, rows, N, left, a, right, b, flat, at, False, False)


@placed
def row_product(X: Packed, Y: Packed, sign: Real | None, which: Sequence[tuple[int, int]]) -> Packed:
    """``<n|X^p eta Y^q|m>`` for the rows n of X and pairs (p, q), ``(groups, pair, rows, N, 2, WIDTH)``."""
    groups, _, rows, N, _, points = X.shape
    out: Packed = aligned((groups, len(which), rows, N, 2, points), X.dtype)
    _row_products(_signed_columns(X, sign), Y, np.array(which, dtype=np.int64).reshape(-1, 2), out)
    return out


@exact
def _anticommutators(X: Packed, Xs: Packed, Y: Packed, Ys: Packed, first: int, out: Packed) -> None:
    W = width(out)
    Z = 2 * W
    groups, P, N = X.shape[:3]
    Q, rows, skip, upper = Y.shape[1], out.shape[2], first * N * Z, first == 0
    x, xs, y, ys, flat = X.reshape(-1), Xs.reshape(-1), Y.reshape(-1), Ys.reshape(-1), out.reshape(-1)
    size = N * N * Z
    for g in range(groups):
        for p in range(P):
            for q in range(Q):
                a, b, at = (g * P + p) * size, (g * Q + q) * size, ((g * P + p) * Q + q) * rows * N * Z
                dots(N, rows, N, xs, a + skip, y, b, flat, at, upper, False)
                dots(N, rows, N, ys, b + skip, x, a, flat, at, upper, True)


@placed
def anticommutator(X: Packed, Y: Packed, rows: int, sign: Real | None = None, first: int = 0) -> Packed:
    """``<n|X^p eta Y^q + Y^q eta X^p|m>``, n from ``first`` to ``rows``: ``(groups, p q, n, N, 2, WIDTH)``."""
    groups, P, N, *_, points = X.shape
    out: Packed = aligned((groups, P * Y.shape[1], rows - first, N, 2, points), X.dtype)
    _anticommutators(X, _signed_columns(X, sign), Y, _signed_columns(Y, sign), first, out)
    return out


@exact
def _scatter(value: Real, group: int, n: int, column: int, out: Real) -> None:
    """Entries of a vector as ``out[k, n, column]``."""
    W = width(value)
    for x in range(min(W, len(out) - group * W)):
        out[group * W + x, n, column] = value[x]


@exact
def _real_dot(N: int, L: Real, a: int, R: Real, b: int) -> Vector:
    """``Re sum_m L_m conj(R_m)`` of rows at a and b."""
    W = width(L)
    Z = 2 * W
    total, rest = fill(L, 0.0), fill(L, 0.0)
    for z in range(0, N * Z, Z):
        total = total + load(L, a + z) * load(R, b + z)
        rest = rest + load(L, a + z + W) * load(R, b + z + W)
    return total + rest


@exact
def _imag_dot(N: int, L: Real, a: int, R: Real, b: int) -> Vector:
    """``Im sum_m L_m conj(R_m)`` of rows at a and b."""
    W = width(L)
    Z = 2 * W
    total, rest = fill(L, 0.0), fill(L, 0.0)
    for z in range(0, N * Z, Z):
        total = total + load(L, a + z + W) * load(R, b + z)
        rest = rest + load(L, a + z) * load(R, b + z + W)
    return total - rest


@exact
def _band_sum(L: Packed, R: Packed, skip: int, real: bool, out: Real, buffer: Real) -> None:
    W = width(L)
    Z = 2 * W
    groups, P, rows, N = L.shape[:4]
    Q, other = R.shape[1], R.shape[2]
    left, right = L.reshape(-1), R.reshape(-1)
    for g in range(groups):
        for n in range(rows):
            for p in range(P):
                a = ((g * P + p) * rows + n) * N * Z
                for q in range(Q):
                    b = ((g * Q + q) * other + skip + n) * N * Z
                    store(buffer, 0, _real_dot(N, left, a, right, b) if real else _imag_dot(N, left, a, right, b))
                    _scatter(buffer, g, n, p * Q + q, out)


@placed
def imag_sum(L: Packed, R: Packed, n_k: int, sign: Real | None = None, first: int = 0) -> Real:
    """Band sum ``out[k, n, p, q] = eta_n Im sum_m eta_m L^p_nm conj(R^q_nm)`` for the rows n of L.

    They are levels from ``first`` on; R has these rows, or all levels, or all up to the last of them.
    """
    P, rows = L.shape[1:3]
    out = np.empty((n_k, rows, P * R.shape[1]))
    skip = _skipped(R, rows, first)
    _band_sum(_signed_columns(L, sign), R, skip, False, out, scratch("sum", L.shape[5], L.dtype))
    if sign is not None:
        out *= sign[:, first : first + rows, None]
    return out.reshape(n_k, rows, P, R.shape[1])


def expectation(X: Packed, bras: Packed, n_k: int) -> Real:
    """``<n|X^p|n>`` of Hermitian matrices, ``(n_k, n, p)``; ``bras`` as in :func:`rotate`."""
    P, rows = X.shape[1], bras.shape[2]
    out = np.empty((n_k, rows, P))
    XU = row_product(bras, X, None, [(0, p) for p in range(P)])
    _band_sum(XU, bras, 0, True, out, scratch("sum", X.shape[5], X.dtype))
    return out


@exact
def _times(F: Real, f: int, J: Real, j: int) -> tuple[Vector, Vector]:
    """Parts of ``F J``."""
    weight = load(F, f)
    return times(weight, load(J, j)), times(weight, load(J, j + width(J)))


@exact
def _add_pairs(
    first: int, rows: int, N: int, low: int, at: int, columns: int,
    X: Real, x: int, step: int, F: Real, f: int, J: Real, total: Real,
) -> None:  # fmt: skip
    """Add ``Im X^c_nm F_nm conj(J_nm)`` to level n, and its negative, the element (m, n), to level m.

    Of the levels m from ``at`` on and those n below m from ``low`` on; F and the total begin at level ``first``.
    """
    W = width(X)
    Z = 2 * W
    levels = rows - first
    count = len(total) // (levels * W)
    for m in range(at, at + columns):
        for n in range(low, first if m < rows else low):
            re, im = _times(F, f + ((m - first) * N + n) * W, J, ((n - low) * columns + m - at) * Z)
            for c in range(count):
                z, t = x + c * step + (n * N + m) * Z, (c * levels + m - first) * W
                store(total, t, load(total, t) - (times(load(X, z + W), re) - load(X, z) * im))
        for n in range(first, min(rows, m)):
            re, im = _times(F, f + ((n - first) * N + m) * W, J, ((n - low) * columns + m - at) * Z)
            for c in range(count):
                z, t = x + c * step + (n * N + m) * Z, (c * levels + n - first) * W
                term = times(load(X, z + W), re) - load(X, z) * im
                store(total, t, load(total, t) + term)
                if m < rows:
                    t += (m - n) * W
                    store(total, t, load(total, t) - term)


@exact
def _anticommutator_sum(
    F: Real, X: Packed, Xs: Packed, Y: Packed, Ys: Packed, full: int, first: int, out: Real, work: Real
) -> None:
    W = width(X)
    Z = 2 * W
    groups, levels, N = F.shape[:3]
    P, Q, size, rows = X.shape[1], Y.shape[1], N * N * Z, first + levels
    weight, x, xs, y, ys = F.reshape(-1), X.reshape(-1), Xs.reshape(-1), Y.reshape(-1), Ys.reshape(-1)
    total, J = work[: P * levels * W], work[P * levels * W :]
    for g in range(groups):
        for p in range(P):
            for q in range(Q):
                a, b = (g * P + p) * size, (g * Q + q) * size
                total[:] = 0.0
                for m in range(max(full, first), N, SIDE):
                    low = 0 if m < rows else first  # of two levels one must be wanted
                    columns, last, at, skip = min(SIDE, N - m), min(rows, m + SIDE) - low, m * N * Z, low * N * Z
                    dots(N, last, columns, xs, a + skip, y, b + at, J, 0, False, False)
                    dots(N, last, columns, ys, b + skip, x, a + at, J, 0, False, True)
                    f = g * levels * N * W
                    _add_pairs(first, rows, N, low, m, columns, x, g * P * size, size, weight, f, J, total)
                for c in range(P):
                    for n in range(levels):
                        _scatter(total[(c * levels + n) * W :], g, n, (c * P + p) * Q + q, out)


@placed
def anticommutator_sum(
    F: Real, X: Packed, Y: Packed, n_k: int, sign: Real | None = None, full: int = 0, first: int = 0
) -> Real:
    """``eta_n Im sum_m eta_m X^c_nm F_nm conj(J_nm)`` with ``J = X^p eta Y^q + Y^q eta X^p``, ``(n_k, n, c, p, q)``.

    Parameters
    ----------
    F
        Real, symmetric, 0 inside multiplets, as :func:`inverse_differences` stores it.
    full
        Pairs of the first so many levels are left out: what they add to one level they take from the other.
    first
        Level of the first row of F.
    """
    rows, P, Q = F.shape[1], X.shape[1], Y.shape[1]
    out = np.empty((n_k, rows, P * P * Q))
    if sign is not None:
        eta = pack_levels(sign, F.shape[3]).astype(F.dtype, copy=False)
        F = F * eta[:, first : first + rows, None] * eta[:, None]
    work = scratch("anticommutator", (P * rows + 2 * SIDE * (first + rows)) * F.shape[3], F.dtype)
    _anticommutator_sum(F, X, _signed_columns(X, sign), Y, _signed_columns(Y, sign), full, first, out, work)
    return out.reshape(n_k, rows, P, P, Q)


@exact
def _together(group: Index, g: int, n: int, m: int, mask: Real) -> bool:
    """Mark the k-points whose levels n and m are in one multiplet; whether there are any."""
    W = width(mask)
    some = False
    for x in range(W):
        k = min(g * W + x, len(group) - 1)
        same = group[k, n] == group[k, m]
        mask[x] = 1.0 if same else 0.0
        some = some or same
    return some


@exact
def _multiplet_trace(
    L: Packed, R: Packed, Z: Packed, group: Index, skip: int, first: int, out: Real, work: Real
) -> None:
    W = width(L)
    groups, P, rows, N = L.shape[:4]
    Q, S = R.shape[1], Z.shape[1]
    left, right, last = L.reshape(-1), R.reshape(-1), Z.reshape(-1)
    mask, total = work[:W], work[W:]
    for g in range(groups):
        for n in range(rows):
            for c in range(0, P * Q * S * W, W):
                store(total, c, fill(L, 0.0))
            for step in (-1, 1):  # the levels of a multiplet follow each other
                m = n if step == 1 else n - 1
                while 0 <= m < rows and _together(group, g, first + n, first + m, mask):
                    on = load(mask, 0)
                    for p in range(P):
                        a = ((g * P + p) * rows + n) * N * 2 * W
                        for q in range(Q):
                            b = ((g * Q + q) * R.shape[2] + skip + m) * N * 2 * W
                            re, im = _real_dot(N, left, a, right, b), _imag_dot(N, left, a, right, b)
                            for r in range(S):
                                c = (((g * S + r) * Z.shape[2] + first + m) * N + first + n) * 2 * W
                                t = ((p * Q + q) * S + r) * W
                                store(
                                    total, t, load(total, t) + on * (times(re, load(last, c + W)) + im * load(last, c))
                                )
                    m += step
            for c in range(P * Q * S):
                _scatter(total[c * W :], g, n, c, out)


@placed
def multiplet_trace(L: Packed, R: Packed, Z: Packed, group: Index, sign: Real | None = None, first: int = 0) -> Real:
    """Rows x of a multiplet trace, ``out[k, x, p, q, r]``, see :func:`solenoidal.sums.multiplet_trace`.

    L has the rows wanted, from ``first`` on, R the same or all, Z all.
    """
    P, rows = L.shape[1:3]
    out = np.empty((len(group), rows, P * R.shape[1] * Z.shape[1]))
    # Levels of one multiplet have one norm, so that eta_x eta_y = 1.
    work = scratch("trace", (1 + out.shape[2]) * L.shape[5], L.dtype)
    _multiplet_trace(_signed_columns(L, sign), R, Z, group, _skipped(R, rows, first), first, out, work)
    return out.reshape(len(group), rows, P, R.shape[1], Z.shape[1])
