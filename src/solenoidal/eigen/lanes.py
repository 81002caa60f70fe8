"""Hermitian eigensolver for many small matrices: one matrix per vector entry.

LAPACK spends its time on call overhead and latency for N up to about 40.  Here every step works on ``WIDTH`` k-points
at once, see :mod:`solenoidal.simd`: Householder tridiagonalisation, implicit QL in lockstep, back transformation
(Golub and Van Loan, Matrix Computations, sections 8.3.1 and 8.3.3).
"""

import math

import numpy as np
from numpy.typing import NDArray

from solenoidal.compiled import exact
from solenoidal.packed import Packed, Vector, bras, pack, unpack
from solenoidal.simd import WIDTH, aligned, anywhere, choose, load, lowest, root, scratch, splat, store, times

__all__ = ["LANES", "LARGEST", "eigh_lanes", "eigh_packed"]

#: Matrices solved side by side.
LANES = WIDTH
#: Above this size LAPACK is faster.
LARGEST = 96

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]
Flags = NDArray[np.bool_]
Index = NDArray[np.int64]

_W = WIDTH
_Z = 2 * WIDTH  # doubles of one complex element
_EPS = 1.1e-16
_SWEEPS = 80
# Rotations of so many full sweeps are gathered: with the eigenvectors they fit the second cache.
_GATHERED = 32


@exact
def _reflector(i: int, n: int, A: Real, d: Real, e: Real, t: Real, v: Real, w: Real, scale: Real) -> None:
    """Reflector that clears column i below the subdiagonal; leaves its vector in v, zeroes w."""
    zero = splat(0.0)
    S = zero
    for r in range(i + 2, n):
        a, b = load(A, (r * n + i) * _Z), load(A, (r * n + i) * _Z + _W)
        S = S + a * a + b * b
    store(scale, 0, S)
    for x in range(_W):
        d[i * _W + x] = A[(i * n + i) * _Z + x]
        z = ((i + 1) * n + i) * _Z + x
        a, b, rest = A[z], A[z + _W], scale[x]
        if rest + b * b <= 1e-300:
            e[i * _W + x] = a
            t[i * _Z + x] = 0.0
            t[i * _Z + _W + x] = 0.0
            scale[x] = 0.0
            scale[_W + x] = 0.0
        else:
            beta = -math.copysign(math.sqrt(a * a + b * b + rest), a)
            e[i * _W + x] = beta
            t[i * _Z + x] = (beta - a) / beta
            t[i * _Z + _W + x] = -b / beta
            q = 1.0 / ((a - beta) * (a - beta) + b * b)
            scale[x] = (a - beta) * q
            scale[_W + x] = -b * q
    p, q = load(scale, 0), load(scale, _W)
    for r in range(i + 1, n):
        a, b = load(A, (r * n + i) * _Z), load(A, (r * n + i) * _Z + _W)
        first = r == i + 1
        store(v, r * _Z, splat(1.0) if first else times(a, p) - b * q)
        store(v, r * _Z + _W, zero if first else times(a, q) + b * p)
        store(w, r * _Z, zero)
        store(w, r * _Z + _W, zero)


@exact
def _apply(i: int, n: int, A: Real, v: Real, w: Real) -> None:
    """Compute w = A v from the lower triangle of A."""
    for r in range(i + 1, n):
        xr, xi, line = load(v, r * _Z), load(v, r * _Z + _W), r * n * _Z
        a = load(A, line + r * _Z)
        S, C = times(a, xr), times(a, xi)
        for z in range((i + 1) * _Z, r * _Z, _Z):
            a, b = load(A, line + z), load(A, line + z + _W)
            yr, yi = load(v, z), load(v, z + _W)
            S, C = S + a * yr - b * yi, C + a * yi + b * yr
            store(w, z, load(w, z) + a * xr + b * xi)
            store(w, z + _W, load(w, z + _W) + a * xi - b * xr)
        store(w, r * _Z, load(w, r * _Z) + S)
        store(w, r * _Z + _W, load(w, r * _Z + _W) + C)


