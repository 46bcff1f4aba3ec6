"""Tests for _progress.py: plain lines on a pipe, a table on a terminal."""

from __future__ import annotations

import io
import math

import pytest

from agents import Progress
from economics import Prices, make_row
from scripts import _progress
from scripts._progress import LiveTable, PlainLines, clock, make_display

COUNTERS = {"attempts": 110.0, "completed": 107.0, "errors": 3.0, "hours": 1.0}
ROW = make_row(COUNTERS, Prices(), 0.1, 0.05, episode=3, task="dishwashing", seed=0, env_steps=180)
SNAPSHOT = Progress(3, 250, 180, 90, 1234.0, 56.7, {}, 0.05, 10.0, 3725.0)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_one_line_a_shift():
    stream = io.StringIO()
    display = make_display(250, stream)
    display.progress(SNAPSHOT)
    display.row(ROW)
    (line,) = stream.getvalue().splitlines()
    for part in ("3/250", "$/h", "107.0 /h", "2.7 %", "lambda 0.0500", "1234 env steps/s", "56.7 updates/s", "1:02:05"):
        assert part in line


def test_a_long_shift_gives_a_sign_of_life(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(_progress, "HEARTBEAT_S", -1.0)
    PlainLines(250, stream).progress(SNAPSHOT)
    assert "episode 4/250 at work" in stream.getvalue()


def test_a_terminal_gets_a_table():
    stream = Terminal()
    display = make_display(250, stream)
    assert isinstance(display, LiveTable)
    display.progress(SNAPSHOT)
    display.row(ROW)
    display.say("a message")
    display.close()
    for part in ("3/250", "1234", "2.7 %", "time left", "a message"):
        assert part in stream.getvalue()


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (61.4, "1:01"), (3725, "1:02:05"), (math.nan, "-")])
def test_clock(seconds, text):
    assert clock(seconds) == text
