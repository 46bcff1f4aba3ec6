"""Tests for market.py: what sharing outlasts, the same customers for the same seed, the work of a run."""

from __future__ import annotations

import numpy as np
import pytest

from economics import DataMarket
from scripts import market
from scripts._ledger_file import open_source
from scripts._market import MECHANISMS, draw_market, make_markets, market_title, rounds_table, simulate, sweep_costs
from scripts._runs import read_rows
from scripts.market import MarketArguments

SMALL = MarketArguments(rounds=20, customers=15)


def test_sharing_that_costs_nothing_is_an_equilibrium_and_dearer_sharing_is_rarer():
    table = sweep_costs(make_markets(SMALL), seed=0, draws=3)
    for mechanism in MECHANISMS:
        rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows if row[0] == mechanism]
        assert [row["cost_usd_per_round"] for row in rows] == pytest.approx([0, 1, 3, 10, 30, 100, 300])
        assert rows[0]["sharing"] == rows[0]["in_equilibrium"] == 1.0
        assert (np.diff([row["sharing"] for row in rows]) <= 0.0).all() and rows[-1]["sharing"] < 0.4
        assert rows[0]["mp_r"] > rows[-1]["mp_r"]


def test_rebates_keep_more_customers_than_prices_above_the_mean():
    paths = simulate(make_markets(SMALL), seed=0)
    assert paths["rebate"].sharing[-1] > paths["price"].sharing[-1]
    table = rounds_table(paths, every=5)
    assert [row[1] for row in table.rows] == [1, 6, 11, 16, 20] * 2
    assert table.rows[0][2] == 1.0 and len(rounds_table(paths).rows) == 40


def test_the_same_seed_gives_the_same_files_and_another_one_others(tmp_path):
    for name, seed in (("one", 3), ("again", 3), ("other", 4)):
        assert market.run(["rounds=6", "draws=1", f"seed={seed}", f"output={tmp_path / name}"]) == 0
    one, again, other = ((tmp_path / name / "rounds.csv").read_bytes() for name in ("one", "again", "other"))
    assert one == again != other
    assert {row["paid by"] for row in read_rows(tmp_path / "one" / "rounds.csv")} == {"rebate", "price"}


def test_the_work_of_a_run_sets_the_way_from_its_first_to_its_last_product(make_run, made_run):
    run = make_run(dict, 60, "economics.wage_usd_per_hour=17.0")
    found = make_markets(MarketArguments(run_dir=str(run)))["price"]
    mp = open_source(str(made_run), 0).recorded["mp_r"]
    assert found.mp_start == pytest.approx(mp[:15].mean())
    assert found.mp_start + found.mp_ceiling == pytest.approx(mp[-15:].mean())
    assert found.prices.wage_usd_per_hour == 17.0 and found.mechanism == "price"
    assert found.novelty_scale == DataMarket().novelty_scale
    title = market_title(MarketArguments(run_dir=str(run)), found)
    assert "means of the run's first and last 15 shifts" in title
    assert "means" not in market_title(MarketArguments(), found)


def test_a_run_that_learnt_nothing_leaves_nothing_to_gain(make_run):
    run = make_run(lambda row: row | {"mp_r": 100.0 - row["episode"]}, 20)
    assert make_markets(MarketArguments(run_dir=str(run)))["rebate"].mp_ceiling == 0.0


def test_the_picture_marks_rounds_in_which_nobody_would_change():
    markets = make_markets(SMALL)
    paths = simulate(markets, seed=0)
    sharing, *_, outlasts = draw_market(paths, sweep_costs(markets, 0, 1), markets["rebate"]).axes
    marked = sharing.lines[1].get_xdata()
    assert marked.tolist() == (1 + np.flatnonzero(paths["rebate"].equilibrium)).tolist()
    assert [line.get_label() for line in outlasts.lines] == ["paid by rebate", "paid by price"]
