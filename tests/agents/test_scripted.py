"""Tests for scripted.py."""

import numpy as np

from agents import ConstantPolicy, EnvSpec, RandomPolicy

SPEC = EnvSpec((4,), "float32", (0.0, -2.0), (1.0, 2.0))


def test_constant_policy_repeats_its_action():
    actions = ConstantPolicy([0.5, 0.25])(np.zeros((3, 4)))
    assert actions.tolist() == [[0.5, 0.25]] * 3
    assert actions.dtype == np.float32


def test_random_policy_fills_the_bounds_and_follows_its_seed():
    actions = RandomPolicy(SPEC, seed=1)(np.zeros((2000, 4)))
    np.testing.assert_allclose(actions.mean(0), [0.5, 0.0], atol=0.1)
    assert np.all((actions >= SPEC.action_low) & (actions <= SPEC.action_high))
    assert np.array_equal(actions, RandomPolicy(SPEC, seed=1)(np.zeros((2000, 4))))
    assert not np.array_equal(actions, RandomPolicy(SPEC, seed=2)(np.zeros((2000, 4))))
