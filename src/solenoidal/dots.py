"""Products of matrices in the layout of :mod:`solenoidal.packed`, as scalar products of rows.

``C_nm = sum_p A_np conj(B_mp)``: both operands are read along their rows, which lie in memory one after the other, and
a Hermitian matrix is its own conjugate transpose, so that nothing need be rearranged.  A tile of C stays in registers;
the rows of B that it takes stay in the nearest cache while those of A pass by.

With many registers a complex product is made of three real ones (Gauss): ``P = Re a Re b``, ``Q = Im a Im b`` and
``S = (Re a + Im a) (Re b - Im b)`` give ``a conj(b) = P + Q + i (S - P + Q)``.  Sums cost less than products, and the
error is as small as ever in parts of ``|a| |b|``.
"""

from typing import Any

from solenoidal.compiled import exact
from solenoidal.simd import WIDTH, Real, fill, load, store, width

__all__ = ["BLOCK", "SIDE", "dots", "mirror"]

#: A vector in compiled code.
Vector = Any

#: Columns of a tile of two rows: AVX-512 has 32 registers, others 16.
SIDE = 3 if WIDTH == 8 else 2
#: Rows and columns whose elements on both sides of the diagonal are handled together.
BLOCK = 8
#: Elements of a row that are multiplied together: five rows of so many stay in the nearest cache.
_PIECE = 64


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
        C is Hermitian once this is done: elements with ``n <= m`` are computed, the others are their conjugates.
    add
        Whether the product is added to C.
    """
    Z = 2 * width(C)
    line, across, pieces = N * Z, columns * Z, (N + _PIECE - 1) // _PIECE
    for m in range(0, columns, SIDE):
        last = min(rows, m + SIDE) if upper else rows
        # Rows and columns that would be too many repeat the last one.
        m1, m2 = min(m + 1, columns - 1), min(m + 2, columns - 1)
        b0, b1, b2 = b + m * line, b + m1 * line, b + m2 * line
        for piece in range(pieces):
            first, end = piece * N // pieces * Z, (piece + 1) * N // pieces * Z
            more = add or piece > 0
            for n in range(0, last, 2):
                n1 = min(n + 1, rows - 1)
                a0, a1, c0, c1 = a + n * line, a + n1 * line, c + n * across, c + n1 * across
                if SIDE == 3:
                    _six(first, end, A, a0, a1, B, b0, b1, b2, C, c0, c1, m * Z, m1 * Z, m2 * Z, more)
                else:
                    _four(first, end, A, a0, a1, B, b0, b1, C, c0, c1, m * Z, m1 * Z, more)
        if upper:
            _reflect(m, min(m + SIDE, rows), last, C, c, across)


@exact
def _put(C: Real, c: int, re: Vector, im: Vector) -> None:
    store(C, c, re)
    store(C, c + width(C), im)


@exact
def _six(
    first: int, end: int, A: Real, a0: int, a1: int, B: Real, b0: int, b1: int, b2: int,
    C: Real, c0: int, c1: int, d0: int, d1: int, d2: int, add: bool,
) -> None:  # fmt: skip
    """Two rows of A with three of B, from ``first`` to ``end`` of each; the elements of C are at ``c + d``."""
    W, zero = width(C), fill(C, 0.0)
    P00, Q00, S00, P01, Q01, S01, P02, Q02, S02 = zero, zero, zero, zero, zero, zero, zero, zero, zero
    P10, Q10, S10, P11, Q11, S11, P12, Q12, S12 = zero, zero, zero, zero, zero, zero, zero, zero, zero
    for p in range(first, end, 2 * W):
        ur, ui = load(B, b0 + p), load(B, b0 + p + W)
        vr, vi = load(B, b1 + p), load(B, b1 + p + W)
        wr, wi = load(B, b2 + p), load(B, b2 + p + W)
        u, v, w = ur - ui, vr - vi, wr - wi
        x, y = load(A, a0 + p), load(A, a0 + p + W)
        z = x + y
        P00, P01, P02 = P00 + x * ur, P01 + x * vr, P02 + x * wr
        Q00, Q01, Q02 = Q00 + y * ui, Q01 + y * vi, Q02 + y * wi
        S00, S01, S02 = S00 + z * u, S01 + z * v, S02 + z * w
        x, y = load(A, a1 + p), load(A, a1 + p + W)
        z = x + y
        P10, P11, P12 = P10 + x * ur, P11 + x * vr, P12 + x * wr
        Q10, Q11, Q12 = Q10 + y * ui, Q11 + y * vi, Q12 + y * wi
        S10, S11, S12 = S10 + z * u, S11 + z * v, S12 + z * w
    r00, r01, r02, r10, r11, r12 = P00 + Q00, P01 + Q01, P02 + Q02, P10 + Q10, P11 + Q11, P12 + Q12
    i00, i01, i02 = S00 - P00 + Q00, S01 - P01 + Q01, S02 - P02 + Q02
    i10, i11, i12 = S10 - P10 + Q10, S11 - P11 + Q11, S12 - P12 + Q12
    if add:
        r00, r01, r02 = r00 + load(C, c0 + d0), r01 + load(C, c0 + d1), r02 + load(C, c0 + d2)
        i00, i01, i02 = i00 + load(C, c0 + d0 + W), i01 + load(C, c0 + d1 + W), i02 + load(C, c0 + d2 + W)
        r10, r11, r12 = r10 + load(C, c1 + d0), r11 + load(C, c1 + d1), r12 + load(C, c1 + d2)
        i10, i11, i12 = i10 + load(C, c1 + d0 + W), i11 + load(C, c1 + d1 + W), i12 + load(C, c1 + d2 + W)
    _put(C, c0 + d0, r00, i00)
    _put(C, c0 + d1, r01, i01)
    _put(C, c0 + d2, r02, i02)
    _put(C, c1 + d0, r10, i10)
    _put(C, c1 + d1, r11, i11)
    _put(C, c1 + d2, r12, i12)


@exact
def _four(
    first: int, end: int, A: Real, a0: int, a1: int, B: Real, b0: int, b1: int,
    C: Real, c0: int, c1: int, d0: int, d1: int, add: bool,
) -> None:  # fmt: skip
    """Two rows of A with two of B, in real products of their parts."""
    W, zero = width(C), fill(C, 0.0)
    r00, i00, r01, i01, r10, i10, r11, i11 = zero, zero, zero, zero, zero, zero, zero, zero
    if add:
        r00, i00, r01, i01 = load(C, c0 + d0), load(C, c0 + d0 + W), load(C, c0 + d1), load(C, c0 + d1 + W)
        r10, i10, r11, i11 = load(C, c1 + d0), load(C, c1 + d0 + W), load(C, c1 + d1), load(C, c1 + d1 + W)
    for p in range(first, end, 2 * W):
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
def _reflect(m: int, columns: int, rows: int, C: Real, c: int, across: int) -> None:
    """Set the elements across the diagonal from those in the columns from m on."""
    W = width(C)
    Z = 2 * W
    for q in range(m, columns):
        for n in range(min(q, rows)):
            z = c + n * across + q * Z
            _put(C, c + q * across + n * Z, load(C, z), fill(C, 0.0) - load(C, z + W))
        store(C, c + q * across + q * Z + W, fill(C, 0.0))


@exact
def mirror(N: int, rows: int, X: Real, at: int) -> None:
    """Complete the lower triangle of the first ``rows`` rows of a Hermitian matrix from its upper one."""
    W = width(X)
    Z = 2 * W
    for first in range(0, rows, BLOCK):
        for left in range(0, first + 1, BLOCK):
            for r in range(first, min(first + BLOCK, rows)):
                for c in range(left, min(left + BLOCK, r)):
                    z, y = at + (r * N + c) * Z, at + (c * N + r) * Z
                    _put(X, z, load(X, y), fill(X, 0.0) - load(X, y + W))
    for r in range(rows):
        store(X, at + (r * N + r) * Z + W, fill(X, 0.0))
