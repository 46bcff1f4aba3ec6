"""Tests for spread.py: who gets what is earned above the human wage."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from economics import compute_spread_allocation, contribution_share

gains = st.floats(-100.0, 100.0)
wages = st.floats(1.0, 100.0)


@given(w_robot=st.floats(-50.0, 300.0), w_human=wages, hours=st.floats(0.0, 24.0), cust=gains, total=gains)
def test_shares_and_money_add_up(w_robot, w_human, hours, cust, total):
    split = compute_spread_allocation(w_robot, w_human, hours, cust, total)
    assert 0.0 <= split.s_cust <= 1.0 and 0.0 <= split.s_plat <= 1.0
    assert split.s_cust + split.s_plat == pytest.approx(1.0, abs=1e-12)
    assert split.rebate + split.captured == pytest.approx(split.spread_value, abs=1e-9)
    assert split.spread_value == pytest.approx(split.spread * hours, abs=1e-9)
    assert min(split.spread, split.rebate, split.captured) >= 0.0


@given(w_robot=st.floats(0.0, 300.0), w_human=wages, hours=st.floats(0.0, 24.0), share=st.floats(0.0, 1.0))
@example(w_robot=18.01, w_human=10.0, hours=1.0, share=0.5)
def test_an_invoice_adds_up_to_the_cent(w_robot, w_human, hours, share):
    split = compute_spread_allocation(w_robot, w_human, hours, share, 1.0)
    paid = split.rounded()
    cents = [round(100 * float(amount)) for amount in (paid.rebate, paid.captured, paid.spread_value)]
    assert cents[0] + cents[1] == cents[2]
    assert paid.captured >= 0.0
    for exact, rounded in ((split.rebate, paid.rebate), (split.spread_value, paid.spread_value)):
        assert abs(exact - rounded) <= 0.005 + 1e-9
    assert abs(split.captured - paid.captured) <= 0.01 + 1e-9


@given(cust=st.tuples(gains, gains), total=gains)
def test_rebate_never_falls_with_the_customers_contribution(cust, total):
    low, high = (compute_spread_allocation(30.0, 18.0, 1.0, c, total).rebate for c in sorted(cust))
    assert low <= high


@given(shares=st.tuples(st.integers(0, 100), st.integers(0, 100)), spread=st.floats(1.0, 100.0))
def test_rebate_rises_with_the_customers_share(shares, spread):
    low, high = sorted(shares)
    less, more = (compute_spread_allocation(18.0 + spread, 18.0, 1.0, share, 100.0).rebate for share in (low, high))
    assert more - less == pytest.approx(0.01 * (high - low) * spread, abs=1e-9)


@given(w_robot=st.floats(0.0, 300.0), w_human=wages, scale=st.floats(0.1, 10.0))
def test_scaling_all_dollars_scales_the_money(w_robot, w_human, scale):
    if abs(w_robot / w_human - 1.05) < 1e-9:
        return
    one = compute_spread_allocation(w_robot, w_human, 1.0, 1.0, 3.0)
    other = compute_spread_allocation(scale * w_robot, scale * w_human, 1.0, 1.0, 3.0)
    assert other.rebate == pytest.approx(scale * one.rebate, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("w_robot", "spread"), [(17.0, 0.0), (18.0, 0.0), (18.9, 0.0), (18.91, 0.91), (27.11, 9.11), (-5.0, 0.0)]
)
def test_the_band_above_parity_is_not_shared(w_robot, spread):
    assert compute_spread_allocation(w_robot, 18.0, 1.0, 1.0, 2.0).spread == pytest.approx(spread)


def test_the_band_is_an_argument():
    assert compute_spread_allocation(18.5, 18.0, 1.0, 0.0, 1.0, eps_parity=0.0).spread == pytest.approx(0.5)
    assert compute_spread_allocation(30.0, 18.0, 1.0, 0.0, 1.0, eps_parity=1.0).spread == 0.0


@pytest.mark.parametrize(("cust", "total", "share"), [(5, 10, 0.5), (20, 10, 1), (-5, 10, 0), (5, 0, 0), (5, -10, 0)])
def test_contribution_shares_known_answers(cust, total, share):
    assert contribution_share(cust, total) == share


def test_arrays_broadcast():
    split = compute_spread_allocation(np.array([[20.0], [30.0]]), 18.0, np.array([1.0, 2.0, 3.0]), 1.0, 4.0)
    np.testing.assert_allclose(split.spread_value, [[2.0, 4.0, 6.0], [12.0, 24.0, 36.0]])
    np.testing.assert_allclose(split.rebate, np.asarray(split.spread_value) / 4.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"w_human": 0.0}, r"w_human must be finite and > 0, got 0\.0"),
        ({"w_robot": float("inf")}, "w_robot must be finite, got inf"),
        ({"hours": -1.0}, r"hours must be finite and >= 0, got -1\.0"),
        ({"delta_mpl_cust": float("nan")}, "delta_mpl_cust must be finite, got nan"),
        ({"delta_mpl_total": float("nan")}, "delta_mpl_total must be finite"),
        ({"eps_parity": -0.1}, "eps_parity must be finite and >= 0"),
    ],
)
def test_bad_arguments_are_refused_by_name(change, said):
    good = {"w_robot": 30.0, "w_human": 18.0, "hours": 1.0, "delta_mpl_cust": 1.0, "delta_mpl_total": 2.0}
    with pytest.raises(ValueError, match=said):
        compute_spread_allocation(**(good | change))
