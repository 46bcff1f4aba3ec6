"""Tests for n_step.py: literal inputs, literal answers."""

import numpy as np

from agents.replay.n_step import alive_steps, bootstrap_discount, discounted_sums

VALID = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 1], [1, 1, 1]], bool)
TERMINATED = np.array([[0, 0, 0], [0, 0, 0], [1, 0, 0], [0, 0, 1]], bool)
ALIVE = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [1, 1, 1]], bool)


def test_steps_are_alive_until_the_episode_ends():
    assert np.array_equal(alive_steps(VALID, TERMINATED), ALIVE)
    after_termination = alive_steps(np.ones((1, 3), bool), np.array([[False, True, False]]))
    assert after_termination.tolist() == [[True, True, False]]


def test_sums_are_discounted_and_cut():
    values = np.array([1.0, 2.0, 4.0])[None, :, None].repeat(4, axis=0)
    sums = discounted_sums(values, ALIVE, 0.5)
    np.testing.assert_allclose(sums[:, 0], [3.0, 2.0, 1.0, 3.0])


def test_truncation_bootstraps_and_termination_does_not():
    discount = bootstrap_discount(ALIVE, TERMINATED, 0.5)
    np.testing.assert_allclose(discount, [0.125, 0.25, 0.0, 0.0])
