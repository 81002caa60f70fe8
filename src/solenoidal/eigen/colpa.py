"""Para-unitary diagonalisation for any metric, after Colpa."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import UnstableModelError

__all__ = ["paraunitary"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

#: Smallest eigenvalue of H(k), relative to its largest, that still counts as positive.
POSITIVE = 1e-10


def paraunitary(H: Complex, metric: Complex, k: Real | None = None) -> tuple[Real, Complex, Real]:
    """Solve ``eta H |n> = e_n |n>`` with ``<n| eta |m> = eta_n delta_nm`` for positive definite H.

    ``H = K^+ K`` (Cholesky), ``K eta K^+ W = W e``, ``U = eta K^+ W |e|^(-1/2)``.

    Parameters
    ----------
    H
        ``(n_k, N, N)``, eV.
    metric
        ``(N, N)`` Hermitian ``eta`` with ``eta^2 = 1``: diag(1, -1), symplectic, or a direct sum.
    k
        ``(n_k, D)`` fractional k-points, for the error message only.

    Returns
    -------
    e, U, sign
        ``(n_k, N)`` ascending, ``(n_k, N, N)`` columns, ``(n_k, N)`` norms eta_n = +-1.

    Raises
    ------
    UnstableModelError
        Where H(k) is not positive definite; names k and the lowest eigenvalue.

    References
    ----------
    J. H. P. Colpa, Physica A 93, 327 (1978).
    """
    _require_positive(H, k)
    K = np.linalg.cholesky(H).conj().swapaxes(-1, -2)
    e, W = np.linalg.eigh(K @ metric @ K.conj().swapaxes(-1, -2))
    U = metric @ K.conj().swapaxes(-1, -2) @ W / np.sqrt(abs(e))[:, None, :]
    return e, U, np.sign(e)


def _require_positive(H: Complex, k: Real | None) -> None:
    lowest = np.linalg.eigvalsh(H)
    bad = lowest[:, 0] <= POSITIVE * np.maximum(abs(lowest[:, -1]), 1e-300)
    if not bad.any():
        return
    i = int(np.argmin(lowest[:, 0]))
    where = f"block entry {i}" if k is None else "k = (" + ", ".join(f"{x:.6g}" for x in k[i]) + ")"
    raise UnstableModelError(
        f"the bosonic Hamiltonian is not positive definite at {where}, its lowest eigenvalue there is "
        f"{lowest[i, 0]:.6g} eV: the classical state is not the ground state, or a zero mode lies on the mesh "
        f"(shift the mesh, or add an anisotropy or a field)."
    )
