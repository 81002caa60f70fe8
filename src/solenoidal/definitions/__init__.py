"""Definitions of the conserved and conventional currents, one file each; they register themselves.

A definition is a sum of terms: a quantity, a coefficient and the kind of function of the energy that multiplies it.
It holds no arithmetic of its own.  One that is not of this form brings its own sum over k-points instead.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from solenoidal.model import BlochModel, Operator
from solenoidal.registry import Registry
from solenoidal.units import Flow

__all__ = [
    "Definition",
    "Direct",
    "DirectSettings",
    "DirectSum",
    "Limit",
    "Term",
    "Weight",
    "applicable",
    "get",
    "names",
    "register",
    "terms",
]

Real = NDArray[np.float64]

#: Kind of function of the energy; a response says which it is: f, -f' and g of a conductivity or S, -S' of its
#: thermal counterpart.
Weight = Literal["sea", "surface", "potential"]


@dataclass(frozen=True)
class Term:
    """``coefficient`` times a quantity times a function of the energy.

    Attributes
    ----------
    coefficient, quantity, weight
        Number, name in :mod:`solenoidal.quantities`, kind of function.
    exchanged
        Exchange the first two directions (current and field).
    """

    coefficient: float
    quantity: str
    weight: Weight
    exchanged: bool = False


@dataclass(frozen=True)
class DirectSettings:
    """What a direct sum is asked for, in internal units.

    Attributes
    ----------
    mu, kT
        eV; mu ascending.
    functions
        Names in :data:`solenoidal.statistics.FUNCTIONS` that stand for f.
    degeneracy
        eV: levels closer than this form a multiplet.
    gamma
        eV: rate, or None.
    """

    mu: Real
    kT: Real
    functions: tuple[str, ...] = ("fermi",)
    degeneracy: float = 1e-3
    gamma: float | None = None


class Limit(NamedTuple):
    """A sum over k-points with one energy function, ``(T, mu, current, field, component)``, Angstrom^2.

    ``shift``: change when ``degeneracy`` is divided by three; ``error``: of the limit the method takes;
    ``floor``: magnitudes below this are rounding.
    """

    value: Real
    shift: Real
    error: Real
    floor: float


class DirectSum(Protocol):
    """A sum over k-points that a definition makes itself."""

    def add(self, k: Real) -> None:
        """Add the points ``k (n_k, D)``, fractional."""

    def limit(self, function: str) -> Limit:
        """Sum over the points added so far with one energy function."""

    def arrays(self) -> dict[str, Real]:
        """Everything collected, by name: views; those of two sets of points are added element by element."""


#: Begins an empty sum for a crystal and an operator with the components wanted.
Direct = Callable[[BlochModel, Operator, DirectSettings], DirectSum]


@dataclass(frozen=True)
class Definition:
    """A named definition of the conductivity.

    Attributes
    ----------
    name, title, reference
        Name in every output, one line for a legend, the source.
    forms
        Terms by form: ``"S"`` and ``"P"`` where they differ on a finite mesh, ``"gamma"`` for (K gamma).
        A definition with one form gives it under ``"S"`` only.
    flows
        Kinds of operator it is defined for.
    direct
        Begins its own sum over k-points, which is added to the terms; None where the terms are all there is.
        A direct sum needs T > 0.
    default
        Whether a job that names no definitions gets it.
    """

    name: str
    title: str
    reference: str
    forms: Mapping[str, tuple[Term, ...]]
    flows: tuple[Flow, ...] = ("internal", "charge")
    direct: Direct | None = None
    default: bool = True


_registry: Registry[Definition] = Registry("definition", __name__)
get = _registry.get
names = _registry.names


def applicable(flow: Flow) -> tuple[str, ...]:
    """Names of the definitions that a job gets for a kind of operator if it names none."""
    return tuple(name for name in names() if flow in get(name).flows and get(name).default)


def register(definition: Definition) -> Definition:
    """Add a definition under its name."""
    return _registry.add(definition.name, definition)


def terms(name: str, form: str = "S", gamma: float | None = None) -> tuple[Term, ...]:
    """Terms of the definition ``name`` in the form wanted; its only form where it has one."""
    forms = get(name).forms
    if gamma is not None and "gamma" in forms:
        return forms["gamma"]
    return forms.get(form, forms["S"])
