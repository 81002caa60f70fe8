"""What the kernel needs of a device, and how one is found by its name."""

import re
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError

__all__ = ["Array", "Device", "find", "host", "namespace", "register_arrays"]

#: An array of a device: NumPy's interface, not NumPy's memory.
Array = Any

_NAMESPACES: dict[type, Any] = {}


class Device(Protocol):
    """Memory and functions of a device."""

    @property
    def name(self) -> str:
        """What results and messages call it, with everything that may change the last bits."""

    @property
    def xp(self) -> Any:
        """Module with NumPy's functions for its arrays."""

    def active(self) -> AbstractContextManager[Any]:
        """Context in which a thread uses it."""

    def eigh(self, H: Array) -> tuple[Array, Array]:
        """Eigenvalues ``(n_k, N)``, ascending, and eigenvectors as columns of ``H (n_k, N, N)``; not to be trusted."""

    def free(self) -> int:
        """Bytes that can still be allocated."""

    def release(self) -> None:
        """Give memory that is kept for later back to the device."""

    def full(self, error: BaseException) -> bool:
        """Whether an error means that its memory does not suffice."""


def register_arrays(kind: type, xp: Any) -> None:
    """Tell which module has the functions for arrays of a type."""
    _NAMESPACES[kind] = xp


def namespace(X: Array) -> Any:
    """Module with the functions for an array."""
    return _NAMESPACES[type(X)]


def host(X: Array) -> NDArray[Any]:
    """Copy of an array in the memory of this machine."""
    return np.ascontiguousarray(X.get())


def find(name: str) -> Device | None:
    """Look up a device.

    Parameters
    ----------
    name
        ``"gpu"`` or ``"gpu:0"`` for the first NVIDIA GPU, ``"gpu:1"`` for the second; ``"cpu"`` for none; ``"numpy"``
        for this machine in the role of a device, for tests of everything that is not CuPy itself.

    Returns
    -------
    Device or None
        None for the processor.

    Raises
    ------
    InputError
        If CuPy is not installed, finds no such GPU or cannot use it; the sentence says which.
    """
    if name == "cpu":
        return None
    if name == "numpy":
        from solenoidal.device.reference import Reference

        return Reference()
    gpu = re.fullmatch(r"gpu(?::(\d+))?", name)
    if gpu is None:
        raise InputError(f"device '{name}' is not known: give cpu, gpu, or gpu:1 for the second GPU.")
    from solenoidal.device.cuda import Cuda

    return Cuda(int(gpu[1] or 0))
