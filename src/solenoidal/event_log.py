"""Events of a calculation as lines of JSON, for programs that watch it."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TextIO

from solenoidal.events import Event, Listener

__all__ = ["EventLog", "both"]


class EventLog:
    """Listener that writes one object a line: ``event`` (progress, message or warned), ``time``, and its fields.

    Parameters
    ----------
    stream
        Written to and flushed after every line.
    clock
        Seconds since 1970.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.time) -> None:
        self.stream, self.clock = stream, clock
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Write one event."""
        line = {"event": type(event).__name__.lower(), "time": round(self.clock(), 3), **asdict(event)}
        with self._lock:
            self.stream.write(json.dumps(line) + "\n")
            self.stream.flush()


def both(one: Listener, other: Listener) -> Listener:
    """Tell two listeners."""

    def tell(event: Event) -> None:
        one(event)
        other(event)

    return tell
