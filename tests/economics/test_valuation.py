"""Tests for valuation.py: a ledger priced anew as if every shift's data were a customer's."""

import numpy as np
import pytest

from economics import BayesianRidgeValue, claim_decomposition, value_ledger


def ledger_of(shifts, slope, seed=0):
    rng = np.random.default_rng(seed)
    novelty = rng.uniform(0.0, 1.0, shifts)
    mp = 60.0 + np.cumsum(slope * novelty + rng.normal(0.0, 0.05, shifts))
    return {
        "novelty_norm": novelty,
        "mp_r": mp,
        "w_hat_r": 0.29 * mp,
        "w_h": np.full(shifts, 18.0),
        "hours": np.ones(shifts),
    }


def test_data_that_surely_pays_is_priced_and_earns_rebates():
    valued = value_ledger(ledger_of(80, slope=1.0), BayesianRidgeValue(), 0.30)
    assert np.isnan(valued["delta_mpl_total"][0]) and np.isnan(valued["delta_mpl_cust_pred"][:11]).all()
    late = slice(20, None)
    novel = valued["novelty_norm"][late] > 0.8
    dull = valued["novelty_norm"][late] < 0.4
    assert np.isfinite(valued["price_quoted"][late][novel]).all()
    assert np.isnan(valued["price_quoted"][late][dull]).all()
    assert (valued["data_value"][late][dull] == 0.0).all()
    assert valued["rebate"][late].sum() > 0.0
    assert claim_decomposition(valued).holds


def test_noise_is_hardly_ever_priced():
    valued = value_ledger(ledger_of(80, slope=0.0), BayesianRidgeValue(), 0.30)
    assert np.isfinite(valued["price_quoted"]).mean() < 0.1


def test_the_forecast_of_a_shift_does_not_know_its_outcome():
    whole, cut = ledger_of(40, slope=1.0), ledger_of(40, slope=1.0)
    cut["mp_r"] = np.concatenate([cut["mp_r"][:-1], [999.0]])
    one, other = (value_ledger(ledger, BayesianRidgeValue(), 0.30) for ledger in (whole, cut))
    assert one["delta_mpl_cust_pred"][-1] == other["delta_mpl_cust_pred"][-1]
    assert one["delta_mpl_total"][-1] != other["delta_mpl_total"][-1]


def test_shifts_without_novelty_are_left_alone():
    ledger = ledger_of(40, slope=1.0)
    ledger["novelty_norm"][:30] = np.nan
    estimator = BayesianRidgeValue()
    valued = value_ledger(ledger, estimator, 0.30)
    assert estimator.samples == 10
    assert np.isnan(valued["delta_mpl_cust_pred"]).all()
    assert (valued["s_cust"] == 0.0).all()


def test_a_column_that_is_missing_or_bad_is_named():
    with pytest.raises(ValueError, match="it lacks novelty_norm, hours"):
        value_ledger({"mp_r": np.ones(2), "w_hat_r": np.ones(2), "w_h": np.ones(2)}, BayesianRidgeValue(), 0.3)
    with pytest.raises(ValueError, match="mp_r must be finite"):
        value_ledger(ledger_of(3, 1.0) | {"mp_r": np.array([1.0, np.nan, 2.0])}, BayesianRidgeValue(), 0.3)
