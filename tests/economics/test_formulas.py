"""Known answers and laws of the economic formulas."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from economics import (
    Prices,
    econ_lagrangian_reward,
    error_rate,
    flow_lagrangian_reward,
    flow_profit,
    implied_robot_wage,
    marginal_product,
    profit_rate,
    rate_flow_gap,
    wage_parity,
)

money = st.floats(0.0, 100.0)
rates = st.floats(0.0, 1.0)
products = st.floats(0.0, 1000.0)
counts = st.integers(0, 500)


def test_reference_result_of_a_hundred_episodes():
    # MP 109 units/h at 2.7 % errors (rounded): profit $29.68/h, parity 1.65.
    err = error_rate(3, 112)
    assert round(float(err), 3) == 0.027
    assert round(float(profit_rate(109, err, 0.30, 1.00, 0.10)), 2) == 29.68
    assert round(float(wage_parity(implied_robot_wage(0.30, 109, err, 1.00), 18.0)), 2) == 1.65


def test_marginal_product_and_error_rate_broadcast():
    np.testing.assert_array_equal(marginal_product(np.array([10.0, 30.0]), np.array([0.5, 1.0])), [20.0, 30.0])
    np.testing.assert_array_equal(error_rate(np.array([0.0, 0.0, 3.0]), np.array([0.0, 5.0, 12.0])), [0.0, 0.0, 0.25])


def test_error_rate_without_attempts_is_zero():
    assert error_rate(0, 0) == 0.0


def test_flow_profit_known_answer():
    np.testing.assert_allclose(
        flow_profit(np.array([2.0, 0.0]), np.array([0.0, 1.0]), 1 / 60, Prices()), [0.6 - 0.1 / 60, -1.0 - 0.1 / 60]
    )


def test_lagrangian_rewards_known_answers():
    assert econ_lagrangian_reward(100, 0.08, 0.3, 1.0, 5.0, 0.06, 0.1) == pytest.approx(30.0 - 8.0 - 0.1 - 0.1)
    assert econ_lagrangian_reward(100, 0.05, 0.3, 1.0, 5.0, 0.06, 0.1) == pytest.approx(30.0 - 5.0 - 0.1)
    assert flow_lagrangian_reward(9, 1, 10, 1.0, 2.0, 0.06, Prices()) == pytest.approx(2.7 - 1.0 - 0.1 - 2.0 * 0.4)


@given(completed=counts, errors=counts, hours=st.floats(0.01, 24.0), p=money, c=money, energy=money)
def test_rate_form_exceeds_flow_form_by_c_err_errors(completed, errors, hours, p, c, energy):
    prices = Prices(price_usd=p, damage_usd=c, energy_usd_per_hour=energy)
    err = error_rate(errors, completed + errors)
    rate_usd = profit_rate(marginal_product(completed, hours), err, p, c, energy) * hours
    scale = 1.0 + p * completed + c * errors + energy * hours
    gap = rate_flow_gap(err, errors, c)
    assert rate_usd - flow_profit(completed, errors, hours, prices) == pytest.approx(gap, abs=1e-9 * scale)


@given(mp=products, err=rates, p=money, c=money, energy=money)
def test_profit_is_the_implied_wage_less_energy(mp, err, p, c, energy):
    assert profit_rate(mp, err, p, c, energy) == implied_robot_wage(p, mp, err, c) - energy


@given(mp=products, err=st.tuples(rates, rates), p=money, c=money)
def test_more_errors_never_raise_the_wage(mp, err, p, c):
    assert implied_robot_wage(p, mp, max(err), c) <= implied_robot_wage(p, mp, min(err), c) + 1e-9


@given(mp=st.floats(1.0, 1000.0), err=rates, c=money, wage=st.floats(1.0, 100.0))
def test_a_robot_identical_to_the_human_has_parity_one_at_the_cost_price(mp, err, c, wage):
    p = wage / mp + c * err
    assert wage_parity(implied_robot_wage(p, mp, err, c), wage) == pytest.approx(1.0, abs=1e-9 * (1.0 + c * mp / wage))


@given(steps=st.lists(st.tuples(counts, counts), min_size=1, max_size=20), lam=money, target=rates)
def test_flow_rewards_of_steps_sum_to_that_of_the_shift(steps, lam, target):
    completed, errors = np.array(steps, np.float64).T
    per_step = flow_lagrangian_reward(completed, errors, completed + errors, 0.5, lam, target, Prices())
    attempts = completed.sum() + errors.sum()
    whole = flow_lagrangian_reward(completed.sum(), errors.sum(), attempts, 0.5 * len(steps), lam, target, Prices())
    assert np.sum(per_step) == pytest.approx(whole, abs=1e-9 * (1.0 + (1.0 + lam) * attempts))


@given(mp=products, err=rates, lam=money, target=rates)
def test_penalty_is_never_a_bonus_in_the_rate_form(mp, err, lam, target):
    assert econ_lagrangian_reward(mp, err, 0.3, 1.0, lam, target, 0.1) <= profit_rate(mp, err, 0.3, 1.0, 0.1)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0])
def test_bad_numbers_are_refused_by_name(bad):
    with pytest.raises(ValueError, match="completed must be finite and >= 0, got"):
        marginal_product(bad, 1.0)
    with pytest.raises(ValueError, match="errors must be finite"):
        flow_profit(np.ones(2), np.array([0.0, bad]), 1.0, Prices())
    with pytest.raises(ValueError, match="err_rate must lie"):
        implied_robot_wage(0.3, 100.0, bad, 1.0)
    with pytest.raises(ValueError, match="lam must be finite"):
        econ_lagrangian_reward(100.0, 0.1, 0.3, 1.0, bad, 0.06, 0.1)
    with pytest.raises(ValueError, match="damage_usd must be finite"):
        Prices(damage_usd=bad)


def test_impossible_shifts_are_refused():
    with pytest.raises(ValueError, match=r"hours must be finite and > 0, got 0\.0"):
        marginal_product(1.0, 0.0)
    with pytest.raises(ValueError, match="errors must not exceed attempts"):
        error_rate(3, 2)
    with pytest.raises(ValueError, match="w_hat_r must be finite, got nan"):
        wage_parity(math.nan, 18.0)
    with pytest.raises(ValueError, match="w_h must be finite and > 0"):
        wage_parity(20.0, 0.0)
    with pytest.raises(ValueError, match="wage_usd_per_hour must be finite and > 0"):
        Prices(wage_usd_per_hour=0.0)


@given(mp=products, err=st.tuples(rates, rates), p=money, c=money, energy=money)
def test_profit_falls_with_errors_and_the_gap_is_never_negative(mp, err, p, c, energy):
    worse, better = (profit_rate(mp, e, p, c, energy) for e in (max(err), min(err)))
    lost = c * (max(err) - min(err)) * mp
    assert better - worse == pytest.approx(lost, abs=1e-9 * (1.0 + (p + c) * mp))
    assert rate_flow_gap(max(err), 3.0, c) >= 0.0


def test_the_number_that_is_out_of_range_is_the_one_shown():
    with pytest.raises(ValueError, match=r"err_rate must lie in \[0, 1\], got 1\.5"):
        implied_robot_wage(0.3, 100.0, np.array([0.0, 1.5]), 1.0)
    with pytest.raises(ValueError, match="completed must be finite and >= 0, got nan"):
        marginal_product(np.array([-1.0, math.nan]), 1.0)


def test_an_empty_batch_gives_an_empty_answer():
    assert np.size(flow_profit(np.zeros(0), np.zeros(0), np.zeros(0), Prices())) == 0
