"""Band-resolved quantities of the transport formulas, one file each; they register themselves.

A quantity is an array ``(n_k, n, i, l, a)`` for current direction i, field direction l and component a of the
operator, in rows n whose sum over a multiplet is a trace.  It is summed over the zone with the weight it names:

============  ==========  ==================
weight        factor      name in the theory
============  ==========  ==================
``sea``       f(e_n)      Fermi sea
``surface``   -f'(e_n)    Fermi surface
============  ==========  ==================
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import States
from solenoidal.registry import Registry

__all__ = ["Quantity", "Settings", "Weight", "get", "names", "quantity"]

Real = NDArray[np.float64]
Weight = Literal["sea", "surface"]


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
    name, weight
        See the module.
    rows
        ``(states, settings) -> (n_k, n, i, l, a)``.
    resolved
        True where close levels must stay apart (only levels equal to rounding form a multiplet).
    """

    name: str
    weight: Weight
    rows: Callable[[States, Settings], Real]
    resolved: bool = False


_registry: Registry[Quantity] = Registry("quantity", __name__)
get = _registry.get
names = _registry.names


Rows = Callable[[States, Settings], Real]


def quantity(weight: Weight, resolved: bool = False) -> Callable[[Rows], Rows]:
    """Register the decorated function ``(states, settings) -> (n_k, n, i, l, a)`` under its own name."""

    def register(rows: Rows) -> Rows:
        _registry.add(rows.__name__, Quantity(rows.__name__, weight, rows, resolved))
        return rows

    return register
