"""What both routes to a model, raw files and tables, have in common."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.readers.folding import TOLERANCE
from solenoidal.readers.win import WinFile
from solenoidal.readers.wsvec import wsvec_says

__all__ = ["Pieces", "WsChoice", "choose_ws_distance", "compare_with_win", "images_tolerance"]

#: Largest difference of a lattice vector between two files, Angstrom; input files may have 5 digits.
_SAME_LATTICE = 1e-3
_SAME_KPOINT = 1e-4


@dataclass
class Pieces:
    """Arrays of a model under construction, in the units and shapes of :class:`solenoidal.model.BlochModel`."""

    lattice: NDArray[np.float64]
    R: NDArray[np.int64]
    H: NDArray[np.complex128]
    position: NDArray[np.complex128] | None = None
    spin: NDArray[np.complex128] | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class WsChoice:
    """Whether minimal images are used, and who says so; ``explicit`` if it was the caller."""

    use: bool
    reason: str
    explicit: bool

    @property
    def note(self) -> str:
        """One sentence for the notes of a model."""
        what = "Nearest images of every pair of Wannier functions" if self.use else "Wigner-Seitz cell without centres"
        return f"{what} (use_ws_distance = {str(self.use).lower()}, {self.reason})."


def choose_ws_distance(asked: bool | None, files: dict[str, Path], win: WinFile | None) -> WsChoice:
    """Decide on minimal images: the argument, else what ``_wsvec.dat`` records, else ``.win``, else true.

    The record of a run comes before its input file, in which the keyword may stand for another program.
    """
    in_win = None if win is None else win.use_ws_distance
    if asked is not None:
        return WsChoice(asked, "as asked for", True)
    recorded = wsvec_says(files["wsvec"]) if "wsvec" in files else None
    if recorded is not None:
        contrary = f" while {win.path.name} says {str(in_win).lower()}" if win and in_win == (not recorded) else ""
        return WsChoice(recorded, f"as recorded in {files['wsvec'].name}{contrary}", False)
    if win is not None and in_win is not None:
        return WsChoice(in_win, f"as in {win.path.name}", False)
    return WsChoice(True, "the default of Wannier90", False)


def images_tolerance(win: WinFile | None) -> float:
    """Distances closer than this are equal, Angstrom: ``ws_distance_tol`` of ``.win``, else its default."""
    return TOLERANCE if win is None or win.ws_distance_tol is None else win.ws_distance_tol


def compare_with_win(
    win: WinFile | None,
    path: Path,
    *,
    num_wann: int,
    num_kpoints: int,
    num_bands: int | None = None,
    lattice: NDArray[np.float64] | None = None,
    mp_grid: tuple[int, int, int] | None = None,
    kpoints: NDArray[np.float64] | None = None,
) -> None:
    """Compare what ``path`` holds with the input file beside it.

    Raises
    ------
    InputError
        If they are of different calculations; the sentence names both files and what differs.
    """
    if win is None:
        return
    cells = None if win.mp_grid is None else win.mp_grid[0] * win.mp_grid[1] * win.mp_grid[2]
    pairs = (
        ("num_wann", win.num_wann, num_wann),
        ("num_bands", win.num_bands, num_bands),
        ("mp_grid", win.mp_grid, mp_grid),
        ("number of k-points by mp_grid", cells, num_kpoints),
        ("number of k-points by its list", None if win.kpoints is None else len(win.kpoints), num_kpoints),
    )
    for name, theirs, ours in pairs:
        if theirs is not None and ours is not None and theirs != ours:
            raise _differ(win, path, f"{name} is {theirs} and {ours}")
    if win.lattice is not None and lattice is not None and abs(win.lattice - lattice).max() > _SAME_LATTICE:
        raise _differ(win, path, f"the lattice vectors differ by {abs(win.lattice - lattice).max():.3g} Angstrom")
    if win.kpoints is not None and kpoints is not None:
        wrong = np.flatnonzero((abs(win.kpoints - kpoints) > _SAME_KPOINT).any(axis=1))
        if wrong.size:
            raise _differ(win, path, f"k-point {wrong[0] + 1} differs")


def _differ(win: WinFile, path: Path, what: str) -> InputError:
    return InputError(f"{win.path} and {path} are of different calculations: {what}; take both from one calculation.")
