"""What a benchmark measures: names, units, bounds, and medians of interleaved rounds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Measurement:
    """One number to measure: `measure()` returns it once.

    Attributes:
        name: what it is called
        unit: its unit
        measure: measures it once
        bound: the value that it must keep, or None
        side: whether the bound is the largest ("upper") or the smallest ("lower") acceptable value
    """

    name: str
    unit: str
    measure: Callable[[], float]
    bound: float | None = None
    side: Literal["upper", "lower"] = "upper"


def interleaved_medians(measurements: Sequence[Measurement], rounds: int) -> list[dict[str, Any]]:
    """Measure in turns, so that a slow moment of the machine hits all alike.

    Args:
        measurements: what to measure
        rounds: how often

    Returns:
        One line each: name, value (median over the rounds), unit, bound, and its side where there is a bound.
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
        }
        for item in measurements
    ]


def seconds(work: Callable[[Any], object], items: Iterable[Any]) -> float:
    """Time a piece of work on each item.

    Args:
        work: what to do with an item
        items: made beforehand

    Returns:
        The time of all [s].
    """
    started = time.perf_counter()
    for item in items:
        work(item)
    return time.perf_counter() - started


def alternating_seconds(
    first: Callable[[int], object], second: Callable[[int], object], steps: int, slice_steps: int
) -> tuple[float, float]:
    """Time two pieces of work in short slices that take turns, so that noise hits both.

    Args:
        first: does step i of the one
        second: does step i of the other
        steps: steps of each
        slice_steps: steps of a slice

    Returns:
        The time of all steps of the first and of the second [s].
    """
    spent = [0.0, 0.0]
    for index, begin in enumerate(range(0, steps, slice_steps)):
        part = range(begin, min(begin + slice_steps, steps))
        order = (0, 1) if index % 2 == 0 else (1, 0)  # neither always meets the other's caches
        for which in order:
            spent[which] += seconds((first, second)[which], part)
    return spent[0], spent[1]
