"""Progress on a terminal and elsewhere, with a clock that the test sets."""

import io

import pytest

from solenoidal.events import Message, Progress, Warned
from solenoidal.terminal import Terminal, duration


class Tty(io.StringIO):
    def isatty(self):
        return True


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def sweep(terminal, clock, total=1000, step=10, seconds=0.01):
    for done in range(0, total + 1, step):
        terminal(Progress("k-points", done, total))
        clock.now += seconds


def test_bar_is_redrawn_on_one_line(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    stream, clock = Tty(), Clock()
    terminal = Terminal(stream, clock)
    sweep(terminal, clock, step=100, seconds=0.5)
    terminal.close()
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert text.endswith("\n")
    frames = text.split("\r")[1:]
    assert frames[0].startswith("[" + "-" * 24 + "]")
    assert "[" + "#" * 24 + "] k-points 100 %  1000/1000 k  in 5.0 s" in frames[-1]
    middle = next(f for f in frames if "500/1000" in f)
    assert " 50 %" in middle
    assert "200 k/s" in middle
    assert "2.5 s left" in middle


def test_bar_is_drawn_at_most_ten_times_a_second():
    stream, clock = Tty(), Clock()
    sweep(Terminal(stream, clock), clock, total=100_000, seconds=0.0001)
    assert stream.getvalue().count("\r") <= 12


def test_error_and_memory_are_shown_where_they_are_known(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    stream, clock = Tty(), Clock()
    terminal = Terminal(stream, clock)
    for done in range(0, 101, 20):
        terminal(Progress("k-points", done, 100, error=0.0123, memory=345_600_000))
        clock.now += 1.0
    assert "3.0 s left  error 1.2 %  346 MB" in stream.getvalue()


def test_narrow_terminal_is_not_overrun(monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    stream, clock = Tty(), Clock()
    sweep(Terminal(stream, clock), clock, seconds=0.05)
    for frame in stream.getvalue().replace("\x1b[K", "").split("\r"):
        assert len(frame.rstrip("\n")) < 30


def test_message_clears_the_bar():
    stream, clock = Tty(), Clock()
    terminal = Terminal(stream, clock)
    terminal(Progress("k-points", 1, 10))
    terminal(Warned("be careful"))
    terminal.close()
    assert stream.getvalue().endswith("\r\x1b[Kwarning: be careful\n")


def test_without_a_terminal_there_are_few_plain_lines():
    stream, clock = io.StringIO(), Clock()
    terminal = Terminal(stream, clock)
    sweep(terminal, clock, total=10_000, step=10, seconds=1.0)
    terminal.close()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 10
    assert "\r" not in stream.getvalue()
    assert lines[-1] == "k-points 100 %  10000/10000 k  in 16:40 min"


def test_short_work_is_one_plain_line():
    stream, clock = io.StringIO(), Clock()
    sweep(Terminal(stream, clock), clock, seconds=0.001)
    assert len(stream.getvalue().splitlines()) == 1


def test_second_sweep_of_the_same_name_is_shown_as_well():
    stream, clock = io.StringIO(), Clock()
    terminal = Terminal(stream, clock)
    sweep(terminal, clock)
    sweep(terminal, clock)
    assert len(stream.getvalue().splitlines()) == 2


def test_messages_are_lines():
    stream = io.StringIO()
    terminal = Terminal(stream)
    terminal(Message("read Pt.chk"))
    terminal.close()
    assert stream.getvalue() == "read Pt.chk\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (59.9, "59.9 s"), (60, "1:00 min"), (119.7, "2:00 min"), (3599, "59:59 min"), (9000, "2:30 h")],
)
def test_duration(seconds, text):
    assert duration(seconds) == text
