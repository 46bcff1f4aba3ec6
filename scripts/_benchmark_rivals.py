"""A learner to compare with, in a process of its own: neither side's memory and settings are the other's."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from scripts._benchmark import seconds

Update = Callable[[], object]
TURNS = 3
THREADS = 1  # of torch, on both sides
CLOCK = time.process_time
"""What one thread works by: jobs beside it that take its core make it wait, not count more."""


class Rival:
    """A learner in a spawned process, whose memory and whose settings are its own; a context manager that ends it.

    Args:
        make: top-level function that makes its update.
        arguments: what `make` is given.
    """

    def __init__(self, make: Callable[..., Update], *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_update_on_request, args=(theirs, make, arguments), daemon=True)
        self._process.start()
        theirs.close()

    def __enter__(self) -> Rival:
        """Hold the process."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join()

    def seconds(self, updates: int) -> float:
        """Take updates; return their time [s]."""
        self._pipe.send(updates)
        return self._pipe.recv()

    def over(self, update: Update, theirs: int, ours: int) -> float:
        """Compare the time of an update, in slices that take turns.

        Args:
            update: takes one of ours
            theirs: updates of a slice of theirs
            ours: updates of a slice of ours

        Returns:
            Time of an update of theirs over that of ours.
        """
        theirs_s = ours_s = 0.0
        for _ in range(TURNS):
            theirs_s += self.seconds(theirs) / theirs
            ours_s += seconds(lambda _: update(), range(ours), CLOCK) / ours
        return theirs_s / ours_s


def _update_on_request(pipe: Any, make: Callable[..., Update], arguments: tuple[Any, ...]) -> None:
    import torch

    torch.set_num_threads(THREADS)
    update = make(*arguments)
    update()
    while True:
        try:
            count = pipe.recv()
        except EOFError:
            break
        pipe.send(seconds(lambda _: update(), range(count), CLOCK))
