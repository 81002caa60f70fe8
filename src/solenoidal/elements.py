"""Matrix elements between eigenstates in two layouts, each made from the other when first asked for."""

from functools import cached_property
from typing import Literal, overload

import numpy as np
from numpy.typing import NDArray

from solenoidal.packed import Packed, diagonal, pack, unpack

__all__ = ["Elements", "OptionalElements", "PlainElements"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


class Elements:
    """Hermitian matrices <n|X^p|m> of a block.

    Parameters
    ----------
    plain
        ``(n_k, N, P, N)``: element [k, n, p, m]; or None.
    packed
        The same in the layout of :mod:`solenoidal.packed`, with the number of k-points; or None.
    """

    def __init__(self, plain: Complex | None = None, packed: tuple[Packed, int] | None = None) -> None:
        if plain is not None:
            self.plain = plain
        if packed is not None:
            self.packed = packed[0]
        self.n_k = len(plain) if plain is not None else packed[1] if packed is not None else 0

    @cached_property
    def plain(self) -> Complex:
        """``(n_k, N, P, N)``."""
        return unpack(self.packed, self.n_k)

    @cached_property
    def packed(self) -> Packed:
        """In the layout of :mod:`solenoidal.packed`."""
        return pack(np.ascontiguousarray(self.plain))

    @cached_property
    def diagonal(self) -> Real:
        """``(n_k, N, P)`` diagonal elements."""
        return diagonal(self.packed, self.n_k)

    def take(self, index: NDArray[np.bool_]) -> "Elements":
        """Return the k-points that ``index (n_k,)`` marks."""
        return Elements(self.plain[index])


class PlainElements:
    """Field of a data class that is set to elements in either layout and read as a plain array.

    What was set is the attribute with ``_elements`` after the name of the field.

    Parameters
    ----------
    layout
        Of the plain array: ``"kipj"`` (n_k, N, P, N), ``"kpij"`` (n_k, P, N, N) or ``"kij"`` (n_k, N, N).
    """

    def __init__(self, layout: Literal["kipj", "kpij", "kij"]) -> None:
        self.layout = layout

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = f"{name}_elements"

    @overload
    def __get__(self, instance: None, owner: type) -> "PlainElements": ...
    @overload
    def __get__(self, instance: object, owner: type) -> Complex: ...
    def __get__(self, instance: object | None, owner: type) -> "PlainElements | Complex":
        if instance is None:
            raise AttributeError("a field without a default")
        elements: Elements = instance.__dict__[self.name]
        if self.layout == "kij":
            return elements.plain[:, :, 0]
        return elements.plain if self.layout == "kipj" else elements.plain.swapaxes(1, 2)

    def __set__(self, instance: object, value: Complex | Elements) -> None:
        elements = value if isinstance(value, Elements) else Elements(_by_row(value, self.layout))
        instance.__dict__[self.name] = elements


def _by_row(X: Complex, layout: str) -> Complex:
    if layout == "kij":
        return X[:, :, None]
    return X if layout == "kipj" else X.swapaxes(1, 2)


class OptionalElements(PlainElements):
    """The same for a field that may be None."""

    @overload
    def __get__(self, instance: None, owner: type) -> "OptionalElements": ...
    @overload
    def __get__(self, instance: object, owner: type) -> Complex | None: ...
    def __get__(self, instance: object | None, owner: type) -> "PlainElements | Complex | None":
        if instance is not None and instance.__dict__[self.name] is None:
            return None
        return super().__get__(instance, owner)  # type: ignore[arg-type]

    def __set__(self, instance: object, value: Complex | Elements | None) -> None:
        if value is None:
            instance.__dict__[self.name] = None
        else:
            super().__set__(instance, value)
