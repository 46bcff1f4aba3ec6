"""Tests for surplus.py: what stays with the customer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from economics import (
    compute_spread_allocation,
    consumer_surplus,
    cost_per_human_hour,
    customer_net_cost,
    decompose_surplus,
    guarantee_refund,
)

worth = st.floats(-20.0, 200.0)
wages = st.floats(1.0, 100.0)


@given(w_hat=worth, w_h=wages, hours=st.floats(0.0, 24.0), share=st.floats(0.0, 1.0))
def test_the_surplus_goes_somewhere_to_the_last_cent(w_hat, w_h, hours, share):
    allocation = compute_spread_allocation(w_hat, w_h, hours, share, 1.0)
    split = decompose_surplus(w_hat, w_h, hours, allocation)
    assert split.total == pytest.approx((w_hat - w_h) * hours, abs=1e-9)
    assert split.rebate + split.captured + split.retained == pytest.approx(split.total, abs=1e-9)


@given(w_hat=worth, w_h=wages, share=st.floats(0.0, 1.0))
def test_at_and_above_parity_the_customer_never_pays_more_than_the_wage(w_hat, w_h, share):
    allocation = compute_spread_allocation(w_hat, w_h, 1.0, share, 1.0)
    surplus = consumer_surplus(w_hat, w_h, allocation.captured)
    refund = guarantee_refund(w_hat, w_h, allocation.captured)
    if w_hat >= w_h:
        assert surplus >= -1e-9 and refund <= 1e-9
        assert cost_per_human_hour(w_hat, w_h, allocation.captured) <= w_h * (1.0 + 1e-9)
    else:
        assert surplus < 0.0 and cost_per_human_hour(w_hat, w_h, 0.0) > w_h
    assert customer_net_cost(w_h, surplus + refund) <= w_h + 1e-9


@given(w_hat=st.floats(1.0, 200.0), w_h=wages, scale=st.floats(0.1, 10.0))
def test_cost_scales_with_the_dollars(w_hat, w_h, scale):
    one = cost_per_human_hour(w_hat, w_h, 1.0)
    assert cost_per_human_hour(scale * w_hat, scale * w_h, scale) == pytest.approx(scale * one, rel=1e-9)


def test_known_answers():
    assert consumer_surplus(27.0, 18.0, 6.0) == 3.0
    assert customer_net_cost(18.0, 3.0) == 15.0
    assert cost_per_human_hour(27.0, 18.0, 6.0) == pytest.approx(16.0)
    assert cost_per_human_hour(9.0, 18.0, 0.0) == pytest.approx(36.0)
    assert guarantee_refund(9.0, 18.0, 0.0) == 9.0
    in_band = decompose_surplus(18.5, 18.0, 2.0, compute_spread_allocation(18.5, 18.0, 2.0, 1.0, 2.0))
    assert (in_band.total, in_band.rebate, in_band.captured, in_band.retained) == (1.0, 0.0, 0.0, 1.0)


def test_worthless_work_has_no_finite_cost_and_arrays_broadcast():
    np.testing.assert_array_equal(cost_per_human_hour(np.array([0.0, -3.0, 18.0]), 18.0, 0.0), [np.inf, np.inf, 18.0])
    assert np.shape(consumer_surplus(np.ones((2, 1)), 18.0, np.zeros(3))) == (2, 3)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [((np.nan, 18.0, 0.0), "w_hat_r"), ((20.0, 0.0, 0.0), "w_h must"), ((20.0, 18.0, -1.0), "captured must")],
)
def test_bad_arguments_are_refused_by_name(arguments, said):
    for function in (consumer_surplus, cost_per_human_hour, guarantee_refund):
        with pytest.raises(ValueError, match=said):
            function(*arguments)
