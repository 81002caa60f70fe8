"""Band-resolved quantities of the transport formulas, one file each; they register themselves.

A quantity is an array ``(n_k, n, ...)`` in rows n whose sum over a multiplet is a trace; ``(n_k, n, i, l, a)`` for
current direction i, field direction l and component a of the operator in a conductivity.  It has no occupation: which
function of the energy multiplies it is said where it is used, in :mod:`solenoidal.definitions`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import States
from solenoidal.registry import Registry

__all__ = [
    "SMALLEST_GAMMA",
    "Quantity",
    "Settings",
    "curvature_quantity",
    "derivative_quantity",
    "exchange_quantity",
    "get",
    "names",
    "quantity",
    "resolved_quantity",
]

Real = NDArray[np.float64]

#: Rates below this (eV) leave fewer than eight digits of (K gamma), whose terms of order 1 / gamma^2 cancel.
SMALLEST_GAMMA = 1e-4


@dataclass(frozen=True)
class Settings:
    """What a quantity may depend on besides the states.

    Attributes
    ----------
    gamma
        Rate of form (K gamma), eV; only quantities of that form read it.
    """

    gamma: float = 0.0


@dataclass(frozen=True)
class Quantity:
    """A band-resolved quantity; see the module.

    Attributes
    ----------
    name
        Name of the function.
    rows
        ``(states, settings) -> (n_k, n, ...)``.
    resolved
        True where close levels must stay apart (only levels equal to rounding form a multiplet).
    curvature
        True where the curvature of the basis is needed.
    derivatives
        True where states of :mod:`solenoidal.derivatives` are needed.
    exchanged
        True where what two levels add through each other is opposite, so that it may be left out where both are full.
    """

    name: str
    rows: Callable[[States, Settings], Real]
    resolved: bool = False
    curvature: bool = False
    derivatives: bool = False
    exchanged: bool = False


_registry: Registry[Quantity] = Registry("quantity", __name__)
get = _registry.get
names = _registry.names


Rows = Callable[[States, Settings], Real]


def quantity(rows: Rows) -> Rows:
    """Register the decorated function ``(states, settings) -> (n_k, n, ...)`` under its own name."""
    _registry.add(rows.__name__, Quantity(rows.__name__, rows))
    return rows


def resolved_quantity(rows: Rows) -> Rows:
    """Register a quantity for which close levels must stay apart."""
    _registry.add(rows.__name__, Quantity(rows.__name__, rows, resolved=True))
    return rows


def curvature_quantity(rows: Rows) -> Rows:
    """Register a quantity that needs the curvature of the basis."""
    _registry.add(rows.__name__, Quantity(rows.__name__, rows, curvature=True))
    return rows


def exchange_quantity(rows: Rows) -> Rows:
    """Register a quantity in which levels exchange opposite numbers; it leaves out those of ``states.full`` levels."""
    _registry.add(rows.__name__, Quantity(rows.__name__, rows, exchanged=True))
    return rows


def derivative_quantity(rows: Rows) -> Rows:
    """Register a quantity that needs second derivatives of the Hamiltonian, see :mod:`solenoidal.derivatives`."""
    _registry.add(rows.__name__, Quantity(rows.__name__, rows, derivatives=True))
    return rows
