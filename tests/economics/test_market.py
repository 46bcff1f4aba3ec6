"""Tests for market.py: when sharing pays, and when it lasts."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from economics import DataMarket, Prices, is_equilibrium, policy_gain, simulate_market
from economics.market import payments

MARKET = DataMarket(customers=3, platform_delta=0.0, prices=Prices(0.30, 0.0), mp_start=80.0)
NOVELTY = np.array([1.0, 2.0, 3.0])


def test_gains_fall_as_data_gets_redundant():
    assert policy_gain(0.0, 40.0, 40.0) == 0.0
    np.testing.assert_allclose(policy_gain(np.array([40.0, 1e9]), 40.0, 40.0), [40.0 * (1.0 - np.exp(-1.0)), 40.0])
    steps = np.diff(np.asarray(policy_gain(np.linspace(0.0, 100.0, 50), 40.0, 40.0)))
    assert (steps > 0.0).all() and (np.diff(steps) < 0.0).all()


def test_rebates_by_hand():
    # Spread (0.3 * 80 - 18) * 100 h = $600, all of the gain the customers': split as their novelty is, 1 : 2 : 3.
    paid = payments(MARKET, NOVELTY, np.ones(3, bool), 0.0)
    np.testing.assert_allclose(paid, [100.0, 200.0, 300.0])
    alone = payments(MARKET, NOVELTY, np.array([True, False, False]), 0.0)
    np.testing.assert_allclose(alone, [600.0, 400.0, 450.0])


def test_prices_by_hand():
    market = dataclasses.replace(MARKET, mechanism="price")
    paid = payments(market, NOVELTY, np.ones(3, bool), 0.0)
    rate = float(policy_gain(6.0, 40.0, 40.0)) / 6.0
    np.testing.assert_allclose(paid, 0.30 * 100.0 * rate * np.array([0.0, 0.0, 1.0]))


@given(novelty=st.lists(st.floats(0.0, 5.0), min_size=1, max_size=12), stock=st.floats(0.0, 100.0))
def test_rebates_of_all_sharers_add_up_to_the_customers_part(novelty, stock):
    vector = np.array(novelty)
    paid = payments(dataclasses.replace(MARKET, platform_delta=1.0), vector, np.ones(len(vector), bool), stock)
    gained = float(policy_gain(stock + vector.sum(), 40.0, 40.0)) - float(policy_gain(stock, 40.0, 40.0))
    mp = 80.0 + float(policy_gain(stock, 40.0, 40.0))
    assert paid.sum() == pytest.approx(gained / (gained + 1.0) * (0.3 * mp - 18.0) * 100.0, rel=1e-6, abs=1e-6)


def test_free_sharing_is_an_equilibrium_and_dear_sharing_is_not():
    everyone, nobody = np.ones(3, bool), np.zeros(3, bool)
    assert is_equilibrium(MARKET, NOVELTY, np.zeros(3), everyone, 0.0)
    assert not is_equilibrium(MARKET, NOVELTY, np.full(3, 150.0), everyone, 0.0)
    assert is_equilibrium(MARKET, NOVELTY, np.full(3, 1e6), nobody, 0.0)
    assert not is_equilibrium(MARKET, NOVELTY, np.full(3, 150.0), nobody, 0.0)


def test_with_free_sharing_everyone_shares_and_redundancy_eats_the_price():
    path = simulate_market(DataMarket(cost_usd_per_round=0.0), np.random.default_rng(0))
    assert (path.sharing == 1.0).all() and path.equilibrium.all() and path.shared.all()
    assert (np.diff(path.marginal_gain) < 0.0).all()
    assert path.price_usd[-1] < 0.05 * path.price_usd[0]
    assert path.mp_r[-1] > path.mp_r[0] == 80.0


def test_dearer_sharing_is_rarer_and_costs_product():
    paths = [simulate_market(DataMarket(cost_usd_per_round=cost), np.random.default_rng(0)) for cost in (1, 30, 1000)]
    ends = [path.sharing[-10:].mean() for path in paths]
    assert ends[0] > ends[1] > ends[2]
    assert paths[0].mp_r[-1] > paths[2].mp_r[-1]
    assert paths[0].equilibrium[-5:].all()


def test_rebates_keep_a_market_that_prices_above_the_mean_unravel():
    rebate, price = (
        simulate_market(DataMarket(cost_usd_per_round=20.0, mechanism=mechanism), np.random.default_rng(1))
        for mechanism in ("rebate", "price")
    )
    assert price.sharing[-10:].mean() < 0.1 < 0.3 < rebate.sharing[-10:].mean()


def test_below_parity_there_is_nothing_to_share():
    path = simulate_market(DataMarket(mp_start=40.0, mp_ceiling=5.0), np.random.default_rng(0))
    assert (path.rebate_usd == 0.0).all()
    assert path.sharing[-1] == 0.0 and path.payment_usd[-1] == 0.0


def test_the_seed_decides():
    one, same, other = (simulate_market(DataMarket(), np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.rebate_usd, same.rebate_usd)
    assert not np.array_equal(one.rebate_usd, other.rebate_usd)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"customers": 0}, "customers"),
        ({"ageing": 1.5}, r"ageing must lie in \[0, 1\], got 1\.5"),
        ({"mp_ceiling": -1.0}, "mp_ceiling"),
        ({"mechanism": "gift"}, "mechanism must be rebate or price, got 'gift'"),
    ],
)
def test_a_market_checks_itself(change, said):
    with pytest.raises(ValueError, match=said):
        DataMarket(**change)
    with pytest.raises(ValueError, match="stock"):
        policy_gain(-1.0, 40.0, 40.0)
    with pytest.raises(ValueError, match="novelty"):
        payments(MARKET, -NOVELTY, np.ones(3, bool), 0.0)
