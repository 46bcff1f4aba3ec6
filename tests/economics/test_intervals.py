"""Tests for intervals.py."""

import math

import numpy as np
import pytest

from economics import paired_ratio, wilson_interval


def test_wilson_interval_of_known_counts():
    # 10 of 100: the textbook value; 0 of 20: z^2 / (n + z^2) by hand.
    low, high = wilson_interval(np.array([10.0, 0.0]), np.array([100.0, 20.0]))
    np.testing.assert_allclose(low, [0.0552, 0.0], atol=1e-4)
    np.testing.assert_allclose(high, [0.1744, 0.1611], atol=1e-4)


def test_wilson_interval_knows_nothing_without_attempts_and_mirrors_errors():
    assert wilson_interval(0.0, 0.0) == (0.0, 1.0)
    low, high = wilson_interval(np.array([3.0, 17.0]), 20.0)
    np.testing.assert_allclose(low, 1.0 - np.asarray(high)[::-1])


def test_wilson_interval_covers_the_truth_as_often_as_it_says():
    errors = np.random.default_rng(0).binomial(200, 0.03, 20_000).astype(float)
    low, high = wilson_interval(errors, 200.0)
    assert 0.93 < np.mean((low <= 0.03) & (high >= 0.03)) < 0.98


@pytest.mark.parametrize(
    ("errors", "attempts", "confidence", "said"),
    [(3.0, 2.0, 0.95, "exceed"), (-1.0, 2.0, 0.95, "errors"), (1.0, 2.0, 1.0, "confidence")],
)
def test_wilson_interval_refuses(errors, attempts, confidence, said):
    with pytest.raises(ValueError, match=said):
        wilson_interval(errors, attempts, confidence)


def test_paired_ratio_takes_out_what_the_pairs_share():
    rng = np.random.default_rng(1)
    shared, noise = rng.normal(30.0, 6.0, 100), rng.normal(0.0, 0.5, 100)
    ratio, low, high = paired_ratio(1.1 * shared + noise, shared, np.random.default_rng(2))
    assert low < 1.1 < high and high - low < 0.02
    _, loose, wide = paired_ratio(1.1 * shared + noise, rng.permutation(shared), np.random.default_rng(2))
    assert wide - loose > 3.0 * (high - low)
    assert paired_ratio(shared, shared, np.random.default_rng(3)) == (1.0, 1.0, 1.0)
    assert ratio == pytest.approx((1.1 * shared + noise).mean() / shared.mean())


def test_paired_ratio_of_one_pair_has_no_bounds_and_of_none_is_refused():
    ratio, low, high = paired_ratio([3.0], [2.0], np.random.default_rng(0))
    assert ratio == 1.5 and math.isnan(low) and math.isnan(high)
    for pair in (([], []), ([1.0], [1.0, 2.0])):
        with pytest.raises(ValueError, match="pairs"):
            paired_ratio(*pair, np.random.default_rng(0))
