"""Tests for data_value.py, forecast.py and pricing.py: forecasts before outcomes, prices only where they are sure."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from economics import (
    BayesianRidgeValue,
    Prediction,
    SgdValue,
    delta_mpl,
    load_estimator,
    prequential_r2,
    price_text,
    quote_price,
    save_estimator,
    value_of_data,
)

BOTH = pytest.mark.parametrize("kind", [SgdValue, BayesianRidgeValue])


def teach(estimator, samples, slope=8.0, noise=1.5, seed=0):
    rng = np.random.default_rng(seed)
    inside = []
    for _ in range(samples):
        novelty = rng.uniform()
        gain = 2.0 + slope * novelty + rng.normal(0.0, noise)
        said = estimator.predict(novelty)
        if not said.abstains:
            inside.append(said.low <= gain <= said.high)
        estimator.update(novelty, gain)
    return float(np.mean(inside)) if inside else math.nan


@BOTH
def test_it_abstains_below_ten_samples(kind):
    estimator = kind()
    teach(estimator, 9)
    said = estimator.predict(np.array([0.1, 0.9]))
    assert said.abstains and said.samples == 9
    np.testing.assert_array_equal(said.mean, [0.0, 0.0])
    np.testing.assert_array_equal(said.low, [-np.inf, -np.inf])
    assert math.isnan(estimator.prequential_r2)
    teach(estimator, 1)
    assert not estimator.predict(0.5).abstains


@BOTH
def test_it_learns_a_line_and_its_intervals_cover_as_often_as_they_say(kind):
    estimator = kind(confidence=0.90)
    covered = teach(estimator, 300)
    said = estimator.predict(np.array([0.0, 1.0]))
    np.testing.assert_allclose(said.mean, [2.0, 10.0], atol=0.8)
    assert 0.85 < covered < 0.99
    assert 0.5 < estimator.prequential_r2 < 0.85
    assert np.shape(estimator.predict(np.zeros((2, 3))).low) == (2, 3)


@BOTH
def test_noise_scores_nothing(kind):
    estimator = kind()
    teach(estimator, 300, slope=0.0)
    assert estimator.prequential_r2 < 0.1


@BOTH
def test_saved_and_loaded_it_continues_bit_for_bit(kind, tmp_path):
    first = kind(confidence=0.8)
    teach(first, 40)
    save_estimator(first, tmp_path / "estimator.json")
    second = load_estimator(tmp_path / "estimator.json")
    assert type(second) is kind
    for estimator in (first, second):
        teach(estimator, 15, seed=1)
    assert first.state_dict() == second.state_dict()
    assert first.predict(0.3) == second.predict(0.3)


@BOTH
def test_a_fresh_one_is_saved_too(kind, tmp_path):
    save_estimator(kind(), tmp_path / "fresh.json")
    assert load_estimator(tmp_path / "fresh.json").state_dict() == kind().state_dict()


def test_what_is_no_estimator_is_refused(tmp_path):
    for text in ('{"kind": "forest"}', "[]"):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(ValueError, match="must hold an estimator of kind sgd, bayesian_ridge"):
            load_estimator(tmp_path / "bad.json")
    with pytest.raises(ValueError, match="state must be of kind sgd, got bayesian_ridge"):
        SgdValue().load_state_dict(BayesianRidgeValue().state_dict())


@BOTH
def test_a_refused_sample_teaches_nothing(kind):
    estimator = kind()
    before = json.dumps(estimator.state_dict())
    for bad in ((math.nan, 1.0), (0.5, math.inf)):
        with pytest.raises(ValueError, match="must be finite"):
            estimator.update(*bad)
    assert json.dumps(estimator.state_dict()) == before
    with pytest.raises(ValueError, match=r"confidence must lie in \(0, 1\), got 1\.0"):
        kind(confidence=1.0)


def test_the_rate_of_sgd_adapts_and_identical_novelty_is_no_trouble():
    estimator = SgdValue(eta=0.05)
    teach(estimator, 300)
    assert estimator.state_dict()["sgd"]["eta"] < 0.05
    same = SgdValue()
    for _ in range(20):
        same.update(0.5, 3.0)
    assert 0.0 < float(same.predict(0.5).mean) <= 3.0


def test_the_window_forgets():
    with pytest.raises(ValueError, match="window must be a whole number >= 10, got 9"):
        BayesianRidgeValue(window=9)
    estimator = BayesianRidgeValue(window=30)
    teach(estimator, 60, slope=8.0)
    teach(estimator, 30, slope=-8.0)
    assert estimator.predict(1.0).mean < estimator.predict(0.0).mean


def test_gains_are_differences():
    np.testing.assert_array_equal(delta_mpl([80.0, 95.0, 90.0]), [np.nan, 15.0, -5.0])
    assert len(delta_mpl([])) == 0
    with pytest.raises(ValueError, match=r"mp_r must be a vector, got shape \(2, 1\)"):
        delta_mpl([[1.0], [2.0]])
    with pytest.raises(ValueError, match="mp_r must be finite"):
        delta_mpl([1.0, math.nan])


def test_prequential_r2_known_answers():
    # Running means before each outcome: -, 1, 2; squared misses of the forecasts 0 and 1 against 4 and 9.
    assert prequential_r2([1.0, 3.0, 5.0], [9.0, 3.0, 4.0]) == pytest.approx(1.0 - 1.0 / 13.0)
    assert prequential_r2([1.0, 3.0, 5.0], [math.nan, 1.0, 2.0]) == pytest.approx(0.0)
    assert math.isnan(prequential_r2([1.0, 3.0], [math.nan, math.nan]))
    assert math.isnan(prequential_r2([2.0, 2.0], [2.0, 2.0]))
    with pytest.raises(ValueError, match="two vectors of one length"):
        prequential_r2([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="outcomes must be finite"):
        prequential_r2([math.nan], [1.0])


@given(p=st.floats(0.0, 10.0), delta=st.floats(-50.0, 50.0), mean=st.floats(-50.0, 50.0))
def test_value_is_price_times_what_exceeds_the_mean(p, delta, mean):
    assert value_of_data(p, delta, mean) == pytest.approx(p * (delta - mean) if delta > mean else 0.0)


@pytest.mark.parametrize(
    ("low", "mean_gain", "price"), [(3.0, 2.0, 1.5), (1.9, 2.0, None), (-1.0, 2.0, None), (-0.5, -1.0, None)]
)
def test_a_price_is_quoted_only_above_zero_and_above_the_mean(low, mean_gain, price):
    quoted = quote_price(0.5, Prediction(5.0, low, 7.0, 40), mean_gain)
    assert math.isnan(quoted) if price is None else quoted == pytest.approx(price)


def test_an_abstaining_estimator_prices_nothing_and_arrays_broadcast():
    assert price_text(float(quote_price(0.3, SgdValue().predict(0.5), 0.0))) == "not priced"
    prediction = Prediction(np.array([5.0, 5.0]), np.array([4.0, -4.0]), np.array([6.0, 14.0]), 20)
    np.testing.assert_allclose(quote_price(0.5, prediction, 1.0), [2.0, np.nan])
    assert price_text(2.0) == "$2.00/h"
    with pytest.raises(ValueError, match="p must be finite and >= 0"):
        quote_price(-0.3, prediction, 0.0)
    with pytest.raises(ValueError, match="delta_mean must be finite"):
        quote_price(0.3, prediction, math.nan)
    with pytest.raises(ValueError, match="delta_i must be finite"):
        value_of_data(0.3, math.nan, 0.0)
