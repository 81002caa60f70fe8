"""Compilation of the inner loops: one decorator, one warm-up that says when it compiles."""

import functools
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba
from threadpoolctl import threadpool_limits

from solenoidal.events import Listener, Message, silent

__all__ = ["jit", "one_blas_thread", "run_announced"]

F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
T = TypeVar("T")

# Sums may be reordered (vector units) but NaN and infinity keep their meaning.
_FLAGS = {"contract", "reassoc", "nsz", "arcp"}


def jit(function: F) -> F:
    """Compile ``function`` on first use, without the interpreter lock, and cache the machine code on disk."""
    return cast(F, numba.njit(nogil=True, fastmath=_FLAGS, error_model="numpy", cache=True)(function))


def run_announced(warm_up: Callable[[], None], listen: Listener = silent, after: float = 1.0) -> None:
    """Run ``warm_up``; if it takes longer than ``after`` seconds, it compiles: say so once."""
    text = "compiling the numerical kernels for this machine: about a minute, once; later runs start at once"
    timer = threading.Timer(after, lambda: listen(Message(text)))
    timer.daemon = True
    timer.start()
    try:
        warm_up()
    finally:
        timer.cancel()


def one_blas_thread(function: Callable[P, T]) -> Callable[P, T]:
    """Run ``function`` with one BLAS thread: the engine's own threads are faster on many small matrices."""

    @functools.wraps(function)
    def limited(*args: P.args, **kwargs: P.kwargs) -> T:
        with threadpool_limits(1, user_api="blas"):
            return function(*args, **kwargs)

    return limited
