"""What a person sees while a run works: a live table on a terminal, plain lines on a pipe."""

from __future__ import annotations

import sys
import time
from typing import Any, Protocol, TextIO

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from economics import LedgerRow

HEARTBEAT_S = 20.0


class Snapshot(Protocol):
    """Where the loop stands; see `agents.loop.Progress`."""

    episode: int
    episodes: int
    env_steps: int
    env_steps_per_s: float
    updates_per_s: float
    lambda_dual: float
    seconds_left: float


class Display(Protocol):
    """Shows rows, progress and messages."""

    def row(self, row: LedgerRow) -> None:
        """Show a finished shift."""

    def progress(self, snapshot: Any) -> None:
        """Show where the loop stands."""

    def say(self, text: str) -> None:
        """Show one line."""

    def close(self) -> None:
        """Give the terminal back."""


def make_display(episodes: int, stream: TextIO | None = None) -> Display:
    """Choose the display that fits the stream.

    Args:
        episodes: shifts of the whole run
        stream: where to write; None = standard output

    Returns:
        A live table where the stream is a terminal, else plain lines.
    """
    out: Any = sys.stdout if stream is None else stream
    return LiveTable(episodes, out) if out.isatty() else PlainLines(episodes, out)


def clock(seconds: float) -> str:
    """Write a duration as h:mm:ss or m:ss, "-" where it is not known."""
    if not 0 <= seconds < 1e7:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _speeds(snapshot: Snapshot | None) -> str:
    if snapshot is None:
        return ""
    return (
        f" | {snapshot.env_steps_per_s:6.0f} env steps/s | {snapshot.updates_per_s:6.1f} updates/s"
        f" | left {clock(snapshot.seconds_left)}"
    )


class PlainLines:
    """One line a shift, and a sign of life while a shift takes long."""

    def __init__(self, episodes: int, stream: TextIO) -> None:
        self._episodes = episodes
        self._stream = stream
        self._last: Snapshot | None = None
        self._said_at = time.monotonic()

    def row(self, row: LedgerRow) -> None:
        """Print a finished shift."""
        self.say(
            f"episode {row.episode:4d}/{self._episodes} | profit {row.profit:7.2f} $/h | MP {row.mp_r:6.1f} /h"
            f" | err {100 * row.err_rate:5.1f} % | lambda {row.lambda_dual:.4f}{_speeds(self._last)}"
        )

    def progress(self, snapshot: Any) -> None:
        """Print a sign of life if nothing was printed for a while."""
        self._last = snapshot
        if time.monotonic() - self._said_at > HEARTBEAT_S:
            self.say(
                f"... episode {snapshot.episode + 1}/{snapshot.episodes} at work"
                f" | {snapshot.env_steps} env steps{_speeds(snapshot)}"
            )

    def say(self, text: str) -> None:
        """Print one line at once."""
        print(text, file=self._stream, flush=True)
        self._said_at = time.monotonic()

    def close(self) -> None:
        """Nothing to give back."""


class LiveTable:
    """A bar and a table that redraw in place; messages scroll above them."""

    def __init__(self, episodes: int, stream: TextIO) -> None:
        self._episodes = episodes
        self._row: LedgerRow | None = None
        self._last: Any = None
        self._live = Live(console=Console(file=stream), refresh_per_second=4, transient=False)
        self._live.start()

    def row(self, row: LedgerRow) -> None:
        """Show a finished shift."""
        self._row = row
        self._live.update(self._picture())

    def progress(self, snapshot: Any) -> None:
        """Show where the loop stands."""
        self._last = snapshot
        self._live.update(self._picture())

    def say(self, text: str) -> None:
        """Print one line above the table."""
        self._live.console.print(text, highlight=False, markup=False)

    def close(self) -> None:
        """Leave the last table and give the terminal back."""
        self._live.stop()

    def _picture(self) -> Table:
        row, last = self._row, self._last
        done = max(0 if row is None else row.episode, 0 if last is None else last.episode)
        cells = {
            "episode": f"{done}/{self._episodes}",
            "env steps/s": "-" if last is None else f"{last.env_steps_per_s:.0f}",
            "updates/s": "-" if last is None else f"{last.updates_per_s:.1f}",
            "profit $/h": "-" if row is None else f"{row.profit:.2f}",
            "MP /h": "-" if row is None else f"{row.mp_r:.1f}",
            "errors": "-" if row is None else f"{100 * row.err_rate:.1f} %",
            "lambda": "-" if row is None else f"{row.lambda_dual:.4f}",
            "time left": "-" if last is None else clock(last.seconds_left),
        }
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
        for name in cells:
            table.add_column(name, justify="right", min_width=6, no_wrap=True)
        table.add_row(*cells.values())
        picture = Table.grid()
        picture.add_row(ProgressBar(total=self._episodes, completed=done, width=74))
        picture.add_row(table)
        return picture
