"""One stream of events for everything that takes time: the library never prints."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Event", "Listener", "Message", "Progress", "Warned", "silent"]


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
