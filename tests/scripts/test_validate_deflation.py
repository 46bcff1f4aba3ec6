"""Tests for validate_deflation.py: verdicts that follow the numbers, the counter-example, worthless robots."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from economics import Elasticities, MacroConfig, simulate_macro
from scripts import validate_deflation
from scripts._claims import claims_table, draw_claims, ledger_evidence
from scripts._claims_macro import last_work, macro_evidence, path_ledger, sensitivity
from scripts._ledger_file import SPREAD, open_source


def verdicts(evidence):
    return {found.name: [claim.holds for claim in found.claims] for found in evidence}


def test_on_simulated_paths_deflation_fails_without_rebates_and_holds_with_them():
    found = macro_evidence(MacroConfig())
    assert verdicts(found) == {
        "macro, rebates off": [True, True, True, False],
        "macro, rebates on": [True, True, True, True],
    }
    table = claims_table(found)
    assert [row[2] for row in table.rows] == ["holds", "holds", "holds", "FAILS"] + ["holds"] * 4
    assert table.rows[3][3] > 0.9 and table.rows[7][3] < -0.9


def test_the_counter_example_needs_a_falling_wage_and_a_fixed_price():
    followed = MacroConfig(elasticities=Elasticities(1.0, 0.5, price_indexation=1.0))
    assert verdicts(macro_evidence(followed))["macro, rebates off"][3]
    table = sensitivity(MacroConfig())
    off = [row for row in table.rows if row[table.columns.index("rebates")] == "off"]
    failed = [row for row in off if not row[-1]]
    assert len(table.rows) == 24 and len(failed) == 4
    assert all(row[table.columns.index("price_indexation")] == 0.0 for row in failed)


def test_robots_below_parity_break_the_first_claim_and_are_printed_as_failed():
    claims = macro_evidence(MacroConfig(mp_r=75.0, err_rate=0.06))[1].claims
    assert not claims[0].holds and 0.0 < claims[0].statistic < 1.0


def test_a_path_written_as_a_ledger_keeps_its_money():
    path = simulate_macro(MacroConfig(years=3))
    ledger = path_ledger(path, 109.0)
    np.testing.assert_allclose(ledger["w_hat_r"] - ledger["w_h"], ledger["rebate"] + ledger["captured_spread"])
    np.testing.assert_allclose(ledger["consumer_surplus"], ledger["rebate"])


def test_a_ledger_whose_books_do_not_close_fails_the_second_claim(make_run, tmp_path, capsys):
    cooked = make_run(lambda row: row | {"captured_spread": row["captured_spread"] + 1.0 * (row["episode"] == 7)}, 40)
    assert validate_deflation.run([f"run_dir={cooked}", "years=5", f"output={tmp_path}"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (recorded,) = [line for line in lines if line.startswith("ledger, recorded") and "2 decomposition" in line]
    assert "FAILS" in recorded and "0.975" in recorded
    (valued,) = [line for line in lines if line.startswith("ledger, as if") and "2 decomposition" in line]
    assert "holds" in valued


def test_recorded_is_the_second_view_with_rebates_switched_off(made_run):
    recorded, valued = ledger_evidence(open_source(str(made_run), 0))
    np.testing.assert_allclose(recorded.pool["captured_spread"], valued.pool["spread_value"])
    assert (valued.relative_price <= recorded.relative_price + 1e-9).all()
    assert (valued.relative_price < recorded.relative_price - 1e-3).any()


def test_unmeasured_episodes_are_left_out_and_an_unmeasured_view_altogether(make_run):
    old = make_run(lambda row: row | (dict.fromkeys(SPREAD, math.nan) if row["episode"] <= 20 else {}))
    recorded, valued = ledger_evidence(open_source(str(old), 0))
    assert (recorded.claims[0].samples, valued.claims[0].samples) == (40, 60)
    none = make_run(lambda row: row | dict.fromkeys(SPREAD, math.nan), 10)
    (valued,) = ledger_evidence(open_source(str(none), 0))
    assert valued.name == "ledger, as if"
    assert len(draw_claims([valued], "old", "episode [shifts]").axes) == 4


def test_robots_whose_work_is_worth_nothing_have_no_economy_but_a_ledger(make_run, tmp_path, capsys):
    poor = make_run(lambda row: row | {"errors": 60.0, "completed": 40.0, "attempts": 100.0}, 12)
    assert last_work(open_source(str(poor), 0), 5) == (40.0, 0.6)
    assert validate_deflation.run([f"run_dir={poor}", f"output={tmp_path}"]) == 0
    printed = capsys.readouterr().out
    assert "economy:  not simulated: mp_r, err_rate and prices must imply a robot's wage above zero" in printed
    assert "ledger, as if" in printed and "macro" not in printed
    assert not (tmp_path / "claims_macro.png").exists() and (tmp_path / "claims_ledger.png").exists()


def test_panels_say_the_verdicts_and_draw_the_paths():
    found = macro_evidence(replace(MacroConfig(), years=4))
    cost, parts, incentive, deflation = draw_claims(found, "title", "year").axes
    assert deflation.get_title() == "4 structural deflation\nrebates off FAILS (0.97); rebates on holds (-1.00)"
    assert deflation.get_xlabel() == "adopted share of hours [-]" and cost.get_xlabel() == "year"
    assert deflation.lines[1].get_ydata()[-1] < 1.0 < deflation.lines[0].get_ydata()[-1]
    assert len(incentive.lines[0].get_xdata()) == 25
    total = parts.lines[0].get_ydata()
    assert total[0] == pytest.approx(found[1].ledger["w_hat_r"][0] - found[1].ledger["w_h"][0])
