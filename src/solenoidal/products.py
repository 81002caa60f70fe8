"""Matrix products that several quantities share, computed once per block.

All are rows n of <n|X^p eta Y^q|m>, ``(n_k, n, p, q, m)``: one tall product per k-point.
"""

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import States
from solenoidal.sums import hermitian_part

__all__ = ["B_s", "row_product", "sG_v", "spin_current"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


def row_product(X: Complex, Y: Complex, sign: Real | None = None) -> Complex:
    """``<n|X^p eta Y^q|m>`` as ``(n_k, n, p, q, m)`` from ``(n_k, n, p, N)`` and ``(n_k, N, q, N)``."""
    n_k, n, P, N = X.shape
    if sign is not None:
        X = X * sign[:, None, None, :]
    Q = Y.shape[2]
    left = np.ascontiguousarray(X).reshape(n_k, n * P, N)
    return np.asarray((left @ Y.reshape(n_k, N, Q * N)).reshape(n_k, n, P, Q, N))


def B_s(states: States) -> Complex:
    """``[B^l s^a]`` in rows, ``(n_k, n, l, a, m)``."""
    if "B_s" not in states.cache:
        states.cache["B_s"] = row_product(states.B[:, : states.rows], states.s, states.sign)
    return states.cache["B_s"]


def sG_v(states: States) -> Complex:
    """``[(s^a / w) v^i]`` in rows, ``(n_k, n, a, i, m)``."""
    if "sG_v" not in states.cache:
        states.cache["sG_v"] = row_product(states.sG[:, : states.rows], states.v, states.sign)
    return states.cache["sG_v"]


def spin_current(states: States) -> Complex:
    """Conventional current ``J^{i,a} = (v^i eta s^a + s^a eta v^i) / 2`` in rows, ``(n_k, n, i, a, m)``."""
    if "J" not in states.cache:
        P = row_product(states.s, states.v, states.sign)  # s^a v^i; v^i s^a is its Hermitian conjugate
        states.cache["J"] = hermitian_part(P, states.rows)
    return states.cache["J"]
