"""How far a long measurement is: a bar on a terminal, a line now and then on a pipe."""

from __future__ import annotations

import sys
import time
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from scripts._progress import HEARTBEAT_S, clock


class Meter:
    """Shows the share of a known amount of work that is done; usable in a `with` block."""

    def __init__(self, total: float, label: str, stream: TextIO | None = None) -> None:
        self._out: Any = sys.stdout if stream is None else stream
        self._total, self._label, self._done = total, label, 0.0
        self._started = self._said_at = time.monotonic()
        self._bar: Progress | None = None
        if self._out.isatty():
            columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(file=self._out))
            self._task = self._bar.add_task(label, total=total)

    def __enter__(self) -> Meter:
        """Start to show."""
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Give the terminal back."""
        if self._bar is not None:
            self._bar.stop()

    def label(self, text: str) -> None:
        """Say what is at work now."""
        self._label = text
        if self._bar is not None:
            self._bar.update(self._task, description=text)

    def at(self, done: float, total: float | None = None) -> None:
        """Show how much is done.

        Args:
            done: amount, not less than before
            total: new estimate of the whole amount; None keeps the old one
        """
        self._done, self._total = done, self._total if total is None else total
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=self._total)
        elif time.monotonic() - self._said_at > HEARTBEAT_S:
            self.say(f"... {self._label}: {self._share():.0%} | left {clock(self._left_s())}")

    def add(self, amount: float) -> None:
        """Show that some more is done."""
        self.at(self._done + amount)

    def say(self, text: str) -> None:
        """Show one line, above the bar where there is one."""
        self._said_at = time.monotonic()
        if self._bar is not None:
            self._bar.console.print(text, highlight=False, markup=False)
        else:
            print(text, file=self._out, flush=True)

    def _share(self) -> float:
        return min(1.0, self._done / self._total) if self._total > 0.0 else 1.0

    def _left_s(self) -> float:
        share = self._share()
        return (time.monotonic() - self._started) * (1.0 - share) / share if share > 0.0 else float("inf")
