"""Tests for macro.py and macro_loop.py: aggregation by hand, the loop by its laws, and the counter-example."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from economics import (
    Elasticities,
    MacroConfig,
    Prices,
    Sector,
    adopt,
    aggregate_tfp,
    human_wage_path,
    price_level,
    sector_tfp,
    sensitivity_table,
    simulate_macro,
    wage_response,
)

shares = st.floats(0.0, 1.0)


def test_known_answers():
    assert sector_tfp(0.5, 0.4, 0.5) == pytest.approx(1.0 / 0.9)
    assert sector_tfp(0.5, 0.0, 0.5) == 1.0
    assert aggregate_tfp([0.5, 0.25], [4.0, 16.0]) == pytest.approx(4.0)
    assert price_level([0.5, 0.5], [0.25, 4.0]) == pytest.approx(1.0)
    assert wage_response(18.0, np.e, 0.0, Elasticities(wage_tfp=0.5)) == pytest.approx(18.0 * np.exp(0.5))
    assert wage_response(18.0, 1.0, 0.1, Elasticities(wage_displacement=2.0)) == pytest.approx(18.0 * np.exp(-0.2))
    assert adopt(0.5, 1.0, np.log(3.0)) == pytest.approx(0.75)


def test_arrays_broadcast():
    assert np.shape(aggregate_tfp([0.1, 0.2], np.ones((4, 3, 2)))) == (4, 3)
    assert np.shape(sector_tfp(np.ones(3) * 0.5, np.zeros((2, 1)), 0.5)) == (2, 3)
    np.testing.assert_allclose(adopt(np.array([0.0, 1.0]), 0.3, 2.0), [0.0, 1.0])


@pytest.mark.parametrize("saving", [-1.0, 1.0])
def test_however_fast_it_goes_adoption_is_a_share(saving):
    np.testing.assert_array_equal(adopt(np.array([0.0, 0.5, 1.0]), saving, 1e6), [0.0, max(0.0, saving), 1.0])


@given(adoption=st.tuples(shares, shares), labor=st.floats(0.0, 0.9), ratio=st.floats(0.0, 3.0))
def test_robots_raise_productivity_exactly_where_they_cost_less_than_the_wage(adoption, labor, ratio):
    low, high = (float(sector_tfp(labor, a, ratio)) for a in sorted(adoption))
    assert high >= low - 1e-12 if ratio <= 1.0 else high <= low + 1e-12


@given(adoption=shares, saving=st.floats(-1.0, 1.0), speed=st.floats(0.0, 5.0))
def test_adoption_stays_a_share_and_goes_where_it_pays(adoption, saving, speed):
    then = float(adopt(adoption, saving, speed))
    assert 0.0 <= then <= 1.0
    assert (then - adoption) * saving >= -1e-12


def test_without_robots_nothing_moves():
    path = simulate_macro(MacroConfig(sectors=(Sector(adoption_start=0.0),), years=5))
    for series in (path.tfp, path.price_level, path.relative_price):
        np.testing.assert_allclose(series, 1.0)
    np.testing.assert_allclose(path.wage_usd_per_hour, 18.0)


def test_the_first_year_by_hand():
    config = MacroConfig(years=1, sectors=(Sector(weight=0.5, labor_share=0.4, adoption_start=0.25),))
    path = simulate_macro(config)
    w_hat = 109.0 * (0.30 - 0.027)
    assert path.parity[0] == pytest.approx(w_hat / 18.0)
    assert path.rebate_usd_per_hour[0] == pytest.approx(0.35 * (w_hat - 18.0))
    assert path.captured_usd_per_hour[0] == pytest.approx(0.65 * (w_hat - 18.0))
    assert path.unit_price_usd[0] == pytest.approx(0.30 - 0.25 * path.rebate_usd_per_hour[0] / 109.0)
    assert path.tfp[0] == pytest.approx((1.0 / (1.0 - 0.4 * 0.25 * (1.0 - 1.70 / w_hat))) ** 0.5)
    assert path.wage_usd_per_hour[1] == pytest.approx(18.0)


def test_rebates_deflate_and_without_them_a_falling_wage_is_the_counter_example():
    on, off = (simulate_macro(MacroConfig(rebates=rebates)) for rebates in (True, False))
    np.testing.assert_array_equal(on.adoption, off.adoption)
    np.testing.assert_array_equal(on.wage_usd_per_hour, off.wage_usd_per_hour)
    assert on.wage_usd_per_hour[-1] < 18.0
    assert on.deflation().holds and on.deflation().statistic == pytest.approx(-1.0)
    assert not off.deflation().holds and off.deflation().statistic > 0.99
    assert (off.rebate_usd_per_hour == 0.0).all()
    assert on.price_level[-1] < off.price_level[-1] == pytest.approx(1.0)


def test_a_path_of_the_wage_goes_back_into_the_indexer():
    path = simulate_macro(MacroConfig(years=4))
    index = path.wage_index()
    assert set(index.statuses) == {"simulated"}
    np.testing.assert_allclose(human_wage_path(18.0, 2026.0, path.year, index), path.wage_usd_per_hour)


def test_a_price_that_follows_the_wage_stays_at_it_without_rebates():
    path = simulate_macro(MacroConfig(rebates=False, elasticities=Elasticities(price_indexation=1.0)))
    np.testing.assert_allclose(path.relative_price, 1.0)


def test_robots_below_parity_lose_ground():
    path = simulate_macro(MacroConfig(mp_r=50.0, sectors=(Sector(adoption_start=0.5),), years=5))
    assert (np.diff(path.mean_adoption) < 0.0).all()
    assert path.rebate_usd_per_hour[0] == 0.0


def test_the_sensitivity_table_names_every_input_and_its_verdict():
    table = sensitivity_table(MacroConfig(years=8), (1.0,), (0.0, 1.0), (0.0, 1.0))
    assert len(table) == 8
    fixed = [row for row in table if row["price_indexation"] == 0.0 and row["wage_displacement"] == 1.0]
    assert [(row["rebates"], row["deflation_holds"]) for row in fixed] == [(True, True), (False, False)]
    displaced = {row["wage_displacement"]: row["wage_ratio"] for row in table}
    assert displaced[1.0] < 1.0 < displaced[0.0]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: sector_tfp(1.0, 1.0, 0.0), "resource_cost_ratio must be > 0"),
        (lambda: sector_tfp(1.1, 1.0, 0.5), "labor_share must lie"),
        (lambda: aggregate_tfp([0.5], [1.0, 2.0]), "must end in an axis as long as weights"),
        (lambda: aggregate_tfp([[0.5]], [1.0]), "must end in an axis as long as weights"),
        (lambda: aggregate_tfp([0.5], [0.0]), "sector_productivity must be finite and > 0"),
        (lambda: price_level([-0.5], [1.0]), "weights must be finite and >= 0"),
        (lambda: wage_response(0.0, 1.0, 0.0, Elasticities()), "wage_usd_per_hour"),
        (lambda: wage_response(18.0, 1.0, -1.5, Elasticities()), r"displaced must lie in \[-1, 1\], got 1\.5"),
        (lambda: adopt(1.5, 0.0, 1.0), "adoption must lie"),
        (lambda: Elasticities(wage_displacement=-1.0), "wage_displacement"),
        (lambda: Sector(weight=2.0), "weight must lie"),
        (lambda: MacroConfig(sectors=()), "at least one Sector, got none"),
        (lambda: MacroConfig(sectors=(Sector(weight=0.6), Sector(weight=0.6))), "weights must lie"),
        (lambda: MacroConfig(customer_share=1.5), "customer_share must lie"),
        (lambda: simulate_macro(MacroConfig(prices=Prices(0.01))), "must imply a robot's wage above zero"),
    ],
)
def test_bad_economies_are_refused_by_name(call, said):
    with pytest.raises(ValueError, match=said):
        call()
