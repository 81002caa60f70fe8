"""Eigenstates of a block of k-points, for any metric, behind one call."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.eigen.colpa import paraunitary
from solenoidal.eigen.lanes import LANES, LARGEST, eigh_lanes, eigh_packed
from solenoidal.elements import Elements
from solenoidal.packed import Packed, bras

__all__ = ["eigenstates", "packed_eigenstates", "paraunitary"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


def eigenstates(H: Complex, metric: Complex | None = None, k: Real | None = None) -> tuple[Real, Complex, Real | None]:
    """Energies, states and norms of a block.

    Parameters
    ----------
    H
        ``(n_k, N, N)``, eV.
    metric
        ``(N, N)`` or None for 1.
    k
        ``(n_k, D)`` fractional k-points, for error messages.

    Returns
    -------
    e, U, sign
        ``(n_k, N)`` ascending, ``(n_k, N, N)`` states as columns, ``(n_k, N)`` norms +-1 or None where all are 1.

    Raises
    ------
    UnstableModelError
        With a metric, where H(k) is not positive definite.
    """
    if metric is not None:
        return paraunitary(H, metric, k)
    e, U = eigh_lanes(np.ascontiguousarray(H)) if _side_by_side(*H.shape[:2]) else np.linalg.eigh(H)
    return e, U, None


def packed_eigenstates(
    H: Elements, metric: Complex | None = None, k: Real | None = None
) -> tuple[Real, Packed, Real | None]:
    """The same with H in the layout of :mod:`solenoidal.packed`, and the states as :func:`solenoidal.packed.bras`."""
    if metric is None and _side_by_side(H.n_k, H.packed.shape[-3]):
        return *eigh_packed(H.packed, H.n_k), None
    e, U, sign = eigenstates(np.ascontiguousarray(H.plain[:, :, 0]), metric, k)
    return e, bras(U), sign


def _side_by_side(n_k: int, N: int) -> bool:
    return 2 <= N <= LARGEST and n_k >= LANES // 4
