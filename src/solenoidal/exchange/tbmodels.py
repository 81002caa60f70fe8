"""TBmodels models."""

from typing import Any

import numpy as np

from solenoidal.errors import InputError
from solenoidal.exchange.common import need, orbital_positions
from solenoidal.model import BlochModel

__all__ = ["from_tbmodels", "to_tbmodels"]


def from_tbmodels(model: Any) -> BlochModel:
    """Take over a TBmodels model.

    Parameters
    ----------
    model
        ``tbmodels.Model`` with a unit cell, lengths in Angstrom and energies in eV.

    Returns
    -------
    BlochModel
        With orbital positions and without operators.

    Raises
    ------
    InputError
        If the object is not such a model or has no unit cell.
    """
    if not all(hasattr(model, name) for name in ("hop", "uc", "pos", "size")):
        raise InputError(f"{type(model).__name__} is not a Model of TBmodels, give an object of that class.")
    if model.uc is None:
        raise InputError("the TBmodels model has no unit cell, give it one with the argument uc.")
    lattice = np.asarray(model.uc, dtype=np.float64)
    hoppings = {}
    for R, X in model.hop.items():
        H = np.asarray(X.toarray() if hasattr(X, "toarray") else X, dtype=np.complex128)
        # One of each pair R, -R is kept there, and half of the matrix at R = 0.
        hoppings[tuple(int(x) for x in R)] = H if any(R) else H + H.conj().T
    if not hoppings:
        hoppings[(0,) * len(lattice)] = np.zeros((model.size, model.size), dtype=np.complex128)
    tau = np.asarray(model.pos, dtype=np.float64) @ lattice
    return BlochModel.from_hoppings(lattice, hoppings, orbital_positions=tau, name="TBmodels model")


def to_tbmodels(model: BlochModel) -> Any:
    """Write a model as a TBmodels model.

    Parameters
    ----------
    model
        Electrons with orbital positions or none.

    Returns
    -------
    tbmodels.Model
        TBmodels moves every orbital into the home cell and renumbers R accordingly.  Operators and Fermi energy are
        not part of it.

    Raises
    ------
    InputError
        If TBmodels is not installed, or the model has a metric or a position matrix that is not diagonal.
    """
    tau = orbital_positions(model, "tbmodels")
    package = need("tbmodels")
    return package.Model(
        hop={tuple(R): H for R, H in zip(model.R.tolist(), model.H, strict=True)},
        contains_cc=True,
        size=model.size,
        dim=model.dimension,
        uc=model.lattice,
        pos=tau @ np.linalg.inv(model.lattice),
    )
