"""Products of matrices in the layout of :mod:`solenoidal.packed`, as scalar products of rows.

``C_nm = sum_p A_np conj(B_mp)``: both operands are read along their rows, which lie in memory one after the other, and
a Hermitian matrix is its own conjugate transpose, so that nothing need be rearranged.  A tile of C stays in registers;
the rows of B that it takes stay in the nearest cache while those of A pass by.
"""

from typing import Any

from solenoidal.compiled import exact
from solenoidal.simd import WIDTH, Real, fill, load, store, width

__all__ = ["SIDE", "dots", "mirror"]

#: A vector in compiled code.
Vector = Any

#: Rows and columns of a tile: AVX-512 has 32 registers, others 16.
SIDE = 3 if WIDTH == 8 else 2
#: Rows and columns that are mirrored together.
_MIRROR = 8


@exact
def dots(
    N: int, rows: int, columns: int, A: Real, a: int, B: Real, b: int, C: Real, c: int, upper: bool, add: bool
) -> None:
    """``C_nm = sum_p A_np conj(B_mp)`` of rows of N elements that begin at a and b, into C from c on.

    Parameters
    ----------
    rows, columns
        How many rows of A and B there are.
    upper
        Only elements with ``n <= m`` are wanted; some of the others are computed too.
    add
        Whether the product is added to C.
    """
    Z = 2 * width(C)
    line, across = N * Z, columns * Z
    for m in range(0, columns, SIDE):
        last = min(rows, m + SIDE) if upper else rows
        # Rows and columns that would be too many repeat the last one.
        m1, m2 = min(m + 1, columns - 1), min(m + 2, columns - 1)
        for n in range(0, last, SIDE):
            n1, n2 = min(n + 1, rows - 1), min(n + 2, rows - 1)
            if SIDE == 3:
                _three(
                    N, A, a + n * line, a + n1 * line, a + n2 * line, B, b + m * line, b + m1 * line, b + m2 * line,
                    C, c + n * across, c + n1 * across, c + n2 * across, m * Z, m1 * Z, m2 * Z, add,
                )  # fmt: skip
            else:
                _two(
                    N, A, a + n * line, a + n1 * line, B, b + m * line, b + m1 * line,
                    C, c + n * across, c + n1 * across, m * Z, m1 * Z, add,
                )  # fmt: skip


@exact
def _put(C: Real, c: int, re: Vector, im: Vector) -> None:
    store(C, c, re)
    store(C, c + width(C), im)


@exact
def _three(
    N: int, A: Real, a0: int, a1: int, a2: int, B: Real, b0: int, b1: int, b2: int,
    C: Real, c0: int, c1: int, c2: int, d0: int, d1: int, d2: int, add: bool,
) -> None:  # fmt: skip
    """Three rows of A with three of B; the elements of C are at ``c + d``."""
    W, zero = width(C), fill(C, 0.0)
    Z = 2 * W
    r00, i00, r01, i01, r02, i02 = zero, zero, zero, zero, zero, zero
    r10, i10, r11, i11, r12, i12 = zero, zero, zero, zero, zero, zero
    r20, i20, r21, i21, r22, i22 = zero, zero, zero, zero, zero, zero
    if add:
        r00, i00, r01, i01 = load(C, c0 + d0), load(C, c0 + d0 + W), load(C, c0 + d1), load(C, c0 + d1 + W)
        r10, i10, r11, i11 = load(C, c1 + d0), load(C, c1 + d0 + W), load(C, c1 + d1), load(C, c1 + d1 + W)
        r20, i20, r21, i21 = load(C, c2 + d0), load(C, c2 + d0 + W), load(C, c2 + d1), load(C, c2 + d1 + W)
        r02, i02, r12, i12 = load(C, c0 + d2), load(C, c0 + d2 + W), load(C, c1 + d2), load(C, c1 + d2 + W)
        r22, i22 = load(C, c2 + d2), load(C, c2 + d2 + W)
    for p in range(0, N * Z, Z):
        ur, ui, vr, vi = load(B, b0 + p), load(B, b0 + p + W), load(B, b1 + p), load(B, b1 + p + W)
        wr, wi = load(B, b2 + p), load(B, b2 + p + W)
        x, y = load(A, a0 + p), load(A, a0 + p + W)
        r00, i00, r01, i01, r02, i02 = (
            r00 + x * ur,
            i00 + y * ur,
            r01 + x * vr,
            i01 + y * vr,
            r02 + x * wr,
            i02 + y * wr,
        )
        r00, i00, r01, i01, r02, i02 = (
            r00 + y * ui,
            i00 - x * ui,
            r01 + y * vi,
            i01 - x * vi,
            r02 + y * wi,
            i02 - x * wi,
        )
        x, y = load(A, a1 + p), load(A, a1 + p + W)
        r10, i10, r11, i11, r12, i12 = (
            r10 + x * ur,
            i10 + y * ur,
            r11 + x * vr,
            i11 + y * vr,
            r12 + x * wr,
            i12 + y * wr,
        )
        r10, i10, r11, i11, r12, i12 = (
            r10 + y * ui,
            i10 - x * ui,
            r11 + y * vi,
            i11 - x * vi,
            r12 + y * wi,
            i12 - x * wi,
        )
        x, y = load(A, a2 + p), load(A, a2 + p + W)
        r20, i20, r21, i21, r22, i22 = (
            r20 + x * ur,
            i20 + y * ur,
            r21 + x * vr,
            i21 + y * vr,
            r22 + x * wr,
            i22 + y * wr,
        )
        r20, i20, r21, i21, r22, i22 = (
            r20 + y * ui,
            i20 - x * ui,
            r21 + y * vi,
            i21 - x * vi,
            r22 + y * wi,
            i22 - x * wi,
        )
    _put(C, c0 + d0, r00, i00)
    _put(C, c0 + d1, r01, i01)
    _put(C, c0 + d2, r02, i02)
    _put(C, c1 + d0, r10, i10)
    _put(C, c1 + d1, r11, i11)
    _put(C, c1 + d2, r12, i12)
    _put(C, c2 + d0, r20, i20)
    _put(C, c2 + d1, r21, i21)
    _put(C, c2 + d2, r22, i22)


