"""What a benchmark measures: names, units, bounds, and medians of interleaved rounds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

Clock = Callable[[], float]


@dataclass(frozen=True)
class Measurement:
    """One number to measure: `measure()` returns it once.

    Attributes:
        name: what it is called
        unit: its unit
        measure: measures it once
        bound: the value that it must keep, or None
        side: whether the bound is the largest ("upper") or the smallest ("lower") acceptable value
        is_guard: whether the others mean nothing where the bound is broken
        note: what a reader has to know to judge the value, or None
    """

    name: str
    unit: str
    measure: Callable[[], float]
    bound: float | None = None
    side: Literal["upper", "lower"] = "upper"
    is_guard: bool = False
    note: str | None = None

    def holds(self, value: float) -> bool:
        """Tell whether a value keeps the bound; NaN keeps none."""
        if self.bound is None:
            return True
        return value <= self.bound if self.side == "upper" else value >= self.bound


def interleaved_medians(measurements: Sequence[Measurement], rounds: int) -> list[dict[str, Any]]:
    """Measure in turns, so that a slow moment of the machine hits all alike.

    Args:
        measurements: what to measure
        rounds: how often

    Returns:
        One line each: name, value (median over the rounds), unit, bound, its side where there is a bound, and its note
        where there is one.
    """
    values: dict[str, list[float]] = {measurement.name: [] for measurement in measurements}
    for _ in range(rounds):
        for measurement in measurements:
            values[measurement.name].append(measurement.measure())
    return [
        {
            "name": item.name,
            "value": statistics.median(values[item.name]),
            "unit": item.unit,
            "bound": item.bound,
            "side": None if item.bound is None else item.side,
            **({} if item.note is None else {"note": item.note}),
        }
        for item in measurements
    ]


def seconds(work: Callable[[Any], object], items: Iterable[Any], clock: Clock = time.perf_counter) -> float:
    """Time a piece of work on each item.

    Args:
        work: what to do with an item
        items: made beforehand
        clock: says the time [s]

    Returns:
        The time of all [s].
    """
    started = clock()
    for item in items:
        work(item)
    return clock() - started


def alternating_seconds(
    first: Callable[[int], object],
    second: Callable[[int], object],
    steps: int,
    slice_steps: int,
    clock: Clock = time.perf_counter,
) -> tuple[float, float]:
    """Time two pieces of work in short slices that take turns, so that noise hits both.

    Args:
        first: does step i of the one
        second: does step i of the other
        steps: steps of each
        slice_steps: steps of a slice
        clock: says the time [s]

    Returns:
        The time of all steps of the first and of the second [s].
    """
    spent = [0.0, 0.0]
    for index, begin in enumerate(range(0, steps, slice_steps)):
        part = range(begin, min(begin + slice_steps, steps))
        order = (0, 1) if index % 2 == 0 else (1, 0)  # neither always meets the other's caches
        for which in order:
            spent[which] += seconds((first, second)[which], part, clock)
    return spent[0], spent[1]


@contextmanager
def time_inside(*methods: tuple[Any, str], clock: Clock = time.perf_counter) -> Iterator[Callable[[], float]]:
    """Time the calls of methods within the block.

    Args:
        methods: objects and the names of their methods
        clock: says the time [s]

    Yields:
        A function that returns the time spent inside so far [s].
    """
    spent_s = 0.0

    def timed(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal spent_s
            started = clock()
            try:
                return method(*args, **kwargs)
            finally:
                spent_s += clock() - started

        return call

    for owner, name in methods:
        setattr(owner, name, timed(getattr(owner, name)))
    try:
        yield lambda: spent_s
    finally:
        for owner, name in methods:
            delattr(owner, name)  # the class's own shows again
