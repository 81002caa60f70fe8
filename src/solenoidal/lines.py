"""Fourier sums along lines of k-points, with one k-point per vector entry.

Sums over R and -R are taken together: ``sum_R exp(i phi R) S_R = S_0 + sum_{R > 0} cos(phi R) C_R + sin(phi R) D_R``
with ``C = S_R + S_-R`` and ``D = i (S_R - S_-R)``, half the work of the complex sum.  The matrices are Hermitian: only
the elements on and above the diagonal are summed, row after row.

A block of points takes points of several lines: all its matrices are made by one compiled call.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solenoidal.compiled import exact
from solenoidal.dots import mirror
from solenoidal.packed import Packed, Vector
from solenoidal.simd import Real, fill, load, scratch, store, times, width

__all__ = ["LineSums", "Rule", "line_sum", "line_sums"]

Complex = NDArray[np.complex128]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class Rule:
    """How points of a line are summed.

    Attributes
    ----------
    values, slopes
        ``(points, n_R)``: 1, cosines and sines, and their derivatives.
    lattice
        ``(3, D)`` lattice vectors.
    """

    values: Real
    slopes: Real
    lattice: Real


@dataclass(frozen=True)
class LineSums:
    """Sums over the other two directions for some lines, ``(lines, n_R, P N (N + 1))``.

    Real and imaginary parts stand side by side.

    Attributes
    ----------
    H
        In double precision.
    around
        Of H, and with R1 and with R2 before it, for the derivatives of H.
    X
        Of other operators.
    """

    H: Real
    around: tuple[Real, Real, Real]
    X: tuple[Real, ...]


@exact
def _coefficients(c: Real, points: Index, used: int, groups: int, out: Real, step: int) -> None:
    """Coefficients of points in the entries from ``used`` on, 0 in the others, ``step`` doubles apart."""
    n_R, W = c.shape[1], width(out)
    for z in range(0, groups * n_R * step, step):
        store(out, z, fill(out, 0.0))
    for k in range(len(points)):
        group, x = divmod(used % W + k, W)
        for R in range(n_R):
            out[(group * n_R + R) * step + x] = c[points[k], R]


@exact
def _keep(out: Real, z: int, re: Vector, im: Vector) -> tuple[Vector, Vector]:
    """Sums that leave the other entries as they are."""
    return re + load(out, z), im + load(out, z + width(out))


@exact
def _put(out: Real, z: int, re: Vector, im: Vector) -> None:
    store(out, z, re)
    store(out, z + width(out), im)


@exact
def _line_sum(c: Real, points: Index, S: Real, used: int, out: Packed, work: Real) -> None:
    """``sum_R c[k, R] S[R]`` into the matrices of ``out``, for the k-points from ``used`` on."""
    flat, real, W = out.reshape(-1), S, width(out)
    P, N, n_R = out.shape[1], out.shape[2], len(S)
    Z = 2 * W
    begun, groups = used // W, (used % W + len(points) + W - 1) // W
    size = N * N * Z
    _coefficients(c, points, used, groups, work, W)
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
    _line_sum(c, np.arange(len(c)), S.view(np.float64), used, out, _work(len(c), c, out))


@exact
def _slope_sum(
    c: Real,
    d: Real,
    points: Index,
    S: Real,
    S1: Real,
    S2: Real,
    lattice: Real,
    used: int,
    out: Packed,
    work: Real,
) -> None:
    """Cartesian derivative of H, likewise."""
    flat, s, s1, s2 = out.reshape(-1), S, S1, S2
    W, D, N, n_R = width(out), out.shape[1], out.shape[2], len(S)
    Z = 2 * W
    begun, groups = used // W, (used % W + len(points) + W - 1) // W
    size, offset = N * N * Z, used % W > 0
    _coefficients(c, points, used, groups, work, Z)
    _coefficients(d, points, used, groups, work[W:], Z)
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


@exact
def _line_sums(
    line: Index,
    points: Index,
    values: Real,
    slopes: Real,
    lattice: Real,
    H: Real,
    around: tuple[Real, Real, Real],
    X: tuple[Real, ...],
    used: int,
    H_out: Packed,
    dH_out: Packed,
    X_out: tuple[Packed, ...],
    works: tuple[Real, Real],
) -> None:
    S, S1, S2 = around
    first = 0
    while first < len(line):
        j, last = line[first], first + 1
        while last < len(line) and line[last] == j:
            last += 1
        some, at = points[first:last], used + first
        _line_sum(values, some, H[j], at, H_out, works[0])
        _slope_sum(values, slopes, some, S[j], S1[j], S2[j], lattice, at, dH_out, works[1])
        for x in range(len(X)):
            _line_sum(values, some, X[x][j], at, X_out[x], works[1])
        first = last


def line_sums(
    rule: Rule, sums: LineSums, line: Index, points: Index, H: Packed, dH: Packed, X: tuple[Packed, ...], used: int
) -> None:
    """Matrices at some points of lines into the k-points from ``used`` on of packed matrices.

    Parameters
    ----------
    line, points
        ``(n,)``: which line and which point of it.
    H, dH, X
        ``(groups, P, N, N, 2, width)``; all but H have one precision.
    """
    works = _work(len(line), rule.values, H), _work(len(line), rule.values, dH)
    _line_sums(
        line,
        points,
        rule.values,
        rule.slopes,
        rule.lattice,
        sums.H,
        sums.around,
        sums.X,
        used,
        H,
        dH,
        X,
        works,
    )


def _work(points: int, c: Real, out: Packed) -> Real:
    """Room for the coefficients of so many points and for those of their derivatives."""
    W = out.shape[-1]
    work: Real = scratch("line", (2 + points // W) * c.shape[1] * 2 * W, out.dtype)
    return work
