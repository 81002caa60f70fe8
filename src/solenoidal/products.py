"""Matrix products that several quantities share, computed once per block.

Those in the layout of :mod:`solenoidal.packed` are in rows n; :func:`row_product` is for quantities that want plain
arrays.
"""

import numpy as np
from numpy.typing import NDArray

from solenoidal import packed
from solenoidal.bloch import States
from solenoidal.packed import Packed

__all__ = ["packed_current", "row_product", "spin_current"]

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


def packed_current(states: States) -> Packed:
    """Twice the conventional current, ``2 J^{i,a} = v^i eta s^a + s^a eta v^i``, in rows: products p = (i, a)."""
    if "2J" not in states.cache:
        v, s = states.velocity.packed, states.operator.packed
        states.cache["2J"] = packed.anticommutator(v, s, states.rows, states.sign)
    return states.cache["2J"]


def spin_current(states: States) -> Complex:
    """Conventional current ``J^{i,a} = (v^i eta s^a + s^a eta v^i) / 2`` in rows, ``(n_k, n, i, a, m)``."""
    n_k, n, D = len(states.e), states.rows, states.velocity.packed.shape[1]
    return 0.5 * packed.unpack(packed_current(states), n_k).reshape(n_k, n, D, -1, states.e.shape[1])
