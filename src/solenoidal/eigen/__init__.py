"""Eigenstates of a block of k-points, for any metric, behind one call."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.eigen.colpa import paraunitary

__all__ = ["eigenstates", "paraunitary"]

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
    from solenoidal.eigen.lanes import LANES, LARGEST, eigh_lanes

    if 2 <= H.shape[-1] <= LARGEST and len(H) >= LANES // 4:
        return *eigh_lanes(np.ascontiguousarray(H)), None
    e, U = np.linalg.eigh(H)
    return e, U, None
