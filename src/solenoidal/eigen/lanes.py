"""Hermitian eigensolver for many small matrices: one matrix per lane of the vector units.

LAPACK spends its time on call overhead for N up to about 40.  Here the innermost loop of every step runs over
``LANES`` k-points, so that it vectorises: Householder tridiagonalisation, implicit QL in lockstep, back
transformation (Golub and Van Loan, Matrix Computations, sections 8.3.1 and 8.3.3).
"""

import math

import numpy as np
from numpy.typing import NDArray

from solenoidal.compiled import exact

__all__ = ["LANES", "LARGEST", "eigh_lanes"]

#: Matrices solved side by side.
LANES = 32
#: Above this size a group of lanes falls out of the second-level cache and LAPACK is faster.
LARGEST = 48

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]
Index = NDArray[np.int64]
Flags = NDArray[np.bool_]

_L = LANES
_EPS = 1.1e-16
_SWEEPS = 80


@exact
def _reflector(
    i: int,
    n: int,
    Ar: Real,
    Ai: Real,
    d: Real,
    e: Real,
    tr: Real,
    ti: Real,
    vr: Real,
    vi: Real,
    wr: Real,
    wi: Real,
    scale_r: Real,
    scale_i: Real,
    S: Real,
) -> None:
    """Reflector that clears column i below the subdiagonal; leaves its vector in v and in A, zeroes w."""
    for x in range(_L):
        S[x] = 0.0
    for r in range(i + 2, n):
        for x in range(_L):
            S[x] += Ar[r, i, x] * Ar[r, i, x] + Ai[r, i, x] * Ai[r, i, x]
    for x in range(_L):
        d[i, x] = Ar[i, i, x]
        a = Ar[i + 1, i, x]
        b = Ai[i + 1, i, x]
        if S[x] + b * b <= 1e-300:
            e[i, x] = a
            tr[i, x] = 0.0
            ti[i, x] = 0.0
            scale_r[x] = 0.0
            scale_i[x] = 0.0
        else:
            beta = math.sqrt(a * a + b * b + S[x])
            beta = -beta if a >= 0 else beta
            e[i, x] = beta
            tr[i, x] = (beta - a) / beta
            ti[i, x] = -b / beta
            dr = a - beta
            q = 1.0 / (dr * dr + b * b)
            scale_r[x] = dr * q
            scale_i[x] = -b * q
        vr[i + 1, x] = 1.0
        vi[i + 1, x] = 0.0
        Ar[i + 1, i, x] = 1.0
        Ai[i + 1, i, x] = 0.0
        wr[i + 1, x] = 0.0
        wi[i + 1, x] = 0.0
    for r in range(i + 2, n):
        for x in range(_L):
            a = Ar[r, i, x]
            b = Ai[r, i, x]
            y = a * scale_r[x] - b * scale_i[x]
            z = a * scale_i[x] + b * scale_r[x]
            vr[r, x] = y
            vi[r, x] = z
            Ar[r, i, x] = y
            Ai[r, i, x] = z
            wr[r, x] = 0.0
            wi[r, x] = 0.0


@exact
def _apply(i: int, n: int, Ar: Real, Ai: Real, vr: Real, vi: Real, wr: Real, wi: Real, S: Real, C: Real) -> None:
    """W = A v, from the lower triangle of A."""
    for r in range(i + 1, n):
        for x in range(_L):
            S[x] = Ar[r, r, x] * vr[r, x]
            C[x] = Ar[r, r, x] * vi[r, x]
        for c in range(i + 1, r):
            for x in range(_L):
                a = Ar[r, c, x]
                b = Ai[r, c, x]
                S[x] += a * vr[c, x] - b * vi[c, x]
                C[x] += a * vi[c, x] + b * vr[c, x]
                wr[c, x] += a * vr[r, x] + b * vi[r, x]
                wi[c, x] += a * vi[r, x] - b * vr[r, x]
        for x in range(_L):
            wr[r, x] += S[x]
            wi[r, x] += C[x]


@exact
def _shift(i: int, n: int, tr: Real, ti: Real, vr: Real, vi: Real, wr: Real, wi: Real, S: Real, C: Real) -> None:
    """W <- t w - (t / 2) (w^+ v) v, the vector of the rank-two update."""
    for x in range(_L):
        S[x] = 0.0
        C[x] = 0.0
    for r in range(i + 1, n):
        for x in range(_L):
            a = wr[r, x]
            b = wi[r, x]
            y = a * tr[i, x] - b * ti[i, x]
            z = a * ti[i, x] + b * tr[i, x]
            wr[r, x] = y
            wi[r, x] = z
            S[x] += y * vr[r, x] + z * vi[r, x]
            C[x] += y * vi[r, x] - z * vr[r, x]
    for x in range(_L):
        a = S[x]
        b = C[x]
        S[x] = -0.5 * (tr[i, x] * a - ti[i, x] * b)
        C[x] = -0.5 * (tr[i, x] * b + ti[i, x] * a)
    for r in range(i + 1, n):
        for x in range(_L):
            wr[r, x] += S[x] * vr[r, x] - C[x] * vi[r, x]
            wi[r, x] += S[x] * vi[r, x] + C[x] * vr[r, x]


