"""Tests for sum_tree.py."""

import math

import numpy as np
import pytest

from agents.replay import SumTree
from agents.replay.sum_tree import effective_sample_share


def test_find_follows_the_running_sum():
    tree = SumTree(5)
    tree.set(np.arange(5), np.array([1.0, 0.0, 3.0, 2.0, 4.0]))
    assert tree.total == 10.0
    mass = np.array([0.0, 0.999, 1.0, 3.999, 4.0, 6.0, 9.999])
    assert tree.find(mass).tolist() == [0, 0, 2, 2, 3, 4, 4]


def test_setting_again_replaces():
    tree = SumTree(4)
    tree.set(np.array([0, 1]), np.array([5.0, 5.0]))
    tree.set(np.array([0]), 1.0)
    assert tree.total == 6.0
    assert tree.get(np.array([0, 1, 2])).tolist() == [1.0, 5.0, 0.0]


def test_leaves_are_drawn_in_proportion():
    rng = np.random.default_rng(0)
    priorities = rng.random(37) * (rng.random(37) < 0.7)
    tree = SumTree(37)
    tree.set(np.arange(37), priorities)
    drawn = np.bincount(tree.find(rng.random(200_000) * tree.total), minlength=37) / 200_000
    np.testing.assert_allclose(drawn, priorities / priorities.sum(), atol=3e-3)
    assert np.all(drawn[priorities == 0.0] == 0.0)


def test_mass_at_the_very_end_never_finds_a_zero_leaf():
    tree = SumTree(8)
    tree.set(np.array([2]), 0.3)
    assert tree.find(np.array([0.0, 0.3, 0.30000001])).tolist() == [2, 2, 2]


@pytest.mark.parametrize("leaves", [1, 2, 3, 64, 100])
def test_a_rebuilt_tree_is_bit_identical(leaves):
    rng = np.random.default_rng(leaves)
    tree, rebuilt = SumTree(leaves), SumTree(leaves)
    for _ in range(20):
        tree.set(rng.integers(0, leaves, 7), rng.random(7))
    rebuilt.rebuild(tree.leaves(leaves))
    assert np.array_equal(tree._nodes, rebuilt._nodes)


def test_even_priorities_make_the_whole_of_the_sample_effective():
    assert effective_sample_share(np.array([0.0, 0.3, 0.3, 0.0, 0.3])) == pytest.approx(1.0)


def test_one_priority_above_all_leaves_one_transition_in_n():
    assert effective_sample_share(np.array([1e9, 1.0, 1.0, 1.0, 0.0])) == pytest.approx(0.25)
    assert effective_sample_share(np.array([3.0, 1.0])) == pytest.approx(16.0 / (2 * 10.0))
    assert effective_sample_share(np.array([30.0, 10.0])) == pytest.approx(0.8)


def test_without_priorities_there_is_no_share():
    assert math.isnan(effective_sample_share(np.zeros(3)))
