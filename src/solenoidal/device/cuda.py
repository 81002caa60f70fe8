"""NVIDIA GPUs: every line that needs CuPy."""

from contextlib import AbstractContextManager
from typing import Any

from solenoidal.device.backend import Array, register_arrays
from solenoidal.errors import InputError

__all__ = ["Cuda"]


class Cuda:
    """One GPU, in double precision.

    Parameters
    ----------
    number
        Counted from 0.

    Raises
    ------
    InputError
        If it cannot be used.
    """

    def __init__(self, number: int) -> None:
        try:
            import cupy
        except ImportError as error:
            raise InputError(
                f"device gpu needs CuPy: pip install 'solenoidal[gpu]' ({_reason(error)}), or leave --device out."
            ) from None
        try:
            count = cupy.cuda.runtime.getDeviceCount()
        except cupy.cuda.runtime.CUDARuntimeError as error:
            raise InputError(f"device gpu: CuPy finds no NVIDIA GPU that it can use ({_reason(error)}).") from None
        if number >= count:
            raise InputError(f"device gpu:{number}: this machine has {count}, counted from 0.")
        self.xp: Any = cupy
        self.number = number
        register_arrays(cupy.ndarray, cupy)
        self._try()
        cuda = cupy.cuda.runtime.runtimeGetVersion()
        model = cupy.cuda.runtime.getDeviceProperties(number)["name"].decode()
        self.name = f"{model}, CuPy {cupy.__version__}, CUDA {cuda // 1000}.{cuda % 1000 // 10}"

    def _try(self) -> None:
        """Libraries are loaded when first used: use them."""
        xp = self.xp
        try:
            with self.active():
                X = xp.asarray([[[2.0, 1j], [-1j, 2.0]]] * 2)
                self.eigh(X @ X)[0].get()
        except Exception as error:  # of any library below
            raise InputError(f"device gpu:{self.number}: CuPy cannot compute on it ({_reason(error)}).") from None

    def active(self) -> AbstractContextManager[Any]:
        """See :class:`~solenoidal.device.backend.Device`: the current GPU is one per thread."""
        context: AbstractContextManager[Any] = self.xp.cuda.Device(self.number)
        return context

    def eigh(self, H: Array) -> tuple[Array, Array]:
        """Batched Jacobi solver of cuSOLVER (``heevjBatched``)."""
        e, U = self.xp.linalg.eigh(H, UPLO="U")
        return e, U

    def free(self) -> int:
        """See :class:`~solenoidal.device.backend.Device`."""
        with self.active():
            free: int = self.xp.cuda.runtime.memGetInfo()[0]
            kept: int = self.xp.get_default_memory_pool().free_bytes()
            return free + kept

    def release(self) -> None:
        """See :class:`~solenoidal.device.backend.Device`."""
        with self.active():
            self.xp.get_default_memory_pool().free_all_blocks()

    def full(self, error: BaseException) -> bool:
        """See :class:`~solenoidal.device.backend.Device`: CuPy's own error, or that of a library below it."""
        if isinstance(error, self.xp.cuda.memory.OutOfMemoryError):
            return True
        return any(word in str(error) for word in ("cudaErrorMemoryAllocation", "_ALLOC_FAILED"))


def _reason(error: BaseException) -> str:
    """First line of a message, without its full stop."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
