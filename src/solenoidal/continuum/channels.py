"""What is summed over the bands of an unbounded model: terms of the responses, joined by the function they carry."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solenoidal import quantities, responses
from solenoidal.bloch import States
from solenoidal.definitions import Term
from solenoidal.engine.task import Task
from solenoidal.quantities import Settings
from solenoidal.responses import Response
from solenoidal.statistics import FUNCTIONS

__all__ = ["Channel", "Part", "channels", "parts"]

Real = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """One entry of the first dimension of a response: sums of channels.

    Attributes
    ----------
    response
        See :class:`solenoidal.responses.Response`.
    label
        Name of the entry.
    channels
        ``(number of the channel, function of the energy)`` of everything it consists of.
    """

    response: Response
    label: str
    channels: tuple[tuple[int, str], ...]

    def shape(self, dimension: int, components: int) -> tuple[int, ...]:
        """Shape of one number: Cartesian directions, component of the operator."""
        return (*(dimension,) * self.response.directions, components)


@dataclass(frozen=True)
class Channel:
    """Terms that carry the same function of the energy, as one quantity of a band.

    Attributes
    ----------
    terms
        Coefficients and quantities; empty for the number of electrons.
    resolved
        Whether close levels stay apart in them.
    functions
        Every function of the energy that it is wanted with.
    """

    terms: tuple[Term, ...]
    resolved: bool
    functions: frozenset[str]

    def rows(self, states: States, settings: Settings, cache: dict[str, Real]) -> Real:
        """``(n_k, n, columns)`` of the lowest levels, from ``cache`` where a quantity stands there."""
        if not self.terms:
            return np.ones((len(states.e), states.rows - states.first, 1))
        out = []
        for t in self.terms:
            if t.quantity not in cache:
                cache[t.quantity] = quantities.get(t.quantity).rows(states, settings)
            x = cache[t.quantity]
            out.append(t.coefficient * (x.swapaxes(2, 3) if t.exchanged else x))
        total = np.ascontiguousarray(sum(out))
        return total.reshape(*total.shape[:2], math.prod(total.shape[2:]))

    @property
    def cold_sea(self) -> bool:
        """Whether filled bands count in it at T = 0."""
        return any(FUNCTIONS[name].cold in ("step", "ramp") for name in self.functions)

    @property
    def surface(self) -> bool:
        """Whether Fermi surfaces at T = 0 count in it."""
        return any(FUNCTIONS[name].cold == "delta" for name in self.functions)


def _entries(task: Task) -> Mapping[tuple[tuple[Term, ...], bool], set[str]]:
    out: dict[tuple[tuple[Term, ...], bool], set[str]] = {((), False): {"fermi"}}
    for name in task.responses:
        response = responses.get(name)
        for terms in response.terms(task.choice).values():
            for key, function in _grouped(response, terms):
                out.setdefault(key, set()).add(function)
    return out


def _grouped(response: Response, terms: tuple[Term, ...]) -> list[tuple[tuple[tuple[Term, ...], bool], str]]:
    """Terms of one label by function and resolution."""
    groups: dict[tuple[str, bool], list[Term]] = {}
    for t in terms:
        key = (response.functions[t.weight], quantities.get(t.quantity).resolved)
        groups.setdefault(key, []).append(t)
    return [((tuple(members), resolved), function) for (function, resolved), members in groups.items()]


def channels(task: Task) -> tuple[Channel, ...]:
    """Everything to be summed; the first counts electrons."""
    return tuple(Channel(*key, frozenset(functions)) for key, functions in _entries(task).items())


def parts(task: Task) -> tuple[Part, ...]:
    """How the responses of a task follow from :func:`channels`."""
    number = {key: c for c, key in enumerate(_entries(task))}
    out = []
    for name in task.responses:
        response = responses.get(name)
        for label, terms in response.terms(task.choice).items():
            found = tuple((number[key], function) for key, function in _grouped(response, terms))
            out.append(Part(response, label, found))
    return tuple(out)
