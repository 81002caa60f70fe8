"""From the files of a Wannier90 calculation to a :class:`~solenoidal.model.BlochModel`."""

from pathlib import Path
from typing import get_args

from solenoidal.errors import InputError
from solenoidal.events import Listener, silent
from solenoidal.model import BlochModel, Operator
from solenoidal.readers.files import find_wannier90_files, seed_of
from solenoidal.readers.pieces import Pieces, choose_ws_distance
from solenoidal.readers.position import Discretisation
from solenoidal.readers.raw import from_raw
from solenoidal.readers.spin_order import SpinOrder, spin_note, spin_of_pairs
from solenoidal.readers.tables import from_table
from solenoidal.readers.win import read_win

__all__ = ["read_wannier90"]


def read_wannier90(
    seed: str | Path,
    *,
    spin_order: SpinOrder | None = None,
    position: Discretisation = "postw90",
    use_ws_distance: bool | None = None,
    listen: Listener = silent,
) -> BlochModel:
    """Read a Wannier90 calculation from whichever of its files suffice.

    In this order of preference: ``.chk`` or ``.chk.fmt`` with ``.eig`` (``.mmn`` gives the position matrix, ``.spn``
    the spin); ``_tb.dat``; ``_hr.dat`` with ``.win`` for the lattice (``_r.dat`` gives the position matrix).
    ``_wsvec.dat`` and ``.win`` are used where they are.  Every file may be compressed: ``.bz2``, ``.xz``, ``.gz``.
    The operators are rebuilt in the Wannier basis with all weights folded in, so that
    ``X(k) = sum_R exp(2 pi i k.R) X_R``.

    Parameters
    ----------
    seed
        Seed name with its folder, ``"examples/pt/Pt"``, or the name of one of the files.
    spin_order
        Order of the basis where no ``.spn`` file gives the spin: ``"blocks"`` (first half up, second half down) or
        ``"interlaced"`` (up, down, up, down).
    position
        Discretisation of the position matrix from ``.mmn``: ``"postw90"`` (Hermitian part of i sum_b w_b b M) or
        ``"log-diagonal"`` (that of ``_tb.dat``).
    use_ws_distance
        Nearest images of every pair of Wannier functions.  None: as recorded in ``_wsvec.dat``, else as in ``.win``,
        else true, the default of Wannier90.
    listen
        Receives the progress of the long files.

    Returns
    -------
    BlochModel
        H in eV, position in Angstrom, operator ``"spin"`` in hbar (half of the Pauli matrices) where it is known,
        ``fermi_energy`` of ``.win`` or None; ``notes`` say what was read and assumed.

    Raises
    ------
    InputError
        If files are missing, damaged, unfinished, or of different calculations; one sentence names the file.
    """
    if position not in get_args(Discretisation):
        raise InputError(f"position is '{position}', it must be one of {', '.join(get_args(Discretisation))}.")
    name = seed_of(seed)
    files = find_wannier90_files(seed)
    win = read_win(files["win"]) if "win" in files else None
    ws = choose_ws_distance(use_ws_distance, files, win)
    if {"chk", "eig"} <= files.keys():
        pieces = from_raw(files, win, ws, position, listen)
    elif "tb" in files or "hr" in files:
        pieces = from_table(files, win, ws, listen)
    else:
        raise _nothing_suffices(name, files)
    if spin_order is not None:
        _assume_spin(pieces, spin_order, name)
    elif pieces.spin is None:
        pieces.notes.append(_no_spin_note(Path(name).name, files))
    return _model(name, pieces, None if win is None else win.fermi_energy)


def _nothing_suffices(name: str, files: dict[str, Path]) -> InputError:
    there = f"only {', '.join(path.name for path in files.values())} found" if files else "no file with this seed name"
    wanted = ".chk (or .chk.fmt) with .eig" + " - the other one is missing" * bool({"chk", "eig"} & files.keys())
    return InputError(
        f"{name}: {there}; a model needs {wanted}, or _tb.dat, or _hr.dat with .win (each also as .bz2, .xz or .gz)."
    )


def _assume_spin(pieces: Pieces, order: SpinOrder, name: str) -> None:
    if pieces.spin is not None:
        raise InputError(f"{name}: the .spn file gives the spin, remove spin_order (or the file, to assume an order).")
    size = pieces.H.shape[-1]
    pieces.spin = spin_of_pairs(pieces.R, size, order, name)
    pieces.notes.append(spin_note(size, order))


def _no_spin_note(seed: str, files: dict[str, Path]) -> str:
    if "spn" in files:
        return (
            f"No spin operator: {files['spn'].name} serves only together with {seed}.chk and {seed}.eig, put both "
            f"beside it or give spin_order for a known basis order."
        )
    return (
        f"No spin operator: there is no {seed}.spn, give spin_order for a known basis order or make the file with "
        f"write_spn."
    )


def _model(name: str, pieces: Pieces, fermi_energy: float | None) -> BlochModel:
    operators = {}
    if pieces.spin is not None:
        operators["spin"] = Operator(pieces.spin, ("x", "y", "z"), time_reversal=-1, transformation="axial")
    return BlochModel(
        lattice=pieces.lattice,
        R=pieces.R,
        H=pieces.H,
        position=pieces.position,
        operators=operators,
        fermi_energy=fermi_energy,
        name=Path(name).name,
        source=name,
        notes=tuple(pieces.notes),
    )