@exact
def _update(i: int, n: int, Ar: Real, Ai: Real, vr: Real, vi: Real, wr: Real, wi: Real) -> None:
    """A <- A - v w^+ - w v^+ on the lower triangle."""
    for r in range(i + 1, n):
        for c in range(i + 1, r + 1):
            for x in range(_L):
                Ar[r, c, x] -= vr[r, x] * wr[c, x] + vi[r, x] * wi[c, x] + wr[r, x] * vr[c, x] + wi[r, x] * vi[c, x]
                Ai[r, c, x] -= vi[r, x] * wr[c, x] - vr[r, x] * wi[c, x] + wi[r, x] * vr[c, x] - wr[r, x] * vi[c, x]


@exact
def _tridiagonalise(
    n: int, Ar: Real, Ai: Real, d: Real, e: Real, tr: Real, ti: Real, vr: Real, vi: Real, wr: Real, wi: Real
) -> None:
    """Real tridiagonal (d, e); the reflectors stay below the diagonal of A with factors (tr, ti)."""
    scale_r = np.empty(_L)
    scale_i = np.empty(_L)
    S = np.empty(_L)
    C = np.empty(_L)
    for i in range(n - 1):
        _reflector(i, n, Ar, Ai, d, e, tr, ti, vr, vi, wr, wi, scale_r, scale_i, S)
        _apply(i, n, Ar, Ai, vr, vi, wr, wi, S, C)
        _shift(i, n, tr, ti, vr, vi, wr, wi, S, C)
        _update(i, n, Ar, Ai, vr, vi, wr, wi)
    for x in range(_L):
        d[n - 1, x] = Ar[n - 1, n - 1, x]
        e[n - 1, x] = 0.0


@exact
def _active(left: int, n: int, d: Real, e: Real, stop: Index, on: Flags) -> int:
    """Mark lanes whose level ``left`` has not converged; return the furthest end of their blocks."""
    far = left
    for x in range(_L):
        m = left
        while m < n - 1 and abs(e[m, x]) > _EPS * (abs(d[m, x]) + abs(d[m + 1, x])):
            m += 1
        stop[x] = m
        on[x] = m > left
        far = max(far, m)
    return far


@exact
def _givens(
    i: int, d: Real, e: Real, stop: Index, on: Flags, f_sin: Real, f_cos: Real, g: Real, p: Real, S: Real, C: Real
) -> None:
    """One rotation of the QL sweep in rows i, i + 1 for the lanes that take part."""
    for x in range(_L):
        S[x] = 0.0
        C[x] = 1.0
        if on[x] and stop[x] > i:
            f = f_sin[x] * e[i, x]
            b = f_cos[x] * e[i, x]
            r = math.sqrt(f * f + g[x] * g[x])
            e[i + 1, x] = r
            if r > 0.0:
                f_sin[x] = f / r
                f_cos[x] = g[x] / r
                q = d[i + 1, x] - p[x]
                y = (d[i, x] - q) * f_sin[x] + 2.0 * f_cos[x] * b
                p[x] = f_sin[x] * y
                d[i + 1, x] = q + p[x]
                g[x] = f_cos[x] * y - b
                S[x] = f_sin[x]
                C[x] = f_cos[x]
            else:
                d[i + 1, x] -= p[x]
                e[stop[x], x] = 0.0
                on[x] = False


@exact
def _rotate(i: int, n: int, Z: Real, S: Real, C: Real) -> None:
    """Rows i, i + 1 of the transposed eigenvector matrix."""
    for k in range(n):
        for x in range(_L):
            f1 = Z[i + 1, k, x]
            f0 = Z[i, k, x]
            Z[i + 1, k, x] = S[x] * f0 + C[x] * f1
            Z[i, k, x] = C[x] * f0 - S[x] * f1


