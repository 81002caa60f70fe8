"""Operations that a crystal may have: from its atoms, from its lattice and sites alone."""

import importlib
import itertools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solenoidal.errors import InputError
from solenoidal.symmetry.operations import Group, Operation, identity, wrapped

__all__ = ["Crystal", "crystal_group", "lattice_rotations", "site_operations", "with_time_reversal"]

Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Distances (Angstrom) below which atoms coincide; input files may have five digits.
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Crystal:
    """Atoms of a crystal.

    Attributes
    ----------
    lattice
        ``(3, 3)`` primitive vectors as rows, Angstrom.
    positions
        ``(n, 3)`` in lattice coordinates.
    species
        Name of each atom.
    """

    lattice: Real
    positions: Real
    species: tuple[str, ...]


def crystal_group(crystal: Crystal, moments: ArrayLike | None = None, tolerance: float = TOLERANCE) -> Group:
    """Space group of a crystal, found by spglib.

    Parameters
    ----------
    crystal
        Lattice and atoms.
    moments
        None: nonmagnetic, every operation comes with and without time reversal.  ``(n, 3)`` Cartesian magnetic
        moments: the magnetic space group, spins turning with the lattice.  ``(n,)``: moments along z.
    tolerance
        Distance of atoms that coincide, Angstrom.

    Raises
    ------
    InputError
        If spglib is not installed, finds no group, or the moments do not fit the atoms.

    References
    ----------
    Togo, Shinohara, Tanaka, Sci. Technol. Adv. Mater. Meth. 4, 2384822 (2024).
    """
    numbers = [sorted(set(crystal.species)).index(name) for name in crystal.species]
    cell: tuple[object, ...] = (crystal.lattice, crystal.positions, numbers)
    if moments is None:
        found = _ask("get_symmetry_dataset", cell, tolerance)
        name = f"space group {found.international}"
    else:
        found = _ask("get_magnetic_symmetry_dataset", (*cell, _vectors(moments, crystal)), tolerance)
        name = f"magnetic space group, type {found.msg_type}"
    reverse = np.zeros(len(found.rotations), dtype=bool) if moments is None else found.time_reversals
    parts = zip(found.rotations, found.translations, reverse, strict=True)
    operations = [_operation(crystal.lattice, W, w, bool(anti)) for W, w, anti in parts]
    if moments is None:
        operations = with_time_reversal(operations)
    return Group(crystal.lattice, _identity_first(operations), name)


def _ask(question: str, cell: tuple[object, ...], tolerance: float) -> Any:
    """Answer of spglib, which changes its way to report failures with its versions: nothing, or an exception."""
    try:
        spglib = importlib.import_module("spglib")
    except ImportError:
        raise InputError("the space group of atoms needs the package spglib, install it with pip.") from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            found = getattr(spglib, question)(cell, symprec=tolerance)
        except spglib.error.SpglibError:
            found = None
    if found is None:
        raise InputError("spglib finds no space group for the atoms, check that none coincide.")
    return found


def _vectors(moments: ArrayLike, crystal: Crystal) -> Real:
    m = np.asarray(moments, dtype=np.float64)
    if m.ndim == 1:
        m = np.stack([0 * m, 0 * m, m], axis=1)
    if m.shape != crystal.positions.shape or not np.isfinite(m).all():
        raise InputError(f"the magnetic moments have shape {np.shape(moments)}, they must be one vector for each atom.")
    return m


def _operation(lattice: Real, W: Index, w: Real, reverse: bool = False) -> Operation:
    R = lattice.T @ W @ np.linalg.inv(lattice.T)
    # A lattice with five digits is not exactly symmetric: take the orthogonal matrix next to R.
    left, _, right = np.linalg.svd(R)
    return Operation(np.array(W, dtype=np.int64), wrapped(np.array(w, dtype=np.float64)), left @ right, reverse)


