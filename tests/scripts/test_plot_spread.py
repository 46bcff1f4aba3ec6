"""Tests for plot_spread.py: stretches add up to the run, both views differ where they should, gaps stay gaps."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scripts import plot_spread
from scripts._ledger_file import SPREAD, open_source
from scripts._runs import read_rows
from scripts._spread_tables import _running, draw_spread, episodes_table, stretches_table


def test_stretches_add_up_to_the_whole_spread_in_both_views(made_run):
    source = open_source(str(made_run), 0)
    table = stretches_table(source)
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert [row["episodes"] for row in rows] == ["1-12", "13-24", "25-36", "37-48", "49-60"]
    for row in rows:
        assert row["captured"] == pytest.approx(row["spread"])
        assert row["captured as if"] + row["rebate as if"] == pytest.approx(row["spread"])
    given = sum(row["rebate as if"] * row["shifts"] for row in rows)
    assert given == pytest.approx(source.valued["rebate"].sum()) and given > 0.0
    assert rows[-1]["parity"] == pytest.approx(source.recorded["w_hat_r"][-12:].mean() / 18.0)


def test_a_run_shorter_than_the_stretches_and_without_spread_has_no_share(tiny_run):
    table = stretches_table(open_source(str(tiny_run), 0))
    assert len(table.rows) == 4 and table.rows[0][0] == "1-1"
    assert math.isnan(table.rows[0][-1])


def test_every_episode_is_written_with_both_views_and_gaps_as_nan(make_run, tmp_path, capsys):
    old = make_run(lambda row: row | (dict.fromkeys(SPREAD, math.nan) if row["episode"] <= 20 else {}))
    assert plot_spread.run([f"run_dir={old}", "window=5", f"output={tmp_path}"]) == 0
    assert "not measured, left out: spread in 20 of 60" in capsys.readouterr().out
    rows = read_rows(tmp_path / "spread.csv")
    assert len(rows) == 60
    assert rows[0]["rebate_recorded"] == "nan" and rows[0]["rebate_as_if"] == "0.0"
    assert rows[30]["rebate_recorded"] == "0.0" and float(rows[30]["captured_spread_recorded"]) > 0.0
    whole = [float(row["rebate_as_if"]) + float(row["captured_spread_as_if"]) for row in rows]
    assert whole == pytest.approx([float(row["spread_value"]) for row in rows])


def test_the_running_mean_leaves_out_what_was_not_measured():
    values = np.array([math.nan, 2.0, math.nan, 4.0, 6.0])
    np.testing.assert_allclose(_running(values, 2), [math.nan, 2.0, 2.0, 4.0, 5.0])


def test_the_picture_shows_the_columns_of_the_ledger(made_run):
    source = open_source(str(made_run), 0)
    wage, parity, spread, shares = draw_spread(source, window=10).axes
    assert wage.lines[0].get_ydata().tolist() == source.recorded["w_hat_r"].tolist()
    assert parity.lines[0].get_ydata().tolist() == source.recorded["wage_parity"].tolist()
    labels = [line.get_label() for line in spread.lines]
    assert labels == ["shift", "mean of 10", "rebate, as if", "captured, as if"]
    assert spread.lines[2].get_ydata()[-1] == pytest.approx(source.valued["rebate"][-10:].mean())
    share = source.valued["rebate"][-10:].sum() / source.valued["spread_value"][-10:].sum()
    assert shares.lines[1].get_ydata()[-1] == pytest.approx(share)
    assert len(episodes_table(source).rows) == 60


def test_a_run_without_spread_says_so_over_its_own_episodes(tiny_run):
    *_, shares = draw_spread(open_source(str(tiny_run), 0), window=20).axes
    assert [text.get_text() for text in shares.texts] == ["no spread in any shift"]
    low, high = shares.get_xlim()
    assert low <= 1.0 and high >= 4.0
    assert all(float(tick).is_integer() for tick in shares.xaxis.get_major_locator().tick_values(low, high))
