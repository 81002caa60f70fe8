"""``.win``: the keywords of the input file that concern a reader; everything else is passed over."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.readers.lattice import is_lattice
from solenoidal.readers.opening import open_lines, stream_errors
from solenoidal.units import BOHR

__all__ = ["WinFile", "WinText", "read_kpoint_path", "read_win", "reals", "split_win"]

Real = NDArray[np.float64]

_TRUE, _FALSE = (".true.", "true", "t", ".t."), (".false.", "false", "f", ".f.")


@dataclass(frozen=True)
class WinFile:
    """What the input file says; None where it is silent.

    Attributes
    ----------
    path
        The file.
    num_wann, num_bands
        Numbers of Wannier functions and of bands.
    mp_grid
        Coarse mesh.
    lattice
        ``(3, 3)`` rows, Angstrom.
    kpoints
        ``(NK, 3)`` fractional.
    fermi_energy
        eV.
    use_ws_distance, ws_distance_tol
        Minimal images: on or off, and the tolerance in Angstrom.
    """

    path: Path
    num_wann: int | None = None
    num_bands: int | None = None
    mp_grid: tuple[int, int, int] | None = None
    lattice: Real | None = None
    kpoints: Real | None = None
    fermi_energy: float | None = None
    use_ws_distance: bool | None = None
    ws_distance_tol: float | None = None


@dataclass(frozen=True)
class WinText:
    """Keywords and blocks with the numbers of their lines; what asks for a value says where it is wrong."""

    path: Path
    keys: dict[str, tuple[int, str]]
    blocks: dict[str, list[tuple[int, str]]]

    def error(self, line: int, text: str) -> InputError:
        """Sentence about a line."""
        shown = "".join(c if c.isprintable() else "?" for c in text)
        return InputError(f"{self.path}: line {line}: {shown}")

    def integers(self, key: str, count: int) -> tuple[int, ...] | None:
        """Positive integers of a keyword."""
        if key not in self.keys:
            return None
        line, value = self.keys[key]
        try:
            out = tuple(int(x) for x in value.replace(",", " ").split())
        except ValueError:
            out = ()
        if len(out) != count or min(out) < 1:
            raise self.error(line, f"{key} needs {count} positive integer(s), found '{value}'.")
        return out

    def integer(self, key: str) -> int | None:
        """Positive integer of a keyword."""
        found = self.integers(key, 1)
        return None if found is None else found[0]

    def real(self, key: str) -> float | None:
        """Finite number of a keyword."""
        if key not in self.keys:
            return None
        line, value = self.keys[key]
        numbers = reals(value)
        if len(numbers) != 1:
            raise self.error(line, f"{key} needs one finite number, found '{value}'.")
        return numbers[0]

    def logical(self, key: str) -> bool | None:
        """Truth value of a keyword."""
        if key not in self.keys:
            return None
        line, value = self.keys[key]
        if value.lower() not in _TRUE + _FALSE:
            raise self.error(line, f"{key} needs .true. or .false., found '{value}'.")
        return value.lower() in _TRUE

    def vectors(self, block: str) -> Real | None:
        """Rows of three numbers of a block, in Angstrom where its first line says bohr."""
        if block not in self.blocks:
            return None
        rows, factor = list(self.blocks[block]), 1.0
        if rows and rows[0][1].lower() in ("bohr", "ang", "angstrom"):
            factor = BOHR if rows.pop(0)[1].lower() == "bohr" else 1.0
        out = []
        for line, text in rows:
            numbers = reals(text)
            if len(numbers) < 3:
                raise self.error(line, f"{block} needs three finite numbers on a line, found '{text}'.")
            out.append(numbers[:3])
        return factor * np.array(out).reshape(-1, 3)


def read_win(path: Path) -> WinFile:
    """Read what a ``.win`` file says about lattice, mesh, Fermi energy and minimal images.

    Raises
    ------
    InputError
        If the file cannot be read, a block is not closed, or one of these keywords has an impossible value; the
        sentence names the line.
    """
    text = split_win(path)
    lattice = text.vectors("unit_cell_cart")
    if lattice is not None and not is_lattice(lattice):
        raise InputError(f"{path}: unit_cell_cart must hold three linearly independent vectors, correct it.")
    grid = text.integers("mp_grid", 3)
    return WinFile(
        path=path,
        num_wann=text.integer("num_wann"),
        num_bands=text.integer("num_bands"),
        mp_grid=None if grid is None else (grid[0], grid[1], grid[2]),
        lattice=lattice,
        kpoints=text.vectors("kpoints"),
        fermi_energy=text.real("fermi_energy"),
        use_ws_distance=text.logical("use_ws_distance"),
        ws_distance_tol=text.real("ws_distance_tol"),
    )


def read_kpoint_path(path: Path) -> list[tuple[str, Real] | None]:
    """Stops of the block ``kpoint_path``: label and fractional k, None where the path jumps; empty without the block.

    Raises
    ------
    InputError
        If the file cannot be read or a line of the block is not ``label k1 k2 k3 label k1 k2 k3``.
    """
    text = split_win(path)
    stops: list[tuple[str, Real] | None] = []
    for line, entry in text.blocks.get("kpoint_path", []):
        words = entry.split()
        k = np.array(reals(" ".join(words[1:4] + words[5:8])))
        if len(words) < 8 or len(k) != 6:
            raise text.error(line, f"kpoint_path needs two labels with three numbers each, found '{entry}'.")
        last = stops[-1] if stops else None
        if last is None or last[0] != words[0] or abs(last[1] - k[:3]).max() > 1e-8:
            stops += [None] * bool(stops) + [(words[0], k[:3])]
        stops.append((words[4], k[3:]))
    return stops


def split_win(path: Path) -> WinText:
    """Keywords and blocks of a ``.win`` file.

    Raises
    ------
    InputError
        If the file cannot be read, a keyword stands twice, or a block is not closed.
    """
    with stream_errors(path), open_lines(path) as stream:
        # Keywords are ASCII; as ASCII, no byte of a foreign letter in a comment can pass for white space or a line end.
        lines = stream.read().decode("ascii", errors="replace").split("\n")
    text, block = WinText(path, {}, {}), ""
    for number, raw in enumerate(lines, 1):
        line = re.split("[!#]", raw, maxsplit=1)[0].strip()
        words = line.lower().split()
        if not words:
            continue
        if words[0] == "begin" and len(words) > 1 and not block:
            block = words[1]
            text.blocks[block] = []
        elif words[0] == "end" and block:
            block = ""
        elif block:
            text.blocks[block].append((number, line))
        else:
            _keyword(text, number, line)
    if block:
        raise InputError(f"{path}: the block 'begin {block}' is not closed, add 'end {block}'.")
    return text


def _keyword(text: WinText, number: int, line: str) -> None:
    key, *value = re.split(r"\s*[=:]\s*|\s+", line, maxsplit=1)
    key = key.lower()
    if key in text.keys:
        raise text.error(number, f"'{key}' stands here and in line {text.keys[key][0]}; keep one of them.")
    text.keys[key] = (number, value[0].strip() if value else "")


def reals(text: str) -> list[float]:
    """Numbers of a line, empty if one of its words is not a finite number."""
    try:
        numbers = [float(re.sub("[dD]", "e", word)) for word in text.replace(",", " ").split()]
    except ValueError:
        return []
    return numbers if np.isfinite(numbers).all() else []
