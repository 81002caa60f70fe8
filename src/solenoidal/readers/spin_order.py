"""Spin of a basis whose order is known: pairs of orbitals that differ in their spin only."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError

__all__ = ["SpinOrder", "spin_note", "spin_of_pairs"]

#: ``"blocks"``: first half of the basis up, second half down.  ``"interlaced"``: up, down, up, down.
SpinOrder = Literal["blocks", "interlaced"]

_SIGMA = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=np.complex128)


def spin_of_pairs(R: NDArray[np.int64], size: int, order: SpinOrder, source: str) -> NDArray[np.complex128]:
    """Spin ``sigma / 2`` between the partners of each pair, at R = 0.

    Parameters
    ----------
    R
        ``(n_R, 3)`` lattice vectors, the origin among them.
    size
        Number of Wannier functions N, even.
    order
        See :data:`SpinOrder`.
    source
        Seed name for errors.

    Returns
    -------
    NDArray
        ``(n_R, 3, N, N)`` in hbar.

    Raises
    ------
    InputError
        If the number of Wannier functions is odd or the order has another name.
    """
    if order not in ("blocks", "interlaced"):
        raise InputError(f"{source}: spin_order is '{order}', it must be 'blocks' or 'interlaced'.")
    if size % 2:
        raise InputError(f"{source}: {size} Wannier functions do not form pairs of up and down, remove spin_order.")
    orbital = np.eye(size // 2)
    local = [np.kron(s, orbital) if order == "blocks" else np.kron(orbital, s) for s in _SIGMA / 2]
    spin = np.zeros((len(R), 3, size, size), dtype=np.complex128)
    spin[(R == 0).all(axis=1)] = np.array(local)
    return spin


def spin_note(size: int, order: SpinOrder) -> str:
    """What :func:`spin_of_pairs` assumes, in one sentence."""
    half = size // 2
    who = (
        f"functions 1 to {half} are up and {half + 1} to {size} are their down partners"
        if order == "blocks"
        else "functions 1, 3, 5, .. are up and 2, 4, 6, .. are their down partners"
    )
    return f"Spin assumed, not read (spin_order = '{order}'): {who}, with equal orbital parts."
