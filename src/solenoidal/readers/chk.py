"""``.chk`` and ``.chk.fmt``: the matrices that lead from Bloch states to Wannier functions."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.readers.fortran import FortranFile
from solenoidal.readers.lattice import is_lattice
from solenoidal.readers.text import LARGEST_COUNT, TextFile, printable

__all__ = ["Checkpoint", "read_chk"]

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]
Integers = NDArray[np.int64]

#: Largest ``|V^+ V - 1|`` of a finished run.
UNITARITY = 1e-5
#: Largest distance of a k-point from the mesh, in steps of the mesh; input files have 6 digits or more.
ON_MESH = 1e-3


@dataclass(frozen=True)
class Checkpoint:
    """A finished Wannier90 run.

    Attributes
    ----------
    path
        The file.
    lattice, reciprocal
        ``(3, 3)`` rows, Angstrom and 1/Angstrom with 2 pi.
    mp_grid
        Coarse mesh.
    kpoints
        ``(NK, 3)`` fractional, as in the file.
    num_neighbours
        NN.
    V
        ``(NK, NB, NW)`` with |w_a k> = sum_m |psi_mk> V[m, a]; zero outside the window of each k-point.
    centres
        ``(NW, 3)`` Cartesian, Angstrom.
    spreads
        ``(NW,)`` Angstrom^2.
    """

    path: Path
    lattice: Real
    reciprocal: Real
    mp_grid: tuple[int, int, int]
    kpoints: Real
    num_neighbours: int
    V: Complex
    centres: Real
    spreads: Real

    @property
    def num_kpoints(self) -> int:
        """NK."""
        return int(self.V.shape[0])

    @property
    def num_bands(self) -> int:
        """NB."""
        return int(self.V.shape[1])

    @property
    def num_wann(self) -> int:
        """NW."""
        return int(self.V.shape[2])


class _Items(Protocol):
    """The two forms of the file seen as one sequence of items."""

    def integers(self, count: int, what: str) -> Integers: ...

    def reals(self, count: int, what: str) -> Real: ...

    def complexes(self, count: int, what: str) -> Complex: ...

    def column(self, count: int, what: str) -> Integers: ...

    def stage(self) -> str: ...

    def skip(self, count: int, what: str) -> None: ...

    def finish(self) -> None: ...


class _Binary:
    """``.chk``: one Fortran record per item."""

    def __init__(self, file: FortranFile) -> None:
        self._file = file
        file.header()

    def integers(self, count: int, what: str) -> Integers:
        return np.frombuffer(self._file.record(4 * count, what), "<i4").astype(np.int64)

    column = integers

    def reals(self, count: int, what: str) -> Real:
        return np.frombuffer(self._file.record(8 * count, what), "<f8").astype(np.float64)

    def complexes(self, count: int, what: str) -> Complex:
        return np.frombuffer(self._file.record(16 * count, what), "<c16").astype(np.complex128)

    def stage(self) -> str:
        return printable(self._file.record(20, "the stage"))

    def skip(self, count: int, what: str) -> None:
        if not np.isfinite(np.frombuffer(self._file.record(16 * count, what), "<f8")).all():
            raise self._file.error(f"{what} hold NaN or infinity; repeat the run of wannier90.x.")

    def finish(self) -> None:
        self._file.finish()


class _Text:
    """``.chk.fmt``: short items on lines of their own, long ones with one element per line."""

    def __init__(self, file: TextFile) -> None:
        self._file = file
        file.line("the header")

    def integers(self, count: int, what: str) -> Integers:
        return np.array(self._file.integers(count, what), dtype=np.int64)

    def column(self, count: int, what: str) -> Integers:
        values = self._file.rows(count, 1, what)[:, 0]
        if (values != np.round(values)).any() or (abs(values) > LARGEST_COUNT).any():
            raise self._file.error(f"{what} must be integers, the file is damaged; restore it or make it again.")
        return values.astype(np.int64)

    def reals(self, count: int, what: str) -> Real:
        return self._file.numbers(count, what)

    def complexes(self, count: int, what: str) -> Complex:
        return self._file.rows(count, 2, what).view(np.complex128)[:, 0]

    def stage(self) -> str:
        return printable(self._file.line("the stage"))

    def skip(self, count: int, what: str) -> None:
        self._file.skip(count, 2, what)

    def finish(self) -> None:
        self._file.finish()


def read_chk(path: Path) -> Checkpoint:
    """Read a checkpoint of either form; the name ``.chk.fmt`` tells the text form.

    Memory: the matrices U_opt and U (``NK NW (NB + NW)`` complex numbers); the overlaps of the file must be
    finite and are not used further, because only ``.mmn`` names its neighbours.

    Raises
    ------
    InputError
        If the run is unfinished, the file is damaged or goes on behind its last item, or its matrices do not have
        orthonormal columns.
    """
    if ".chk.fmt" in path.name:
        with TextFile(path) as text:
            return _read(path, _Text(text))
    with FortranFile(path) as binary:
        return _read(path, _Binary(binary))


def _read(path: Path, items: _Items) -> Checkpoint:
    num_bands = _count(path, items, "number of bands")
    excluded = int(items.integers(1, "number of excluded bands")[0])
    if not 0 <= excluded <= LARGEST_COUNT:
        raise _damaged(path, f"the number of excluded bands is {excluded}")
    items.column(excluded, "the list of excluded bands")
    lattice = items.reals(9, "the lattice").reshape(3, 3).T
    reciprocal = items.reals(9, "the reciprocal lattice").reshape(3, 3).T
    _check_lattice(path, lattice, reciprocal)
    num_kpoints = _count(path, items, "number of k-points")
    mp_grid = tuple(items.integers(3, "mp_grid").tolist())
    if min(mp_grid) < 1 or mp_grid[0] * mp_grid[1] * mp_grid[2] != num_kpoints:
        raise _damaged(path, f"mp_grid {mp_grid} does not have the {num_kpoints} k-points of the file")
    kpoints = items.reals(3 * num_kpoints, "the k-points").reshape(-1, 3)
    _check_mesh(path, kpoints, mp_grid)
    num_neighbours = _count(path, items, "number of neighbours")
    num_wann = _count(path, items, "number of Wannier functions")
    if num_wann > num_bands:
        raise _damaged(path, f"{num_wann} Wannier functions cannot come from {num_bands} bands")
    stage = items.stage()
    if stage != "postwann":
        raise InputError(
            f"{path}: the run stopped at stage '{stage}', finish it with wannier90.x ('postwann' is needed)."
        )
    V = _bloch_to_wannier(path, items, num_kpoints, num_bands, num_wann)
    items.skip(num_wann**2 * num_neighbours * num_kpoints, "the overlaps")
    centres = items.reals(3 * num_wann, "the Wannier centres").reshape(-1, 3)
    spreads = items.reals(num_wann, "the spreads")
    items.finish()
    if not (np.isfinite(centres).all() and np.isfinite(spreads).all()):
        raise InputError(f"{path}: the Wannier centres or spreads hold NaN or infinity; repeat the run.")
    return Checkpoint(path, lattice, reciprocal, mp_grid, kpoints, num_neighbours, V, centres, spreads)


def _damaged(path: Path, why: str) -> InputError:
    return InputError(f"{path}: {why}, the file is damaged; restore it or make it again.")


def _count(path: Path, items: _Items, what: str) -> int:
    value = int(items.integers(1, f"the {what}")[0])
    if value < 1:
        raise _damaged(path, f"the {what} is {value}")
    return value


def _check_lattice(path: Path, lattice: Real, reciprocal: Real) -> None:
    if not is_lattice(lattice):
        raise _damaged(path, "the lattice vectors are not finite or not linearly independent")
    with np.errstate(all="ignore"):
        gap = abs(lattice @ reciprocal.T - 2 * np.pi * np.eye(3)).max()
    if not gap < 1e-6:
        raise _damaged(path, "the lattice and the reciprocal lattice do not belong together")


def _check_mesh(path: Path, kpoints: Real, mp_grid: tuple[int, int, int]) -> None:
    """Every point of the mesh must come exactly once."""
    steps = kpoints * np.array(mp_grid)
    if not np.isfinite(steps).all():
        raise _damaged(path, "the k-points hold NaN or infinity")
    off = np.flatnonzero((abs(steps - np.round(steps)) > ON_MESH).any(axis=1))
    if off.size:
        k = int(off[0])
        raise InputError(
            f"{path}: k-point {k + 1} at ({', '.join(f'{x:.6g}' for x in kpoints[k])}) is not on the Gamma-centred "
            f"mesh {mp_grid}; repeat the run with such a mesh."
        )
    index = np.mod(np.round(steps), mp_grid).astype(np.int64)
    flat = np.ravel_multi_index(tuple(index.T), mp_grid)
    doubled = np.flatnonzero(np.bincount(flat, minlength=len(kpoints)) > 1)
    if doubled.size:
        twice = np.flatnonzero(flat == doubled[0])
        raise InputError(
            f"{path}: k-points {twice[0] + 1} and {twice[1] + 1} are the same point of the mesh {mp_grid}; "
            f"repeat the run with every point once."
        )


def _bloch_to_wannier(path: Path, items: _Items, num_kpoints: int, num_bands: int, num_wann: int) -> Complex:
    disentangled = int(items.integers(1, "have_disentangled")[0]) != 0
    if disentangled:
        items.reals(1, "Omega_I")
        window = items.column(num_bands * num_kpoints, "the window").reshape(num_kpoints, num_bands) != 0
        first = _first_bands(path, window, items.column(num_kpoints, "the numbers of bands in the window"), num_wann)
        U_opt = items.complexes(num_bands * num_wann * num_kpoints, "U_opt").reshape(num_kpoints, num_wann, num_bands)
    elif num_bands != num_wann:
        raise InputError(
            f"{path}: {num_bands} bands and {num_wann} Wannier functions need disentanglement, which the file lacks; "
            f"restore it or repeat the run."
        )
    U = items.complexes(num_wann**2 * num_kpoints, "U").reshape(num_kpoints, num_wann, num_wann).swapaxes(1, 2)
    V = _compose(U_opt.swapaxes(1, 2), U, window, first) if disentangled else np.ascontiguousarray(U)
    _check_orthonormal(path, V)
    return V


def _first_bands(path: Path, window: NDArray[np.bool_], inside: Integers, num_wann: int) -> Integers:
    """Index of the first band in the window of each k-point; the window must be one unbroken run of bands."""
    first = np.asarray(window.argmax(axis=1), dtype=np.int64)
    bands = np.arange(window.shape[1])
    run = (bands >= first[:, None]) & (bands < (first + inside)[:, None])
    wrong = np.flatnonzero((window != run).any(axis=1) | (inside < num_wann) | (window.sum(axis=1) != inside))
    if wrong.size:
        k = int(wrong[0])
        raise _damaged(
            path,
            f"the window of k-point {k + 1} has {int(inside[k])} bands by its count and {int(window[k].sum())} by its "
            f"list, {num_wann} or more must follow one another",
        )
    return first


def _compose(U_opt: Complex, U: Complex, window: NDArray[np.bool_], first: Integers) -> Complex:
    # Rows of U_opt count from the first band inside the window of that k-point; rows behind the window are padding.
    V = np.zeros(U_opt.shape, dtype=np.complex128)
    for k, inside in enumerate(window.sum(axis=1)):
        V[k, first[k] : first[k] + inside] = U_opt[k, :inside] @ U[k]
    return V


def _check_orthonormal(path: Path, V: Complex) -> None:
    with np.errstate(all="ignore"):
        gap = abs(V.conj().swapaxes(1, 2) @ V - np.eye(V.shape[2])).max(axis=(1, 2))
    wrong = np.flatnonzero(~(gap < UNITARITY))
    if wrong.size:
        k = int(wrong[0])
        raise _damaged(
            path,
            f"the Wannier functions at k-point {k + 1} are not orthonormal (U^+ U differs from 1 by {gap[k]:.2g})",
        )
