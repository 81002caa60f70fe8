"""Attributes that are computed when first asked for, of objects that threads do not share."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

__all__ = ["once"]

T = TypeVar("T")


class once(Generic[T]):  # noqa: N801
    """:class:`functools.cached_property` without a lock.

    Up to Python 3.11 that one locks an attribute of all objects at once while it is computed, which makes threads wait
    for each other that work on different blocks.

    Parameters
    ----------
    function
        Of the object, computes the attribute.
    """

    def __init__(self, function: Callable[[Any], T]) -> None:
        self.function, self.__doc__ = function, function.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> "once[T]": ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> "once[T] | T":
        if instance is None:
            return self
        value = instance.__dict__[self.function.__name__] = self.function(instance)
        return value