@exact
def _implicit_ql(n: int, d: Real, e: Real, Z: Real) -> bool:
    """Diagonalise (d, e) in all lanes at once; eigenvectors are the rows of Z.  False if a lane does not converge."""
    stop = np.empty(_L, np.int64)
    on = np.empty(_L, np.bool_)
    g = np.empty(_L)
    p = np.empty(_L)
    f_sin = np.empty(_L)
    f_cos = np.empty(_L)
    S = np.empty(_L)
    C = np.empty(_L)
    Z[:] = 0.0
    for i in range(n):
        Z[i, i, :] = 1.0
    for left in range(n):
        converged = False
        for _ in range(_SWEEPS):
            far = _active(left, n, d, e, stop, on)
            if far == left:
                converged = True
                break
            for x in range(_L):
                el = e[left, x] if on[x] else 1.0
                q = (d[left + 1, x] - d[left, x]) / (2.0 * el)
                r = math.sqrt(q * q + 1.0)
                r = r if q >= 0 else -r
                g[x] = d[stop[x], x] - d[left, x] + el / (q + r)
                f_sin[x] = 1.0
                f_cos[x] = 1.0
                p[x] = 0.0
            for i in range(far - 1, left - 1, -1):
                _givens(i, d, e, stop, on, f_sin, f_cos, g, p, S, C)
                _rotate(i, n, Z, S, C)
            for x in range(_L):
                if on[x]:
                    d[left, x] -= p[x]
                    e[left, x] = g[x]
                    e[stop[x], x] = 0.0
        if not converged:
            return False
    return True


@exact
def _back_transform(n: int, Ar: Real, Ai: Real, tr: Real, ti: Real, Z: Real, Ur: Real, Ui: Real) -> None:
    """Apply the reflectors to the eigenvectors of the tridiagonal matrix."""
    S = np.empty(_L)
    C = np.empty(_L)
    for j in range(n):
        for k in range(n):
            for x in range(_L):
                Ur[j, k, x] = Z[j, k, x]
                Ui[j, k, x] = 0.0
        for i in range(n - 2, -1, -1):
            for x in range(_L):
                S[x] = 0.0
                C[x] = 0.0
            for r in range(i + 1, n):
                for x in range(_L):
                    a = Ar[r, i, x]
                    b = Ai[r, i, x]
                    S[x] += a * Ur[j, r, x] + b * Ui[j, r, x]
                    C[x] += a * Ui[j, r, x] - b * Ur[j, r, x]
            for x in range(_L):
                q = tr[i, x] * S[x] - ti[i, x] * C[x]
                C[x] = tr[i, x] * C[x] + ti[i, x] * S[x]
                S[x] = q
            for r in range(i + 1, n):
                for x in range(_L):
                    a = Ar[r, i, x]
                    b = Ai[r, i, x]
                    Ur[j, r, x] -= S[x] * a - C[x] * b
                    Ui[j, r, x] -= S[x] * b + C[x] * a


@exact
def _batch(H: Complex, E: Real, U: Complex, failed: Flags) -> None:
    """Solve all matrices; ``failed[k]`` marks those that did not converge and must be done by LAPACK."""
    nk, n, _ = H.shape
    Ar = np.empty((n, n, _L))
    Ai = np.empty((n, n, _L))
    Z = np.empty((n, n, _L))
    Ur = np.empty((n, n, _L))
    Ui = np.empty((n, n, _L))
    d = np.empty((n, _L))
    e = np.empty((n, _L))
    tr = np.empty((n, _L))
    ti = np.empty((n, _L))
    vr = np.empty((n, _L))
    vi = np.empty((n, _L))
    wr = np.empty((n, _L))
    wi = np.empty((n, _L))
    for first in range(0, nk, _L):
        count = min(_L, nk - first)
        for x in range(_L):
            k = first + min(x, count - 1)
            for r in range(n):
                for c in range(r + 1):
                    Ar[r, c, x] = H[k, r, c].real
                    Ai[r, c, x] = H[k, r, c].imag
        _tridiagonalise(n, Ar, Ai, d, e, tr, ti, vr, vi, wr, wi)
        good = _implicit_ql(n, d, e, Z)
        for x in range(count):
            failed[first + x] = not good
        if not good:
            continue
        _back_transform(n, Ar, Ai, tr, ti, Z, Ur, Ui)
        for x in range(count):
            order = np.argsort(d[:, x])
            for j in range(n):
                E[first + x, j] = d[order[j], x]
            for r in range(n):
                for j in range(n):
                    U[first + x, r, j] = complex(Ur[order[j], r, x], Ui[order[j], r, x])


def eigh_lanes(H: NDArray[np.complex128]) -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
    """Eigenvalues (ascending) and eigenvectors (columns) of Hermitian matrices ``(n_k, N, N)``, N >= 2.

    Only the lower triangles are read.  Matrices whose iteration does not converge are handed to LAPACK.
    """
    E = np.empty(H.shape[:2])
    U = np.empty_like(H)
    failed = np.zeros(len(H), dtype=np.bool_)
    _batch(H, E, U, failed)
    if failed.any():
        E[failed], U[failed] = np.linalg.eigh(H[failed])
    return E, U
