"""Tests for cash_flow.py: the reference fleet, rates that fit their cash, a pool that fears risk, views of a run."""

from __future__ import annotations

import math

import numpy as np
import pytest

from economics import Fleet, npv
from scripts import cash_flow
from scripts._cash import cash_table, choose_fleet, draw_cash, value_table
from scripts._cli import guarded
from scripts._ledger_file import SPREAD
from scripts._pool import make_pool, make_tranches, risk_table, simulate
from scripts.cash_flow import CashFlowArguments


def named(table):
    return {row[0]: row[1] for row in table.rows}


def test_the_reference_fleet_is_that_of_the_documents(tmp_path, capsys):
    assert cash_flow.run(["scenarios=20", f"output={tmp_path}"]) == 0
    printed = capsys.readouterr().out
    for line in ("revenue_usd_per_year            5,930,000", "gross_margin                       0.7133"):
        assert line in printed
    assert "reference figures, not market data" in printed and "no split of one spread" in printed


def test_cash_adds_up_and_the_internal_rate_makes_it_worth_nothing():
    fleet, arguments = Fleet(), CashFlowArguments(years=4, churn_per_year=0.1, discount_rate=0.12)
    rows = np.array(cash_table(fleet, arguments).rows)
    year, customers, cash, cumulated, present, worth = rows.T
    assert year.tolist() == [0, 1, 2, 3, 4] and customers == pytest.approx([1, 1, 0.9, 0.81, 0.729])
    assert cash == pytest.approx([-1e7, *(4.23e6 * customers[1:])])
    assert cumulated == pytest.approx(cash.cumsum()) and worth == pytest.approx(present.cumsum())
    found = named(value_table(fleet, arguments))
    assert found["npv_usd"] == pytest.approx(worth[-1]) == 1000 * found["npv_usd_per_robot"]
    assert npv(found["irr_per_year"], cash) == pytest.approx(0.0, abs=1e-3)
    whole = int(found["payback_years"])
    assert cumulated[whole] < 0.0 <= cumulated[whole + 1] and found["discounted_payback_years"] > found["payback_years"]


def test_a_fleet_that_earns_nothing_has_no_rate_no_payback_and_no_pool(tmp_path, capsys):
    argv = ["cost_usd_per_robot_year=9000", f"output={tmp_path}"]
    assert cash_flow.run(argv) == 0
    printed = capsys.readouterr().out
    assert "pool: not simulated: a robot-hour costs as much as the platform captures, or more" in printed
    found = named(value_table(*_with(cost_usd_per_robot_year=9000.0)))
    assert math.isnan(found["irr_per_year"]) and math.isinf(found["payback_years"]) and found["npv_usd"] < -1e7
    assert not (tmp_path / "pool.csv").exists()
    assert len(draw_cash(*_with(cost_usd_per_robot_year=9000.0), None).axes) == 2


def test_more_default_and_less_wage_make_the_pool_worth_less_and_the_senior_is_paid_first():
    fleet, arguments = _with(scenarios=300, robots=200)
    pool = make_pool(fleet, arguments)
    assert pool is not None and pool.usd_per_hour == pytest.approx(4.23)
    table = risk_table(pool, make_tranches(pool), arguments)
    value = np.array([row[2] for row in table.rows]).reshape(3, 5)
    senior, mezzanine = np.array([row[5:] for row in table.rows]).T
    assert (np.diff(value, axis=1) < 0.0).all() and (np.diff(value, axis=0) > 0.0).all()
    assert (senior >= mezzanine).all() and senior.max() == 1.0 > mezzanine.min()
    low, high = np.array([row[3:5] for row in table.rows]).T
    assert (low <= value.ravel()).all() and (value.ravel() <= high).all()


def test_a_pool_without_risk_is_worth_its_annuity_and_pays_every_tranche():
    fleet, arguments = _with(default_per_year=0.0, wage_growth=0.0, wage_volatility=0.0, scenarios=5)
    pool = make_pool(fleet, arguments)
    assert pool is not None
    tranches = make_tranches(pool)
    result = simulate(pool, tranches, arguments)
    annuity = 4.23e6 * (1.0 - 1.08**-5) / 0.08
    assert result.present_value_usd == pytest.approx(annuity)
    assert [tranche.principal_usd / annuity for tranche in tranches] == pytest.approx([0.60, 0.25])
    assert [fate.paid_in_full for fate in result.tranches] == [1.0, 1.0]


def test_a_runs_views_differ_by_the_rebate(made_run):
    recorded, _ = choose_fleet(CashFlowArguments(run_dir=str(made_run), view="recorded"))
    valued, notes = choose_fleet(CashFlowArguments(run_dir=str(made_run)))
    assert recorded.captured_usd_per_hour > valued.captured_usd_per_hour
    together = valued.captured_usd_per_hour + valued.rebate_usd_per_hour
    assert together == pytest.approx(recorded.captured_usd_per_hour)
    assert "view:     as if, the last 50 shifts" in notes


def test_a_view_that_was_never_recorded_is_one_line(make_run, tmp_path, capsys):
    old = make_run(lambda row: row | dict.fromkeys(SPREAD, math.nan), 10)
    assert guarded(lambda: cash_flow.run([f"run_dir={old}", "view=recorded", f"output={tmp_path / 'out'}"])) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"view: {old} has no spread recorded; nearest valid: as_if" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("view=as_is", "view: 'as_is' is not one of recorded"),
        ("default_correlation=1", "default_correlation: must be less than 1"),
        ("discount_rate=-1", "discount_rate: must be more than -1"),
        ("years=0", "years: must be at least 1, got 0; nearest valid: 1"),
    ],
)
def test_numbers_out_of_range_are_one_line(word, said, capsys):
    assert guarded(lambda: cash_flow.run([word])) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def _with(**values):
    arguments = CashFlowArguments(**values)
    return choose_fleet(arguments)[0], arguments
