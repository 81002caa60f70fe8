"""Do spin matrices and overlaps belong together?"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.readers.mmn import Neighbours

__all__ = ["SpinCheck"]

Complex = NDArray[np.complex128]

#: Most bands compared: enough to tell k-points apart, whatever the size of the calculation.
_MOST_BANDS = 16
#: Largest mismatch.  Seven calculations of Pt and Fe on 2 x 2 x 2 to 6 x 6 x 6 meshes have 0.0028 or less at every
#: k-point; with the k-points of their .spn exchanged, rolled, reversed or shuffled, the largest is 0.50 or more.
_MISMATCH = 0.25


class SpinCheck:
    """Compares spin matrices with the overlaps between neighbouring k-points.

    Spin does not act on positions, so that ``sigma(k) M(k, b) = M(k, b) sigma(k + b)`` for
    ``M_mn = <psi_mk| exp(-i b.r) |psi_n,k+b>`` up to the bands left out.  The elements between the lower half of the
    bands, which few bands above the highest one reach, are compared.  A ``.spn`` file of other states, or with its
    k-points in another order, fails.

    Parameters
    ----------
    path
        The ``.spn`` file, for errors.
    num_bands, num_kpoints
        NB and NK.

    Notes
    -----
    Memory: ``3 NK NB min(16, NB / 2)`` complex numbers.
    """

    def __init__(self, path: Path, num_bands: int, num_kpoints: int) -> None:
        self._path = path
        lowest = min(_MOST_BANDS, num_bands, max(2, num_bands // 2))
        self._rows = np.empty((num_kpoints, 3, lowest, num_bands), dtype=np.complex128)

    def keep(self, k: int, sigma: Complex) -> None:
        """Remember the rows needed of ``sigma`` ``(3, NB, NB)`` at k-point ``k``, from 0."""
        self._rows[k] = sigma[:, : self._rows.shape[2]]

    def compare(self, path: Path, block: Neighbours) -> None:
        """Compare with the overlaps of one k-point, once all spin matrices are kept.

        Raises
        ------
        InputError
            If the two do not commute; ``path`` is the ``.mmn`` file for the sentence.
        """
        gap = self.mismatch(block)
        if not gap <= _MISMATCH:
            raise InputError(
                f"{self._path} and {path} do not belong together: at k-point {block.k + 1} the spin matrices do not "
                f"commute with the overlaps (mismatch {gap:.2g} of 0.7 for unrelated states); take both from one "
                f"calculation."
            )

    def mismatch(self, block: Neighbours) -> float:
        """``|sigma M - M sigma| / (|sigma M| + |M sigma|)`` over all neighbours of one k-point; 0 if both vanish."""
        n = self._rows.shape[2]
        with np.errstate(all="ignore"):
            left = self._rows[block.k] @ block.overlaps[:, None, :, :n]
            right = block.overlaps[:, None, :n] @ self._rows[block.partner].conj().swapaxes(-1, -2)
            size = np.linalg.norm(left) + np.linalg.norm(right)
            return float(np.linalg.norm(left - right) / size) if size else 0.0
