"""Tests for cash_flow.py and returns.py."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from economics import (
    Fleet,
    fleet_cash_flows,
    fleet_of,
    irr,
    npv,
    payback_years,
    retained_share,
    unit_economics,
)

investments = st.tuples(st.floats(1.0, 1e6), st.lists(st.floats(0.0, 1e6), min_size=1, max_size=30))


@settings(deadline=None)  # the first call imports scipy.optimize
@given(investments)
def test_npv_at_the_irr_is_nothing(investment):
    paid, earned = investment
    assume(max(earned) > 0.01 * paid)
    flows = np.array([-paid, *earned])
    rate = irr(flows)
    discounts = (1.0 + rate) ** -np.arange(len(flows))
    assert abs(npv(rate, flows)) <= 1e-8 * float(np.sum(np.abs(flows) * discounts))


def test_irr_known_answers():
    assert irr([-100.0, 110.0]) == pytest.approx(0.10)
    assert irr([-100.0, 0.0, 121.0]) == pytest.approx(0.10)
    assert irr([-100.0, 50.0]) == pytest.approx(-0.5)
    assert irr([100.0, -110.0]) == pytest.approx(0.10)
    assert irr([0.0, -100.0, 300.0]) == pytest.approx(2.0)
    assert irr([-100.0] + [0.0] * 9 + [1e-3]) == pytest.approx((1e-5) ** 0.1 - 1.0)


@pytest.mark.parametrize("flows", [[1.0, 2.0], [-1.0], [-100.0, 300.0, -200.0], [0.0, 0.0]])
def test_a_rate_that_is_not_unique_is_refused(flows):
    with pytest.raises(ValueError, match="cash_flows must change sign exactly once"):
        irr(flows)


@pytest.mark.parametrize("flows", [[-1e-9, 1e9], [-1e12, 1e-12]])
def test_a_rate_beyond_all_reason_is_refused(flows):
    with pytest.raises(ValueError, match="cash_flows must have a rate between"):
        irr(flows)


def test_npv_known_answers_and_broadcast():
    assert npv(0.0, [-100.0, 60.0, 60.0]) == 20.0
    assert npv(1.0, [-1.0, 2.0, 4.0]) == pytest.approx(1.0)
    np.testing.assert_allclose(npv(np.array([[0.0], [1.0]]), [-1.0, 2.0]), [[1.0], [0.0]])


@given(rates=st.tuples(st.floats(0.0, 2.0), st.floats(0.0, 2.0)), earned=st.lists(st.floats(0.0, 100.0), max_size=9))
def test_a_higher_rate_never_makes_later_earnings_worth_more(rates, earned):
    low, high = sorted(rates)
    assert npv(high, [-10.0, *earned]) <= npv(low, [-10.0, *earned]) + 1e-9


@pytest.mark.parametrize(
    ("flows", "rate", "years"),
    [
        ([-100.0, 50.0, 50.0], 0.0, 2.0),
        ([-100.0, 60.0, 80.0], 0.0, 1.5),
        ([-100.0, 110.0], 0.10, 1.0),
        ([-100.0, 50.0], 0.0, math.inf),
        ([5.0, 1.0], 0.0, 0.0),
        ([-100.0, 150.0, -100.0, 100.0], 0.0, 2.5),
    ],
)
def test_payback_known_answers(flows, rate, years):
    assert payback_years(flows, rate) == pytest.approx(years)


@pytest.mark.parametrize(
    ("rate", "flows", "said"),
    [
        (-1.0, [1.0], r"rate must be > -1, got -1\.0"),
        (math.nan, [1.0], "rate must be finite"),
        (0.1, [], "at least one number"),
        (0.1, [[1.0]], "must be a vector"),
        (0.1, [math.inf], "cash_flows must be finite"),
    ],
)
def test_bad_flows_are_refused(rate, flows, said):
    for function in (npv, lambda r, f: payback_years(f, r)):
        with pytest.raises(ValueError, match=said):
            function(rate, flows)


@given(
    robots=st.floats(1.0, 1e5),
    hours=st.floats(1.0, 8760.0),
    captured=st.just(0.0) | st.floats(0.01, 100.0),
    rebate=st.floats(0.0, 18.0),
    cost=st.floats(0.0, 1e5),
)
def test_a_fleets_books_close(robots, hours, captured, rebate, cost):
    year = unit_economics(Fleet(robots, hours, captured, rebate, 18.0, cost))
    assert year.profit_usd_per_year == year.revenue_usd_per_year - year.cost_usd_per_year
    assert year.revenue_usd_per_robot_year * robots == pytest.approx(year.revenue_usd_per_year, rel=1e-9)
    assert year.cost_usd_per_robot_hour * hours * robots == pytest.approx(year.cost_usd_per_year, rel=1e-9)
    assert year.customer_net_cost_usd_per_hour + rebate == pytest.approx(18.0, abs=1e-9)
    if captured > 0.0:
        sums = year.revenue_usd_per_year + year.cost_usd_per_year
        assert year.gross_margin * year.revenue_usd_per_year == pytest.approx(year.profit_usd_per_year, abs=1e-9 * sums)
    else:
        assert math.isnan(year.gross_margin)


def test_a_ledgers_fleet_weighs_by_hours():
    ledger = {
        "hours": np.array([1.0, 3.0]),
        "captured_spread": np.array([8.0, 0.0]),
        "rebate": np.array([4.0, 4.0]),
        "w_h": np.array([18.0, 22.0]),
    }
    fleet = fleet_of(ledger, robots=10.0)
    assert (fleet.captured_usd_per_hour, fleet.rebate_usd_per_hour, fleet.wage_usd_per_hour) == (2.0, 2.0, 21.0)
    with pytest.raises(ValueError, match="it lacks rebate, w_h"):
        fleet_of({"hours": np.ones(1), "captured_spread": np.ones(1)})
    with pytest.raises(ValueError, match="hours must be finite and > 0"):
        fleet_of({name: column[:0] for name, column in ledger.items()})


def test_churn_and_cash_flows():
    assert retained_share(0.5, 3.0) == 0.125
    np.testing.assert_allclose(retained_share(np.array([0.0, 1.0]), 2.0), [1.0, 0.0])
    flows = fleet_cash_flows(Fleet(robots=2.0), 3, 4000.0, churn_per_year=0.5)
    np.testing.assert_allclose(flows, [-8000.0, 8460.0, 4230.0, 2115.0])
    with pytest.raises(ValueError, match="years must be a whole number >= 1, got 0"):
        fleet_cash_flows(Fleet(), 0, 1.0)
    with pytest.raises(ValueError, match=r"churn_per_year must lie in \[0, 1\], got 1\.5"):
        fleet_cash_flows(Fleet(), 2, 1.0, churn_per_year=1.5)
    with pytest.raises(ValueError, match="capex_usd_per_robot"):
        fleet_cash_flows(Fleet(), 2, -1.0)


@pytest.mark.parametrize(
    "change", [{"robots": 0.0}, {"hours_per_robot_year": -1.0}, {"captured_usd_per_hour": math.nan}]
)
def test_a_fleet_checks_itself(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        Fleet(**change)
