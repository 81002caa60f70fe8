"""Band sums where their arrays are: in the memory of this machine, or in that of a device.

Quantities call the functions of :mod:`solenoidal.packed`, :mod:`solenoidal.sums` and :mod:`solenoidal.products`.  Those
decorated with :func:`placed` are handed over to :mod:`solenoidal.device` where their first array is not NumPy's.
"""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np

__all__ = ["placed", "serves"]

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

#: By name of a decorated function: what does the same with arrays of a device.
_elsewhere: dict[str, Callable[..., Any]] = {}


def placed(function: Callable[P, T]) -> Callable[P, T]:
    """Let another function serve arrays of a device, see :func:`serves`."""
    name = f"{function.__module__}.{function.__name__}"

    @functools.wraps(function)
    def chosen(*args: P.args, **kwargs: P.kwargs) -> T:
        if isinstance(args[0], np.ndarray):
            return function(*args, **kwargs)
        return cast(T, _elsewhere[name](*args, **kwargs))

    return chosen


def serves(*functions: Callable[..., Any]) -> Callable[[F], F]:
    """Register the decorated function for arrays of a device, in place of those given."""

    def register(mine: F) -> F:
        for function in functions:
            _elsewhere[f"{function.__module__}.{function.__name__}"] = mine
        return mine

    return register
