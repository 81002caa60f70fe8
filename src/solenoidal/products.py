"""Matrix products that several quantities share, computed once per block.

Rows n of plain arrays ``(n_k, n, p, q, m)``; those of :mod:`solenoidal.packed` are faster.
"""

import numpy as np
from numpy.typing import NDArray

from solenoidal import packed
from solenoidal.bloch import States
from solenoidal.placement import placed

__all__ = ["row_product", "spin_current"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


@placed
def row_product(X: Complex, Y: Complex, sign: Real | None = None) -> Complex:
    """``<n|X^p eta Y^q|m>`` as ``(n_k, n, p, q, m)`` from ``(n_k, n, p, N)`` and ``(n_k, N, q, N)``."""
    n_k, n, P, N = X.shape
    if sign is not None:
        X = X * sign[:, None, None, :]
    Q = Y.shape[2]
    left = np.ascontiguousarray(X).reshape(n_k, n * P, N)
    return np.asarray((left @ Y.reshape(n_k, N, Q * N)).reshape(n_k, n, P, Q, N))


def spin_current(states: States) -> Complex:
    """Conventional current ``J^{i,a} = (v^i eta s^a + s^a eta v^i) / 2`` in rows, ``(n_k, n, i, a, m)``."""
    if "J" not in states.cache:
        v, s = states.velocity.packed, states.operator.packed
        J = 0.5 * packed.unpack(packed.anticommutator(v, s, states.rows, states.sign, states.first), len(states.e))
        states.cache["J"] = J.reshape(*J.shape[:2], v.shape[1], s.shape[1], J.shape[3])
    return states.cache["J"]
