"""One stream of events for everything that takes time: the library never prints."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Counter", "Event", "Listener", "Message", "Progress", "Warned", "silent"]


@dataclass(frozen=True)
class Progress:
    """``done`` of ``total`` units (k-points, bytes) of the stage ``stage`` are finished."""

    stage: str
    done: int
    total: int
    unit: str = "k"


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
    """

    def __init__(self, listen: Listener, total: int, stage: str = "k-points") -> None:
        self.listen, self.total, self.stage, self.done = listen, total, stage, 0
        self._lock = threading.Lock()

    def add(self, points: int) -> None:
        """Report ``points`` more."""
        with self._lock:
            self.done += points
            self.listen(Progress(self.stage, self.done, self.total))
