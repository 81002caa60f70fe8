"""Curvature of the basis, ``F_il = d_i A_l - d_l A_i - i (A_i eta A_l - A_l eta A_i)``.

It vanishes in a complete basis; in a Wannier basis it is the part of the Berry curvature that the subspace itself has
(Wang, Yates, Souza, Vanderbilt, Phys. Rev. B 74, 195118 (2006)).
"""

import itertools

import numpy as np
from numpy.typing import NDArray

from solenoidal import packed
from solenoidal.elements import Elements
from solenoidal.packed import Packed

__all__ = ["basis_curvature", "position_curl"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


def position_curl(A: Complex, path: Real) -> Complex:
    """``d_i A_l - d_l A_i`` for i < l in real space, ``(n_R, D (D - 1) / 2, N, N)``, Angstrom^2.

    Parameters
    ----------
    A
        ``(n_R, D, N, N)`` position matrix, Angstrom.
    path
        ``(n_R, D)`` Cartesian R, Angstrom.
    """
    out = np.zeros((len(A), 0, *A.shape[2:]), dtype=np.complex128)
    for i, l in itertools.combinations(range(A.shape[1]), 2):
        curl = 1j * (path[:, i, None, None] * A[:, l] - path[:, l, None, None] * A[:, i])
        out = np.concatenate([out, curl[:, None]], axis=1)
    return out


def basis_curvature(curl: Elements, A: Elements, bras: Packed, metric: Complex | None = None) -> Real:
    """``<n|F_il|n>`` for i < l, ``(n_k, N, D (D - 1) / 2)``, Angstrom^2.

    Parameters
    ----------
    curl
        ``d_i A_l - d_l A_i`` for i < l, Angstrom^2.
    A
        Position matrices, Angstrom.
    bras
        Conjugate states as rows, see :func:`solenoidal.packed.rotate`.
    metric
        ``(N, N)`` or None for 1.
    """
    D = A.packed.shape[1]
    AU = packed.row_product(bras, A.packed, None, [(0, i) for i in range(D)])
    if metric is not None:
        eta = packed.pack(np.repeat(metric[None, :, None], AU.shape[0] * AU.shape[-1], axis=0))
        right = packed.row_product(AU, eta, None, [(i, 0) for i in range(D)])
    else:
        right = AU
    AA = packed.imag_sum(AU, right, A.n_k)  # Im <n|A_i eta A_l|n>
    out = packed.expectation(curl.packed, bras, A.n_k)
    for p, (i, l) in enumerate(itertools.combinations(range(D), 2)):
        out[:, :, p] += 2.0 * AA[:, :, i, l]
    return out
