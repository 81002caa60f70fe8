"""Hermitian eigensolver for many small matrices: one matrix per vector entry.

LAPACK spends its time on call overhead and latency for N up to about 40.  Here every step works on ``WIDTH`` k-points
at once, see :mod:`solenoidal.simd`: Householder tridiagonalisation, implicit QL in lockstep, back transformation
(Golub and Van Loan, Matrix Computations, sections 8.3.1 and 8.3.3).
"""

import math

import numpy as np
from numpy.typing import NDArray

from solenoidal.compiled import exact
from solenoidal.packed import Packed, pack, unpack
from solenoidal.simd import WIDTH, aligned, choose, load, lowest, root, scratch, splat, store

__all__ = ["LANES", "LARGEST", "eigh_lanes", "eigh_packed"]

#: Matrices solved side by side.
LANES = WIDTH
#: Above this size LAPACK is faster.
LARGEST = 96

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]
Flags = NDArray[np.bool_]

_W = WIDTH
_Z = 2 * WIDTH  # doubles of one complex element
_EPS = 1.1e-16
_SWEEPS = 80


@exact
def _reflector(i: int, n: int, A: Real, d: Real, e: Real, t: Real, v: Real, w: Real, scale: Real) -> None:
    """Reflector that clears column i below the subdiagonal; leaves its vector in v and in A, zeroes w."""
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
        A[z] = 1.0
        A[z + _W] = 0.0
    p, q = load(scale, 0), load(scale, _W)
    for r in range(i + 1, n):
        z = (r * n + i) * _Z
        a, b = load(A, z), load(A, z + _W)
        if r > i + 1:
            a, b = a * p - b * q, a * q + b * p
            store(A, z, a)
            store(A, z + _W, b)
        store(v, r * _Z, a)
        store(v, r * _Z + _W, b)
        store(w, r * _Z, zero)
        store(w, r * _Z + _W, zero)


@exact
def _apply(i: int, n: int, A: Real, v: Real, w: Real) -> None:
    """Compute w = A v from the lower triangle of A."""
    for r in range(i + 1, n):
        xr, xi, line = load(v, r * _Z), load(v, r * _Z + _W), r * n * _Z
        a = load(A, line + r * _Z)
        S, C = a * xr, a * xi
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
        yr, yi = a * tr - b * ti, a * ti + b * tr
        store(w, z, yr)
        store(w, z + _W, yi)
        S, C = S + yr * xr + yi * xi, C + yr * xi - yi * xr
    S, C = half * (tr * S - ti * C), half * (tr * C + ti * S)
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
def _tridiagonalise(n: int, A: Real, d: Real, e: Real, t: Real, v: Real, w: Real, scale: Real) -> None:
    """Real tridiagonal (d, e); the reflectors stay below the diagonal of A with factors t."""
    for i in range(n - 1):
        _reflector(i, n, A, d, e, t, v, w, scale)
        _apply(i, n, A, v, w)
        _shift(i, n, t, v, w)
        _update(i, n, A, v, w)
    store(d, (n - 1) * _W, load(A, (n * n - 1) * _Z))
    store(e, (n - 1) * _W, splat(0.0))


@exact
def _active(left: int, n: int, d: Real, e: Real, stop: Real, on: Real) -> int:
    """Mark entries whose level ``left`` has not converged; return the furthest end of their blocks."""
    far = left
    for x in range(_W):
        m = left
        while m < n - 1 and abs(e[m * _W + x]) > _EPS * (abs(d[m * _W + x]) + abs(d[(m + 1) * _W + x])):
            m += 1
        stop[x] = m
        on[x] = 1.0 if m > left else 0.0
        far = max(far, m)
    return far


@exact
def _begin(left: int, d: Real, e: Real, stop: Real, on: Real, g: Real) -> None:
    """Wilkinson's shift."""
    for x in range(_W):
        low = d[left * _W + x]
        el = e[left * _W + x] if on[x] > 0.0 else 1.0
        q = (d[(left + 1) * _W + x] - low) / (2.0 * el)
        g[x] = d[int(stop[x]) * _W + x] - low + el / (q + math.copysign(math.sqrt(q * q + 1.0), q))


@exact
def _sweep(left: int, far: int, n: int, d: Real, e: Real, Z: Real, stop: Real, on: Real, start: Real) -> None:
    """One QL sweep from the ends of the blocks down to level ``left``."""
    one, zero, tiny = splat(1.0), splat(0.0), splat(1e-300)
    f_sin, f_cos, p, g, end, active = one, one, zero, load(start, 0), load(stop, 0), load(on, 0)
    for i in range(far - 1, left - 1, -1):
        take = active * (end - splat(i + 0.5))
        low, high, off = load(d, i * _W), load(d, (i + 1) * _W), load(e, i * _W)
        f, b = f_sin * off, f_cos * off
        r = root(f * f + g * g)
        store(e, (i + 1) * _W, choose(take, r, load(e, (i + 1) * _W)))
        if lowest(choose(take, r, one)) == 0.0:  # a level found before its turn: the sweep of its entry ends here
            for x in range(_W):
                if on[x] > 0.0 and stop[x] > i and e[(i + 1) * _W + x] == 0.0:
                    e[int(stop[x]) * _W + x] = 0.0
                    on[x] = 0.0
            store(d, (i + 1) * _W, choose(active - load(on, 0), high - p, high))
            high, active = load(d, (i + 1) * _W), load(on, 0)
            take = active * (end - splat(i + 0.5))
        inverse = one / choose(r - tiny, r, one)
        f_sin, f_cos = choose(take, f * inverse, f_sin), choose(take, g * inverse, f_cos)
        q = high - p
        y = (low - q) * f_sin + (f_cos + f_cos) * b
        p = choose(take, f_sin * y, p)
        store(d, (i + 1) * _W, choose(take, q + p, high))
        g = choose(take, f_cos * y - b, g)
        S, C = choose(take, f_sin, zero), choose(take, f_cos, one)
        for k in range(i * n * _W, (i + 1) * n * _W, _W):  # rows i, i + 1 of the transposed eigenvectors
            z0, z1 = load(Z, k), load(Z, k + n * _W)
            store(Z, k + n * _W, S * z0 + C * z1)
            store(Z, k, C * z0 - S * z1)
    store(d, left * _W, choose(active, load(d, left * _W) - p, load(d, left * _W)))
    store(e, left * _W, choose(active, g, load(e, left * _W)))
    for x in range(_W):
        if on[x] > 0.0:
            e[int(stop[x]) * _W + x] = 0.0


