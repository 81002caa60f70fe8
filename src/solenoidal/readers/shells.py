"""Weights of the finite-difference vectors b of a mesh.

``sum_b w_b b_i b_j = delta_ij`` with one weight per shell |b|: Marzari and Vanderbilt, Phys. Rev. B 56, 12847 (1997),
Eq. (B1); the shells of Mostofi et al., Comput. Phys. Commun. 178, 685 (2008).
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError

__all__ = ["Shells"]

Real = NDArray[np.float64]

#: Lengths closer than this belong to one shell, 1/Angstrom: room for k-points of six digits.
_SAME_LENGTH = 1e-5
#: Largest residual of the completeness relation; vectors of another mesh leave one of order 1.
_RESIDUAL = 1e-4
#: Largest difference between the vectors of two k-points, relative to their length.
_SAME_VECTOR = 1e-4


class Shells:
    """The vectors b of a mesh and their weights.

    Parameters
    ----------
    path
        The file they come from, for errors.
    b
        ``(NN, 3)`` vectors of one k-point, Cartesian, 1/Angstrom.

    Raises
    ------
    InputError
        If no weights fulfil the completeness relation.
    """

    def __init__(self, path: Path, b: Real) -> None:
        self._path = path
        self._b = b
        self._weights = self._solve(b)

    def weights(self, b: Real, k: int) -> Real:
        """Weights ``(NN,)``, Angstrom^2, of the vectors ``b`` of k-point ``k``, which may come in another order.

        Raises
        ------
        InputError
            If these are not the vectors of the first k-point.
        """
        distance = np.linalg.norm(b[:, None] - self._b[None], axis=-1)
        match = distance.argmin(axis=1)
        far = distance.min(axis=1) > _SAME_VECTOR * np.linalg.norm(self._b, axis=1).max()
        if far.any() or len(set(match.tolist())) != len(b):
            raise InputError(
                f"{self._path}: the neighbours of k-point {k + 1} are not those of the first k-point of the file; the "
                f"k-points of the checkpoint and of this file differ, or the file is damaged: "
                f"take both from one calculation."
            )
        return np.asarray(self._weights[match])

    def _solve(self, b: Real) -> Real:
        length = np.linalg.norm(b, axis=1)
        order = np.argsort(length)
        shell = np.empty(len(b), dtype=np.int64)
        shell[order] = np.cumsum(np.diff(length[order], prepend=length[order[:1]]) > _SAME_LENGTH)
        moments = np.zeros((6, int(shell.max()) + 1))
        i, j = np.triu_indices(3)
        np.add.at(moments.T, shell, b[:, i] * b[:, j])
        target = (i == j).astype(np.float64)
        w = np.linalg.lstsq(moments, target, rcond=1e-10)[0]
        residual = max(abs(moments @ w - target).max(), abs(w[shell] @ b).max())
        if not residual < _RESIDUAL:
            raise InputError(
                f"{self._path}: the neighbours k + b do not form complete shells (sum of w b b differs from 1 by "
                f"{residual:.2g}); the k-points of the checkpoint and of this file differ, or the file is damaged: "
                f"take both from one calculation."
            )
        return np.asarray(w[shell])
