"""Tests for evaluation.py."""

import math

import numpy as np
import pytest
from scipy.stats import trim_mean

from agents import ConstantPolicy, evaluate, interquartile_mean, iqm_interval, mean_interval


def test_every_seed_gets_one_whole_shift(counting_env):
    env = counting_env(2)
    seen = []
    reset = env.reset
    env.reset = lambda *, seed=None, options=None: (seen.append(seed), reset(seed=seed))[1]
    results = evaluate(ConstantPolicy([0.25, 1.0]), env, [100, 101, 102])
    assert seen == [100, 102]
    assert [result.seed for result in results] == [100, 101, 102]
    for result in results:
        assert result.actions.shape == (5, 2)
        assert result.info["attempts"] == 5.0
        assert result.reward_sum == pytest.approx(5 * 0.25 - result.info["errors"])


def test_scattered_seeds_go_to_their_cells(counting_env):
    env = counting_env(2)
    evaluate(ConstantPolicy([0.0, 0.0]), env, [7, 3])
    assert env.seeds == [7, 3]


def test_cells_that_end_early_count_once(counting_env):
    results = evaluate(ConstantPolicy([0.5, 0.0]), counting_env(2, lengths=(2, 5)), [0, 1])
    assert [len(result.actions) for result in results] == [2, 5]
    assert [result.info["attempts"] for result in results] == [2.0, 5.0]
    assert results[0].reward_sum == pytest.approx(1.0 - results[0].info["errors"])


def test_the_same_seeds_give_the_same_shifts(counting_env):
    first, second = (
        evaluate(ConstantPolicy([0.5, 0.5]), counting_env(3), range(20, 26)),
        evaluate(ConstantPolicy([0.5, 0.5]), counting_env(3), range(20, 26)),
    )
    assert [result.info for result in first] == [result.info for result in second]


def test_mean_interval_of_three_values():
    mean, low, high = mean_interval([1.0, 2.0, 3.0])
    assert mean == 2.0
    assert high - mean == pytest.approx(4.302653 / math.sqrt(3.0), rel=1e-6)
    assert mean - low == pytest.approx(high - mean)


def test_mean_interval_of_one_value_has_no_bounds():
    mean, low, high = mean_interval([4.0])
    assert mean == 4.0
    assert math.isnan(low)
    assert math.isnan(high)
    with pytest.raises(ValueError, match="at least one value"):
        mean_interval([])


def test_the_interquartile_mean_leaves_out_a_quarter_at_each_end():
    assert interquartile_mean([100.0, 1.0, 2.0, 3.0, -50.0]) == pytest.approx(2.0)
    assert interquartile_mean([7.0]) == 7.0
    values = np.random.default_rng(0).normal(size=(3, 11))
    np.testing.assert_allclose(interquartile_mean(values), trim_mean(values, 0.25, axis=1))
    with pytest.raises(ValueError, match="at least one value"):
        interquartile_mean([])


def test_the_interval_of_the_interquartile_mean_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(300):
        _, low, high = iqm_interval(rng.normal(3.0, 1.0, (30, 1)), rng, resamples=500)
        inside += low <= 3.0 <= high
    assert inside / 300 == pytest.approx(0.95, abs=0.04)


def test_resamples_keep_to_their_task():
    scores = np.array([[0.0, 100.0], [0.0, 100.0], [0.0, 100.0]])
    assert iqm_interval(scores, np.random.default_rng(0)) == (50.0, 50.0, 50.0)


def test_one_run_has_no_interval_and_a_vector_is_refused():
    middle, low, high = iqm_interval([[4.0]], np.random.default_rng(0))
    assert middle == 4.0
    assert math.isnan(low)
    assert math.isnan(high)
    with pytest.raises(ValueError, match=r"scores must have shape \(runs, tasks\), got \(3,\)"):
        iqm_interval([1.0, 2.0, 3.0], np.random.default_rng(0))