@exact
def _shift(i: int, n: int, t: Real, v: Real, w: Real) -> None:
    """Turn w into t w - (t / 2) (w^+ v) v, the vector of the rank-two update."""
    tr, ti, half = load(t, i * _Z), load(t, i * _Z + _W), splat(-0.5)
    S, C = splat(0.0), splat(0.0)
    for z in range((i + 1) * _Z, n * _Z, _Z):
        a, b = load(w, z), load(w, z + _W)
        xr, xi = load(v, z), load(v, z + _W)
        yr, yi = times(a, tr) - b * ti, times(a, ti) + b * tr
        store(w, z, yr)
        store(w, z + _W, yi)
        S, C = S + yr * xr + yi * xi, C + yr * xi - yi * xr
    S, C = times(half, times(tr, S) - ti * C), times(half, times(tr, C) + ti * S)
    for z in range((i + 1) * _Z, n * _Z, _Z):
        xr, xi = load(v, z), load(v, z + _W)
        store(w, z, load(w, z) + S * xr - C * xi)
        store(w, z + _W, load(w, z + _W) + S * xi + C * xr)


@exact
def _update(i: int, n: int, A: Real, v: Real, w: Real) -> None:
    """A <- A - v w^+ - w v^+ on the lower triangle."""
    for r in range(i + 1, n):
        vr, vi, wr, wi = load(v, r * _Z), load(v, r * _Z + _W), load(w, r * _Z), load(w, r * _Z + _W)
        for z in range((i + 1) * _Z, (r + 1) * _Z, _Z):
            xr, xi, yr, yi = load(v, z), load(v, z + _W), load(w, z), load(w, z + _W)
            at = r * n * _Z + z
            store(A, at, load(A, at) - vr * yr - vi * yi - wr * xr - wi * xi)
            store(A, at + _W, load(A, at + _W) - vi * yr + vr * yi - wi * xr + wr * xi)


@exact
def _tridiagonalise(n: int, A: Real, d: Real, e: Real, t: Real, V: Real, w: Real, scale: Real) -> None:
    """Real tridiagonal (d, e); the reflectors become the rows of V, with factors t."""
    for i in range(n - 1):
        v = V[i * n * _Z : (i + 1) * n * _Z]
        _reflector(i, n, A, d, e, t, v, w, scale)
        _apply(i, n, A, v, w)
        _shift(i, n, t, v, w)
        _update(i, n, A, v, w)
    store(d, (n - 1) * _W, load(A, (n * n - 1) * _Z))
    store(e, (n - 1) * _W, splat(0.0))


@exact
def _size(x: Vector) -> Vector:
    return choose(x, x, splat(0.0) - x)


@exact
def _active(bottom: int, n: int, d: Real, e: Real, low: Real, stop: Real) -> None:
    """Move ``low`` of every entry to its next level that has not converged, and ``stop`` to the end of its block.

    Nothing is left to do in entries where low is n - 1.
    """
    last, half = splat(n - 1.0), splat(0.5)
    begun, start, end, small, after = load(low, 0), last, last, last, _size(load(d, (n - 1) * _W))
    for m in range(n - 2, bottom - 1, -1):
        here, at = _size(load(d, m * _W)), splat(float(m))
        off = _size(load(e, m * _W)) - splat(_EPS) * (here + after)
        wanted = choose(off, at + half - begun, off)
        small = choose(off, small, at)
        start, end = choose(wanted, at, start), choose(wanted, small, end)
        after = here
    store(low, 0, start)
    store(stop, 0, end)


@exact
def _begin(d: Real, e: Real, low: Real, stop: Real, g: Real, work: Real) -> None:
    """Wilkinson's shift."""
    for x in range(_W):
        i = int(low[x])
        j = min(i + 1, int(stop[x]))
        g[x], work[x] = d[i * _W + x], d[j * _W + x]
        work[_W + x], work[_Z + x] = e[i * _W + x] if j > i else 1.0, d[int(stop[x]) * _W + x]
    zero, one, first, el = splat(0.0), splat(1.0), load(g, 0), load(work, _W)
    q = (load(work, 0) - first) / (el + el)
    r = root(q * q + one)
    store(g, 0, load(work, _Z) - first + el / (q + choose(zero - q, zero - r, r)))


