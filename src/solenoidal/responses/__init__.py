"""Responses: what a job can ask for, one file each; they register themselves.

A response is a table (quantity of a band) x (function of its energy) with names, dimensions and units; the engine
computes any of them from the same pass over the zone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from solenoidal.definitions import Term, Weight
from solenoidal.registry import Registry
from solenoidal.units import Flow

__all__ = ["Choice", "Response", "Tensor", "get", "names", "register"]

Real = NDArray[np.float64]


@dataclass(frozen=True)
class Choice:
    """What a user chose that a response may depend on.

    Attributes
    ----------
    definitions, form, gamma
        As in :class:`solenoidal.engine.Task`.
    """

    definitions: tuple[str, ...]
    form: str = "S"
    gamma: float | None = None


def _same(x: Real) -> Real:
    return x


@dataclass(frozen=True)
class Tensor:
    """How a response transforms with the crystal; its last index is the component of the operator.

    Attributes
    ----------
    indices
        Kind of vector that each Cartesian index belongs to.
    time_reversal
        Sign under time reversal apart from that of the operator.
    """

    indices: tuple[Literal["polar", "axial"], ...]
    time_reversal: int


@dataclass(frozen=True)
class Response:
    """A labelled table of sums over the zone.

    Attributes
    ----------
    name
        Key of the job and stem of the variables of the result.
    variable
        Name of the variable in the result.
    title
        A few words for a label.
    terms
        ``terms(choice)``: for each entry of the first dimension its terms.
    functions
        Name in :data:`solenoidal.statistics.FUNCTIONS` for each kind of weight.
    label
        Name of the first dimension (``"definition"``, ``"part"``), or None if there is one entry without a name.
    dims
        Dimensions after temperature and mu.
    factor, unit
        From the zone integral to what is printed, by dimension of the crystal and flow of the operator.
    convention
        One sentence on sign and meaning.
    directions
        Number of Cartesian indices of its quantities.
    finish
        Applied to ``(label, T, mu, ...)`` at the end, linear.
    transformation
        How it transforms with the crystal; None where not declared, which is refused where symmetry is used.
    """

    name: str
    variable: str
    title: str
    terms: Callable[[Choice], Mapping[str, tuple[Term, ...]]]
    functions: Mapping[Weight, str]
    label: str | None
    dims: tuple[str, ...]
    factor: Callable[[int, Flow, float], float]
    unit: Callable[[int, Flow], str]
    convention: str
    directions: int = 2
    finish: Callable[[Real], Real] = _same
    transformation: Tensor | None = None


_registry: Registry[Response] = Registry("response", __name__)
get = _registry.get
names = _registry.names


def register(response: Response) -> Response:
    """Add a response under its name."""
    return _registry.add(response.name, response)
