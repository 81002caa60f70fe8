"""Draws the events of a calculation: a progress bar on a terminal, a few plain lines anywhere else."""

import shutil
import time
from collections.abc import Callable
from typing import TextIO

from solenoidal.events import Event, Message, Progress, Warned

__all__ = ["Terminal", "duration"]

#: Seconds between two drawings of the bar.
REDRAW = 0.1
#: Without a terminal: a line whenever this part of the work or this many seconds have passed.
PART, SECONDS = 0.1, 10.0
#: Seconds before a rate means something.
SETTLING = 0.5
#: Characters of the bar.
WIDTH, NARROWEST = 24, 5


class Terminal:
    """Listener that shows events on a stream.

    Parameters
    ----------
    stream
        Usually ``sys.stderr``, so that the standard output holds results only.
    clock
        Monotonic seconds.

    Notes
    -----
    On a terminal one line is redrawn; elsewhere (a file, a batch system) lines are added, at most one in ten
    percent of the work or ten seconds, whichever comes later.  Call :meth:`close` at the end.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self.stream = stream
        self.clock = clock
        self.live = stream.isatty()
        self._stage: tuple[str, int] | None = None
        self._done = 0
        self._start = 0.0
        self._drawn_at = -1e9
        self._drawn_part = 0.0
        self._open = False

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Progress):
            self._progress(event)
        elif isinstance(event, Message):
            self._line(event.text)
        elif isinstance(event, Warned):
            self._line(f"warning: {event.text}")

    def close(self) -> None:
        """End the line that is being redrawn."""
        if self._open:
            self.stream.write("\n")
            self._open = False
        self.stream.flush()

    def _line(self, text: str) -> None:
        if self._open:
            self.stream.write("\r\x1b[K")
            self._open = False
        self.stream.write(text + "\n")
        self.stream.flush()

    def _progress(self, event: Progress) -> None:
        now = self.clock()
        # Two sweeps in a row bear the same name: a count that goes back starts a new one.
        if (event.stage, event.total) != self._stage or event.done < self._done:
            self._begin(event, now)
        self._done = event.done
        finished = event.done >= event.total
        part = event.done / max(event.total, 1)
        if finished and self._drawn_part >= 1.0:
            return
        if not finished and not self._due(now, part):
            return
        text = _describe(event, now - self._start)
        if self.live:
            self._redraw(part, text, finished)
        else:
            self._line(text)
        self._drawn_at, self._drawn_part = now, 1.0 if finished else part

    def _begin(self, event: Progress, now: float) -> None:
        if self._open:
            self.stream.write("\n")
            self._open = False
        self._stage, self._start = (event.stage, event.total), now
        self._drawn_at, self._drawn_part = now if not self.live else -1e9, 0.0

    def _due(self, now: float, part: float) -> bool:
        if self.live:
            return now - self._drawn_at >= REDRAW
        return now - self._drawn_at >= SECONDS and part - self._drawn_part >= PART

    def _redraw(self, part: float, text: str, finished: bool) -> None:
        columns = shutil.get_terminal_size().columns
        # The last column stays empty: some terminals break the line there.
        line = (_bar(part, columns - len(text) - 4) + text)[: max(columns - 1, 1)]
        self.stream.write(f"\r{line}\x1b[K" + ("\n" if finished else ""))
        self.stream.flush()
        self._open = not finished


def _bar(part: float, room: int) -> str:
    """Bar of at most ``WIDTH`` characters, none if there is no room for one worth looking at."""
    width = min(WIDTH, room)
    if width < NARROWEST:
        return ""
    full = round(width * min(part, 1.0))
    return "[" + "#" * full + "-" * (width - full) + "] "


def _describe(event: Progress, elapsed: float) -> str:
    """Stage, part done, rate and time left or taken; the error so far and the memory where they are known."""
    percent = 100 * event.done // max(event.total, 1)
    text = f"{event.stage} {percent:3d} %  {event.done}/{event.total} {event.unit}"
    if event.done >= event.total:
        return f"{text}  in {duration(elapsed)}{_state(event)}"
    if elapsed < SETTLING or not event.done:
        return text
    rate = event.done / elapsed
    speed = f"{rate:.0f}" if rate >= 100 else f"{rate:.2g}"
    return f"{text}  {speed} {event.unit}/s  {duration((event.total - event.done) / rate)} left{_state(event)}"


def _state(event: Progress) -> str:
    error = "" if event.error is None else f"  error {100 * event.error:.2g} %"
    return error + ("" if event.memory is None else f"  {event.memory / 1e6:.0f} MB")


def duration(seconds: float) -> str:
    """Return a time in the units one would say it in: ``"8.2 s"``, ``"3:05 min"``, ``"2:30 h"``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds) // 60
    if minutes < 60:
        return f"{minutes}:{round(seconds) % 60:02d} min"
    return f"{minutes // 60}:{minutes % 60:02d} h"
