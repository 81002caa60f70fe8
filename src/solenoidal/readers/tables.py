"""From ``_tb.dat``, or ``_hr.dat`` with ``_r.dat``, to operators in the Wannier basis."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.events import Listener, Message
from solenoidal.readers.folding import Folded, close, fold, nearest_images, scatter
from solenoidal.readers.pieces import Pieces, WsChoice, compare_with_win, images_tolerance
from solenoidal.readers.tb import Table, read_hr, read_r, read_tb
from solenoidal.readers.win import WinFile
from solenoidal.readers.wsvec import read_wsvec, wsvec_says

__all__ = ["fold_table", "from_table", "read_table"]

Complex = NDArray[np.complex128]


def from_table(files: dict[str, Path], win: WinFile | None, ws: WsChoice, listen: Listener) -> Pieces:
    """Build the operators from ``_tb.dat``, else from ``_hr.dat``, with ``_r.dat`` and ``_wsvec.dat`` where they are.

    Raises
    ------
    InputError
        If a file is damaged, two of them are of different calculations, or the lattice is nowhere.
    """
    listen(Message(f"reading {files['tb' if 'tb' in files else 'hr'].name}"))
    table = read_table(files, win)
    lattice = table.lattice_or_raise()
    ws, remark = _possible(ws, table, files, win)
    folded = fold_table(table, files, ws, None if win is None else win.mp_grid, images_tolerance(win))
    notes = [f"Hamiltonian from {table.path.name}, {'8 digits' if 'tb' in files else '6 decimals'}.", ws.note, *remark]
    pieces = Pieces(lattice, folded.R, folded.X[:, 0], notes=notes)
    if table.position is None:
        notes.append("No position matrix: every Wannier function is taken to sit at the origin of its cell.")
        return pieces
    pieces.position = folded.X[:, 1:4]
    source = files["tb" if "tb" in files else "r"].name
    notes.append(f"Position matrix from {source}, which holds the 'log-diagonal' discretisation; its Hermitian part.")
    return pieces


def read_table(files: dict[str, Path], win: WinFile | None) -> Table:
    """Read the matrices of ``_tb.dat``, else of ``_hr.dat`` with ``_r.dat`` and the lattice of ``.win``.

    Raises
    ------
    InputError
        If a file is damaged or of another calculation than ``.win``.
    """
    if "tb" in files:
        table = read_tb(files["tb"])
    else:
        table = read_hr(files["hr"])
        table = replace(
            table,
            lattice=None if win is None else win.lattice,
            position=read_r(files["r"], table) if "r" in files else None,
        )
    cells = round(float((1.0 / table.ndegen).sum()))
    compare_with_win(win, table.path, num_wann=table.size, num_kpoints=cells, lattice=table.lattice)
    return table


def fold_table(
    table: Table, files: dict[str, Path], ws: WsChoice, mp_grid: tuple[int, int, int] | None, tolerance: float
) -> Folded:
    """Divide out the degeneracies and fold in the nearest images; components are H and, if there, the position.

    The images are those of ``_wsvec.dat``, else those that follow from ``mp_grid`` and the Wannier centres.

    Raises
    ------
    InputError
        If images are wanted and neither is known, or a file is of another calculation.
    """
    X = table.H[:, None] if table.position is None else np.concatenate([table.H[:, None], table.position], axis=1)
    X = X / table.ndegen[:, None, None, None]
    if not ws.use:
        return close(table.R, X)
    if _records_images(files):
        shifts = read_wsvec(files["wsvec"], table)
        values = X[shifts.index, :, shifts.a, shifts.b] * shifts.share[:, None]
        return scatter(table.R[shifts.index] + shifts.T, shifts.a, shifts.b, values, table.size)
    if table.centres is None or mp_grid is None:
        raise InputError(
            f"{table.path}: nearest images (use_ws_distance) need the _wsvec.dat of the same run, or .win with mp_grid "
            f"and a position matrix; add the file or set use_ws_distance to false."
        )
    _check_vectors(table, mp_grid)
    lattice = table.lattice_or_raise()
    return fold(X, nearest_images(table.R, lattice, mp_grid, table.centres, str(table.path), tolerance))


def _records_images(files: dict[str, Path]) -> bool:
    return "wsvec" in files and wsvec_says(files["wsvec"]) is not False


def _possible(ws: WsChoice, table: Table, files: dict[str, Path], win: WinFile | None) -> tuple[WsChoice, list[str]]:
    """The choice, or no images with a remark where nobody asked for them and they cannot be found."""
    known = table.centres is not None and win is not None and win.mp_grid is not None
    if not ws.use or ws.explicit or _records_images(files) or known:
        return ws, []
    remark = "Nearest images need _wsvec.dat, or .win with mp_grid and a position matrix; without them none are used."
    return WsChoice(False, "for want of _wsvec.dat", False), [remark]


def _check_vectors(table: Table, mp_grid: tuple[int, int, int]) -> None:
    """Every cell of the supercell must have the weight one."""
    cell = np.ravel_multi_index(tuple(np.mod(table.R, mp_grid).T), mp_grid)
    share = np.bincount(cell, 1.0 / table.ndegen, minlength=int(np.prod(mp_grid)))
    if abs(share - 1).max() > 1e-6:
        raise InputError(
            f"{table.path}: the R vectors and degeneracies are not those of the mesh {mp_grid}; take this file and "
            f".win or .chk from one calculation."
        )