@exact
def _implicit_ql(n: int, d: Real, e: Real, Z: Real, stop: Real, on: Real, g: Real) -> bool:
    """Diagonalise (d, e) in all entries; eigenvectors are the rows of Z.  False if one does not converge."""
    Z[:] = 0.0
    for i in range(n):
        store(Z, (i * n + i) * _W, splat(1.0))
    for left in range(n):
        converged = False
        for _ in range(_SWEEPS):
            far = _active(left, n, d, e, stop, on)
            if far == left:
                converged = True
                break
            _begin(left, d, e, stop, on, g)
            _sweep(left, far, n, d, e, Z, stop, on, g)
        if not converged:
            return False
    return True


@exact
def _back_transform(n: int, A: Real, t: Real, Z: Real, U: Real) -> None:
    """Apply the reflectors to the eigenvectors of the tridiagonal matrix; they become the rows of U."""
    zero = splat(0.0)
    for j in range(n):
        line = j * n * _Z
        for k in range(n):
            store(U, line + k * _Z, load(Z, (j * n + k) * _W))
            store(U, line + k * _Z + _W, zero)
        for i in range(n - 2, -1, -1):
            S, C = zero, zero
            for r in range(i + 1, n):
                a, b = load(A, (r * n + i) * _Z), load(A, (r * n + i) * _Z + _W)
                x, y = load(U, line + r * _Z), load(U, line + r * _Z + _W)
                S, C = S + a * x + b * y, C + a * y - b * x
            p, q = load(t, i * _Z), load(t, i * _Z + _W)
            S, C = p * S - q * C, p * C + q * S
            for r in range(i + 1, n):
                a, b = load(A, (r * n + i) * _Z), load(A, (r * n + i) * _Z + _W)
                store(U, line + r * _Z, load(U, line + r * _Z) - S * a + C * b)
                store(U, line + r * _Z + _W, load(U, line + r * _Z + _W) - S * b - C * a)


@exact
def _solve(H: Packed, E: Real, U: Packed, failed: Flags, work: Real) -> None:
    n_k, n = E.shape
    square, line = n * n * _Z, n * _Z
    A, V, Z = work[:square], work[square : 2 * square], work[2 * square : 2 * square + n * n * _W]
    rest = work[2 * square + n * n * _W :]
    d, e, t = rest[: n * _W], rest[line : line + n * _W], rest[2 * line : 3 * line]
    v, w = rest[3 * line : 4 * line], rest[4 * line : 5 * line]
    stop, on, g = rest[5 * line :], rest[5 * line + _Z :], rest[5 * line + 2 * _Z :]
    states = U.reshape(-1)
    for group in range(len(H)):
        first = group * _W
        count = min(_W, n_k - first)
        A[:] = H[group].reshape(-1)
        _tridiagonalise(n, A, d, e, t, v, w, stop)
        good = _implicit_ql(n, d, e, Z, stop, on, g)
        for x in range(count):
            failed[first + x] = not good
        if not good:
            continue
        _back_transform(n, A, t, Z, V)
        for x in range(_W):
            order = np.argsort(d[x : n * _W : _W])
            for j in range(n):
                if x < count:
                    E[first + x, j] = d[order[j] * _W + x]
                source, target = order[j] * line + x, group * square + j * _Z + x
                for r in range(n):
                    states[target + r * line] = V[source + r * _Z]
                    states[target + r * line + _W] = V[source + r * _Z + _W]


def _batch(H: Packed, E: Real, U: Packed, failed: Flags) -> None:
    """Solve all matrices; ``failed[k]`` marks those that did not converge and must be done by LAPACK."""
    n = E.shape[1]
    _solve(H, E, U, failed, scratch("eigen", 5 * n * n * _W + 5 * n * _Z + 3 * _Z))


def eigh_packed(H: Packed, n_k: int) -> tuple[Real, Packed]:
    """Eigenvalues ``(n_k, N)`` (ascending) and packed eigenvectors (columns) of packed Hermitian matrices, N >= 2.

    Only the lower triangles are read.  Matrices whose iteration does not converge are handed to LAPACK.
    """
    E, U, failed = np.empty((n_k, H.shape[-3])), aligned(H.shape), np.zeros(n_k, dtype=np.bool_)
    _batch(H, E, U, failed)
    if failed.any():
        states = unpack(U, n_k)
        E[failed], states[failed, :, 0] = np.linalg.eigh(unpack(H, n_k)[failed, :, 0])
        U = pack(states)
    return E, U


def eigh_lanes(H: Complex) -> tuple[Real, Complex]:
    """The same for plain matrices ``(n_k, N, N)``."""
    E, U = eigh_packed(pack(H[:, :, None]), len(H))
    return E, np.ascontiguousarray(unpack(U, len(H))[:, :, 0])
