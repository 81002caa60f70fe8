"""Widths of levels over the cell of a mesh point.

Where two levels nearly touch, a quantity has large opposite parts ~ 1 / (e_n - e_m)^2 in them, which cancel once both
are filled.  Spread with widths of their own they would be filled at different rates, and a single k-point would
outweigh the mesh.  Levels that the cell mixes, ``sum_j |v_nm . b_j| > MIXING (e_m - e_n)``, are therefore spread with
the same widths, about their own energies: the root mean square slope of the energies of v.q among them.  Between
multiplets the coupling is the Frobenius norm over both, in parts of the root of the smaller number of levels.
"""

import numpy as np
from numpy.typing import NDArray

from solenoidal.compiled import exact
from solenoidal.packed import Packed

__all__ = ["MIXING", "cell_widths", "mixing", "reach"]

Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Neighbouring levels whose coupling across the cell exceeds this many times their distance share their widths.
MIXING = 5.0


def cell_widths(e: Real, group: Index, v: Packed, cell: Real, sign: Real | None = None) -> Real:
    """``(n_k, N, D)`` widths of every level over the mesh cell, eV.

    Parameters
    ----------
    e
        ``(n_k, N)`` energies, eV.
    group
        ``(n_k, N)`` multiplets, which share their widths.
    v
        ``(n_k, N, D, N)`` velocities in the layout of :mod:`solenoidal.packed`, eV Angstrom.
    cell
        ``(D, D)`` edges of the cell as rows, 1/Angstrom.
    sign
        ``(n_k, N)`` norms; levels of opposite norm share nothing.
    """
    out = np.empty((*e.shape, len(cell)))
    _cell_widths(e, group, np.ones_like(e) if sign is None else sign, v, np.ascontiguousarray(cell), out)
    return out


def mixing(e: Real, group: Index, v: Packed, cell: Real, widths: Real, window: tuple[float, float]) -> Real:
    """``(n_k,)``: largest ``sum_j |v_nm . b_j| / (e_m - e_n)`` of neighbouring levels that reach into a window.

    Parameters
    ----------
    e, group, v, cell
        As for :func:`cell_widths`.
    widths
        From there.
    window
        eV.
    """
    out = np.zeros(len(e))
    _mixing(e, group, v, np.ascontiguousarray(cell), 0.5 * widths.sum(axis=2), window[0], window[1], out)
    return out


def reach(e: Real, widths: Real | None, around: Real | None) -> tuple[Real, Real]:
    """``(n_k, N)`` lowest and highest energy (eV) of every level near the k-points of a block.

    Parameters
    ----------
    e
        ``(n_k, N)`` energies, eV.
    widths
        ``(n_k, N, D)`` over the cells of the points, or None for sharp levels.
    around
        ``(n_k, N, M)`` energies at neighbours, or None where they do not matter.
    """
    low, high, nothing = np.empty(e.shape), np.empty(e.shape), np.empty((*e.shape, 0))
    _reach(e, nothing if widths is None else widths, nothing if around is None else around, low, high)
    return low, high


@exact
def _reach(e: Real, widths: Real, around: Real, low: Real, high: Real) -> None:
    for k in range(e.shape[0]):
        for n in range(e.shape[1]):
            half = 0.0
            for j in range(widths.shape[2]):
                half += 0.5 * widths[k, n, j]
            low[k, n], high[k, n] = e[k, n] - half, e[k, n] + half
            for j in range(around.shape[2]):
                low[k, n], high[k, n] = min(low[k, n], around[k, n, j]), max(high[k, n], around[k, n, j])


@exact
def _mixing(e: Real, group: Index, v: Packed, cell: Real, half: Real, low: float, high: float, out: Real) -> None:
    n_k, N = e.shape
    for k in range(n_k):
        first, middle = 0, _end(group, k, 0)
        while middle < N:
            last = _end(group, k, middle)
            if e[k, middle - 1] - half[k, middle - 1] <= high and e[k, middle] + half[k, middle] >= low:
                coupling = _coupling(v, k, first, middle, last, cell)
                out[k] = max(out[k], coupling / (e[k, middle] - e[k, middle - 1]))
            first, middle = middle, last


@exact
def _cell_widths(e: Real, group: Index, sign: Real, v: Packed, cell: Real, out: Real) -> None:
    n_k, N = e.shape
    for k in range(n_k):
        start, first, middle = 0, 0, _end(group, k, 0)
        while start < N:
            # Join multiplets as long as they mix with the one before.
            while middle < N and sign[k, middle] == sign[k, start]:
                last = _end(group, k, middle)
                if not _coupling(v, k, first, middle, last, cell) > MIXING * (e[k, middle] - e[k, middle - 1]):
                    break
                first, middle = middle, last
            for j in range(len(cell)):
                total = _slopes(v, k, start, middle, start, middle, cell, j)
                for n in range(start, middle):
                    out[k, n, j] = np.sqrt(total / (middle - start))
            start = first = middle
            if middle < N:
                middle = _end(group, k, middle)


@exact
def _end(group: Index, k: int, first: int) -> int:
    """Level after the multiplet that begins with a level."""
    last = first + 1
    while last < group.shape[1] and group[k, last] == group[k, first]:
        last += 1
    return last


@exact
def _coupling(v: Packed, k: int, first: int, middle: int, last: int, cell: Real) -> float:
    """Coupling across the cell of two multiplets that follow each other, whatever their basis."""
    size = min(middle - first, last - middle)
    total = 0.0
    for j in range(len(cell)):
        total += np.sqrt(_slopes(v, k, first, middle, middle, last, cell, j) / size)
    return total


@exact
def _slopes(v: Packed, k: int, first: int, last: int, begin: int, end: int, cell: Real, j: int) -> float:
    """Sum of ``|v_nm . b_j|^2`` over two ranges of levels."""
    g, lane = k // v.shape[5], k % v.shape[5]
    total = 0.0
    for n in range(first, last):
        for m in range(begin, end):
            re = 0.0
            im = 0.0
            for i in range(len(cell)):
                re += cell[j, i] * v[g, i, n, m, 0, lane]
                im += cell[j, i] * v[g, i, n, m, 1, lane]
            total += re * re + im * im
    return total