@exact
def _sweep(
    bottom: int, far: int, d: Real, e: Real, low: Real, stop: Real, on: Real, start: Real, turns: Real, at: int
) -> None:
    """One QL sweep in every entry, from the end of its block down; its rotations go to ``turns`` from ``at`` on."""
    one, zero, tiny = splat(1.0), splat(0.0), splat(1e-300)
    f_sin, f_cos, p, g, end, begin, active = one, one, zero, load(start, 0), load(stop, 0), load(low, 0), load(on, 0)
    for i in range(far - 1, bottom - 1, -1):
        inside = choose(end - splat(i + 0.5), splat(i + 0.5) - begin, zero)
        take = active * inside
        left, high, off = load(d, i * _W), load(d, (i + 1) * _W), load(e, i * _W)
        f, b = times(f_sin, off), times(f_cos, off)
        r = root(times(f, f) + g * g)
        store(e, (i + 1) * _W, choose(take, r, load(e, (i + 1) * _W)))
        if anywhere(choose(take, tiny - r, zero)):  # a level found before its turn: the sweep of its entry ends here
            for x in range(_W):
                if on[x] > 0.0 and stop[x] > i and low[x] <= i and e[(i + 1) * _W + x] < 1e-300:
                    e[(i + 1) * _W + x] = 0.0
                    e[int(stop[x]) * _W + x] = 0.0
                    on[x] = 0.0
            store(d, (i + 1) * _W, choose(active - load(on, 0), high - p, high))
            high, active = load(d, (i + 1) * _W), load(on, 0)
            take = active * inside
        inverse = one / choose(r - tiny, r, one)
        f_sin, f_cos = choose(take, f * inverse, f_sin), choose(take, g * inverse, f_cos)
        q = high - p
        y = times(left - q, f_sin) + (f_cos + f_cos) * b
        p = choose(take, times(f_sin, y), p)
        store(d, (i + 1) * _W, choose(take, q + p, high))
        g = choose(take, f_cos * y - b, g)
        store(turns, at, choose(take, f_sin, zero))
        store(turns, at + _W, choose(take, f_cos, one))
        at += _Z
    store(start, 0, g)
    store(start, _W, p)
    for x in range(_W):
        if on[x] > 0.0:
            i = int(low[x]) * _W + x
            d[i] -= start[_W + x]
            e[i] = start[x]
            e[int(stop[x]) * _W + x] = 0.0


@exact
def _turn(width: int, sweeps: Index, count: int, turns: Real, Z: Real) -> None:
    """Apply the rotations of sweeps to the rows of Z, four columns at a time: these stay in the nearest cache."""
    line = width * _W
    for k in range(0, line, 4 * _W):
        for sweep in range(count):
            left, far, at = sweeps[sweep, 0], sweeps[sweep, 1], sweeps[sweep, 2]
            z = far * line + k
            z0, z1, z2, z3 = load(Z, z), load(Z, z + _W), load(Z, z + 2 * _W), load(Z, z + 3 * _W)
            for i in range(far - 1, left - 1, -1):
                z = i * line + k
                S, C = load(turns, at), load(turns, at + _W)
                at += _Z
                y0, y1, y2, y3 = load(Z, z), load(Z, z + _W), load(Z, z + 2 * _W), load(Z, z + 3 * _W)
                z += line
                store(Z, z, times(S, y0) + C * z0)
                store(Z, z + _W, times(S, y1) + C * z1)
                store(Z, z + 2 * _W, times(S, y2) + C * z2)
                store(Z, z + 3 * _W, times(S, y3) + C * z3)
                z0, z1 = times(C, y0) - S * z0, times(C, y1) - S * z1
                z2, z3 = times(C, y2) - S * z2, times(C, y3) - S * z3
            z = left * line + k
            store(Z, z, z0)
            store(Z, z + _W, z1)
            store(Z, z + 2 * _W, z2)
            store(Z, z + 3 * _W, z3)


