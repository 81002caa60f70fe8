"""Groups of nearly degenerate levels, kept in one place."""

import math

import numpy as np
from numpy.typing import NDArray

from solenoidal.compiled import jit

__all__ = ["RESOLVED", "divisible", "group_levels", "group_means"]

Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Levels closer than this (eV) are equal to rounding; the smallest energy that makes a multiplet.
RESOLVED = 1e-6


def group_levels(e: Real, degeneracy: float, sign: Real | None = None) -> Index:
    """Number the multiplets of every k-point: chains of levels whose neighbours are closer than ``degeneracy``.

    Parameters
    ----------
    e
        ``(n_k, N)`` ascending energies, eV.
    degeneracy
        eV; 0 leaves only levels equal to the last digit together.
    sign
        ``(n_k, N)`` norms; levels of opposite norm never share a multiplet.

    Returns
    -------
    ndarray
        ``(n_k, N)`` group number of each level, ascending along the levels, starting at 0.
    """
    group = np.zeros(e.shape, dtype=np.int64)
    _group_levels(e, degeneracy, np.ones((1, e.shape[1])) if sign is None else sign, group)
    return group


def divisible(e: Real, group: Index, degeneracy: float) -> NDArray[np.bool_]:
    """``(n_k,)``: whether a multiplet has neighbours further apart than a smaller ``degeneracy`` (eV)."""
    out = np.zeros(len(e), dtype=np.bool_)
    _divisible(np.ascontiguousarray(e), np.ascontiguousarray(group), degeneracy, out)
    return out


def group_means(x: Real, group: Index) -> Real:
    """Replace every entry of ``x (n_k, N, ...)`` by the mean over its multiplet."""
    out = np.empty(x.shape)
    shape = (*group.shape, math.prod(x.shape[2:]))
    _group_means(np.ascontiguousarray(x).reshape(shape), group, out.reshape(shape))
    return out


@jit
def _group_levels(e: Real, degeneracy: float, sign: Real, group: Index) -> None:
    n_k, N = e.shape
    for k in range(n_k):
        eta = sign[min(k, len(sign) - 1)]
        for n in range(1, N):
            new = e[k, n] - e[k, n - 1] > degeneracy or eta[n] != eta[n - 1]
            group[k, n] = group[k, n - 1] + (1 if new else 0)


@jit
def _divisible(e: Real, group: Index, degeneracy: float, out: NDArray[np.bool_]) -> None:
    for k in range(len(e)):
        for n in range(1, e.shape[1]):
            if group[k, n] == group[k, n - 1] and e[k, n] - e[k, n - 1] > degeneracy:
                out[k] = True


@jit
def _group_means(x: Real, group: Index, out: Real) -> None:
    n_k, N, columns = x.shape
    for k in range(n_k):
        first = 0
        while first < N:
            last = first + 1
            while last < N and group[k, last] == group[k, first]:
                last += 1
            for c in range(columns):
                total = 0.0
                for n in range(first, last):
                    total += x[k, n, c]
                for n in range(first, last):
                    out[k, n, c] = total / (last - first)
            first = last
