"""``_tb.dat``, ``_hr.dat`` and ``_r.dat``: matrices in the Wannier basis on the Wigner-Seitz vectors of the mesh."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.readers.lattice import is_lattice
from solenoidal.readers.text import TextFile

__all__ = ["Table", "read_hr", "read_r", "read_tb"]

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]
Integers = NDArray[np.int64]

#: Column widths of ``_hr.dat`` (5I5, 2F12.6) and ``_r.dat`` (5I5, 6F12.6): wide indices can touch.
_HR_WIDTHS = (5, 5, 5, 5, 5, 12, 12)
_R_WIDTHS = (5, 5, 5, 5, 5, 12, 12, 12, 12, 12, 12)
#: Largest difference between H_R and H_-R^+ from the six decimals of ``_hr.dat``, eV.
_HERMITICITY = 1e-4


@dataclass(frozen=True)
class Table:
    """Matrices as such a file lists them, weights not yet divided out.

    Attributes
    ----------
    path
        The file.
    R
        ``(n_R, 3)`` lattice vectors.
    ndegen
        ``(n_R,)`` degeneracies to divide by.
    H
        ``(n_R, N, N)`` eV.
    lattice
        ``(3, 3)`` rows, Angstrom, or None if the file does not hold it.
    position
        ``(n_R, 3, N, N)`` Angstrom, or None.
    """

    path: Path
    R: Integers
    ndegen: Integers
    H: Complex
    lattice: Real | None = None
    position: Complex | None = None

    @property
    def size(self) -> int:
        """Number of Wannier functions."""
        return int(self.H.shape[-1])

    def lattice_or_raise(self) -> Real:
        """The lattice; ``_hr.dat`` does not hold it.

        Raises
        ------
        InputError
            If no file has given it.
        """
        if self.lattice is None:
            raise InputError(
                f"{self.path}: this format does not hold the lattice, put the .win file with unit_cell_cart beside it."
            )
        return self.lattice

    @property
    def centres(self) -> Real | None:
        """``(N, 3)`` diagonal of the position matrix at R = 0, Angstrom."""
        if self.position is None:
            return None
        origin = int(np.flatnonzero((self.R == 0).all(axis=1))[0])
        return np.asarray(np.diagonal(self.position[origin], axis1=1, axis2=2).real.T)


def read_tb(path: Path) -> Table:
    """Read ``_tb.dat``: lattice, Hamiltonian and position matrix.

    Memory: the matrices themselves and the lines of one R vector.

    Raises
    ------
    InputError
        If the file is truncated, not finite, inconsistent, or its Hamiltonian is not Hermitian.
    """
    with TextFile(path) as file:
        file.line("the comment")
        lattice = file.rows(3, 3, "the lattice")
        if not is_lattice(lattice):
            raise InputError(
                f"{path}: the lattice vectors in lines 2 to 4 are not linearly independent, the file is damaged; "
                f"restore it or make it again."
            )
        size, n_R = _sizes(file)
        ndegen = _degeneracies(file, n_R)
        R, H = _blocks(file, n_R, size, 1)
        R_r, position = _blocks(file, n_R, size, 3)
        file.finish()
    if not np.array_equal(R, R_r):
        raise InputError(
            f"{path}: Hamiltonian and position matrix have different R vectors, the file is damaged; restore it "
            f"or make it again."
        )
    return _checked(Table(path, R, ndegen, H[:, 0], lattice, position))


def read_hr(path: Path) -> Table:
    """Read ``_hr.dat``: the Hamiltonian alone, six decimals.

    Raises
    ------
    InputError
        As :func:`read_tb`.
    """
    with TextFile(path) as file:
        file.line("the comment")
        size, n_R = _sizes(file)
        ndegen = _degeneracies(file, n_R)
        R, H = _lines(file, n_R, size, _HR_WIDTHS)
        file.finish()
    return _checked(Table(path, R, ndegen, H[:, 0]))


def read_r(path: Path, table: Table) -> Complex:
    """Read ``_r.dat``, the position matrix alone, on the R vectors of the ``_hr.dat`` beside it.

    The line with the number of R vectors is absent in files of older versions.

    Returns
    -------
    NDArray
        ``(n_R, 3, N, N)`` Angstrom.

    Raises
    ------
    InputError
        If the file belongs to another calculation or is damaged.
    """
    with TextFile(path) as file:
        file.line("the comment")
        (size,) = file.counts(1, "number of Wannier functions")
        n_R = len(table.R)
        if len(file.peek("the position matrix").split()) == 1:
            (n_R,) = file.counts(1, "number of R vectors")
        if (size, n_R) != (table.size, len(table.R)):
            raise InputError(
                f"{path}: {size} Wannier functions and {n_R} R vectors, but {table.path} has {table.size} and "
                f"{len(table.R)}; take both from one calculation."
            )
        R, position = _lines(file, n_R, size, _R_WIDTHS)
        file.finish()
    if (R != table.R).any():
        raise InputError(f"{path}: the R vectors are not those of {table.path}; take both from one calculation.")
    return position


def _sizes(file: TextFile) -> tuple[int, int]:
    (size,) = file.counts(1, "number of Wannier functions")
    (n_R,) = file.counts(1, "number of R vectors")
    return size, n_R


def _degeneracies(file: TextFile, n_R: int) -> Integers:
    values = file.numbers(n_R, "the degeneracies")
    if (values < 1).any() or (values != np.round(values)).any():
        raise file.error(
            "the degeneracies of the R vectors must be positive integers, the file is damaged; restore it or "
            "make it again."
        )
    return values.astype(np.int64)


def _blocks(file: TextFile, n_R: int, size: int, components: int) -> tuple[Integers, Complex]:
    """R vectors and matrices ``(n_R, components, N, N)`` of one part of ``_tb.dat``."""
    R, X = [], []
    for _ in range(n_R):
        file.blank("the next R vector")
        R.append(file.integers(3, "an R vector"))
        rows = file.rows(size**2, 2 + 2 * components, f"the matrix at R = {tuple(R[-1])}")
        X.append(_matrix(file, rows, size, components))
    return np.array(R, dtype=np.int64), np.array(X)


def _lines(file: TextFile, n_R: int, size: int, widths: tuple[int, ...]) -> tuple[Integers, Complex]:
    """R vectors and matrices of a file that repeats R on every line."""
    R, X = [], []
    for i in range(n_R):
        rows = file.rows(size**2, len(widths), f"the matrix of R vector {i + 1} of {n_R}", widths)
        changed = np.flatnonzero((rows[:, :3] != rows[0, :3]).any(axis=1))
        if changed.size or (rows[0, :3] != np.round(rows[0, :3])).any():
            line = file.number - len(rows) + 1 + (int(changed[0]) if changed.size else 0)
            raise file.error(
                f"every R vector has {size**2} lines and this one breaks the order, lines are missing; restore it "
                f"or make it again.",
                line,
            )
        R.append(rows[0, :3])
        X.append(_matrix(file, rows[:, 3:], size, (len(widths) - 5) // 2))
    return np.array(R).astype(np.int64), np.array(X)


def _matrix(file: TextFile, rows: Real, size: int, components: int) -> Complex:
    """``(components, N, N)`` from rows ``a b Re Im ..`` with a fastest."""
    b, a = np.divmod(np.arange(size**2), size)
    wrong = np.flatnonzero((rows[:, 0] != a + 1) | (rows[:, 1] != b + 1))
    if wrong.size:
        i = int(wrong[0])
        raise file.error(
            f"element ({a[i] + 1}, {b[i] + 1}) should stand here, found ({rows[i, 0]:g}, {rows[i, 1]:g}); the file is "
            f"damaged, restore it or make it again.",
            file.number - len(rows) + i + 1,
        )
    values = np.ascontiguousarray(rows[:, 2:]).view(np.complex128)
    return np.asarray(values.reshape(size, size, components).transpose(2, 1, 0))


def _checked(table: Table) -> Table:
    """The table, if its R vectors form a mesh's Wigner-Seitz cell and its Hamiltonian is Hermitian."""
    index = {tuple(R): i for i, R in enumerate(table.R.tolist())}
    if len(index) != len(table.R):
        raise InputError(
            f"{table.path}: an R vector is listed twice, the file is damaged; restore it or make it again."
        )
    missing = next((R for R in [(0, 0, 0), *index] if tuple(-x for x in R) not in index), None)
    if missing is not None:
        negative = tuple(-x for x in missing)
        raise InputError(
            f"{table.path}: the R vector {negative} is missing, the file is damaged; restore it or make it again."
        )
    cells = float((1.0 / table.ndegen).sum())
    if abs(cells - round(cells)) > 1e-6:
        raise InputError(
            f"{table.path}: the inverse degeneracies add up to {cells:.6g} instead of the number of k-points, the file "
            f"is damaged; restore it or make it again."
        )
    partner = [index[tuple(-x for x in R)] for R in table.R.tolist()]
    if (table.ndegen != table.ndegen[partner]).any():
        raise InputError(
            f"{table.path}: R and -R have different degeneracies, the file is damaged; restore it or make it again."
        )
    gap = abs(table.H - table.H[partner].conj().swapaxes(-1, -2)).max(axis=(1, 2))
    worst = int(gap.argmax())
    if not gap[worst] < _HERMITICITY * max(1.0, float(np.median(abs(table.H).max(axis=(1, 2))))):
        raise InputError(
            f"{table.path}: the Hamiltonian is not Hermitian, H(R) and H(-R)^+ differ by {gap[worst]:.2g} eV at R = "
            f"{tuple(table.R[worst].tolist())}, the file is damaged; restore it or "
            f"make it again."
        )
    return table
