"""Groups of nearly degenerate levels, kept in one place."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["RESOLVED", "group_levels", "group_means"]

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
    new = np.diff(e, axis=1) > degeneracy
    if sign is not None:
        new |= np.diff(sign, axis=1) != 0
    group = np.zeros(e.shape, dtype=np.int64)
    np.cumsum(new, axis=1, out=group[:, 1:])
    return group


def group_means(x: Real, group: Index) -> Real:
    """Replace every entry of ``x (n_k, N)`` by the mean over its multiplet."""
    n_k, N = x.shape
    if not n_k or (group[:, -1] == N - 1).all():
        return x
    flat = (group + np.arange(n_k)[:, None] * N).ravel()
    total = np.bincount(flat, weights=x.ravel(), minlength=n_k * N)
    count = np.bincount(flat, minlength=n_k * N)
    return np.asarray((total[flat] / count[flat]).reshape(x.shape))