@exact
def _implicit_ql(n: int, d: Real, e: Real, Z: Real, work: Real, sweeps: Index, turns: Real) -> bool:
    """Diagonalise (d, e) in all entries; eigenvectors are the rows of Z.  False if one does not converge.

    Every entry goes from level to level at its own pace.  Rotations are gathered from several sweeps before they are
    applied.
    """
    width, count, at, bottom, last = _width(n), 0, 0, 0, splat(n - 1.0)
    low, stop, on, g, rest = work[:_W], work[_W:_Z], work[_Z : 3 * _W], work[3 * _W : 5 * _W], work[5 * _W :]
    store(low, 0, splat(0.0))
    Z[:] = 0.0
    for i in range(n):
        store(Z, (i * width + i) * _W, splat(1.0))
    for _ in range(_SWEEPS * n):
        _active(bottom, n, d, e, low, stop)
        bottom = int(lowest(load(low, 0)))
        if bottom == n - 1:
            _turn(width, sweeps, count, turns, Z)
            return True
        store(on, 0, choose(last - load(low, 0), splat(1.0), splat(0.0)))
        far = int(-lowest(choose(load(on, 0), splat(0.0) - load(stop, 0), splat(0.0))))
        if count == len(sweeps) or at + (far - bottom) * _Z > len(turns):
            _turn(width, sweeps, count, turns, Z)
            count, at = 0, 0
        _begin(d, e, low, stop, g, rest)
        _sweep(bottom, far, d, e, low, stop, on, g, turns, at)
        sweeps[count, 0], sweeps[count, 1], sweeps[count, 2] = bottom, far, at
        count, at = count + 1, at + (far - bottom) * _Z
    return False


@exact
def _back_four(n: int, V: Real, t: Real, Y: Real) -> None:
    """Apply the reflectors to four vectors, element by element side by side in Y."""
    zero = splat(0.0)
    for i in range(n - 2, -1, -1):
        s0, c0, s1, c1, s2, c2, s3, c3 = zero, zero, zero, zero, zero, zero, zero, zero
        for r in range(i + 1, n):
            v, y = (i * n + r) * _Z, 4 * r * _Z
            a, b = load(V, v), load(V, v + _W)
            p0, q0, p1, q1 = load(Y, y), load(Y, y + _W), load(Y, y + _Z), load(Y, y + _Z + _W)
            s0, c0, s1, c1 = s0 + a * p0, c0 + a * q0, s1 + a * p1, c1 + a * q1
            s0, c0, s1, c1 = s0 + b * q0, c0 - b * p0, s1 + b * q1, c1 - b * p1
            y += 2 * _Z
            p0, q0, p1, q1 = load(Y, y), load(Y, y + _W), load(Y, y + _Z), load(Y, y + _Z + _W)
            s2, c2, s3, c3 = s2 + a * p0, c2 + a * q0, s3 + a * p1, c3 + a * q1
            s2, c2, s3, c3 = s2 + b * q0, c2 - b * p0, s3 + b * q1, c3 - b * p1
        a, b = load(t, i * _Z), load(t, i * _Z + _W)
        s0, c0, s1, c1 = times(a, s0) - b * c0, times(a, c0) + b * s0, times(a, s1) - b * c1, times(a, c1) + b * s1
        s2, c2, s3, c3 = times(a, s2) - b * c2, times(a, c2) + b * s2, times(a, s3) - b * c3, times(a, c3) + b * s3
        for r in range(i + 1, n):
            v, y = (i * n + r) * _Z, 4 * r * _Z
            a, b = load(V, v), load(V, v + _W)
            p0, q0, p1, q1 = load(Y, y), load(Y, y + _W), load(Y, y + _Z), load(Y, y + _Z + _W)
            p0, q0, p1, q1 = p0 - s0 * a, q0 - s0 * b, p1 - s1 * a, q1 - s1 * b
            store(Y, y, p0 + c0 * b)
            store(Y, y + _W, q0 - c0 * a)
            store(Y, y + _Z, p1 + c1 * b)
            store(Y, y + _Z + _W, q1 - c1 * a)
            y += 2 * _Z
            p0, q0, p1, q1 = load(Y, y), load(Y, y + _W), load(Y, y + _Z), load(Y, y + _Z + _W)
            p0, q0, p1, q1 = p0 - s2 * a, q0 - s2 * b, p1 - s3 * a, q1 - s3 * b
            store(Y, y, p0 + c2 * b)
            store(Y, y + _W, q0 - c2 * a)
            store(Y, y + _Z, p1 + c3 * b)
            store(Y, y + _Z + _W, q1 - c3 * a)