def _identity_first(operations: Sequence[Operation]) -> tuple[Operation, ...]:
    first = identity(len(operations[0].rotation))
    return tuple(sorted(operations, key=lambda g: not g.same(first)))


def with_time_reversal(operations: Sequence[Operation]) -> list[Operation]:
    """Return the operations and each of them combined with time reversal."""
    return [*operations, *(g.reversed_in_time() for g in operations)]


def lattice_rotations(lattice: Real, tolerance: float = 1e-5) -> list[tuple[Index, Real]]:
    """Rotations that a lattice may have: integer matrices W that keep its metric.

    Parameters
    ----------
    lattice
        ``(D, D)`` primitive vectors as rows, Angstrom.
    tolerance
        Relative difference of lengths and products that counts as none.

    Returns
    -------
    list
        Pairs (W ``(D, D)``, R ``(3, 3)``).  The D' = 3 - D directions without periods are kept or reversed: every sign
        of each comes with every W.
    """
    D = len(lattice)
    metric = lattice @ lattice.T
    scale = float(metric.diagonal().max())
    reach = np.floor(np.sqrt(scale * np.linalg.inv(metric).diagonal()) + 1e-6).astype(int)
    steps = np.array(list(itertools.product(*(range(-n, n + 1) for n in reach))), dtype=np.int64)
    lengths = np.einsum("ai,ij,aj->a", steps, metric, steps)
    images = [steps[abs(lengths - metric[i, i]) < tolerance * scale] for i in range(D)]
    out = []
    for columns in itertools.product(*images):
        W = np.array(columns).T
        if abs(W.T @ metric @ W - metric).max() < tolerance * scale:
            R = _operation(lattice, W, np.zeros(D)).cartesian
            for signs in itertools.product((1.0, -1.0), repeat=3 - D):
                whole = np.diag([*np.zeros(D), *signs])
                whole[:D, :D] = R
                out.append((W, whole))
    return out


def site_operations(
    lattice: Real, sites: Real, kinds: Sequence[object], tolerance: float = TOLERANCE
) -> list[Operation]:
    """Operations of a lattice that take every site to a site of its kind, without time reversal.

    Parameters
    ----------
    lattice
        ``(D, D)``, Angstrom.
    sites
        ``(n, D)`` in lattice coordinates.
    kinds
        What must be equal for two sites to change places, e.g. their numbers of orbitals.
    tolerance
        Distance of sites that coincide, Angstrom.
    """
    rarest = min(set(kinds), key=lambda kind: (list(kinds).count(kind), str(kind)))
    same = [i for i, kind in enumerate(kinds) if kind == rarest]
    out: list[Operation] = []
    for W, R in lattice_rotations(lattice):
        for target in same:
            w = wrapped(sites[target] - W @ sites[same[0]])
            g = Operation(W, w, R)
            if permutation(lattice, sites, kinds, g, tolerance) is not None and not any(g.same(h) for h in out):
                out.append(g)
    return list(_identity_first(out))


def permutation(
    lattice: Real, sites: Real, kinds: Sequence[object], g: Operation, tolerance: float = TOLERANCE
) -> tuple[Index, Index] | None:
    """Which site every site goes to, and in which cell; None if one of them does not meet its like.

    Returns
    -------
    tuple
        ``(n,)`` numbers p and ``(n, D)`` integers L: ``W x_a + w = x_p(a) + L_a``.
    """
    image = sites @ g.rotation.T + g.translation
    target, cell = [], []
    for a, x in enumerate(image):
        gap = x - sites
        near = np.linalg.norm((gap - np.rint(gap)) @ lattice, axis=1)
        fit = [b for b in np.flatnonzero(near < tolerance) if kinds[int(b)] == kinds[a] and b not in target]
        if not fit:
            return None
        target.append(int(fit[0]))
        cell.append(np.rint(gap[fit[0]]))
    return np.array(target, dtype=np.int64), np.array(cell, dtype=np.int64).reshape(len(sites), -1)
