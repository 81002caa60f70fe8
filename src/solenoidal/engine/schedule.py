"""Parts computed on any executor and handed back in their order, whoever computed them and whenever.

Threads share the operators.  Other workers get them once each: a task names the work by its digest, and a worker
that does not have it says so and is sent it with the next try.
"""

import contextlib
import hashlib
import pickle
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any, Protocol, TypeVar

from solenoidal.compiled import one_blas_thread
from solenoidal.engine.threads import cores
from solenoidal.engine.work import Part
from solenoidal.errors import WorkersLostError
from solenoidal.events import Counter

__all__ = ["Crew", "Divisible", "Processes", "Remote", "Threads", "in_order"]

#: Parts under way for every worker that is known of, and least.
AHEAD, LEAST_AHEAD = 2, 8
#: Times that a part is sent again after its worker was lost.
TRIES = 4
#: Seconds between two looks for Ctrl-C: a wait without an end would miss one that comes just before it begins.
GLANCE = 0.2


Sums = TypeVar("Sums", covariant=True)
T = TypeVar("T")


class Divisible(Protocol[Sums]):
    """What is computed in parts: a sum over a zone, or along rays."""

    def compute(self, mesh: Any, part: Part, done: Callable[[int], None], stop: threading.Event) -> Sums:
        """Compute one part of the points of a mesh; ``done`` is told of finished ones, ``stop`` ends it early."""


class Crew(Protocol):
    """Whoever computes parts."""

    @property
    def ahead(self) -> int:
        """Parts that should be under way at once."""

    @property
    def local(self) -> int:
        """Workers that share the memory of this process."""

    def submit(self, work: Divisible[T], mesh: Any, part: Part, counter: Counter) -> "Future[T]":
        """Start one part."""

    def recover(self) -> bool:
        """Replace lost workers; False if that is not possible."""

    def close(self) -> None:
        """Stop what is under way."""


class Threads:
    """Threads of this process.

    Parameters
    ----------
    count
        How many; None for all cores.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = count or cores()
        self.stop = threading.Event()
        self.pool = ThreadPoolExecutor(self.count)

    @property
    def ahead(self) -> int:
        """See :class:`Crew`."""
        return self.count + 1

    @property
    def local(self) -> int:
        """See :class:`Crew`."""
        return self.count

    def submit(self, work: Divisible[T], mesh: Any, part: Part, counter: Counter) -> "Future[T]":
        """See :class:`Crew`."""
        return self.pool.submit(work.compute, mesh, part, counter.add, self.stop)

    def recover(self) -> bool:
        """See :class:`Crew`."""
        return False

    def close(self) -> None:
        """See :class:`Crew`."""
        self.stop.set()
        self.pool.shutdown(wait=True, cancel_futures=True)


class Remote:
    """Any executor of other processes: a pool, MPI, Dask.

    Parameters
    ----------
    executor
        A :class:`concurrent.futures.Executor`, or what behaves like one.
    workers
        How many it has, where that is known.
    """

    def __init__(self, executor: Executor, workers: int | None = None) -> None:
        self.executor = executor
        self.workers = workers or int(getattr(executor, "_max_workers", None) or 0)

    @property
    def ahead(self) -> int:
        """See :class:`Crew`."""
        return max(LEAST_AHEAD, AHEAD * self.workers)

    @property
    def local(self) -> int:
        """See :class:`Crew`."""
        return 0

    def submit(self, work: Divisible[T], mesh: Any, part: Part, counter: Counter) -> "Future[T]":
        """See :class:`Crew`."""
        return _Errand(self.executor, work, mesh, part, counter).start()

    def recover(self) -> bool:
        """See :class:`Crew`."""
        return False

    def close(self) -> None:
        """See :class:`Crew`: the executor belongs to whoever made it."""


class Processes(Remote):
    """Processes of this machine; those that die are replaced."""

    def __init__(self, count: int) -> None:
        super().__init__(self._pool(count), count)

    @staticmethod
    def _pool(count: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_ignore_interrupt)

    def recover(self) -> bool:
        """See :class:`Crew`."""
        self.executor.shutdown(wait=False, cancel_futures=True)
        self.executor = self._pool(self.workers)
        return True

    def close(self) -> None:
        """See :class:`Crew`."""
        self.executor.shutdown(wait=True, cancel_futures=True)


def _ignore_interrupt() -> None:
    """Ctrl-C reaches every process of a terminal; the first one ends the others in order."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _Errand:
    """One part on its way: sent by name, again with the work itself if the worker does not know it."""

    def __init__(self, executor: Executor, work: Divisible[Any], mesh: Any, part: Part, counter: Counter) -> None:
        self.executor, self.work, self.mesh, self.part, self.counter = executor, work, mesh, part, counter
        self.outcome: Future[Any] = Future()

    def start(self) -> "Future[Any]":
        """Send it."""
        self._send(None)
        return self.outcome

    def _send(self, content: bytes | None) -> None:
        digest, _ = _packed(self.work)
        try:
            self.executor.submit(_compute, digest, content, self.mesh, self.part).add_done_callback(self._back)
        except Exception as error:  # a broken executor refuses
            self._fail(error)

    def _back(self, future: "Future[Any]") -> None:
        try:
            answer = future.result()
        except (Exception, CancelledError) as error:
            self._fail(error)
            return
        if answer is None:
            self._send(_packed(self.work)[1])
            return
        self.counter.add(self.part.points)
        with contextlib.suppress(Exception):  # nobody waits any more
            self.outcome.set_result(answer)

    def _fail(self, error: BaseException) -> None:
        with contextlib.suppress(Exception):
            self.outcome.set_exception(error)


