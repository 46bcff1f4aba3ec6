"""Tests for evidence.py, against scikit-learn's own, and for what the forecasts cost."""

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import BayesianRidge

from economics import BayesianRidgeValue
from economics.evidence import fit_line

ASKED = np.array([-1.0, 0.0, 0.3, 2.0])


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(2, 60),
    slope=st.floats(-20.0, 20.0),
    noise=st.sampled_from([0.0, 0.01, 1.0, 10.0]),
)
def test_it_is_that_of_scikit_learn(seed, count, slope, noise):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-0.5, 1.5, count)
    y = 2.0 + slope * x + noise * rng.standard_normal(count)
    theirs: Any = BayesianRidge().fit(x[:, None], y)
    expected = theirs.predict(ASKED[:, None], return_std=True)
    for ours, other in zip(fit_line(x, y).predict(ASKED), expected, strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-6, atol=1e-6)


def test_what_never_changes_is_no_trouble():
    mean, deviation = fit_line(np.full(12, 0.5), np.arange(12.0)).predict(ASKED)
    np.testing.assert_allclose(mean, 5.5)
    assert np.isfinite(deviation).all() and (deviation > 0.0).all()
    mean, _ = fit_line(np.arange(12.0), np.full(12, 3.0)).predict(ASKED)
    np.testing.assert_allclose(mean, 3.0)


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        ([1.0], [1.0], "two vectors of one length >= 2"),
        ([1.0, 2.0], [1.0], "two vectors of one length >= 2"),
        ([1.0, np.nan], [1.0, 2.0], "x must be finite, got nan"),
        ([1.0, 2.0], [1.0, np.inf], "y must be finite, got inf"),
    ],
)
def test_bad_points_are_refused(x, y, said):
    with pytest.raises(ValueError, match=said):
        fit_line(x, y)


def test_a_forecast_costs_no_more_after_many_shifts_than_after_a_window():
    estimator = BayesianRidgeValue(window=200)
    rng = np.random.default_rng(0)
    spent = []
    for _ in range(4):
        start = time.process_time()
        for _ in range(500):
            estimator.update(float(rng.uniform()), float(rng.normal()))
        spent.append(time.process_time() - start)
    assert spent[-1] < 3.0 * max(spent[1], 0.01), spent
    assert max(spent) < 1.0, f"a fit takes {2.0 * max(spent):.2f} ms"
