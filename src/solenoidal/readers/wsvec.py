"""``_wsvec.dat``: for every R vector and pair of Wannier functions the supercell translations to the nearest images.

The second index of the pair runs fastest here, unlike in the files with the matrices.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.readers.tb import Table
from solenoidal.readers.text import TextFile

__all__ = ["Shifts", "read_wsvec", "wsvec_says"]

Integers = NDArray[np.int64]

#: More images than this at one distance no lattice has.
_MOST_IMAGES = 1000


@dataclass(frozen=True)
class Shifts:
    """One entry per image of an element: which element it is, where it goes, and its share.

    Attributes
    ----------
    index
        ``(n,)`` number of the R vector in the table.
    a, b
        ``(n,)`` pair of Wannier functions, from 0.
    T
        ``(n, 3)`` supercell translation.
    share
        ``(n,)`` one over the number of images of this element.
    """

    index: Integers
    a: Integers
    b: Integers
    T: Integers
    share: NDArray[np.float64]


def wsvec_says(path: Path) -> bool | None:
    """Whether the run that wrote the file used minimal images, from its comment line; None if it does not say.

    Raises
    ------
    InputError
        If the comment names ``use_ws_distance`` without a value.
    """
    with TextFile(path) as file:
        _, named, value = file.line("the comment").lower().partition(b"use_ws_distance")
        value = value.strip(b" =\r\n")
        if not named:
            return None
        if value not in (b".true.", b".false."):
            raise file.error(
                "use_ws_distance should be .true. or .false. here, the file is damaged or truncated; "
                "restore it or make it again."
            )
    return value == b".true."


def read_wsvec(path: Path, table: Table) -> Shifts:
    """Read the translations for the matrices of ``table``.

    Raises
    ------
    InputError
        If the file belongs to another calculation, is truncated, or a line is not what it should be.
    """
    counts: list[int] = []
    T: list[list[int]] = []
    with TextFile(path) as file:
        file.line("the comment")
        for R in table.R.tolist():
            for a in range(1, table.size + 1):
                counts.extend(_element(file, [*R, a, b], table, T) for b in range(1, table.size + 1))
        file.finish()
    size = table.size
    element = np.repeat(np.arange(len(counts)), counts)
    index, pair = np.divmod(element, size * size)
    a_, b_ = np.divmod(pair, size)
    return Shifts(index, a_, b_, np.array(T, dtype=np.int64), 1.0 / np.array(counts)[element])


def _element(file: TextFile, want: list[int], table: Table, T: list[list[int]]) -> int:
    """Append the translations of one element to ``T`` and return their number."""
    found = file.integers(5, "the line 'R1 R2 R3 a b'")
    if found != want:
        raise InputError(
            f"{file.path}: line {file.number}: R a b = {tuple(want)} of {table.path} should stand here, found "
            f"{tuple(found)}; take both files from one calculation."
        )
    (count,) = file.counts(1, "number of translations")
    if count > _MOST_IMAGES:
        raise file.error(f"{count} nearest images are impossible, the file is damaged; restore it or make it again.")
    new = [file.integers(3, "a translation") for _ in range(count)]
    if len({tuple(t) for t in new}) != count:
        raise file.error("a translation is listed twice, the file is damaged; restore it or make it again.")
    T += new
    return count
