"""Eigenpairs of a batch that are verified, because batched solvers have returned wrong ones without a word."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solenoidal.device.backend import Array, Device, host, namespace
from solenoidal.eigen import eigenstates

__all__ = ["TOLERANCE", "Pairs", "eigenpairs"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

#: Frobenius norms of ``H U - U e`` over that of H, and of ``U^+ U - 1``, over the root of N, that count as rounding.
TOLERANCE = 1e-13


class Pairs(NamedTuple):
    """Eigenpairs of a batch.

    ``e``, ``sign``: as :func:`solenoidal.eigen.eigenstates` gives them, here; ``U``: states as columns, there;
    ``repaired``: k-points whose pairs were wrong and come from this machine.
    """

    e: Real
    U: Array
    sign: Real | None
    repaired: int


def eigenpairs(H: Array, device: Device, metric: Complex | None = None, k: Real | None = None) -> Pairs:
    """Diagonalise on the device, verify every pair, and do again here what is wrong; with a metric all of it here.

    Parameters
    ----------
    H
        ``(n_k, N, N)`` on the device, eV.
    device
        Where.
    metric, k
        As for :func:`solenoidal.eigen.eigenstates`.

    Raises
    ------
    UnstableModelError
        With a metric, where H(k) is not positive definite.
    """
    xp = device.xp
    if metric is not None:
        e, U, sign = eigenstates(host(H), metric, k)
        return Pairs(e, xp.asarray(U), sign, 0)
    there, U = device.eigh(H)
    wrong = np.flatnonzero(~host(_right(H, there, U)))
    e = host(there)
    if len(wrong):
        at = xp.asarray(wrong)
        mended, states = np.linalg.eigh(host(H[at]))
        e[wrong] = mended
        U[at] = xp.asarray(states)
    return Pairs(e, U, None, len(wrong))


def _right(H: Array, e: Array, U: Array) -> Array:
    """``(n_k,)`` whether ascending numbers and orthonormal vectors solve ``H U = U e``; NaN is wrong."""
    xp, N = namespace(H), H.shape[1]
    residual = _square(H @ U - U * e[:, None, :])
    overlap = _square(U.conj().swapaxes(1, 2) @ U - xp.asarray(np.eye(N)))
    bound = TOLERANCE**2 * N
    return (residual <= bound * _square(H)) & (overlap <= bound) & (e[:, 1:] >= e[:, :-1]).all(axis=1)


def _square(X: Array) -> Array:
    """Square of the Frobenius norm of every matrix."""
    flat = X.reshape(len(X), -1)
    return (flat.real**2 + flat.imag**2).sum(axis=1)
