"""Which files of a Wannier90 calculation are there."""

from pathlib import Path

from solenoidal.readers.opening import find_file, strip_suffix

__all__ = ["ENDINGS", "find_wannier90_files", "seed_of"]

#: Endings of each kind of file, the preferred one first.
ENDINGS: dict[str, tuple[str, ...]] = {
    "win": (".win",),
    "eig": (".eig",),
    "chk": (".chk", ".chk.fmt"),
    "mmn": (".mmn",),
    "spn": (".spn", ".spn.fmt"),
    "tb": ("_tb.dat",),
    "hr": ("_hr.dat",),
    "r": ("_r.dat",),
    "wsvec": ("_wsvec.dat",),
}


def seed_of(name: str | Path) -> str:
    """Seed name of a calculation from the seed name itself or from the name of one of its files."""
    text = strip_suffix(str(name))
    endings = sorted((e for kind in ENDINGS.values() for e in kind), key=len, reverse=True)
    return next((text.removesuffix(e) for e in endings if text.endswith(e)), text)


def find_wannier90_files(seed: str | Path) -> dict[str, Path]:
    """Return the files of a Wannier90 calculation by kind.

    Parameters
    ----------
    seed
        Seed name with its folder, ``"examples/pt/Pt"``, or the name of one of the files.

    Returns
    -------
    dict
        Some of ``win``, ``eig``, ``chk``, ``mmn``, ``spn``, ``tb``, ``hr``, ``r``, ``wsvec``; a plain file wins over
        ``.bz2``, ``.xz`` and ``.gz``, an unformatted one over its text form.
    """
    name = seed_of(seed)
    found: dict[str, Path] = {}
    for kind, endings in ENDINGS.items():
        path = next(filter(None, (find_file(name + ending) for ending in endings)), None)
        if path is not None:
            found[kind] = path
    return found