@exact
def _back_transform(n: int, order: Index, V: Real, t: Real, Z: Real, Y: Real, out: Real, at: int) -> None:
    """Apply the reflectors to the eigenvectors of the tridiagonal matrix, in order; their conjugates become rows."""
    zero, width = splat(0.0), _width(n)
    for j in range(0, n, 4):
        for column in range(4):
            level = min(j + column, n - 1)
            for r in range(n):
                y = (4 * r + column) * _Z
                for x in range(_W):
                    Y[y + x] = Z[(order[level, x] * width + r) * _W + x]
                store(Y, y + _W, zero)
        _back_four(n, V, t, Y)
        for column in range(min(4, n - j)):
            for r in range(n):
                y, z = (4 * r + column) * _Z, at + ((j + column) * n + r) * _Z
                store(out, z, load(Y, y))
                store(out, z + _W, zero - load(Y, y + _W))


@exact
def _width(n: int) -> int:
    """Columns of the eigenvectors of the tridiagonal matrix: four times an odd number, for cache sets."""
    return ((n + 3) // 4 | 1) * 4


@exact
def _solve(H: Packed, E: Real, U: Packed, failed: Flags, work: Real, sweeps: Index, order: Index) -> None:
    n_k, n = E.shape
    square, line, corner = n * n * _Z, n * _Z, n * _width(n) * _W
    A, V, Z, rest = work[:square], work[square : 2 * square], work[2 * square :][:corner], work[2 * square + corner :]
    d, e, t, w = rest[:line], rest[line : 2 * line], rest[2 * line : 3 * line], rest[3 * line : 4 * line]
    Y, turns, few = rest[4 * line : 8 * line], rest[8 * line :][: _GATHERED * line], rest[(8 + _GATHERED) * line :]
    states = U.reshape(-1)
    for group in range(len(H)):
        first = group * _W
        count = min(_W, n_k - first)
        A[:] = H[group].reshape(-1)
        _tridiagonalise(n, A, d, e, t, V, w, few)
        good = _implicit_ql(n, d, e, Z, few, sweeps, turns)
        for x in range(count):
            failed[first + x] = not good
        if not good:
            continue
        for x in range(_W):
            order[:, x] = np.argsort(d[x : n * _W : _W])
            for j in range(n if x < count else 0):
                E[first + x, j] = d[order[j, x] * _W + x]
        _back_transform(n, order, V, t, Z, Y, states, group * square)


def _batch(H: Packed, E: Real, U: Packed, failed: Flags) -> None:
    """Solve all matrices; ``failed[k]`` marks those that did not converge and must be done by LAPACK."""
    n = E.shape[1]
    work = scratch("eigen", 2 * n * n * _Z + n * (n + 7) * _W + (8 + _GATHERED) * n * _Z + 8 * _W)
    _solve(H, E, U, failed, work, np.empty((2 * _GATHERED, 3), dtype=np.int64), np.empty((n, _W), dtype=np.int64))


def eigh_packed(H: Packed, n_k: int) -> tuple[Real, Packed]:
    """Eigenvalues ``(n_k, N)`` (ascending) and eigenvectors of packed Hermitian matrices, N >= 2.

    The eigenvectors are in the form of :func:`solenoidal.packed.bras`.  Only the lower triangles are read.  Matrices
    whose iteration does not converge are handed to LAPACK.
    """
    E, U, failed = np.empty((n_k, H.shape[-3])), aligned(H.shape), np.zeros(n_k, dtype=np.bool_)
    _batch(H, E, U, failed)
    if failed.any():
        states = _columns(U, n_k)
        E[failed], states[failed] = np.linalg.eigh(unpack(H, n_k)[failed, :, 0])
        U = bras(states)
    return E, U


def eigh_lanes(H: Complex) -> tuple[Real, Complex]:
    """The same for plain matrices ``(n_k, N, N)``."""
    E, U = eigh_packed(pack(H[:, :, None]), len(H))
    return E, _columns(U, len(H))


def _columns(U: Packed, n_k: int) -> Complex:
    """``(n_k, N, N)`` states as columns."""
    return np.ascontiguousarray(unpack(U, n_k)[:, :, 0].conj().swapaxes(1, 2))
