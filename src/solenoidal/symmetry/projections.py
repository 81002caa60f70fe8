"""Atoms and projections of a ``.win`` file: which orbitals a Wannier basis started from, in which order.

Wannier90 lists the orbitals of one line of the block by site, then by l from the hybrids (-5: sp3d2) to f (3), then by
m, whatever the order in the file; with spinors the two spins of an orbital follow each other.  Other interfaces keep
the order of the file or put all spins up first, so that several orders are offered and the model decides.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.operators.harmonics import components, expansion
from solenoidal.readers.spin_order import SpinOrder
from solenoidal.readers.win import WinText, reals, split_win
from solenoidal.symmetry.candidates import Crystal
from solenoidal.symmetry.operations import harmonics
from solenoidal.symmetry.representation import Orbitals
from solenoidal.units import BOHR

__all__ = ["Projections", "read_atoms", "read_projections"]

Real = NDArray[np.float64]

#: Names of l in the order in which Wannier90 lists them; negative l are hybrids.
LABELS = {-5: "sp3d2", -4: "sp3d", -3: "sp3", -2: "sp2", -1: "sp", 0: "s", 1: "p", 2: "d", 3: "f"}


@dataclass(frozen=True)
class Projections:
    """Orbitals of a ``.win`` file without their spins.

    Attributes
    ----------
    sites
        ``(n_sites, 3)`` in lattice coordinates.
    orbitals
        In the order of the basis.
    by_l
        True for the order of Wannier90, False for that of the file.
    """

    sites: Real
    orbitals: tuple[Orbitals, ...]
    by_l: bool

    @property
    def count(self) -> int:
        """Number of orbitals without spin."""
        return sum(len(o.coefficients) for o in self.orbitals)


@dataclass(frozen=True)
class _Line:
    """One line of the block: sites, orbital names in file order, local axes and radial function."""

    sites: Real
    names: tuple[str, ...]
    frame: Real
    radial: str


def read_atoms(path: Path, lattice: Real) -> Crystal | None:
    """Atoms of a ``.win`` file, None if it lists none.

    Parameters
    ----------
    path
        The file.
    lattice
        ``(3, 3)`` of the model, Angstrom.

    Raises
    ------
    InputError
        If a line of the block cannot be read.
    """
    return _atoms(split_win(path), lattice)


def _atoms(text: WinText, lattice: Real) -> Crystal | None:
    block = next((b for b in ("atoms_frac", "atoms_cart") if text.blocks.get(b)), None)
    if block is None:
        return None
    rows, factor = list(text.blocks[block]), 1.0
    if block == "atoms_cart" and rows[0][1].lower() in ("bohr", "ang", "angstrom"):
        factor = BOHR if rows.pop(0)[1].lower() == "bohr" else 1.0
    names, where = [], []
    for number, line in rows:
        name, *rest = line.split(maxsplit=1)
        x = reals(rest[0]) if rest else []
        if len(x) != 3:
            raise text.error(number, f"{block} needs a name and three finite numbers on a line, found '{line}'.")
        names.append(name.lower())
        where.append(x)
    positions = np.array(where)
    if block == "atoms_cart":
        positions = factor * positions @ np.linalg.inv(lattice)
    return Crystal(lattice, positions, tuple(names))


def read_projections(path: Path, lattice: Real) -> tuple[Projections, ...]:
    """Orbitals of the block ``projections`` in the orders that a basis may have; the first is that of Wannier90.

    Parameters
    ----------
    path
        ``.win`` file.
    lattice
        ``(3, 3)`` of the model, Angstrom.

    Raises
    ------
    InputError
        If there is no such block, it holds random projections, or a line cannot be read; the sentence names it.
    """
    text = split_win(path)
    lines = list(_lines(text, lattice))
    if not lines:
        raise InputError(f"{path}: the block 'projections' lists no orbitals, so the basis is not known.")
    by_l, as_written = (_ordered(lines, lattice, by_l) for by_l in (True, False))
    different = [len(line.names) > 1 for line in lines]
    return (by_l, as_written) if any(different) else (by_l,)


def _ordered(lines: list[_Line], lattice: Real, by_l: bool) -> Projections:
    sites: list[Real] = []
    orbitals = []
    for line in lines:
        names = sorted(set(line.names), key=_rank) if by_l else line.names
        C = np.concatenate([expansion(name) for name in names]) @ harmonics(line.frame).T
        for x in line.sites:
            near = [i for i, y in enumerate(sites) if np.linalg.norm((x - y) @ lattice) < 1e-3]
            if not near:
                sites.append(x)
            orbitals.append(Orbitals(near[0] if near else len(sites) - 1, line.radial, C))
    return Projections(np.array(sites), tuple(orbitals), by_l)


def _rank(name: str) -> tuple[int, int]:
    """Return l and the number within the shell or set of hybrids of one orbital."""
    for l, label in LABELS.items():
        if name in components(label):
            return l, components(label).index(name)
    raise ValueError(name)


def _lines(text: WinText, lattice: Real) -> Iterator[_Line]:
    rows, factor = list(text.blocks.get("projections", [])), 1.0
    if rows and rows[0][1].lower() in ("bohr", "ang", "angstrom"):
        factor = BOHR if rows.pop(0)[1].lower() == "bohr" else 1.0
    crystal = _atoms(text, lattice)
    for number, line in rows:
        parts = [part.strip() for part in re.sub(r"\s", "", line).split(":")]
        if parts[0].lower() == "random" or len(parts) < 2:
            raise text.error(number, f"'{line}' names no site and orbitals, so the basis is not known.")
        if "(" in parts[1] or "[" in parts[1]:
            raise text.error(number, f"'{line}' chooses a spin or its axis, which symmetry does not know how to turn.")
        sites = _sites(text, number, parts[0], lattice, factor, crystal)
        yield _Line(sites, tuple(_names(text, number, parts[1].lower())), *_options(text, number, parts[2:]))


def _sites(text: WinText, number: int, word: str, lattice: Real, factor: float, crystal: Crystal | None) -> Real:
    """``(n, 3)`` lattice coordinates of ``f=...``, ``c=...`` or the name of a species."""
    if word.lower().startswith(("f=", "c=")):
        x = reals(word[2:])
        if len(x) != 3:
            raise text.error(number, f"'{word}' needs three numbers.")
        return np.array([x]) if word[0].lower() == "f" else factor * np.array([x]) @ np.linalg.inv(lattice)
    names = () if crystal is None else crystal.species
    here = [i for i, name in enumerate(names) if name == word.lower()]
    if crystal is None or not here:
        raise text.error(number, f"there is no atom '{word}' in the blocks atoms_frac and atoms_cart.")
    return crystal.positions[here]


def _names(text: WinText, number: int, words: str) -> Iterator[str]:
    """Single orbitals that ``sp3;l=2,mr=1,4;dxy`` stands for, as written."""
    for word in words.split(";"):
        if found := re.fullmatch(r"l=([+-]?\d+)(?:,mr=([\d,]+))?", word):
            l, mr = int(found[1]), found[2]
            if l not in LABELS:
                raise text.error(number, f"there is no orbital with l = {l}.")
            all_ = components(LABELS[l])
            numbers = [int(m) for m in mr.split(",") if m] if mr else range(1, len(all_) + 1)
            if any(not 1 <= m <= len(all_) for m in numbers):
                raise text.error(number, f"'{word}' needs mr between 1 and {len(all_)}.")
            yield from (all_[m - 1] for m in numbers)
            continue
        try:
            yield from components(word)
        except InputError as error:
            raise text.error(number, str(error)) from None


def _options(text: WinText, number: int, words: list[str]) -> tuple[Real, str]:
    """Local axes as columns of a rotation, and the radial function, of ``z=0,0,1:x=1,0,0:zona=1:r=1``."""
    axes = {"z": np.array([0.0, 0.0, 1.0]), "x": np.array([1.0, 0.0, 0.0])}
    radial = "1"
    for word in words:
        key, _, value = word.partition("=")
        x = reals(value)
        if key.lower() in axes and len(x) == 3 and np.linalg.norm(x) > 0:
            axes[key.lower()] = np.array(x) / np.linalg.norm(x)
        elif key.lower() == "r" and len(x) == 1:
            radial = value
        elif key.lower() != "zona" or len(x) != 1:
            raise text.error(number, f"'{word}' is not an axis (z=, x=), zona= or r= with its numbers.")
    if abs(axes["x"] @ axes["z"]) > 1e-4:
        raise text.error(number, "the axes x and z of a projection must be perpendicular, give both.")
    x = axes["x"] - (axes["x"] @ axes["z"]) * axes["z"]
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(axes["z"], x), axes["z"]], axis=1), radial


def spin_orders(count: int, size: int) -> tuple[SpinOrder | None, ...]:
    """Ways in which spins may be arranged when ``count`` orbitals make ``size`` Wannier functions; () if none."""
    if count == size:
        return (None,)
    return ("interlaced", "blocks") if 2 * count == size else ()
