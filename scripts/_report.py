"""What a script about money leaves behind: tables on the terminal and as CSV, pictures as PNG, one folder."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from scripts._explain import UsageError
from scripts._runs import write_atomically


@dataclass(frozen=True)
class Table:
    """A table: rows of numbers and words under named columns; nan is what was not measured or is not defined."""

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]

    def __str__(self) -> str:
        """Write it for people: four digits, words to the left, numbers to the right."""
        texts = [list(self.columns), *([shown(value) for value in row] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        wordy = [any(isinstance(row[at], str) for row in self.rows) for at in range(len(widths))]
        lines = [
            "  ".join(
                text.ljust(width) if words else text.rjust(width)
                for text, width, words in zip(row, widths, wordy, strict=True)
            ).rstrip()
            for row in texts
        ]
        return "\n".join([self.title, *lines])


def shown(value: Any) -> str:
    """Write a number with four digits, all digits before the point; a verdict as yes or no."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    number = float(value)
    if not math.isfinite(number):
        return f"{number}"
    return f"{number:,.0f}" if abs(number) >= 1000.0 else f"{number:.4g}"


class Report:
    """Print, write and draw into a folder, which is made when the first thing is reported.

    Every method but `close` raises a UsageError where the folder cannot be written.

    Args:
        output: the folder; None makes a fresh one, runs/<kind>/<time>
        kind: what is reported
    """

    def __init__(self, output: str | None, kind: str) -> None:
        fresh = Path("runs") / kind / f"{datetime.now():%Y-%m-%d_%H-%M-%S}"
        self.root = fresh if output is None else Path(output).expanduser()
        self._files: list[str] = []

    def say(self, text: str) -> None:
        """Print a line."""
        self._make_folder()
        print(text)

    def table(self, table: Table, printed: bool = True) -> None:
        """Print a table and write it as CSV, floats with every digit.

        Args:
            table: the table
            printed: False writes it alone
        """
        self._make_folder()
        if printed:
            print(f"\n{table}")
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([table.columns, *table.rows])
        with self.file(f"{table.name}.csv") as path:
            write_atomically(path, text.getvalue())

    def figure(self, name: str, figure: Any) -> None:
        """Write a picture."""
        with self.file(f"{name}.png") as path:
            figure.savefig(path)

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        """Give the path of a file to write; what goes wrong is one line."""
        self._make_folder()
        path = self.root / name
        with self._writing(path):
            yield path
        self._files.append(name)

    def close(self) -> None:
        """Say what was written."""
        print(f"\nwritten to {self.root}: {', '.join(self._files)}")

    def _make_folder(self) -> None:
        with self._writing(self.root):
            self.root.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def _writing(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UsageError(f"output: cannot write {path} ({error.strerror}); choose another output") from error
