"""The memory of this machine in the role of a device: NumPy behind the walls of CuPy.

Its arrays refuse what CuPy's refuse: to become NumPy arrays unasked and to be combined with them.  What runs here
differs from a GPU in :mod:`solenoidal.device.cuda` alone.
"""

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from solenoidal.device.backend import Array, register_arrays

__all__ = ["Held", "Reference"]


class Held(NDArrayOperatorsMixin):
    """An array of the device, with the methods that the kernel uses."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def get(self) -> Any:
        """Copy to NumPy."""
        return self._data.copy()

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("implicit conversion of an array of a device to a NumPy array")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return _call(getattr(ufunc, method))(*inputs, **kwargs)

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, index: Any) -> "Held":
        return Held(self._data[_bare(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        self._data[_bare(index)] = _bare(value)

    def __getattr__(self, name: str) -> Any:
        if name not in (
            "shape",
            "ndim",
            "real",
            "imag",
            "reshape",
            "swapaxes",
            "transpose",
            "conj",
            "all",
            "sum",
            "copy",
        ):
            raise AttributeError(name)
        value = getattr(self._data, name)
        return _call(value) if callable(value) else _wrap(value)


def _bare(x: Any) -> Any:
    """What is inside, looking into lists and tuples as well; NumPy arrays are refused."""
    if isinstance(x, np.ndarray) and x.ndim:
        raise TypeError("a NumPy array where an array of the device belongs")
    if isinstance(x, (tuple, list)):
        return type(x)(map(_bare, x))
    return x._data if isinstance(x, Held) else x


def _wrap(x: Any) -> Any:
    if isinstance(x, tuple) and any(isinstance(part, np.ndarray) for part in x):
        return tuple(map(_wrap, x))
    return Held(x) if isinstance(x, (np.ndarray, np.generic)) else x


def _call(function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*args: Any, **kwargs: Any) -> Any:
        return _wrap(function(*map(_bare, args), **{key: _bare(x) for key, x in kwargs.items()}))

    return called


class _Functions:
    """NumPy's functions for arrays of the device."""

    def asarray(self, x: Any) -> Held:
        """Copy from NumPy."""
        return Held(np.array(x))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return _call(getattr(np, name))


_FUNCTIONS = _Functions()
register_arrays(Held, _FUNCTIONS)


class Reference:
    """See :class:`~solenoidal.device.backend.Device`.

    Parameters
    ----------
    memory
        Bytes that it pretends to have.
    """

    name = "numpy"
    xp: Any = _FUNCTIONS

    def __init__(self, memory: int = 1 << 30) -> None:
        self.memory = memory

    def active(self) -> AbstractContextManager[Any]:
        """See :class:`~solenoidal.device.backend.Device`."""
        return contextlib.nullcontext()

    def eigh(self, H: Array) -> tuple[Array, Array]:
        """LAPACK."""
        e, U = np.linalg.eigh(_bare(H), UPLO="U")
        return Held(e), Held(U)

    def free(self) -> int:
        """See :class:`~solenoidal.device.backend.Device`."""
        return self.memory

    def release(self) -> None:
        """See :class:`~solenoidal.device.backend.Device`."""

    def full(self, error: BaseException) -> bool:
        """See :class:`~solenoidal.device.backend.Device`."""
        return isinstance(error, MemoryError)
