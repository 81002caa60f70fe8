"""From checkpoint, energies, overlaps and spin matrices to operators in the Wannier basis."""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.events import Listener, Message, Progress
from solenoidal.readers.chk import Checkpoint, read_chk
from solenoidal.readers.eig import read_eig, unsorted_note
from solenoidal.readers.folding import (
    Folded,
    close,
    fold,
    merge,
    mesh_to_vectors,
    nearest_images,
    wigner_seitz,
)
from solenoidal.readers.pieces import Pieces, WsChoice, compare_with_win, images_tolerance
from solenoidal.readers.position import Discretisation, position_on_mesh
from solenoidal.readers.spin_check import SpinCheck
from solenoidal.readers.spn import read_spn
from solenoidal.readers.tables import fold_table, read_table
from solenoidal.readers.win import WinFile

__all__ = ["from_raw"]

Complex = NDArray[np.complex128]


def from_raw(
    files: dict[str, Path],
    win: WinFile | None,
    ws: WsChoice,
    position: Discretisation,
    listen: Listener,
) -> Pieces:
    """Build the operators from ``.chk``, ``.eig`` and, where they are, ``.mmn`` and ``.spn``.

    Memory: H, position and spin on the coarse mesh (7 NK NW^2 complex numbers), their Fourier transform and the folded
    result, and some rows of the spin matrices (:class:`SpinCheck`); the large files pass by one k-point at a time.

    Raises
    ------
    InputError
        If a file is damaged or two of them are of different calculations.
    """
    listen(Message(f"reading {files['chk'].name}"))
    chk = read_chk(files["chk"])
    compare_with_win(
        win,
        chk.path,
        num_wann=chk.num_wann,
        num_kpoints=chk.num_kpoints,
        num_bands=chk.num_bands,
        lattice=chk.lattice,
        mp_grid=chk.mp_grid,
        kpoints=chk.kpoints,
    )
    notes = [f"Hamiltonian from {files['chk'].name} and {files['eig'].name}.", ws.note]
    X = _on_mesh(files, chk, position, listen, notes)
    folded = _fold(X, chk, ws, win)
    if "mmn" not in files:
        folded = _position_elsewhere(folded, files, chk, ws, win, notes)
    pieces = Pieces(chk.lattice, folded.R, folded.X[:, 0], notes=notes)
    first_spin = 4 if "mmn" in files else 1
    if "spn" in files:
        pieces.spin = folded.X[:, first_spin : first_spin + 3] / 2
    pieces.position = folded.X[:, 1:4] if "mmn" in files else folded.X[:, -3:]
    return pieces


def _on_mesh(
    files: dict[str, Path], chk: Checkpoint, position: Discretisation, listen: Listener, notes: list[str]
) -> Complex:
    """Hamiltonian and, where they are, position and spin: ``(NK, 1 to 7, NW, NW)``."""
    parts = [_hamiltonian(files["eig"], chk, notes)]
    inspect = None
    spin = []
    if "spn" in files:
        check = SpinCheck(files["spn"], chk.num_bands, chk.num_kpoints)
        spin = [_spin(files["spn"], chk, check, listen)]
        inspect = partial(check.compare, files["mmn"]) if "mmn" in files else None
    if "mmn" in files:
        parts.append(position_on_mesh(files["mmn"], chk, position, listen, inspect))
        notes.append(f"Position matrix from {files['mmn'].name}, discretisation '{position}'.")
    if spin:
        notes.append(f"Spin from {files['spn'].name}, in hbar: half of its Pauli matrices.")
    return np.concatenate([*parts, *spin], axis=1)


def _hamiltonian(path: Path, chk: Checkpoint, notes: list[str]) -> Complex:
    """``V_k^+ diag(E_k) V_k``, ``(NK, 1, NW, NW)``, eV."""
    E = read_eig(path, chk.num_bands, chk.num_kpoints)
    remark = unsorted_note(path, E)
    notes.extend([remark] if remark else [])
    H = (chk.V.conj().swapaxes(1, 2) * E[:, None, :]) @ chk.V
    return np.asarray(H[:, None])


def _spin(path: Path, chk: Checkpoint, check: SpinCheck, listen: Listener) -> Complex:
    """``V_k^+ sigma V_k``, ``(NK, 3, NW, NW)``, Pauli matrices."""
    S = np.empty((chk.num_kpoints, 3, chk.num_wann, chk.num_wann), dtype=np.complex128)
    for k, sigma in enumerate(read_spn(path, chk.num_bands, chk.num_kpoints)):
        check.keep(k, sigma)
        S[k] = chk.V[k].conj().T @ sigma @ chk.V[k]
        listen(Progress(f"reading {path.name}", k + 1, chk.num_kpoints))
    return S


def _fold(X: Complex, chk: Checkpoint, ws: WsChoice, win: WinFile | None) -> Folded:
    tolerance = images_tolerance(win)
    source = str(chk.path)
    R, weight = wigner_seitz(chk.lattice, chk.mp_grid, source, tolerance)
    X = mesh_to_vectors(X, chk.kpoints, R) * weight[:, None, None, None]
    if not ws.use:
        return close(R, X)
    return fold(X, nearest_images(R, chk.lattice, chk.mp_grid, chk.centres, source, tolerance))


def _position_elsewhere(
    folded: Folded, files: dict[str, Path], chk: Checkpoint, ws: WsChoice, win: WinFile | None, notes: list[str]
) -> Folded:
    """Add the position matrix of a table as the last three components, else the Wannier centres."""
    if "tb" in files or {"hr", "r"} <= files.keys():
        table = read_table(files, win)
        if table.size != chk.num_wann or abs(table.lattice_or_raise() - chk.lattice).max() > 1e-3:
            raise InputError(
                f"{table.path} and {chk.path} have different lattices or numbers of Wannier functions; take both from "
                f"one calculation."
            )
        if table.position is not None:
            source = files["tb" if "tb" in files else "r"].name
            notes.append(f"No .mmn: position matrix from {source}, which holds the 'log-diagonal' discretisation.")
            other = fold_table(table, files, ws, chk.mp_grid, images_tolerance(win))
            return merge(folded, Folded(other.R, other.X[:, 1:]))
    notes.append("No .mmn: the position matrix has only the Wannier centres on its diagonal.")
    centres = np.zeros((1, 3, chk.num_wann, chk.num_wann), dtype=np.complex128)
    a = np.arange(chk.num_wann)
    centres[0][:, a, a] = chk.centres.T
    return merge(folded, Folded(np.zeros((1, 3), dtype=np.int64), centres))
