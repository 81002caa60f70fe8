"""Definitions of the conserved and conventional currents, one file each; they register themselves.

A definition is a sum of terms: a quantity, a coefficient and the kind of function of the energy that multiplies it.
It holds no arithmetic of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from solenoidal.registry import Registry
from solenoidal.units import Flow

__all__ = ["Definition", "Term", "Weight", "applicable", "get", "names", "register", "terms"]

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
    """

    name: str
    title: str
    reference: str
    forms: Mapping[str, tuple[Term, ...]]
    flows: tuple[Flow, ...] = ("internal", "charge")


_registry: Registry[Definition] = Registry("definition", __name__)
get = _registry.get
names = _registry.names


def applicable(flow: Flow) -> tuple[str, ...]:
    """Names of the definitions that exist for a kind of operator."""
    return tuple(name for name in names() if flow in get(name).flows)


def register(definition: Definition) -> Definition:
    """Add a definition under its name."""
    return _registry.add(definition.name, definition)


def terms(name: str, form: str = "S", gamma: float | None = None) -> tuple[Term, ...]:
    """Terms of the definition ``name`` in the form wanted; its only form where it has one."""
    forms = get(name).forms
    if gamma is not None and "gamma" in forms:
        return forms["gamma"]
    return forms.get(form, forms["S"])
