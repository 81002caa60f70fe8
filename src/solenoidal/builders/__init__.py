"""Textbook models, one file each; they register themselves with :func:`register`.

A model is a function of real parameters with defaults that returns a :class:`~solenoidal.model.BlochModel`.
Its name is the name of the function, its parameters are read from the signature and their meaning from the
docstring.
"""

import inspect
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from solenoidal.continuum import ContinuumModel
from solenoidal.errors import InputError
from solenoidal.model import BlochModel
from solenoidal.registry import Registry

__all__ = ["Builder", "Parameter", "get", "names", "positive", "register"]

Function = TypeVar("Function", bound=Callable[..., BlochModel | ContinuumModel])


@dataclass(frozen=True)
class Parameter:
    """A parameter of a model: name, default value and one line of text with the unit."""

    name: str
    default: float
    text: str


@dataclass(frozen=True)
class Builder:
    """What is known about a built-in model.

    Attributes
    ----------
    name, title, reference
        Name in a job file, one line for a list, the source.
    exact
        One sentence: an exact result that the model reproduces; ``tests/test_gallery.py`` verifies it.
    parameters
        In the order of the signature.
    function
        Builds the model; takes every parameter by keyword.
    """

    name: str
    title: str
    reference: str
    exact: str
    parameters: tuple[Parameter, ...]
    function: Callable[..., BlochModel | ContinuumModel]

    def __str__(self) -> str:
        """Return title, reference, exact result and a table of the parameters."""
        lines = [f"{self.name}: {self.title}", f"  {self.reference}"]
        lines += textwrap.wrap(self.exact, 100, initial_indent="  exact: ", subsequent_indent="         ")
        width = max((len(p.name) for p in self.parameters), default=0)
        lines += [f"  {p.name:<{width}} = {p.default:<6g} {p.text}" for p in self.parameters]
        return "\n".join(lines)


_registry: Registry[Builder] = Registry("model", __name__)
get = _registry.get
names = _registry.names


def register(title: str, reference: str, exact: str = "") -> Callable[[Function], Function]:
    """Decorate a function that builds a model, so that its name is known everywhere.

    Parameters
    ----------
    title
        One line for a list of models.
    reference
        Paper that the Hamiltonian is taken from.
    exact
        One sentence naming an exact result that the model reproduces, and for which parameters.
    """

    def add(function: Function) -> Function:
        texts = _parameter_texts(inspect.getdoc(function) or "")
        signature = inspect.signature(function).parameters.values()
        parameters = tuple(Parameter(p.name, float(p.default), texts[p.name]) for p in signature)
        name = function.__name__
        _registry.add(name, Builder(name, title, reference, exact, parameters, function))
        return function

    return add


def _parameter_texts(doc: str) -> dict[str, str]:
    """One line per parameter from the section "Parameters" of a numpy-style docstring."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-+\n|\Z)", doc, re.MULTILINE | re.DOTALL)
    entries = re.findall(r"^(\w[^\n]*)\n((?: +[^\n]*\n?)+)", section[1] if section else "", re.MULTILINE)
    return {name.strip(): " ".join(text.split()) for names, text in entries for name in names.split(",")}


def positive(model: str, **values: float) -> None:
    """Refuse parameters that are not greater than zero.

    Raises
    ------
    InputError
        Naming the model, the parameter and its value.
    """
    for name, value in values.items():
        if not value > 0:
            raise InputError(f"model '{model}': {name} = {value:g} must be greater than zero.")
