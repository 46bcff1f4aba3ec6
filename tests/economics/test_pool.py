"""Tests for pool.py: quiet pools by hand, noisy ones by their known means."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from economics import Pool, Tranche, conditional_default, simulate_pool

QUIET = Pool(
    robots=10,
    hours_per_robot_year=100.0,
    usd_per_hour=1.0,
    years=3,
    default_per_year=0.0,
    wage_growth=0.0,
    wage_volatility=0.0,
    discount_rate=0.10,
)
ANNUITY = 1000.0 * (1.0 - 1.1**-3) / 0.1


def simulate(pool, tranches=(), scenarios=50, seed=0):
    return simulate_pool(pool, tranches, np.random.default_rng(seed), scenarios)


def test_a_quiet_pool_is_an_annuity():
    result = simulate(QUIET)
    assert result.present_value_usd == pytest.approx(ANNUITY)
    assert result.present_value_p05_usd == pytest.approx(result.present_value_p95_usd)
    assert (result.defaulted, result.tranches) == (0.0, ())


def test_a_quiet_waterfall_by_hand():
    senior, junior = Tranche("senior", 0.8 * ANNUITY, 0.10), Tranche("junior", 0.4 * ANNUITY, 0.10)
    first, second = simulate(QUIET, [senior, junior]).tranches
    assert first.coverage == pytest.approx(1.25) and first.paid_in_full == 1.0 and first.expected_loss <= 1e-12
    assert second.coverage == pytest.approx(0.5) and second.paid_in_full == 0.0
    assert second.expected_loss == pytest.approx(0.5)


def test_what_a_tranche_misses_is_paid_later_with_interest():
    # Pays nothing in the first year, 121 in the second; owed 100 / 2 a year at 10 % would be 57.62 twice.
    loan = Tranche("loan", 100.0, 0.10)
    assert loan.instalment(2) == pytest.approx(57.619, abs=1e-3)
    growing = dataclasses.replace(
        QUIET, robots=1, hours_per_robot_year=1.0, usd_per_hour=1e-9, years=2, wage_growth=float(np.log(121e9) / 2)
    )
    (result,) = simulate(growing, [loan]).tranches
    assert result.paid_in_full == 1.0


def test_defaults_come_as_often_as_they_should():
    result = simulate(Pool(default_per_year=0.10, default_correlation=0.2, years=2), scenarios=20_000)
    assert result.defaulted == pytest.approx(1.0 - 0.9**2, abs=0.01)


def test_the_mean_value_is_that_of_the_means():
    pool = Pool(years=2, default_per_year=0.05, wage_growth=0.03, wage_volatility=0.10, discount_rate=0.08)
    expected = sum(1000 * 1000.0 * 4.23 * (0.95 * np.exp(0.03) / 1.08) ** year for year in (1, 2))
    assert simulate(pool, scenarios=40_000).present_value_usd == pytest.approx(expected, rel=0.005)


def test_correlation_fattens_the_tail_and_hurts_the_junior_more():
    tranches = [Tranche("senior", 9e6, 0.05), Tranche("junior", 5e6, 0.09)]
    calm, wild = (simulate(Pool(default_correlation=rho), tranches, 4000) for rho in (0.0, 0.4))
    assert wild.present_value_p05_usd < calm.present_value_p05_usd
    assert wild.tranches[0].expected_loss >= calm.tranches[0].expected_loss
    for result in (calm, wild):
        assert result.tranches[0].coverage > result.tranches[1].coverage
        assert result.tranches[0].expected_loss <= result.tranches[1].expected_loss


def test_the_seed_decides():
    assert simulate(Pool(), seed=3) == simulate(Pool(), seed=3) != simulate(Pool(), seed=4)


@given(pd=st.floats(0.001, 0.5), rho=st.floats(0.0, 0.9))
def test_the_conditional_chance_averages_to_the_unconditional(pd, rho):
    points, weights = np.polynomial.hermite_e.hermegauss(181)
    chance = np.asarray(conditional_default(pd, rho, points))
    assert float(chance @ weights) / float(weights.sum()) == pytest.approx(pd, abs=2e-4)
    assert (np.diff(chance) <= 1e-12).all()


def test_certain_outcomes_stay_certain():
    np.testing.assert_array_equal(conditional_default(np.array([0.0, 1.0]), 0.3, 1.0), [0.0, 1.0])
    assert simulate(dataclasses.replace(QUIET, default_per_year=1.0)).present_value_usd == 0.0


@pytest.mark.parametrize("interest", [0.0, 0.10])
def test_instalments_repay_the_loan(interest):
    loan = Tranche("loan", 900.0, interest)
    paid = loan.instalment(3) * sum((1.0 + interest) ** -year for year in (1, 2, 3))
    assert paid == pytest.approx(900.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"robots": 0}, "robots"),
        ({"default_per_year": 1.1}, "default_per_year must lie"),
        ({"default_correlation": 1.0}, r"default_correlation must lie in \[0, 1\)"),
        ({"wage_volatility": -0.1}, "wage_volatility"),
        ({"discount_rate": -1.0}, "discount_rate must be > -1"),
        ({"wage_growth": np.nan}, "wage_growth"),
    ],
)
def test_a_pool_checks_itself(change, said):
    with pytest.raises(ValueError, match=said):
        Pool(**change)


def test_other_bad_arguments():
    with pytest.raises(ValueError, match="principal_usd"):
        Tranche("bad", 0.0, 0.1)
    with pytest.raises(ValueError, match="coupon"):
        Tranche("bad", 1.0, -0.1)
    with pytest.raises(ValueError, match="years must be a whole number >= 1, got 0"):
        Tranche("loan", 1.0, 0.1).instalment(0)
    with pytest.raises(ValueError, match="scenarios must be a whole number >= 1, got 0"):
        simulate(QUIET, scenarios=0)
    with pytest.raises(ValueError, match=r"correlation must lie in \[0, 1\), got 1"):
        conditional_default(0.1, 1.0, 0.0)
