"""The reference table, from its own inputs and within its own rounding; and where it does not agree with itself."""

import itertools

import pytest

from economics import (
    Fleet,
    compute_spread_allocation,
    customer_net_cost,
    implied_robot_wage,
    profit_rate,
    unit_economics,
    wage_parity,
)


def rounded_range(value, digits):
    half = 0.5 * 10.0**-digits
    return (value - half, value + half)


def spans(function, *ranges):
    corners = [function(*corner) for corner in itertools.product(*ranges)]
    return min(corners), max(corners)


@pytest.mark.parametrize(("mp", "err_percent", "profit", "parity"), [(109, 2.7, 29.68, 1.65), (109, 1.8, 30.64, 1.71)])
def test_profit_and_parity_lie_within_the_rounding_of_mp_and_error(mp, err_percent, profit, parity):
    mps, errs = rounded_range(mp, 0), [0.01 * e for e in rounded_range(err_percent, 1)]
    low, high = spans(lambda m, e: profit_rate(m, e, 0.30, 1.00, 0.10), mps, errs)
    assert low - 0.005 <= profit <= high + 0.005
    low, high = spans(lambda m, e: wage_parity(implied_robot_wage(0.30, m, e, 1.00), 18.0), mps, errs)
    assert low - 0.005 <= parity <= high + 0.005


def test_after_a_thousand_episodes_the_row_is_exact_and_agrees_with_itself():
    wage = implied_robot_wage(0.30, 109.0, 0.018, 1.00)
    assert round(float(profit_rate(109.0, 0.018, 0.30, 1.00, 0.10)), 2) == 30.64
    assert round(float(wage_parity(wage, 18.0)), 2) == 1.71
    split = compute_spread_allocation(wage, 18.0, 1.0, 35.0, 100.0)
    assert round(float(split.spread), 2) == 12.74
    assert round(float(split.s_plat), 2) == 0.65


def test_platform_share_of_the_spread():
    split = compute_spread_allocation(18.0 + 9.11, 18.0, 1.0, 34.9, 100.0)
    assert round(float(split.captured), 2) == 5.93
    assert split.s_plat == pytest.approx(0.651)


def test_fleet_and_customer():
    year = unit_economics(Fleet())
    assert round(year.revenue_usd_per_year / 1e6, 2) == 5.93
    assert round(year.cost_usd_per_year / 1e6, 2) == 1.70
    assert round(year.gross_margin, 2) == 0.71
    assert round(year.customer_net_cost_usd_per_hour, 2) == 14.29
    assert round(float(customer_net_cost(18.0, 3.71)), 2) == 14.29
    assert round(year.customer_saving, 3) == 0.206


def test_where_the_table_contradicts_itself():
    # Rebate and captured exceed the spread of which they are the parts; ours add up at the same share.
    assert pytest.approx(9.64) == 3.71 + 5.93 and 9.64 > 9.11
    ours = compute_spread_allocation(18.0 + 9.11, 18.0, 1.0, 34.9, 100.0).rounded()
    assert (ours.rebate, ours.captured) == (3.18, 5.93)
    assert float(ours.rebate) + float(ours.captured) == pytest.approx(9.11)
    # Parity 1.65 means a spread of $11.70: $9.11 is a mean over episodes that were not there yet.
    assert pytest.approx(11.70) == 1.65 * 18.0 - 18.0
    # The means of shares and spreads do not multiply: that of the products differs by their covariance.
    spreads, shares = (4.0, 14.22), (0.2, 0.5)
    mean_rebate = sum(a * b for a, b in zip(spreads, shares, strict=True)) / 2
    assert mean_rebate != pytest.approx(sum(spreads) / 2 * sum(shares) / 2)
