"""Tests for summary.py: results with their intervals, a fleet that adds up, a run without a summary, Parquet."""

from __future__ import annotations

import json
import math
import shutil

import numpy as np
import pytest

from economics import LEDGER_COLUMNS, read_columns
from scripts import cash_flow, summary
from scripts._cli import guarded
from scripts._fleet import customer_table, fleets, hourly
from scripts._ledger_file import SPREAD, open_source
from scripts._money import FleetArguments
from scripts._results import draw_summary, evaluations, results_table
from scripts._runs import read_rows


def values(table, column):
    return dict(zip([row[0] for row in table.rows], [row[column] for row in table.rows], strict=True))


def test_results_are_those_of_the_runs_summary_and_of_its_last_shifts(tiny_run):
    source = open_source(str(tiny_run), 0)
    rows = {tuple(row[:2]): row[2:] for row in results_table(source, last=2).rows}
    written = json.loads((tiny_run / "summary.json").read_text())
    for policy, found in {"final evaluation": written["eval"], "untrained": written["untrained"]}.items():
        interval = found["profit_usd_per_hour"]
        assert rows[policy, "profit_usd_per_hour"] == (interval["value"], interval["low"], interval["high"], 3)
    assert ("random", "wage_parity") in rows and ("constant_0.5_0.5", "err_rate") in rows
    mean, low, high, shifts = rows["last 2 training shifts", "mp_per_hour"]
    assert mean == pytest.approx(source.recorded["mp_r"][-2:].mean())
    assert math.isnan(low) and math.isnan(high) and shifts == 2


def test_a_stopped_run_shows_its_last_evaluation_and_a_damaged_summary_is_one_line(tiny_run, tmp_path):
    stopped = tmp_path / "run"
    shutil.copytree(tiny_run, stopped, ignore=shutil.ignore_patterns("checkpoints", "videos", "summary.json"))
    found = evaluations(stopped)
    (name,) = found
    rows = read_rows(stopped / "eval.csv")
    newest = [float(row["mp_r"]) for row in rows if row["episode"] == rows[-1]["episode"]]
    assert name == f"evaluation after {rows[-1]['episode']}" and found[name][0] == len(newest)
    assert found[name][1]["mp_per_hour"][0] == pytest.approx(np.mean(newest))
    (stopped / "eval.csv").unlink()
    assert evaluations(stopped) == {}
    (stopped / "summary.json").write_text('{"eval": 3}')
    assert guarded(lambda: summary.run([f"run_dir={stopped}", f"output={tmp_path / 'out'}"])) == 2


def test_the_fleet_and_the_customer_share_one_spread(made_run):
    source = open_source(str(made_run), 0)
    found = fleets(source, FleetArguments(last=30, robots=10, hours_per_robot_year=100.0))
    recorded, valued = found["recorded"], found["as if"]
    assert recorded.rebate_usd_per_hour == 0.0 and valued.rebate_usd_per_hour > 0.0
    whole = source.valued["spread_value"][-30:].sum() / source.valued["hours"][-30:].sum()
    for fleet in (recorded, valued):
        assert fleet.captured_usd_per_hour + fleet.rebate_usd_per_hour == pytest.approx(whole)
    assert (valued.robots, valued.hours_per_robot_year) == (10, 100.0)
    money = hourly(source.valued, 30)
    parts = money["w_h"] + money["rebate"] + money["captured_spread"] + money["retained"]
    assert parts == pytest.approx(money["w_hat_r"])


def test_the_customer_pays_less_for_a_human_hour_where_something_is_given_back(made_run):
    table = customer_table(open_source(str(made_run), 0), 30)
    assert table.columns == ("quantity", "recorded", "as if")
    recorded, valued = values(table, 1), values(table, 2)
    name = "cost_usd_per_human_equivalent_hour"
    assert valued[name] < recorded[name] == pytest.approx(18.0, abs=0.05)
    assert recorded["share_of_the_spread"] == 0.0 < valued["share_of_the_spread"] < 1.0
    assert math.isnan(recorded["data_value_usd_per_hour"]) and valued["data_value_usd_per_hour"] >= 0.0


def test_a_run_without_any_recorded_spread_has_one_view_and_nan_in_the_other(make_run, tmp_path, capsys):
    old = make_run(lambda row: row | dict.fromkeys(SPREAD, math.nan), 30)
    source = open_source(str(old), 0)
    assert list(fleets(source, FleetArguments())) == ["as if"]
    recorded, valued = values(customer_table(source, 50), 1), values(customer_table(source, 50), 2)
    assert all(map(math.isnan, recorded.values())) and valued["human_wage_usd_per_hour"] == 18.0
    assert summary.run([f"run_dir={old}", f"output={tmp_path}"]) == 0
    assert "not measured, left out: spread in 30 of 30" in capsys.readouterr().out


def test_work_below_the_wage_lacks_something_rather_than_stacking_it(make_run):
    poor = make_run(lambda row: row | {"w_hat_r": 15.0}, 12)
    source = open_source(str(poor), 0)
    split = draw_summary(source, fleets(source, FleetArguments()), 12).axes[1]
    heights = {bars.get_label(): bars.patches[1] for bars in split.containers}
    assert heights["human wage"].get_height() == 18.0
    retained = heights["retained"]
    assert (retained.get_y(), retained.get_height()) == (0.0, pytest.approx(-3.0))


def test_parquet_reads_back_as_the_csv(tiny_run, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    assert summary.run([f"run_dir={tiny_run}", "parquet=true", f"output={tmp_path}"]) == 0
    table = parquet.read_table(tmp_path / "train.parquet")
    assert tuple(table.column_names) == LEDGER_COLUMNS
    assert {str(table.schema.field(name).type) for name in ("episode", "seed", "env_steps")} == {"int64"}
    assert str(table.schema.field("task").type) == "string"
    rows = read_rows(tiny_run / "train.csv")
    assert table.column("task").to_pylist() == [row["task"] for row in rows]
    read = read_columns(table.to_pylist())
    for name, column in read_columns(rows).items():
        np.testing.assert_array_equal(read[name], column, err_msg=name)


def test_parquet_needs_a_run(tmp_path, capsys):
    assert guarded(lambda: summary.run(["parquet=true", f"output={tmp_path / 'out'}"])) == 2
    assert "parquet: needs a run's ledger and pyarrow; cure: give run_dir=RUN" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_run_shorter_than_asked_says_how_many_shifts_counted(tiny_run, tmp_path, capsys):
    assert customer_table(open_source(str(tiny_run), 0), 50).title == "Customer: the last 4 shifts"
    assert cash_flow.run([f"run_dir={tiny_run}", f"output={tmp_path}"]) == 0
    assert "view:     as if, the last 4 shifts" in capsys.readouterr().out
