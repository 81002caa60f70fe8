"""Orbital angular momentum about the atoms."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.model import BlochModel, Operator
from solenoidal.operators.harmonics import angular_momentum, expansion
from solenoidal.operators.local import euclidean, local
from solenoidal.readers.spin_order import SpinOrder

__all__ = ["orbital"]

Complex = NDArray[np.complex128]


def orbital(model: BlochModel, orbitals: Sequence[tuple[str, str]], spin_order: SpinOrder | None = None) -> Operator:
    """Atom-centred orbital angular momentum L.

    Each atom contributes L about its own nucleus between its own orbitals, taken as exact harmonics with the axes of
    the crystal; between atoms there is nothing.  A set of orbitals that does not span whole shells (sp3d2, t2g)
    gives P L P, for which L x L = i L does not hold.

    Parameters
    ----------
    model
        Electrons: no metric.
    orbitals
        Pairs (atom, label) in the order of the basis, e.g. ``[("Pt", "s"), ("Pt", "p"), ("Pt", "d")]``.  A label is a
        shell in Wannier90's order (s; pz px py; dz2 dxz dyz dx2-y2 dxy; f), a set of hybrids (sp, sp2, sp3, sp3d,
        sp3d2) or one orbital of them (dxy, sp3-2).  Two shells of one l on one atom need two names of the atom.
    spin_order
        None for a basis without spin, or how the spins follow each other: ``"interlaced"`` or ``"blocks"``.

    Returns
    -------
    Operator
        Components x, y, z in hbar, odd under time reversal.

    Raises
    ------
    InputError
        If a label is unknown, the number of orbitals is not that of the model, the orbitals of an atom are not
        orthogonal, or the model has a metric.
    """
    euclidean(model)
    if spin_order not in (None, "interlaced", "blocks"):
        raise InputError(f"{model.source}: spin_order is '{spin_order}', it must be 'blocks', 'interlaced' or None.")
    L = _without_spin(model.source, orbitals)
    count, spins = L.shape[1], 1 if spin_order is None else 2
    if count * spins != model.size:
        what = "orbitals" if spins == 1 else "orbitals, each with two spins,"
        raise InputError(f"{model.source}: the labels name {count} {what} but the model has {model.size} states.")
    one = np.eye(spins)
    blocks = spin_order == "blocks"
    matrices = [np.kron(one, X) if blocks else np.kron(X, one) for X in L]
    return local(model, matrices, ("x", "y", "z"), time_reversal=-1, transformation="axial")


def _without_spin(source: str, orbitals: Sequence[tuple[str, str]]) -> Complex:
    """``(3, n, n)`` for the labelled orbitals."""
    if not orbitals:
        raise InputError(f"{source}: the angular momentum needs the labels of the orbitals.")
    tables = [expansion(label) for _, label in orbitals]
    atoms = np.repeat([atom for atom, _ in orbitals], [len(table) for table in tables])
    coefficients = np.concatenate(tables)
    L = np.zeros((3, len(atoms), len(atoms)), dtype=np.complex128)
    for atom in dict.fromkeys(atoms.tolist()):
        mine = np.flatnonzero(atoms == atom)
        part = coefficients[mine]
        if not np.allclose(part @ part.T, np.eye(len(mine)), rtol=0, atol=1e-12):
            raise InputError(
                f"{source}: the orbitals of atom '{atom}' are not orthogonal, give the second shell of the same kind "
                "another name of the atom."
            )
        L[:, mine[:, None], mine] = angular_momentum(part)
    return L
