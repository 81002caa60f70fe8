"""Fourier sums along a line of k-points, with one k-point per vector entry.

Sums over R and -R are taken together: ``sum_R exp(i phi R) S_R = S_0 + sum_{R > 0} cos(phi R) C_R + sin(phi R) D_R``
with ``C = S_R + S_-R`` and ``D = i (S_R - S_-R)``, half the work of the complex sum.  The matrices are Hermitian: only
the elements on and above the diagonal are summed, row after row.
"""

import numpy as np
from numpy.typing import NDArray

from solenoidal.compiled import exact
from solenoidal.dots import mirror
from solenoidal.packed import Packed, Vector
from solenoidal.simd import Real, fill, load, scratch, store, times, width

__all__ = ["line_sum", "slope_sum"]

Complex = NDArray[np.complex128]


@exact
def _coefficients(c: Real, used: int, groups: int, out: Real, step: int) -> None:
    """Coefficients of the points in the entries from ``used`` on, 0 in the others, ``step`` doubles apart."""
    n_R, W = c.shape[1], width(out)
    for z in range(0, groups * n_R * step, step):
        store(out, z, fill(out, 0.0))
    for k in range(len(c)):
        group, x = divmod(used % W + k, W)
        for R in range(n_R):
            out[(group * n_R + R) * step + x] = c[k, R]


@exact
def _keep(out: Real, z: int, re: Vector, im: Vector) -> tuple[Vector, Vector]:
    """Sums that leave the other entries as they are."""
    return re + load(out, z), im + load(out, z + width(out))


@exact
def _put(out: Real, z: int, re: Vector, im: Vector) -> None:
    store(out, z, re)
    store(out, z + width(out), im)


@exact
def _line_sum(c: Real, S: Real, used: int, out: Packed, work: Real) -> None:
    flat, real, W = out.reshape(-1), S, width(out)
    P, N, n_R = out.shape[1], out.shape[2], len(S)
    Z = 2 * W
    begun, groups = used // W, (used % W + len(c) + W - 1) // W
    size = N * N * Z
    _coefficients(c, used, groups, work, W)
    for p in range(P):
        first, s = (begun * P + p) * size, p * (N * (N + 1)) // 2
        for r in range(N):
            for column in range(r, N, 4):
                # Columns that would be too many repeat the last one.
                last = N - 1 - column
                t1, t2, t3 = min(1, last), min(2, last), min(3, last)
                s0, s1, s2, s3 = 2 * s, 2 * (s + t1), 2 * (s + t2), 2 * (s + t3)
                for group in range(groups):
                    r0, i0, r1, i1 = fill(out, 0.0), fill(out, 0.0), fill(out, 0.0), fill(out, 0.0)
                    r2, i2, r3, i3 = r0, i0, r1, i1
                    for R in range(n_R):
                        x = load(work, (group * n_R + R) * W)
                        r0, i0 = r0 + x * fill(out, real[R, s0]), i0 + x * fill(out, real[R, s0 + 1])
                        r1, i1 = r1 + x * fill(out, real[R, s1]), i1 + x * fill(out, real[R, s1 + 1])
                        r2, i2 = r2 + x * fill(out, real[R, s2]), i2 + x * fill(out, real[R, s2 + 1])
                        r3, i3 = r3 + x * fill(out, real[R, s3]), i3 + x * fill(out, real[R, s3 + 1])
                    z = first + group * P * size + (r * N + column) * Z
                    if group == 0 and used % W > 0:
                        r0, i0 = _keep(flat, z, r0, i0)
                        r1, i1 = _keep(flat, z + t1 * Z, r1, i1)
                        r2, i2 = _keep(flat, z + t2 * Z, r2, i2)
                        r3, i3 = _keep(flat, z + t3 * Z, r3, i3)
                    _put(flat, z, r0, i0)
                    _put(flat, z + t1 * Z, r1, i1)
                    _put(flat, z + t2 * Z, r2, i2)
                    _put(flat, z + t3 * Z, r3, i3)
                s += min(4, last + 1)
        for group in range(groups):
            mirror(N, N, flat, first + group * P * size)


def line_sum(c: Real, S: Complex, out: Packed, used: int) -> None:
    """``sum_R c[k, R] S[R]`` into the matrices of ``out``, for the k-points from ``used`` on.

    Parameters
    ----------
    c
        ``(points, n_R)``: 1, cosines and sines.
    S
        ``(n_R, P N (N + 1) / 2)``.
    """
    _line_sum(c, _numbers(S, out), used, out, _work(c, out, 1))


@exact
def _slope_sum(
    c: Real, d: Real, S: Real, S1: Real, S2: Real, lattice: Real, used: int, out: Packed, work: Real
) -> None:
    flat, s, s1, s2 = out.reshape(-1), S, S1, S2
    W, D, N, n_R = width(out), out.shape[1], out.shape[2], len(S)
    Z = 2 * W
    begun, groups = used // W, (used % W + len(c) + W - 1) // W
    size, offset = N * N * Z, used % W > 0
    _coefficients(c, used, groups, work, Z)
    _coefficients(d, used, groups, work[W:], Z)
    element = 0
    for r in range(N):
        for column in range(r, N):
            e = 2 * element
            element += 1
            for group in range(groups):
                x, y, u, v = fill(out, 0.0), fill(out, 0.0), fill(out, 0.0), fill(out, 0.0)
                w, z = x, y
                for R in range(n_R):
                    p, q = load(work, (group * n_R + R) * Z), load(work, (group * n_R + R) * Z + W)
                    x, y = x + q * fill(out, s[R, e]), y + q * fill(out, s[R, e + 1])
                    u, v = u + p * fill(out, s1[R, e]), v + p * fill(out, s1[R, e + 1])
                    w, z = w + p * fill(out, s2[R, e]), z + p * fill(out, s2[R, e + 1])
                for i in range(D):
                    l1, l2, l3 = fill(out, lattice[0, i]), fill(out, lattice[1, i]), fill(out, lattice[2, i])
                    re, im = times(l3, x), times(l3, y)
                    re, im = re - l1 * v, im + l1 * u
                    re, im = re - l2 * z, im + l2 * w
                    at = ((begun + group) * D + i) * size + (r * N + column) * Z
                    if group == 0 and offset:
                        re, im = _keep(flat, at, re, im)
                    _put(flat, at, re, im)
    for number in range(begun * D, (begun + groups) * D):
        mirror(N, N, flat, number * size)


def slope_sum(c: Real, d: Real, S: tuple[Complex, Complex, Complex], lattice: Real, out: Packed, used: int) -> None:
    """Cartesian derivative of H into ``out (groups, D, ...)``, for the k-points from ``used`` on.

    Parameters
    ----------
    c, d
        ``(points, n_R)``: coefficients of the sum along the line, and their derivative.
    S
        Sums over the other two directions, ``(n_R, N (N + 1) / 2)``: of H, and with R1 and with R2 before it.
    lattice
        ``(3, D)`` lattice vectors.
    """
    S0, S1, S2 = (_numbers(x, out) for x in S)
    _slope_sum(c, d, S0, S1, S2, lattice, used, out, _work(c, out, 2))


def _numbers(S: Complex, out: Packed) -> Real:
    """Real and imaginary parts side by side, in the precision of ``out``."""
    return S.view(np.float64).astype(out.dtype, copy=False)


def _work(c: Real, out: Packed, kinds: int) -> Real:
    """Room for the coefficients of the points."""
    W = out.shape[-1]
    work: Real = scratch("line", (2 + len(c) // W) * c.shape[1] * kinds * W, out.dtype)
    return work
