"""Tests for benchmark.py: medians of interleaved measurements."""

from __future__ import annotations

from scripts.benchmark import Measurement, interleaved_medians


def test_measurements_take_turns_and_give_their_median():
    order = []
    values = {"a": iter([1.0, 9.0, 2.0]), "b": iter([5.0, 4.0, 6.0])}

    def measure(name):
        order.append(name)
        return next(values[name])

    lines = interleaved_medians(
        [Measurement("a", "ratio", lambda: measure("a"), 1.25), Measurement("b", "1/s", lambda: measure("b"))], rounds=3
    )
    assert order == ["a", "b"] * 3
    assert lines == [
        {"name": "a", "value": 2.0, "unit": "ratio", "bound": 1.25},
        {"name": "b", "value": 5.0, "unit": "1/s", "bound": None},
    ]
