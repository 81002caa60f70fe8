"""Tensors that are antisymmetric in current and field direction, from the elements that were computed."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from solenoidal.compiled import jit

__all__ = ["antisymmetric", "antisymmetrised"]

Real = NDArray[np.float64]
Index = NDArray[np.int64]


def antisymmetric(X: Real) -> Real:
    """``(n_k, n, D, D, n_s)``, [i, l, a], from its elements with i < l in ``X (n_k, n, D - 1, n_s, D)``, [i, a, l]."""
    n_k, n, _, n_s, D = X.shape
    out = np.zeros((n_k, n, D, D, n_s))
    _antisymmetric(X, out)
    return out


def antisymmetrised(X: Real, Y: Real, pairs: Sequence[tuple[int, int]]) -> Real:
    """``(n_k, n, D, D, n_s)``: elements [i, l, a] of ``Z^a_il - Z^a_li``, where Z is X less Y.

    Parameters
    ----------
    X
        ``(n_k, n, n_s, D, D)``, [a, i, l].
    Y
        ``(n_k, n, n_s, n_pairs)``: its elements (l, i) that are not zero, in the order of ``pairs``.
    """
    out = np.empty((*X.shape[:2], *X.shape[3:], X.shape[2]))
    _antisymmetrised(X, Y, np.array(pairs, dtype=np.int64).reshape(-1, 2), out)
    return out


@jit
def _antisymmetric(X: Real, out: Real) -> None:
    n_k, n, first, n_s, D = X.shape
    for k in range(n_k):
        for row in range(n):
            for i in range(first):
                for l in range(i + 1, D):
                    for a in range(n_s):
                        out[k, row, i, l, a] = X[k, row, i, a, l]
                        out[k, row, l, i, a] = -X[k, row, i, a, l]


@jit
def _antisymmetrised(X: Real, Y: Real, pairs: Index, out: Real) -> None:
    n_k, n, n_s, D, _ = X.shape
    for k in range(n_k):
        for row in range(n):
            for a in range(n_s):
                for i in range(D):
                    for l in range(D):
                        out[k, row, i, l, a] = X[k, row, a, i, l] - X[k, row, a, l, i]
                for p in range(len(pairs)):
                    l, i = pairs[p]
                    out[k, row, i, l, a] -= Y[k, row, a, p]
                    out[k, row, l, i, a] += Y[k, row, a, p]