_PACKED: dict[int, tuple[Divisible[Any], str, bytes]] = {}
_KNOWN: dict[str, Divisible[Any]] = {}


def _packed(work: Divisible[Any]) -> tuple[str, bytes]:
    """Digest and pickled work, made once."""
    if id(work) not in _PACKED:
        content = pickle.dumps(work, protocol=pickle.HIGHEST_PROTOCOL)
        _PACKED.clear()
        _PACKED[id(work)] = work, hashlib.sha256(content).hexdigest(), content
    return _PACKED[id(work)][1:]


@one_blas_thread
def _compute(digest: str, content: bytes | None, mesh: Any, part: Part) -> Any:
    """Run by a worker: the part, or None if the worker does not know the work."""
    if content is not None and digest not in _KNOWN:
        _KNOWN.clear()
        _KNOWN[digest] = pickle.loads(content)
    if digest not in _KNOWN:
        return None
    return _KNOWN[digest].compute(mesh, part, _silent, threading.Event())


def _silent(points: int) -> None:
    pass


def in_order(
    crew: Crew,
    work: Divisible[T],
    mesh: Any,
    parts: Sequence[Part],
    counter: Counter,
    first: int = 0,
    most: int | None = None,
) -> Iterator[T]:
    """Yield the parts from ``first`` on in their order; at most ``most`` are under way or wait for their turn.

    Raises
    ------
    WorkersLostError
        If workers are lost and cannot be replaced.
    """
    under_way: dict[int, Future[T]] = {}
    submit: Callable[[int], Future[T]] = lambda n: crew.submit(work, mesh, parts[n], counter)  # noqa: E731
    for number in range(first, len(parts)):
        ahead = crew.ahead if most is None else min(most, crew.ahead)
        for n in range(number, min(number + ahead, len(parts))):
            if n not in under_way:
                under_way[n] = submit(n)
        for attempt in range(TRIES + 1):
            try:
                yield _wait(under_way[number])
                break
            except (BrokenExecutor, CancelledError, OSError) as error:
                if attempt == TRIES or not crew.recover():
                    raise WorkersLostError(_lost(error)) from error
                under_way = {n: submit(n) for n in under_way if n >= number}
        del under_way[number]


def _wait(future: "Future[T]") -> T:
    while not future.done():
        with contextlib.suppress(TimeoutError):
            return future.result(timeout=GLANCE)
    return future.result()


def _lost(error: BaseException) -> str:
    reason = str(error).splitlines()[0].rstrip(".") if str(error) else "what they computed was cancelled"
    return f"the workers were lost: {reason}."
