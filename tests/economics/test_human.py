"""Tests for human.py: the price at which the human is worth its wage."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from economics import HumanBenchmark, calibrated_price, implied_robot_wage, wage_parity

dollars = st.floats(1.0, 200.0)


@given(mp=st.floats(0.1, 1000.0), err=st.floats(0.0, 1.0), wage=dollars, damage=st.floats(0.0, 50.0))
def test_a_robot_identical_to_the_human_has_parity_one(mp, err, wage, damage):
    human = HumanBenchmark(mp, err, wage)
    assert human.parity(mp, err, human.prices(damage)) == pytest.approx(1.0, abs=1e-9 * (1.0 + damage * mp / wage))


@given(mp=st.floats(1.0, 500.0), err=st.floats(0.0, 1.0), wage=dollars, damage=dollars, scale=st.floats(0.1, 100.0))
def test_scaling_all_dollars_leaves_parity(mp, err, wage, damage, scale):
    price = calibrated_price(wage, 75.0, 0.06, damage)
    one = wage_parity(implied_robot_wage(price, mp, err, damage), wage)
    other = wage_parity(implied_robot_wage(scale * price, mp, err, scale * damage), scale * wage)
    assert other == pytest.approx(one, rel=1e-9, abs=1e-9)


def test_the_default_human_makes_the_reference_price():
    prices = HumanBenchmark().prices()
    assert prices.price_usd == pytest.approx(0.30)
    assert (prices.damage_usd, prices.wage_usd_per_hour) == (1.00, 18.0)


def test_known_answer_broadcasts():
    np.testing.assert_allclose(calibrated_price(18.0, np.array([60.0, 90.0]), 0.05, 2.0), [0.4, 0.3])
    assert np.shape(HumanBenchmark().parity(np.ones(3), 0.0, HumanBenchmark().prices())) == (3,)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((0.0, 75.0, 0.06, 1.0), r"w_h must be finite and > 0, got 0\.0"),
        ((18.0, 0.0, 0.06, 1.0), "mp_h must be finite and > 0"),
        ((18.0, 75.0, np.array([0.0, 1.5]), 1.0), r"err_h must lie in \[0, 1\], got 1\.5"),
        ((18.0, 75.0, 0.06, float("nan")), "c_damage must be finite and >= 0, got nan"),
    ],
)
def test_bad_humans_are_refused_by_name_value_and_range(arguments, said):
    with pytest.raises(ValueError, match=said):
        calibrated_price(*arguments)


def test_a_benchmark_checks_itself():
    with pytest.raises(ValueError, match="wage_usd_per_hour"):
        HumanBenchmark(wage_usd_per_hour=0.0)
    with pytest.raises(ValueError, match="err_rate"):
        HumanBenchmark(err_rate=-0.1)
