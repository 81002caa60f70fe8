"""PythTB models (``tb_model`` of version 1)."""

from typing import Any

import numpy as np

from solenoidal.builders.hoppings import plus_conjugate
from solenoidal.errors import InputError
from solenoidal.exchange.common import half_of, need, orbital_positions, periodic_space
from solenoidal.model import BlochModel
from solenoidal.operators import spin

__all__ = ["from_pythtb", "to_pythtb"]

_ATTRIBUTES = ("_dim_k", "_nspin", "_norb", "_per", "_lat", "_orb", "_site_energies", "_hoppings")


def from_pythtb(model: Any) -> BlochModel:
    """Take over a PythTB model.

    Parameters
    ----------
    model
        ``pythtb.tb_model`` of version 1, lengths in Angstrom and energies in eV.  Directions that are not periodic
        are dropped from lattice and positions.

    Returns
    -------
    BlochModel
        With orbital positions; for ``nspin = 2`` each orbital up, down, and the operator ``spin``.

    Raises
    ------
    InputError
        If the object is not such a model or has no periodic direction.
    """
    if not all(hasattr(model, name) for name in _ATTRIBUTES):
        raise InputError(f"{type(model).__name__} is not a tb_model of PythTB 1, give an object of that class.")
    periodic = list(model._per)
    if not periodic:
        raise InputError("the PythTB model has no periodic direction, it is not a crystal.")
    lattice = np.asarray(model._lat, dtype=np.float64)
    lattice, tau = periodic_space(lattice[periodic], np.asarray(model._orb, dtype=np.float64) @ lattice)
    n = int(model._nspin)
    energies = np.asarray(model._site_energies, dtype=np.complex128).reshape(-1, n, n)
    bonds = []
    for amplitude, i, j, *R in model._hoppings:
        X = np.zeros((len(tau) * n,) * 2, dtype=np.complex128)
        X[i * n : (i + 1) * n, j * n : (j + 1) * n] = amplitude
        step = tuple(int(R[0][p]) for p in periodic) if R else (0,) * len(periodic)
        bonds.append((step, X))
    onsite = np.zeros((len(tau) * n,) * 2, dtype=np.complex128)
    for i, e in enumerate(energies):
        onsite[i * n : (i + 1) * n, i * n : (i + 1) * n] = e
    home = (0,) * len(periodic)
    hoppings = plus_conjugate(onsite, [*bonds, (home, np.zeros_like(onsite))])
    out = BlochModel.from_hoppings(lattice, hoppings, orbital_positions=np.repeat(tau, n, axis=0), name="PythTB model")
    return out.with_operators(spin=spin(out, "interlaced")) if n == 2 else out


def to_pythtb(model: BlochModel) -> Any:
    """Write a model as a PythTB model without spin structure: every state an orbital.

    Parameters
    ----------
    model
        Electrons with orbital positions or none.

    Returns
    -------
    pythtb.tb_model
        ``nspin = 1``; operators and Fermi energy are not part of it.

    Raises
    ------
    InputError
        If PythTB 1 is not installed, or the model has a metric or a position matrix that is not diagonal.
    """
    tau = orbital_positions(model, "pythtb")
    package = need("pythtb")
    if not hasattr(package, "tb_model"):
        raise InputError("the installed PythTB has no tb_model, install version 1 of it.")
    D = model.dimension
    out = package.tb_model(D, D, model.lattice, tau @ np.linalg.inv(model.lattice))
    home = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
    out.set_onsite(np.diag(model.H[home]).real)
    for value, a, b, R in half_of(model):
        out.set_hop(value, a, b, list(R))
    return out
