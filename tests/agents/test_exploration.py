"""Tests for exploration.py."""

import numpy as np
import pytest

from agents.exploration import HeldNoise


def test_draws_are_held_for_a_geometric_number_of_steps():
    noise, rng = HeldNoise(4, 2), np.random.default_rng(0)
    held = np.stack([noise.hold(rng.standard_normal((4, 2)), 10.0, rng).copy() for _ in range(2000)])
    changed = np.any(held[1:] != held[:-1], axis=2)
    assert changed.mean() == pytest.approx(0.1, abs=0.02)
    assert held.std() == pytest.approx(1.0, abs=0.1)


def test_what_is_fresh_is_taken_by_all_cells_and_a_mean_of_one_holds_nothing():
    noise, rng = HeldNoise(3, 1), np.random.default_rng(0)
    first = np.arange(3.0)[:, None]
    assert noise.hold(first, 1e9, rng).tolist() == first.tolist()
    assert noise.hold(first + 1, 1e9, rng).tolist() == first.tolist()
    assert noise.hold(first + 1, 1.0, rng).tolist() == (first + 1).tolist()


def test_a_restored_one_holds_the_same():
    noise, rng = HeldNoise(2, 1), np.random.default_rng(0)
    noise.hold(np.ones((2, 1)), 5.0, rng)
    restored = HeldNoise(2, 1)
    restored.load_state_dict({**noise.state_dict(), "other": 1})
    assert restored.hold(np.zeros((2, 1)), 1e9, rng).tolist() == [[1.0], [1.0]]
