"""Tests for advantages.py: literal inputs, literal answers."""

import numpy as np
import pytest

from agents.ppo.advantages import AdvantageScale, Ends, explained_variance, gae

GAMMA, LAMBDA = 0.5, 0.5
REWARDS = np.array([[1.0], [2.0], [4.0]], np.float32)
VALUES = np.array([[8.0], [4.0], [2.0], [16.0]], np.float32)


def advantages(valid=(1, 1, 1), terminated=(0, 0, 0), values=VALUES) -> list[float]:
    masks = (np.array(mask, bool)[:, None] for mask in (valid, terminated))
    return gae(REWARDS, values, Ends(*masks), GAMMA, LAMBDA)[:, 0].tolist()


def test_the_end_of_the_rollout_bootstraps():
    # delta = 1 + 2 - 8, 2 + 1 - 4, 4 + 8 - 2
    assert advantages() == pytest.approx([-5.0 + 0.25 * (-1.0 + 0.25 * 10.0), -1.0 + 0.25 * 10.0, 10.0])


def test_a_real_end_counts_nothing_beyond_it():
    assert advantages(terminated=(0, 1, 0)) == pytest.approx([-5.0 + 0.25 * -2.0, -2.0, 10.0])


def test_a_time_limit_bootstraps_from_the_last_observation_and_ends_the_sum():
    # Step 0 is cut; step 1 is the reset row, which shows the last observation; step 2 begins the next episode.
    assert advantages(valid=(1, 0, 1)) == pytest.approx([-5.0, 0.0, 10.0])


def test_a_real_end_before_a_reset_row():
    assert advantages(valid=(1, 0, 1), terminated=(1, 0, 0)) == pytest.approx([1.0 - 8.0, 0.0, 10.0])


def test_what_a_failed_simulation_shows_does_not_spread():
    values = VALUES.copy()
    values[2] = np.nan
    found = advantages(valid=(1, 0, 0), terminated=(0, 1, 0), values=values)
    assert found == pytest.approx([-5.0, 0.0, 0.0])
    values[1], values[2] = np.nan, 2.0
    assert advantages(valid=(1, 0, 1), terminated=(1, 0, 0), values=values) == pytest.approx([-7.0, 0.0, 10.0])


def test_lambda_one_is_the_discounted_return_and_lambda_zero_the_td_error():
    masks = Ends(np.ones((3, 1), bool), np.zeros((3, 1), bool))
    full = gae(REWARDS, VALUES, masks, GAMMA, 1.0)[0, 0]
    assert full == pytest.approx(1.0 + 0.5 * 2.0 + 0.25 * 4.0 + 0.125 * 16.0 - 8.0)
    assert gae(REWARDS, VALUES, masks, GAMMA, 0.0)[:, 0].tolist() == pytest.approx([-5.0, -1.0, 10.0])


def test_cells_do_not_mix():
    two = gae(np.tile(REWARDS, 2), np.tile(VALUES, 2), Ends(np.ones((3, 2), bool), np.eye(3, 2) > 0), GAMMA, LAMBDA)
    assert two[:, 0].tolist() == pytest.approx(advantages(terminated=(1, 0, 0)))
    assert two[:, 1].tolist() == pytest.approx(advantages(terminated=(0, 1, 0)))


def test_advantages_are_normalised_over_their_own_rollout():
    scale = AdvantageScale()
    np.testing.assert_array_equal(scale(np.array([5.0])), [5.0])
    for _ in range(2):
        np.testing.assert_allclose(scale(np.array([1.0, 3.0])), [-1.0, 1.0], rtol=1e-6)
        np.testing.assert_array_equal(scale(np.array([2.0, 2.0])), [0.0, 0.0])


def test_the_first_rollouts_count_alike():
    scale, rollouts = AdvantageScale(rollouts=5), np.random.default_rng(0).normal(3.0, 2.0, (4, 50))
    for rollout in rollouts:
        found = scale(rollout)
    np.testing.assert_allclose(found, (rollouts[-1] - rollouts.mean()) / rollouts.std(), rtol=1e-6)
    np.testing.assert_allclose(scale(np.array([9.0])), (9.0 - rollouts.mean()) / rollouts.std(), rtol=1e-6)


@pytest.mark.parametrize(("rollouts", "gain"), [(1, 185.6), (1000, 0.0)])
def test_a_rare_loss_weighs_less_than_frequent_gains_only_where_rollouts_have_moments_of_their_own(rollouts, gain):
    """One step in 400 loses 99.75, the others gain 0.25: nothing on average, and 0 is what an unbiased scale keeps."""
    calm = np.tile([0.15, 0.35], 50)
    spoilt = np.append(calm[1:], -99.75 - 0.1)
    scale, sums = AdvantageScale(rollouts), []
    for at in range(400):
        normalised = scale(spoilt if at % 4 == 0 else calm)
        sums.append(normalised.sum() + len(calm) * scale.mean / np.sqrt(scale.variance))  # divided, not centred
    assert np.mean(sums[200:]) == pytest.approx(gain, abs=0.1)


def test_explained_variance():
    returns = np.array([1.0, 2.0, 3.0])
    assert explained_variance(returns, returns) == 1.0
    assert explained_variance(np.full(3, 7.0), returns) == pytest.approx(0.0)
    assert explained_variance(-returns, returns) == pytest.approx(-3.0)
    assert explained_variance(returns, np.ones(3)) == 0.0
