"""Work dealt to threads in a fixed order."""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Protocol, Self, TypeVar

__all__ = ["Mergeable", "cores", "deal"]

Chunk = TypeVar("Chunk")


class Mergeable(Protocol):
    """What a worker gathers."""

    def merge(self, other: Self) -> None:
        """Add what another worker gathered."""


Gathered = TypeVar("Gathered", bound=Mergeable)


def cores() -> int:
    """Number of processors this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def deal(
    work: Callable[[Sequence[Chunk], threading.Event], Gathered], chunks: Sequence[Chunk], workers: int | None
) -> Gathered:
    """Deal chunks to threads in a fixed order, so that a result depends on the number of workers by rounding only.

    An exception in a worker or here (Ctrl-C among them) stops all workers at their next block.
    """
    count = max(1, min(workers or cores(), len(chunks)))
    stop = threading.Event()

    def guarded(part: Sequence[Chunk]) -> Gathered:
        try:
            return work(part, stop)
        except BaseException:
            stop.set()
            raise

    with ThreadPoolExecutor(count) as pool:
        try:
            running = [pool.submit(guarded, chunks[w::count]) for w in range(count)]
            # A wait without an end would miss a Ctrl-C that comes just before it begins.
            while wait(running, timeout=0.2, return_when=FIRST_EXCEPTION).not_done and not stop.is_set():
                pass
            parts = [worker.result() for worker in running]
        except BaseException:
            stop.set()
            raise
    for other in parts[1:]:
        parts[0].merge(other)
    return parts[0]
