"""Products, rotations and band sums with one k-point per vector entry.

The matrices of ``WIDTH`` k-points are stored together, ``X (groups, p, row, column, 2, WIDTH)`` doubles: real parts of
an element, then its imaginary parts, see :mod:`solenoidal.simd`.  The last group repeats its last k-point.  The sums
are those of :mod:`solenoidal.sums` and :mod:`solenoidal.products` in this layout.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solenoidal.compiled import exact
from solenoidal.placement import placed
from solenoidal.simd import WIDTH, aligned, load, scratch, splat, store

__all__ = [
    "Packed",
    "anticommutator",
    "anticommutator_sum",
    "diagonal",
    "imag_sum",
    "inverse_differences",
    "line_sum",
    "multiplet_trace",
    "pack",
    "pack_levels",
    "rotate",
    "rotated_velocity",
    "row_product",
    "unpack",
    "velocity",
    "weighted",
]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Index = NDArray[np.int64]
#: ``(groups, p, row, column, 2, WIDTH)``.
Packed = Real

#: A vector in compiled code.
Vector = Any

_W = WIDTH
_Z = 2 * WIDTH  # doubles of one complex element


def _empty(n_k: int, P: int, rows: int, N: int) -> Packed:
    return aligned((-(-n_k // _W), P, rows, N, 2, _W))


@exact
def _tile(
    N: int, A: Real, a0: int, a1: int, B: Real, C: Real, c00: int, c01: int, c10: int, c11: int, add: bool
) -> None:
    """Two rows of A times two columns of B side by side: four elements of C."""
    zero = splat(0.0)
    r00, i00, r01, i01, r10, i10, r11, i11 = zero, zero, zero, zero, zero, zero, zero, zero
    if add:
        r00, i00, r01, i01 = load(C, c00), load(C, c00 + _W), load(C, c01), load(C, c01 + _W)
        r10, i10, r11, i11 = load(C, c10), load(C, c10 + _W), load(C, c11), load(C, c11 + _W)
    for p in range(N):
        a, b = p * _Z, 2 * p * _Z
        xr, xi, yr, yi = load(A, a0 + a), load(A, a0 + a + _W), load(A, a1 + a), load(A, a1 + a + _W)
        ur, ui, wr, wi = load(B, b), load(B, b + _W), load(B, b + _Z), load(B, b + _Z + _W)
        r00, i00, r01, i01 = r00 + xr * ur, i00 + xr * ui, r01 + xr * wr, i01 + xr * wi
        r10, i10, r11, i11 = r10 + yr * ur, i10 + yr * ui, r11 + yr * wr, i11 + yr * wi
        r00, i00, r01, i01 = r00 - xi * ui, i00 + xi * ur, r01 - xi * wi, i01 + xi * wr
        r10, i10, r11, i11 = r10 - yi * ui, i10 + yi * ur, r11 - yi * wi, i11 + yi * wr
    store(C, c00, r00)
    store(C, c00 + _W, i00)
    store(C, c01, r01)
    store(C, c01 + _W, i01)
    store(C, c10, r10)
    store(C, c10 + _W, i10)
    store(C, c11, r11)
    store(C, c11 + _W, i11)


@exact
def _product(
    N: int, rows: int, A: Real, a: int, B: Real, b: int, C: Real, c: int, panel: Real, upper: bool, add: bool
) -> None:
    """``C = A B`` of matrices that begin at a, b, c: ``rows`` rows, with ``upper`` only from the diagonal on.

    With ``add`` the product is added to C.  ``panel`` holds 4 N vectors.
    """
    line = N * _Z
    for column in range(0, N, 2):
        # The last column of an odd number is computed twice; the panel keeps two columns of B side by side.
        c0, c1 = column * _Z, min(column + 1, N - 1) * _Z
        for p in range(N):
            for part in range(0, _Z, _W):
                store(panel, 2 * p * _Z + part, load(B, b + p * line + c0 + part))
                store(panel, 2 * p * _Z + _Z + part, load(B, b + p * line + c1 + part))
        last = min(rows, column + 2) if upper else rows
        for row in range(0, last, 2):
            r0, r1 = row * line, min(row + 1, rows - 1) * line
            # An element must not be added to twice.
            if add and (r0 == r1 or c0 == c1):
                _single(N, A, a + r0, panel, C, c + r0 + c0)
                if c0 != c1:
                    _single(N, A, a + r0, panel[_Z:], C, c + r0 + c1)
                if r0 != r1:
                    _single(N, A, a + r1, panel, C, c + r1 + c0)
                continue
            _tile(N, A, a + r0, a + r1, panel, C, c + r0 + c0, c + r0 + c1, c + r1 + c0, c + r1 + c1, add)


@exact
def _single(N: int, A: Real, a: int, B: Real, C: Real, c: int) -> None:
    """Add one element of a product."""
    re, im = load(C, c), load(C, c + _W)
    for p in range(N):
        xr, xi = load(A, a + p * _Z), load(A, a + p * _Z + _W)
        ur, ui = load(B, 2 * p * _Z), load(B, 2 * p * _Z + _W)
        re, im = re + xr * ur - xi * ui, im + xr * ui + xi * ur
    store(C, c, re)
    store(C, c + _W, im)


@exact
def _mirror(N: int, rows: int, X: Real, at: int) -> None:
    """Complete the lower triangle of the first ``rows`` rows of a Hermitian matrix from its upper one."""
    for r in range(rows):
        store(X, at + (r * N + r) * _Z + _W, splat(0.0))
        for c in range(r):
            store(X, at + (r * N + c) * _Z, load(X, at + (c * N + r) * _Z))
            store(X, at + (r * N + c) * _Z + _W, splat(0.0) - load(X, at + (c * N + r) * _Z + _W))


@exact
def _pack(X: Complex, group: int, p: int, out: Real, at: int) -> None:
    """Matrix p of ``X (n_k, row, p, column)`` for the k-points of a group."""
    n_k, N, _, M = X.shape
    for r in range(N):
        for c in range(M):
            z = at + (r * M + c) * _Z
            for x in range(_W):
                k = min(group * _W + x, n_k - 1)
                out[z + x] = X[k, r, p, c].real
                out[z + _W + x] = X[k, r, p, c].imag


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
    out = _empty(n_k, P, rows, N)
    _pack_all(X, out)
    return out


@placed
def unpack(X: Packed, n_k: int) -> Complex:
    """``(n_k, row, p, column)`` from packed matrices."""
    groups, P, rows, N = X.shape[:4]
    out = np.empty((groups, _W, rows, P, N), dtype=np.complex128)
    ordered = X.transpose(0, 5, 2, 1, 3, 4)
    out.real, out.imag = ordered[..., 0], ordered[..., 1]
    return out.reshape(-1, rows, P, N)[:n_k]


def pack_levels(x: Real) -> Real:
    """``(groups, N, WIDTH)`` from numbers of levels ``(n_k, N)``."""
    n_k, N = x.shape
    filled = np.concatenate([x, np.repeat(x[-1:], -n_k % _W, axis=0)])
    return np.ascontiguousarray(filled.reshape(-1, _W, N).swapaxes(1, 2))


def diagonal(X: Packed, n_k: int) -> Real:
    """Real diagonal elements ``(n_k, N, p)`` of packed Hermitian matrices."""
    d = np.einsum("gpnnx->gxnp", X[..., 0, :])
    return np.asarray(d.reshape(-1, *d.shape[2:])[:n_k])


@exact
def _covariant(
    N: int, H: Real, h: int, dH: Real, A: Real, at: int, HA: Real, panel: Real, out: Real, target: int
) -> None:
    """``dH + i (HA - HA+)`` of the matrices at h and ``at``."""
    _product(N, N, H, h, A, at, HA, 0, panel, False, False)
    for r in range(N):
        for c in range(r, N):
            z, y = (r * N + c) * _Z, (c * N + r) * _Z
            store(out, target + z, load(dH, at + z) - load(HA, z + _W) - load(HA, y + _W))
            store(out, target + z + _W, load(dH, at + z + _W) + load(HA, z) - load(HA, y))
    _mirror(N, N, out, target)


@exact
def _velocity(H: Packed, dH: Packed, A: Packed, out: Packed, work: Real) -> None:
    groups, D, N = out.shape[:3]
    size = N * N * _Z
    h, slope, position, flat = H.reshape(-1), dH.reshape(-1), A.reshape(-1), out.reshape(-1)
    for matrix in range(groups * D):
        at = matrix * size
        _covariant(N, h, matrix // D * size, slope, position, at, work[:size], work[size:], flat, at)


def velocity(H: Packed, dH: Packed, A: Packed) -> Packed:
    """``dH + i (H A - A H)``."""
    N, out = dH.shape[2], aligned(dH.shape)
    _velocity(H, dH, A, out, scratch("velocity", (N * N + 2 * N) * _Z))
    return out


@exact
def _adjoint(N: int, U: Real, at: int, out: Real) -> None:
    for r in range(N):
        for c in range(N):
            store(out, (c * N + r) * _Z, load(U, at + (r * N + c) * _Z))
            store(out, (c * N + r) * _Z + _W, splat(0.0) - load(U, at + (r * N + c) * _Z + _W))


@exact
def _rotate(X: Packed, U: Packed, out: Packed, work: Real) -> None:
    groups, P, N = X.shape[:3]
    size = N * N * _Z
    bra, half, panel = work[:size], work[size : 2 * size], work[2 * size :]
    source, ket, flat = X.reshape(-1), U.reshape(-1), out.reshape(-1)
    for g in range(groups):
        _adjoint(N, ket, g * size, bra)
        for at in range(g * P * size, (g + 1) * P * size, size):
            _product(N, N, source, at, ket, g * size, half, 0, panel, False, False)
            _product(N, N, bra, 0, half, 0, flat, at, panel, True, False)
            _mirror(N, N, flat, at)


def rotate(X: Packed, U: Packed) -> Packed:
    """``<n|X^p|m>`` of Hermitian matrices; states are the columns of U."""
    N, out = X.shape[2], aligned(X.shape)
    _rotate(X, U, out, scratch("rotate", (2 * N * N + 2 * N) * _Z))
    return out


@exact
def _rotated_velocity(H: Packed, dH: Packed, A: Packed, U: Packed, out: Packed, work: Real) -> None:
    groups, D, N = out.shape[:3]
    size = N * N * _Z
    bra, half, v, panel = work[:size], work[size : 2 * size], work[2 * size : 3 * size], work[3 * size :]
    h, slope, position, ket, flat = H.reshape(-1), dH.reshape(-1), A.reshape(-1), U.reshape(-1), out.reshape(-1)
    for g in range(groups):
        _adjoint(N, ket, g * size, bra)
        for at in range(g * D * size, (g + 1) * D * size, size):
            _covariant(N, h, g * size, slope, position, at, half, panel, v, 0)
            _product(N, N, v, 0, ket, g * size, half, 0, panel, False, False)
            _product(N, N, bra, 0, half, 0, flat, at, panel, True, False)
            _mirror(N, N, flat, at)


def rotated_velocity(H: Packed, dH: Packed, A: Packed, U: Packed) -> Packed:
    """:func:`rotate` of :func:`velocity`, which stays in the cache in between."""
    N, out = dH.shape[2], aligned(dH.shape)
    _rotated_velocity(H, dH, A, U, out, scratch("rotated velocity", (3 * N * N + 2 * N) * _Z))
    return out


@exact
def _phases(phase: Complex, used: int, groups: int, out: Real) -> None:
    """Phases of the points in the entries from ``used`` on, 0 in the others."""
    n_R = phase.shape[1]
    out[: groups * n_R * _Z] = 0.0
    for k in range(len(phase)):
        group, x = divmod(used % _W + k, _W)
        for R in range(n_R):
            out[(group * n_R + R) * _Z + x] = phase[k, R].real
            out[(group * n_R + R) * _Z + _W + x] = phase[k, R].imag


@exact
def _line_sum(phase: Complex, S: Complex, used: int, out: Packed, p: int, work: Real) -> None:
    flat, real = out.reshape(-1), S.view(np.float64)
    P, N, n_R = out.shape[1], out.shape[2], len(S)
    begun, groups = used // _W, (used % _W + len(phase) + _W - 1) // _W
    size = N * N * _Z
    _phases(phase, used, groups, work)
    for q in range(S.shape[1] // (N * N)):
        first = (begun * P + p + q) * size
        for r in range(N):
            for c in range(r, N, 2):
                d = min(c + 1, N - 1)  # the last column of an odd number is computed twice
                a, b = 2 * ((q * N + r) * N + c), 2 * ((q * N + r) * N + d)
                for group in range(groups):
                    re0, im0, less0, more0 = splat(0.0), splat(0.0), splat(0.0), splat(0.0)
                    re1, im1, less1, more1 = re0, im0, less0, more0
                    for R in range(n_R):
                        z = (group * n_R + R) * _Z
                        u, v = load(work, z), load(work, z + _W)
                        x, y = splat(real[R, a]), splat(real[R, a + 1])
                        re0, im0, less0, more0 = re0 + x * u, im0 + x * v, less0 + y * v, more0 + y * u
                        x, y = splat(real[R, b]), splat(real[R, b + 1])
                        re1, im1, less1, more1 = re1 + x * u, im1 + x * v, less1 + y * v, more1 + y * u
                    re0, im0, re1, im1 = re0 - less0, im0 + more0, re1 - less1, im1 + more1
                    z0 = first + group * P * size + (r * N + c) * _Z
                    z1 = first + group * P * size + (r * N + d) * _Z
                    if group == 0 and used % _W > 0:  # the entries before ``used`` stay
                        re0, im0 = re0 + load(flat, z0), im0 + load(flat, z0 + _W)
                        re1, im1 = re1 + load(flat, z1), im1 + load(flat, z1 + _W)
                    store(flat, z0, re0)
                    store(flat, z0 + _W, im0)
                    store(flat, z1, re1)
                    store(flat, z1 + _W, im1)
        for group in range(groups):
            _mirror(N, N, flat, first + group * P * size)


def line_sum(phase: Complex, S: Complex, out: Packed, used: int, p: int = 0) -> None:
    """``sum_R phase[k, R] S[R]``, Hermitian, into ``out``: as matrices p, ... of the k-points from ``used`` on.

    Parameters
    ----------
    phase
        ``(points, n_R)``.
    S
        ``(n_R, count N N)``; of the sums only the upper triangles are computed.
    """
    groups = 2 + len(phase) // _W
    _line_sum(phase, S, used, out, p, scratch("phases", groups * phase.shape[1] * _Z))


@exact
def _inverse_differences(e: Real, group: Index, out: Real) -> None:
    n_k, N = e.shape
    groups, rows = out.shape[:2]
    for g in range(groups):
        for n in range(rows):
            for m in range(N):
                for x in range(_W):
                    k = min(g * _W + x, n_k - 1)
                    out[g, n, m, x] = 0.0 if group[k, n] == group[k, m] else 1.0 / (e[k, n] - e[k, m])


def inverse_differences(e: Real, group: Index, rows: int) -> Real:
    """``1 / (e_n - e_m)`` between different multiplets, 0 inside one, ``(groups, rows, N, WIDTH)``."""
    n_k, N = e.shape
    out = aligned((-(-n_k // _W), rows, N, _W))
    _inverse_differences(e, group, out)
    return out


@exact
def _weighted(X: Packed, G: Real, out: Packed) -> None:
    groups, P, rows, N = out.shape[:4]
    source, weight, flat = X.reshape(-1), G.reshape(-1), out.reshape(-1)
    for g in range(groups):
        for p in range(P):
            for nm in range(rows * N):
                f = load(weight, (g * rows * N + nm) * _W)
                x, y = ((g * P + p) * X.shape[2] * N + nm) * _Z, ((g * P + p) * rows * N + nm) * _Z
                store(flat, y, load(source, x) * f)
                store(flat, y + _W, load(source, x + _W) * f)


@placed
def weighted(X: Packed, G: Real) -> Packed:
    """``X^p_nm G_nm`` for the rows that G has."""
    groups, rows, N, _ = G.shape
    out = aligned((groups, X.shape[1], rows, N, 2, _W))
    _weighted(X, G, out)
    return out


def _signed_columns(X: Packed, sign: Real | None) -> Packed:
    """``X_nm eta_m``."""
    if sign is None:
        return X
    groups, rows, N = X.shape[0], X.shape[2], X.shape[3]
    return weighted(X, np.ascontiguousarray(np.broadcast_to(pack_levels(sign)[:, None], (groups, rows, N, _W))))


@exact
def _row_products(X: Packed, Y: Packed, which: Index, out: Packed, panel: Real) -> None:
    groups, P, rows, N = X.shape[:4]
    Q = Y.shape[1]
    left, right, flat = X.reshape(-1), Y.reshape(-1), out.reshape(-1)
    size, part = N * N * _Z, rows * N * _Z
    for g in range(groups):
        for c in range(len(which)):
            a, b, at = (g * P + which[c, 0]) * part, (g * Q + which[c, 1]) * size, (g * len(which) + c) * part
            _product(N, rows, left, a, right, b, flat, at, panel, False, False)


@placed
def row_product(X: Packed, Y: Packed, sign: Real | None, which: Sequence[tuple[int, int]]) -> Packed:
    """``<n|X^p eta Y^q|m>`` for the rows n of X and pairs (p, q), ``(groups, pair, rows, N, 2, WIDTH)``."""
    groups, _, rows, N = X.shape[:4]
    out = aligned((groups, len(which), rows, N, 2, _W))
    pairs = np.array(which, dtype=np.int64).reshape(-1, 2)
    _row_products(_signed_columns(X, sign), Y, pairs, out, scratch("panel", 4 * N * _W))
    return out


@exact
def _anticommutators(X: Packed, Xs: Packed, Y: Packed, Ys: Packed, rows: int, out: Packed, panel: Real) -> None:
    groups, P, N = X.shape[:3]
    Q = Y.shape[1]
    x, xs, y, ys, flat = X.reshape(-1), Xs.reshape(-1), Y.reshape(-1), Ys.reshape(-1), out.reshape(-1)
    size = N * N * _Z
    for g in range(groups):
        for p in range(P):
            for q in range(Q):
                a, b, at = (g * P + p) * size, (g * Q + q) * size, ((g * P + p) * Q + q) * rows * N * _Z
                _product(N, rows, xs, a, y, b, flat, at, panel, True, False)
                _product(N, rows, ys, b, x, a, flat, at, panel, True, True)
                _mirror(N, rows, flat, at)


@placed
def anticommutator(X: Packed, Y: Packed, rows: int, sign: Real | None = None) -> Packed:
    """``<n|X^p eta Y^q + Y^q eta X^p|m>`` for the first rows n, ``(groups, p q, rows, N, 2, WIDTH)``."""
    groups, P, N = X.shape[:3]
    out = aligned((groups, P * Y.shape[1], rows, N, 2, _W))
    Xs, Ys = _signed_columns(X, sign), _signed_columns(Y, sign)
    _anticommutators(X, Xs, Y, Ys, rows, out, scratch("panel", 2 * N * _Z))
    return out


@exact
def _scatter(value: Real, group: int, n: int, column: int, out: Real) -> None:
    """Entries of a vector as ``out[k, n, column]``."""
    for x in range(min(_W, len(out) - group * _W)):
        out[group * _W + x, n, column] = value[x]


@exact
def _real_dot(N: int, L: Real, a: int, R: Real, b: int) -> Vector:
    """``Re sum_m L_m conj(R_m)`` of rows at a and b."""
    total, rest = splat(0.0), splat(0.0)
    for z in range(0, N * _Z, _Z):
        total = total + load(L, a + z) * load(R, b + z)
        rest = rest + load(L, a + z + _W) * load(R, b + z + _W)
    return total + rest


@exact
def _imag_dot(N: int, L: Real, a: int, R: Real, b: int) -> Vector:
    """``Im sum_m L_m conj(R_m)`` of rows at a and b."""
    total, rest = splat(0.0), splat(0.0)
    for z in range(0, N * _Z, _Z):
        total = total + load(L, a + z + _W) * load(R, b + z)
        rest = rest + load(L, a + z) * load(R, b + z + _W)
    return total - rest


@exact
def _imag_sum(L: Packed, R: Packed, out: Real, buffer: Real) -> None:
    groups, P, rows, N = L.shape[:4]
    Q, other = R.shape[1], R.shape[2]
    left, right = L.reshape(-1), R.reshape(-1)
    for g in range(groups):
        for n in range(rows):
            for p in range(P):
                a = ((g * P + p) * rows + n) * N * _Z
                for q in range(Q):
                    store(buffer, 0, _imag_dot(N, left, a, right, ((g * Q + q) * other + n) * N * _Z))
                    _scatter(buffer, g, n, p * Q + q, out)


@placed
def imag_sum(L: Packed, R: Packed, n_k: int, sign: Real | None = None) -> Real:
    """Band sum ``out[k, n, p, q] = eta_n Im sum_m eta_m L^p_nm conj(R^q_nm)`` for the rows n of L."""
    P, rows = L.shape[1:3]
    out = np.empty((n_k, rows, P * R.shape[1]))
    _imag_sum(_signed_columns(L, sign), R, out, scratch("sum", _W))
    if sign is not None:
        out *= sign[:, :rows, None]
    return out.reshape(n_k, rows, P, R.shape[1])


@exact
def _anticommutator_sum(L: Packed, X: Packed, Xs: Packed, Y: Packed, Ys: Packed, out: Real, work: Real) -> None:
    groups, M, rows, N = L.shape[:4]
    P, Q, size = X.shape[1], Y.shape[1], N * N * _Z
    left, x, xs, y, ys = L.reshape(-1), X.reshape(-1), Xs.reshape(-1), Y.reshape(-1), Ys.reshape(-1)
    buffer, panel, J = work[:_W], work[_W : _W + 2 * N * _Z], work[_W + 2 * N * _Z :]
    for g in range(groups):
        for p in range(P):
            for q in range(Q):
                a, b = (g * P + p) * size, (g * Q + q) * size
                _product(N, rows, xs, a, y, b, J, 0, panel, True, False)
                _product(N, rows, ys, b, x, a, J, 0, panel, True, True)
                _mirror(N, rows, J, 0)
                for n in range(rows):
                    for c in range(M):
                        dot = _imag_dot(N, left, ((g * M + c) * rows + n) * N * _Z, J, n * N * _Z)
                        store(buffer, 0, dot)
                        _scatter(buffer, g, n, (c * P + p) * Q + q, out)


@placed
def anticommutator_sum(L: Packed, X: Packed, Y: Packed, n_k: int, sign: Real | None = None) -> Real:
    """:func:`imag_sum` of L and ``X^p eta Y^q + Y^q eta X^p`` without keeping the products, ``(n_k, n, L, p, q)``."""
    M, rows, N = L.shape[1:4]
    out = np.empty((n_k, rows, M * X.shape[1] * Y.shape[1]))
    L, Xs, Ys = (_signed_columns(Z, sign) for Z in (L, X, Y))
    _anticommutator_sum(L, X, Xs, Y, Ys, out, scratch("anticommutator", _W + (2 * N + N * N) * _Z))
    if sign is not None:
        out *= sign[:, :rows, None]
    return out.reshape(n_k, rows, M, X.shape[1], Y.shape[1])


@exact
def _together(group: Index, g: int, n: int, m: int, mask: Real) -> bool:
    """Mark the k-points whose levels n and m are in one multiplet; whether there are any."""
    some = False
    for x in range(_W):
        k = min(g * _W + x, len(group) - 1)
        same = group[k, n] == group[k, m]
        mask[x] = 1.0 if same else 0.0
        some = some or same
    return some


@exact
def _multiplet_trace(L: Packed, R: Packed, Z: Packed, group: Index, out: Real, work: Real) -> None:
    groups, P, rows, N = L.shape[:4]
    Q, S = R.shape[1], Z.shape[1]
    left, right, last = L.reshape(-1), R.reshape(-1), Z.reshape(-1)
    mask, total = work[:_W], work[_W:]
    for g in range(groups):
        for n in range(rows):
            for c in range(0, P * Q * S * _W, _W):
                store(total, c, splat(0.0))
            for step in (-1, 1):  # the levels of a multiplet follow each other
                m = n if step == 1 else n - 1
                while 0 <= m < rows and _together(group, g, n, m, mask):
                    on = load(mask, 0)
                    for p in range(P):
                        a = ((g * P + p) * rows + n) * N * _Z
                        for q in range(Q):
                            b = ((g * Q + q) * R.shape[2] + m) * N * _Z
                            re, im = _real_dot(N, left, a, right, b), _imag_dot(N, left, a, right, b)
                            for r in range(S):
                                c = ((g * S + r) * Z.shape[2] * N + m * N + n) * _Z
                                t = ((p * Q + q) * S + r) * _W
                                store(total, t, load(total, t) + on * (re * load(last, c + _W) + im * load(last, c)))
                    m += step
            for c in range(P * Q * S):
                _scatter(total[c * _W :], g, n, c, out)


@placed
def multiplet_trace(L: Packed, R: Packed, Z: Packed, group: Index, sign: Real | None = None) -> Real:
    """Rows x of a multiplet trace, ``out[k, x, p, q, r]``, see :func:`solenoidal.sums.multiplet_trace`."""
    P, rows = L.shape[1:3]
    out = np.empty((len(group), rows, P * R.shape[1] * Z.shape[1]))
    # Levels of one multiplet have one norm, so that eta_x eta_y = 1.
    _multiplet_trace(_signed_columns(L, sign), R, Z, group, out, scratch("trace", (1 + out.shape[2]) * _W))
    return out.reshape(len(group), rows, P, R.shape[1], Z.shape[1])
