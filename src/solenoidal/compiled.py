"""Compilation of the inner loops: one decorator, a word when it happens."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, cast

import numba
from numba.core import event
from threadpoolctl import threadpool_limits

from solenoidal.events import Listener, Message, silent

__all__ = ["announced_compilation", "exact", "jit", "one_blas_thread"]

F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
T = TypeVar("T")

# Sums may be reordered (vector units) but NaN and infinity keep their meaning.
_FLAGS = {"contract", "reassoc", "nsz", "arcp"}


def jit(function: F) -> F:
    """Compile ``function`` on first use, without the interpreter lock, and cache the machine code on disk."""
    return cast(F, numba.njit(nogil=True, fastmath=_FLAGS, error_model="numpy", cache=True)(function))


def exact(function: F) -> F:
    """:func:`jit` for functions that call each other: sums keep their order.

    Reordered sums depend on what was inlined where, and so on which of the functions came from the cache on disk.
    """
    return cast(F, numba.njit(nogil=True, error_model="numpy", cache=True)(function))


class _Announcer(event.Listener):
    """Says once that a compilation has begun."""

    def __init__(self, listen: Listener) -> None:
        self.listen, self.said = listen, False

    def on_start(self, event: Any) -> None:
        if not self.said:
            self.said = True
            self.listen(Message("compiling the numerical kernels for this machine: some ten seconds, once"))

    def on_end(self, event: Any) -> None:
        pass


@contextmanager
def announced_compilation(listen: Listener = silent) -> Iterator[None]:
    """Say so once if a function used inside is not in the cache on disk and must be compiled."""
    with event.install_listener("numba:compile", _Announcer(listen)):
        yield


def one_blas_thread(function: Callable[P, T]) -> Callable[P, T]:
    """Run ``function`` with one BLAS thread: the engine's own threads are faster on many small matrices."""

    @functools.wraps(function)
    def limited(*args: P.args, **kwargs: P.kwargs) -> T:
        with threadpool_limits(1, user_api="blas"):
            return function(*args, **kwargs)

    return limited
