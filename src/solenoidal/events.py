"""One stream of events for everything that takes time: the library never prints."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from solenoidal.resident import resident

__all__ = ["Counter", "Event", "Listener", "Message", "Progress", "Warned", "silent"]


#: Seconds between two looks at the memory.
LOOK = 0.5


@dataclass(frozen=True)
class Progress:
    """``done`` of ``total`` units (k-points, bytes) of the stage ``stage`` are finished.

    ``error``: largest error of the last mesh, as part of the number it belongs to, where meshes are refined;
    ``memory``: bytes that this process holds, where the system tells.
    """

    stage: str
    done: int
    total: int
    unit: str = "k"
    error: float | None = None
    memory: int | None = None


@dataclass(frozen=True)
class Message:
    """Something worth one line: what was read, what was chosen, what takes a while."""

    text: str


@dataclass(frozen=True)
class Warned:
    """Something that may make the numbers mean less than they seem to; kept in the result as well."""

    text: str


Event = Progress | Message | Warned
Listener = Callable[[Event], None]


def silent(event: Event) -> None:
    """Ignore every event."""


class Counter:
    """Counts what several threads have finished and reports it.

    Parameters
    ----------
    listen
        Receives a :class:`Progress` after every addition.
    total
        Units of all the work.
    stage
        Name of the work.
    error
        Of the work before this, see :class:`Progress`.
    """

    def __init__(self, listen: Listener, total: int, stage: str = "k-points", error: float | None = None) -> None:
        self.listen, self.total, self.stage, self.done, self.error = listen, total, stage, 0, error
        self._lock, self._looked = threading.Lock(), -LOOK
        self._memory: int | None = None

    def add(self, points: int) -> None:
        """Report ``points`` more."""
        with self._lock:
            self.done += points
            self.listen(Progress(self.stage, self.done, self.total, error=self.error, memory=self._resident()))

    def _resident(self) -> int | None:
        """Bytes this process holds, looked up now and then."""
        if (now := time.monotonic()) - self._looked >= LOOK:
            self._memory, self._looked = resident(), now
        return self._memory
