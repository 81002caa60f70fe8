"""Kwant builders with translational symmetry."""

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solenoidal.builders.hoppings import Vector, plus_conjugate
from solenoidal.errors import InputError
from solenoidal.exchange.common import half_of, need, orbital_positions, periodic_space
from solenoidal.model import BlochModel

__all__ = ["from_kwant", "to_kwant"]

Complex = NDArray[np.complex128]


def from_kwant(builder: Any, params: Mapping[str, object] | None = None) -> BlochModel:
    """Take over a Kwant system that is periodic in every direction of its symmetry.

    Parameters
    ----------
    builder
        ``kwant.Builder`` with a ``TranslationalSymmetry``, lengths in Angstrom and energies in eV.  Directions
        without symmetry (the width of a ribbon) are dropped from lattice and positions.
    params
        Values of the parameters of onsite and hopping functions.

    Returns
    -------
    BlochModel
        Orbitals site by site, the sites in the order in which they were added, with positions and without operators.

    Raises
    ------
    InputError
        If the object is not such a builder, a value is missing, or a parameter of a function has no value.
    """
    symmetry: Any = getattr(builder, "symmetry", None)
    if not len(getattr(symmetry, "periods", ())) or not hasattr(builder, "hopping_value_pairs"):
        raise InputError(f"{type(builder).__name__} is no Kwant Builder with a TranslationalSymmetry, give one.")
    onsite = {s: _value(v, (s,), params or {}) for s, v in builder.site_value_pairs()}
    if not onsite:
        raise InputError("the Kwant builder has no sites.")
    starts = np.cumsum([0, *(len(X) for X in onsite.values())])
    place = {s: slice(a, b) for s, a, b in zip(onsite, starts, starts[1:], strict=False)}
    home = np.zeros((starts[-1], starts[-1]), dtype=np.complex128)
    for s, X in onsite.items():
        home[place[s], place[s]] = X
    bonds: list[tuple[Vector, Complex]] = [((0,) * len(symmetry.periods), np.zeros_like(home))]
    for (a, b), v in builder.hopping_value_pairs():
        X = np.zeros_like(home)
        X[place[symmetry.to_fd(a)], place[symmetry.to_fd(b)]] = _value(v, (a, b), params or {})
        bonds.append((tuple(int(x) for x in symmetry.which(b) - symmetry.which(a)), X))
    centres = np.repeat([np.asarray(s.pos, dtype=np.float64) for s in onsite], np.diff(starts), axis=0)
    lattice, tau = periodic_space(np.asarray(symmetry.periods, dtype=np.float64), centres)
    return BlochModel.from_hoppings(lattice, plus_conjugate(home, bonds), orbital_positions=tau, name="Kwant system")


def _value(value: Any, sites: tuple[Any, ...], params: Mapping[str, object]) -> Complex:
    """Onsite or hopping matrix, from a number, a matrix or a function of the sites and parameters."""
    where = " - ".join(str(s) for s in sites)
    if callable(value):
        value = value(*sites, **_arguments(value, len(sites), params, where))
    if value is None:
        raise InputError(f"the Kwant builder has no value at {where}, set one.")
    return np.atleast_2d(np.asarray(value, dtype=np.complex128))


def _arguments(function: Any, skip: int, params: Mapping[str, object], where: str) -> dict[str, object]:
    wanted = list(inspect.signature(function).parameters)[skip:]
    missing = [name for name in wanted if name not in params]
    if missing:
        raise InputError(f"the Kwant value at {where} needs the parameter '{missing[0]}', give it in params.")
    return {name: params[name] for name in wanted}


def to_kwant(model: BlochModel) -> Any:
    """Write a model as a Kwant builder with its translations as symmetry.

    Parameters
    ----------
    model
        Electrons with orbital positions or none.

    Returns
    -------
    kwant.Builder
        One site family with one orbital per state, named "0", "1", ...; operators and Fermi energy are not part of
        it.

    Raises
    ------
    InputError
        If Kwant is not installed, or the model has a metric or a position matrix that is not diagonal.
    """
    tau = orbital_positions(model, "kwant")
    kwant = need("kwant")
    families = [kwant.lattice.Monatomic(model.lattice, r, name=str(a), norbs=1) for a, r in enumerate(tau)]
    out = kwant.Builder(kwant.TranslationalSymmetry(*model.lattice))
    home = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
    origin = (0,) * model.dimension
    for a, family in enumerate(families):
        out[family(*origin)] = float(model.H[home, a, a].real)
    for value, a, b, R in half_of(model):
        out[families[a](*origin), families[b](*R)] = value
    return out
