"""``.eig``: Bloch energies, one line ``band k energy`` each, the band fastest."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.readers.text import TextFile

__all__ = ["read_eig", "unsorted_note"]

#: Energies closer than this, eV, may stand in either order: solvers leave them so.
_SAME_ENERGY = 1e-3


def read_eig(path: Path, num_bands: int, num_kpoints: int) -> NDArray[np.float64]:
    """Read the Bloch energies.

    Parameters
    ----------
    path
        The ``.eig`` file, plain or compressed.
    num_bands, num_kpoints
        NB and NK of the calculation, from the checkpoint.

    Returns
    -------
    NDArray
        ``(NK, NB)``, eV.

    Raises
    ------
    InputError
        If a line is missing, doubled, out of order, cut or not finite.
    """
    with TextFile(path) as file:
        rows = []
        for k in range(1, num_kpoints + 1):
            block = file.rows(num_bands, 3, f"the energies of k-point {k} of {num_kpoints}")
            _check_order(file, block, k, num_bands)
            rows.append(block[:, 2])
        file.finish()
    return np.array(rows)


def unsorted_note(path: Path, E: NDArray[np.float64]) -> str | None:
    """Remark on energies ``E`` ``(NK, NB)``, eV, that do not ascend with the band at some k-point, else None.

    The interfaces write them in ascending order and Wannier90 accepts any, so that this is no error: the model is
    right if ``.mmn`` and ``.spn`` have the bands in the same order.
    """
    k = np.flatnonzero((np.diff(E, axis=1) < -_SAME_ENERGY).any(axis=1))
    if not k.size:
        return None
    return (
        f"The energies of k-point {k[0] + 1} in {path.name} are not in ascending order (as those of {k.size} of "
        f"{len(E)} k-points); check that the bands of the other files have the same order."
    )


def _check_order(file: TextFile, block: NDArray[np.float64], k: int, num_bands: int) -> None:
    want = np.stack([np.arange(1.0, num_bands + 1), np.full(num_bands, float(k))], axis=1)
    wrong = np.flatnonzero((block[:, :2] != want).any(axis=1))
    if wrong.size:
        i = int(wrong[0])
        raise InputError(
            f"{file.path}: line {file.number - num_bands + i + 1}: band {i + 1} of k-point {k} should stand here, "
            f"found band {block[i, 0]:g} of k-point {block[i, 1]:g}; the checkpoint has {num_bands} bands, "
            f"take both files from one calculation."
        )
