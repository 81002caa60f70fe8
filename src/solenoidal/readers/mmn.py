"""``.mmn``: overlaps ``M[m, n] = <u_mk | u_n,k+b>`` of the periodic parts at neighbouring k-points."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.readers.text import TextFile

__all__ = ["Neighbours", "read_mmn"]


@dataclass(frozen=True)
class Neighbours:
    """Overlaps of one k-point with all its neighbours ``k + b = k2 + G``.

    Attributes
    ----------
    k
        Index of the k-point, from 0.
    partner
        ``(NN,)`` indices of k2, from 0.
    G
        ``(NN, 3)`` reciprocal lattice vectors, integers.
    overlaps
        ``(NN, NB, NB)``, bra band first.
    """

    k: int
    partner: NDArray[np.int64]
    G: NDArray[np.int64]
    overlaps: NDArray[np.complex128]


def read_mmn(path: Path, num_bands: int, num_kpoints: int, num_neighbours: int) -> Iterator[Neighbours]:
    """Read the overlaps k-point by k-point.

    Memory: the ``NN NB^2`` overlaps of one k-point.

    Parameters
    ----------
    path
        The ``.mmn`` file, plain or compressed.
    num_bands, num_kpoints, num_neighbours
        NB, NK and NN of the calculation, from the checkpoint.

    Yields
    ------
    Neighbours
        In the order of the file; every k-point comes once.

    Raises
    ------
    InputError
        If the file belongs to another calculation, is truncated, or a line is not what it should be.
    """
    with TextFile(path) as file:
        file.line("the comment")
        found = tuple(file.counts(3, "numbers of bands, k-points and neighbours"))
        if found != (num_bands, num_kpoints, num_neighbours):
            raise InputError(
                f"{path}: the file has {found[0]} bands, {found[1]} k-points and {found[2]} neighbours but the "
                f"checkpoint has {num_bands}, {num_kpoints} and {num_neighbours}; take both from one calculation."
            )
        seen = np.zeros(num_kpoints, dtype=bool)
        for _ in range(num_kpoints):
            block = _one_kpoint(file, num_bands, num_kpoints, num_neighbours)
            if seen[block.k]:
                raise InputError(
                    f"{path}: k-point {block.k + 1} comes twice, the file is damaged; restore it or make it again."
                )
            seen[block.k] = True
            yield block
        file.finish()


def _one_kpoint(file: TextFile, num_bands: int, num_kpoints: int, num_neighbours: int) -> Neighbours:
    index = np.empty((num_neighbours, 5), dtype=np.int64)
    overlaps = np.empty((num_neighbours, num_bands, num_bands), dtype=np.complex128)
    for j in range(num_neighbours):
        index[j] = file.integers(5, "the line 'k k2 g1 g2 g3' of a neighbour")
        if index[j, :2].min() < 1 or index[j, :2].max() > num_kpoints:
            raise file.error(
                f"k-points {index[j, 0]} and {index[j, 1]} are not both among 1 to {num_kpoints}, the file is damaged; "
                f"restore it or make it again."
            )
        if index[j, 0] != index[0, 0]:
            raise file.error(
                f"k-point {index[0, 0]} has fewer than {num_neighbours} neighbours, the file is damaged; restore it or "
                f"make it again."
            )
        rows = file.rows(num_bands**2, 2, f"the overlaps of k-point {index[0, 0]}")
        overlaps[j] = rows.view(np.complex128).reshape(num_bands, num_bands).T
    return Neighbours(int(index[0, 0]) - 1, index[:, 1] - 1, index[:, 2:], overlaps)
