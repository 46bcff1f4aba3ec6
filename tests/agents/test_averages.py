"""Tests for averages.py."""

import pytest

from agents.averages import moving_share


def test_an_average_is_short_at_first_and_as_long_as_its_decay_says_later():
    assert [moving_share(0.9, count, 10.0) for count in (0, 10, 90, 1000)] == pytest.approx([1.0, 0.5, 0.1, 0.1])
    assert [moving_share(0.9, count) for count in (0, 1, 9, 1000)] == pytest.approx([1.0, 0.5, 0.1, 0.1])
