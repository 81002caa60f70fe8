"""Built-in models by name: ``models.kane_mele(lambda_R=0.1)`` or ``models.build("kane_mele", lambda_R=0.1)``.

Examples
--------
>>> from solenoidal import models
>>> "kane_mele" in models.names()
True
>>> models.build("haldane", M=0.3).size
2
"""

import functools
from collections.abc import Callable

import numpy as np

from solenoidal import builders
from solenoidal.builders import Builder
from solenoidal.continuum import ContinuumModel
from solenoidal.errors import InputError
from solenoidal.model import BlochModel
from solenoidal.registry import nearest

__all__ = ["build", "describe", "names"]


def names() -> tuple[str, ...]:
    """Return the names of all built-in models, sorted."""
    return builders.names()


def describe(name: str) -> Builder:
    """Return title, reference, parameters and defaults of a model; ``str`` of it is a table.

    Raises
    ------
    InputError
        If there is no such model; the sentence gives the nearest name.
    """
    return builders.get(name)


def build(name: str, **parameters: object) -> BlochModel | ContinuumModel:
    """Build the model called ``name``.

    Parameters
    ----------
    name
        One of :func:`names`.
    **parameters
        Any of the parameters that :func:`describe` lists; the others keep their defaults.

    Raises
    ------
    InputError
        For an unknown model or parameter (the sentence gives the nearest valid one), a value that is not a
        finite number, or one that the model cannot have.
    """
    builder = describe(name)
    known = [p.name for p in builder.parameters]
    unknown = [key for key in parameters if key not in known]
    if unknown:
        raise InputError(f"model '{name}' has no parameter '{unknown[0]}': {nearest(unknown[0], known)}.")
    return builder.function(**{key: _number(name, key, value) for key, value in parameters.items()})


def _number(model: str, key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not np.isfinite(value):
        raise InputError(f"model '{model}': {key} = {value!r} must be a finite number.")
    return float(value)


def __getattr__(name: str) -> Callable[..., BlochModel | ContinuumModel]:
    if name.startswith("_") or name not in names():
        raise AttributeError(f"module 'solenoidal.models' has no model '{name}': {nearest(name, names())}")
    function = describe(name).function

    @functools.wraps(function)
    def model(**parameters: object) -> BlochModel | ContinuumModel:
        return build(name, **parameters)

    return model


def __dir__() -> list[str]:
    return sorted({*__all__, *names()})
