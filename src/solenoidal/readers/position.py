"""Position matrix on the coarse mesh from overlaps, in the two discretisations that files and codes use."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from solenoidal.events import Listener, Progress
from solenoidal.readers.chk import Checkpoint
from solenoidal.readers.mmn import Neighbours, read_mmn
from solenoidal.readers.shells import Shells

__all__ = ["Discretisation", "position_on_mesh"]

Complex = NDArray[np.complex128]

#: ``"postw90"``: Hermitian part of i sum_b w_b b M.  ``"log-diagonal"``: the same with -sum_b w_b b Im ln M_aa on the
#: diagonal, as in ``_tb.dat`` and ``_r.dat`` and postw90 with ``transl_inv``.  They differ by O(b^2).
Discretisation = Literal["postw90", "log-diagonal"]


def position_on_mesh(
    path: Path,
    chk: Checkpoint,
    discretisation: Discretisation,
    listen: Listener,
    inspect: Callable[[Neighbours], None] | None = None,
) -> Complex:
    """Position matrix ``A_k,i = i sum_b w_b b_i M_k,b`` in the Wannier gauge.

    Wang, Yates, Souza and Vanderbilt, Phys. Rev. B 74, 195118 (2006), Eq. (44).  Memory: the result and the overlaps
    of one k-point.

    Parameters
    ----------
    path
        The ``.mmn`` file.
    chk
        The checkpoint of the same calculation.
    discretisation
        See :data:`Discretisation`.
    listen
        Receives the progress in k-points.
    inspect
        Called with the overlaps of every k-point, to compare them with another file.

    Returns
    -------
    NDArray
        ``(NK, 3, NW, NW)`` Hermitian, Angstrom, in the order of the k-points of the checkpoint.

    Raises
    ------
    InputError
        If the file does not fit the checkpoint or is damaged.
    """
    A = np.empty((chk.num_kpoints, 3, chk.num_wann, chk.num_wann), dtype=np.complex128)
    shells: Shells | None = None
    blocks = read_mmn(path, chk.num_bands, chk.num_kpoints, chk.num_neighbours)
    for done, block in enumerate(blocks, 1):
        # Differences first: the k-points are rounded in the input, their lattice vectors are not.
        b = (chk.kpoints[block.partner] + block.G - chk.kpoints[block.k]) @ chk.reciprocal
        shells = shells or Shells(path, b)
        wb = shells.weights(b, block.k)[:, None] * b
        if inspect is not None:
            inspect(block)
        A[block.k] = _finite_difference(_rotate(block, chk.V), wb, discretisation)
        listen(Progress(f"reading {path.name}", done, chk.num_kpoints))
    return A


def _rotate(block: Neighbours, V: Complex) -> Complex:
    """Overlaps between Wannier-gauge states, ``(NN, NW, NW)``."""
    return np.asarray(V[block.k].conj().T @ block.overlaps @ V[block.partner])


def _finite_difference(M: Complex, wb: NDArray[np.float64], discretisation: Discretisation) -> Complex:
    A = 1j * np.einsum("bi,bmn->imn", wb, M)
    if discretisation == "log-diagonal":
        a = np.arange(M.shape[-1])
        A[:, a, a] = -np.einsum("bi,ba->ia", wb, np.angle(M[:, a, a]))
    return np.asarray((A + A.conj().swapaxes(-1, -2)) / 2)
