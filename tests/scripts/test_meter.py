"""Tests for _meter.py: a bar on a terminal, a sign of life on a pipe."""

from __future__ import annotations

import io

from scripts import _meter
from scripts._meter import Meter


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_messages_and_a_sign_of_life_when_nothing_was_said_for_long(monkeypatch):
    stream = io.StringIO()
    with Meter(200.0, "49 points", stream) as meter:
        meter.add(50.0)
        assert stream.getvalue() == ""
        meter.say("a message")
        monkeypatch.setattr(_meter, "HEARTBEAT_S", -1.0)
        meter.at(150.0, total=300.0)
    first, second = stream.getvalue().splitlines()
    assert first == "a message"
    assert second.startswith("... 49 points: 50% | left 0:00")


def test_a_terminal_gets_a_bar_and_messages_above_it():
    stream = Terminal()
    with Meter(4.0, "searches", stream) as meter:
        meter.at(1.0)
        meter.label("evaluation")
        meter.add(1.0)
        meter.say("a message")
    for part in ("evaluation", "50%", "a message"):
        assert part in stream.getvalue()
