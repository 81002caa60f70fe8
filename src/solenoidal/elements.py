"""Matrix elements between eigenstates in two layouts, each made from the other when first asked for."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from solenoidal.once import once
from solenoidal.packed import Packed, chosen, diagonal, pack, unpack

__all__ = ["Elements", "MadeElements", "PlainElements", "lazy"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
T = TypeVar("T")


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
        #: Whether the packed layout came first.
        self.born_packed = plain is None
        if plain is not None:
            self.plain = plain
        if packed is not None:
            self.packed = packed[0]
        self.n_k = len(plain) if plain is not None else packed[1] if packed is not None else 0

    @once
    def plain(self) -> Complex:
        """``(n_k, N, P, N)``."""
        return unpack(self.packed, self.n_k)

    @property
    def kind(self) -> Any:
        """Type of the packed numbers: double unless they were made as singles."""
        return self.packed.dtype if self.born_packed else np.float64

    @once
    def packed(self) -> Packed:
        """In the layout of :mod:`solenoidal.packed`."""
        return pack(np.ascontiguousarray(self.plain))

    @once
    def diagonal(self) -> Real:
        """``(n_k, N, P)`` diagonal elements."""
        return diagonal(self.packed, self.n_k)

    def take(self, index: NDArray[np.bool_]) -> "Elements":
        """Return the k-points that ``index (n_k,)`` marks."""
        if self.born_packed:
            return Elements(packed=(chosen(self.packed, index), int(index.sum())))
        return Elements(self.plain[index])


class MadeElements(Elements):
    """Elements that a function makes of packed matrices when they are first asked for.

    Parameters
    ----------
    make, operands
        Each k-point of ``make(*operands)`` depends on the same one of the operands alone.
    n_k
        Number of k-points.
    """

    def __init__(self, make: Callable[..., Packed], operands: tuple[Packed, ...], n_k: int) -> None:
        self.make, self.operands, self.n_k = make, operands, n_k
        self.born_packed = True

    @once
    def packed(self) -> Packed:
        """See :class:`Elements`."""
        out = self.make(*self.operands)
        self.operands = ()
        return out

    def take(self, index: NDArray[np.bool_]) -> Elements:
        """See :class:`Elements`; what is not made yet need not be made for all."""
        if "packed" in self.__dict__:
            return super().take(index)
        return MadeElements(self.make, tuple(chosen(X, index) for X in self.operands), int(index.sum()))


class PlainElements:
    """Field of a data class that is set to elements in either layout, or None, and read as a plain array.

    What was set is the attribute with ``_elements`` after the name of the field.

    Parameters
    ----------
    layout
        Of the plain array: ``"kipj"`` (n_k, N, P, N), ``"kpij"`` (n_k, P, N, N) or ``"kij"`` (n_k, N, N).
    """

    def __init__(self, name: str, layout: Literal["kipj", "kpij", "kij"]) -> None:
        self.name, self.layout = f"{name}_elements", layout

    def __get__(self, instance: object, owner: type) -> Complex | None:
        elements: Elements | None = instance.__dict__[self.name]
        if elements is None:
            return None
        if self.layout == "kij":
            return elements.plain[:, :, 0]
        return elements.plain if self.layout == "kipj" else elements.plain.swapaxes(1, 2)

    def __set__(self, instance: object, value: Complex | Elements | None) -> None:
        if value is not None and not isinstance(value, Elements):
            by_row = {"kipj": lambda X: X, "kpij": lambda X: X.swapaxes(1, 2), "kij": lambda X: X[:, :, None]}
            value = Elements(by_row[self.layout](value))
        instance.__dict__[self.name] = value


def lazy(**layouts: Literal["kipj", "kpij", "kij"]) -> Callable[[type[T]], type[T]]:
    """Make fields of the decorated data class :class:`PlainElements` with the layouts given by name."""

    def decorate(owner: type[T]) -> type[T]:
        for name, layout in layouts.items():
            setattr(owner, name, PlainElements(name, layout))
        return owner

    return decorate