@exact
def _two(
    N: int, A: Real, a0: int, a1: int, B: Real, b0: int, b1: int, C: Real, c0: int, c1: int, d0: int, d1: int, add: bool
) -> None:
    """Two rows of A with two of B."""
    W, zero = width(C), fill(C, 0.0)
    Z = 2 * W
    r00, i00, r01, i01, r10, i10, r11, i11 = zero, zero, zero, zero, zero, zero, zero, zero
    if add:
        r00, i00, r01, i01 = load(C, c0 + d0), load(C, c0 + d0 + W), load(C, c0 + d1), load(C, c0 + d1 + W)
        r10, i10, r11, i11 = load(C, c1 + d0), load(C, c1 + d0 + W), load(C, c1 + d1), load(C, c1 + d1 + W)
    for p in range(0, N * Z, Z):
        ur, ui, vr, vi = load(B, b0 + p), load(B, b0 + p + W), load(B, b1 + p), load(B, b1 + p + W)
        x, y = load(A, a0 + p), load(A, a0 + p + W)
        r00, i00, r01, i01 = r00 + x * ur, i00 + y * ur, r01 + x * vr, i01 + y * vr
        r00, i00, r01, i01 = r00 + y * ui, i00 - x * ui, r01 + y * vi, i01 - x * vi
        x, y = load(A, a1 + p), load(A, a1 + p + W)
        r10, i10, r11, i11 = r10 + x * ur, i10 + y * ur, r11 + x * vr, i11 + y * vr
        r10, i10, r11, i11 = r10 + y * ui, i10 - x * ui, r11 + y * vi, i11 - x * vi
    _put(C, c0 + d0, r00, i00)
    _put(C, c0 + d1, r01, i01)
    _put(C, c1 + d0, r10, i10)
    _put(C, c1 + d1, r11, i11)


@exact
def mirror(N: int, rows: int, X: Real, at: int) -> None:
    """Complete the lower triangle of the first ``rows`` rows of a Hermitian matrix from its upper one."""
    W = width(X)
    Z = 2 * W
    for first in range(0, rows, _MIRROR):
        for left in range(0, first + 1, _MIRROR):
            for r in range(first, min(first + _MIRROR, rows)):
                for c in range(left, min(left + _MIRROR, r)):
                    z, y = at + (r * N + c) * Z, at + (c * N + r) * Z
                    _put(X, z, load(X, y), fill(X, 0.0) - load(X, y + W))
    for r in range(rows):
        store(X, at + (r * N + r) * Z + W, fill(X, 0.0))
