"""Tests for claims.py: each claim holds where it should and is reported as failed where it does not."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from economics import (
    Prices,
    check_ledger,
    claim_consumer_surplus,
    claim_decomposition,
    claim_productivity_incentive,
    claim_structural_deflation,
    make_row,
    read_columns,
    relative_unit_price,
)


def ledger_of(completed, errors=3, share=0.4):
    rows = []
    for episode, count in enumerate(completed):
        shift = {"attempts": count + errors, "completed": count, "errors": errors, "hours": 1.0}
        run = {"episode": episode, "task": "t", "seed": 0, "env_steps": 60}
        gains = {"delta_mpl_cust_pred": share, "delta_mpl_total": 1.0}
        rows.append(vars(make_row(shift, Prices(), 0.1, 0.0, **run, **gains)))
    return read_columns(rows)


GOOD = ledger_of(range(70, 120, 2))
BAD = ledger_of([10, 40, 90, 110])


def test_all_four_hold_on_a_policy_that_improves_above_parity():
    claims = check_ledger(GOOD)
    assert [claim.name for claim in claims] == [
        "consumer surplus",
        "decomposition",
        "productivity incentive",
        "structural deflation",
    ]
    assert all(claim.holds for claim in claims)
    assert [round(claim.statistic, 1) for claim in claims] == [1.0, 1.0, 1.0, -1.0]
    assert str(claims[0]) == "consumer surplus: holds (share of episodes 1.000, 25 points)"
    assert ", p = " in str(claims[2])


def test_below_parity_the_customers_claim_fails_and_says_by_how_much():
    claim = claim_consumer_surplus(BAD)
    assert (claim.statistic, claim.holds) == (0.5, False)
    assert str(claim).startswith("consumer surplus: fails (share of episodes 0.500")


@pytest.mark.parametrize(("w_hat", "captured", "holds"), [(18.0, 0.0, True), (17.99, 0.0, False), (27.0, 9.01, False)])
def test_a_cent_over_the_wage_fails_the_customers_claim(w_hat, captured, holds):
    ledger = {"w_hat_r": w_hat, "w_h": 18.0, "hours": 1.0, "captured_spread": captured}
    assert claim_consumer_surplus({name: np.array([value]) for name, value in ledger.items()}).holds is holds


def test_books_that_do_not_close_are_found():
    cooked = GOOD | {"captured_spread": GOOD["captured_spread"] + np.eye(25)[3] * 0.02}
    claim = claim_decomposition(cooked)
    assert claim.statistic == pytest.approx(24 / 25) and not claim.holds
    hidden = GOOD | {"rebate": GOOD["rebate"] + 1.0}
    assert claim_decomposition(hidden).statistic == 0.0
    rounded = {name: column.round(2) if column.dtype == float else column for name, column in GOOD.items()}
    assert claim_decomposition(rounded).samples == 25


def test_capture_that_falls_with_productivity_fails():
    upside_down = GOOD | {"captured_spread": GOOD["captured_spread"][::-1]}
    claim = claim_productivity_incentive(upside_down)
    assert claim.statistic < -0.99 and not claim.holds and claim.p_value > 0.99


def test_longer_shifts_are_no_incentive():
    hours = np.array([1.0, 2.0, 3.0, 4.0])
    ledger = {"mp_r": hours + 100.0, "hours": hours, "captured_spread": np.array([4.0, 6.0, 6.0, 4.0])}
    assert claim_productivity_incentive(ledger).statistic == pytest.approx(-1.0)


def test_noise_is_no_incentive():
    rng = np.random.default_rng(0)
    ledger = {"mp_r": rng.normal(100, 5, 40), "hours": np.ones(40), "captured_spread": rng.uniform(0, 1, 40)}
    assert not claim_productivity_incentive(ledger).holds


def test_a_correlation_that_is_not_defined_fails():
    same = {"mp_r": np.full(5, 100.0), "hours": np.ones(5), "captured_spread": np.arange(5.0)}
    for ledger in (same, same | {"mp_r": np.arange(5.0), "captured_spread": np.ones(5)}):
        claim = claim_productivity_incentive(ledger)
        assert math.isnan(claim.statistic) and not claim.holds
    assert not claim_productivity_incentive({name: column[:2] for name, column in GOOD.items()}).holds


@pytest.mark.parametrize(
    ("price", "rho", "holds"),
    [
        ([1.0, 0.9, 0.8, 0.7], -1.0, True),
        ([1.0, 1.0, 1.0, 1.0], 0.0, True),
        ([1.0, 1.1, 1.2, 1.3], 1.0, False),
        ([1.0, 1.3, 1.2, 1.1], 0.2, False),
        ([1.0, 0.7, 0.8, 1.1], 0.4, False),
        ([1.0, 1.3, 0.9, 1.05], 0.0, False),
    ],
)
def test_deflation_known_answers(price, rho, holds):
    claim = claim_structural_deflation([0.1, 0.2, 0.3, 0.4], price)
    assert claim.statistic == pytest.approx(rho) and claim.holds is holds


noise = st.lists(st.floats(-4e-16, 4e-16), min_size=6, max_size=6)


@given(noise=noise, level=st.floats(1e-3, 1e3))
def test_a_price_that_stands_still_but_for_its_last_bits_reads_as_constant(noise, level):
    claim = claim_structural_deflation(np.arange(6.0), level * (1.0 + np.array(noise)))
    assert (claim.statistic, claim.holds) == (0.0, True) and math.isnan(claim.p_value)


@given(noise=noise, level=st.floats(1e-3, 1e3))
def test_what_a_price_does_after_it_has_settled_is_a_tie(noise, level):
    settled = level * np.array([1.2, 1.1, 1.0, 1.0, 1.0, 1.0])
    ranked = claim_structural_deflation(np.arange(6.0), settled)
    noisy = claim_structural_deflation(np.arange(6.0), settled * (1.0 + np.array(noise)))
    assert (noisy.statistic, noisy.holds) == (ranked.statistic, ranked.holds)


def test_adoption_that_stands_still_is_no_path():
    claim = claim_structural_deflation(0.3 * (1.0 + 1e-16 * np.array([0.0, 3.0, 6.0])), [3.0, 2.0, 1.0])
    assert claim.statistic == 0.0 and math.isnan(claim.p_value)


def test_capture_that_stands_still_but_for_its_last_bits_is_no_incentive():
    captured = 6.0 + 1e-15 * np.arange(5.0)
    ledger = {"mp_r": 100.0 + np.arange(5.0), "hours": np.ones(5), "captured_spread": captured}
    claim = claim_productivity_incentive(ledger)
    assert captured[4] > captured[0] and math.isnan(claim.statistic) and not claim.holds


@given(st.permutations(range(8)))
def test_deflation_does_not_depend_on_the_order_of_the_points(order):
    adoption, price = np.linspace(0.0, 1.0, 8), np.array([1.0, 0.9, 0.95, 0.7, 0.8, 0.5, 0.6, 0.55])
    one = claim_structural_deflation(adoption, price)
    other = claim_structural_deflation(adoption[list(order)], price[list(order)])
    assert other.statistic == pytest.approx(one.statistic) and other.holds == one.holds


def test_without_rebates_the_relative_price_stays_at_the_wage():
    shared = GOOD["spread"] > 0.0
    assert shared.sum() == 23
    np.testing.assert_allclose(relative_unit_price(GOOD, rebates=False)[shared], 1.0)
    with_rebates = relative_unit_price(GOOD)[shared]
    assert (with_rebates < 1.0).all() and (np.diff(with_rebates) < 0.0).all()


def test_worthless_episodes_have_no_unit_price_and_are_left_out():
    claims = check_ledger(ledger_of([1, 80, 90, 100], errors=60))
    assert claims[3].samples < 4
    nothing = check_ledger(ledger_of([1, 1], errors=60))
    assert math.isnan(nothing[3].statistic) and not nothing[3].holds


def test_bad_ledgers_are_refused_by_name():
    with pytest.raises(ValueError, match="it lacks captured_spread"):
        claim_consumer_surplus({name: GOOD[name] for name in ("w_hat_r", "w_h", "hours")})
    with pytest.raises(ValueError, match="at least one row, got none"):
        claim_decomposition({name: column[:0] for name, column in GOOD.items()})
    with pytest.raises(ValueError, match="rebate must be finite, got nan"):
        claim_decomposition(GOOD | {"rebate": np.full(25, np.nan)})
    with pytest.raises(ValueError, match=r"significance must lie in \(0, 1\), got 0"):
        claim_productivity_incentive(GOOD, significance=0)
    with pytest.raises(ValueError, match="two vectors of one length >= 3"):
        claim_structural_deflation([1.0, 2.0], [1.0, 1.0])
    with pytest.raises(ValueError, match="relative_price must be finite"):
        claim_structural_deflation([1.0, 2.0, 3.0], [1.0, 1.0, np.inf])
