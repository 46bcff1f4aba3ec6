"""Tests for baselines.py: the report on known numbers, both tasks end to end, and going on after an interrupt."""

from __future__ import annotations

import json

import numpy as np
import pytest

from agents.scripted import SearchResult, SearchRound, WorkLayout
from agents.scripted.turns import Turns
from scripts import _baselines
from scripts._baselines import Bench, rate_profit, read_policies, search_baselines
from scripts._baselines_report import TurnLog, draw_baselines, premiums, summarise, table_text
from scripts._build import make_cells, make_prices
from scripts._cli import compose_settings
from scripts._evaluate import FIRST_SEED
from scripts._explain import UsageError
from scripts._interrupts import Interrupted
from scripts._runs import read_rows
from scripts.baselines import run

PHYSICAL = ["task=dishwashing_mujoco", "task.shift_minutes=1.2", "threads=1", "budget=4", "shifts=2"]


def shifts_of(profits: np.ndarray) -> list[dict]:
    """Priced shifts with these profits and otherwise the same numbers."""
    rest = {"hours": 0.5, "attempts": 50.0, "completed": 48.0, "errors": 2.0, "mp_r": 96.0, "err_rate": 0.04}
    return [rest | {"profit": profit, "profit_flow": profit - 1.0, "wage_parity": profit / 18.0} for profit in profits]


@pytest.fixture
def priced():
    shared = np.random.default_rng(0).normal(30.0, 5.0, 60)
    factors = {"random": 0.4, "blind_constant": 1.0, "blind_schedule": 1.05, "oracle": 1.2}
    return {name: shifts_of(factor * shared) for name, factor in factors.items()}


def test_ratios_are_paired_and_the_premium_is_said(priced):
    summary, found = summarise(priced), premiums(priced, seed=0)
    assert list(summary) == list(priced)
    ratio = found["blind_constant"]
    assert ratio["value"] == pytest.approx(1.2) and ratio["low"] == pytest.approx(ratio["high"])
    assert found["blind_schedule"]["value"] == pytest.approx(1.2 / 1.05)
    oracle = summary["oracle"]
    assert oracle["low"] < oracle["profit_usd_per_hour"] < oracle["high"]
    assert (oracle["err_rate"], oracle["attempts_per_hour"], oracle["shifts"]) == (0.04, 100.0, 60)
    said = table_text(summary, found)
    assert "vision premium available: 20.0 % over the best constant, 14.3 % over the best schedule" in said
    assert said.count("holds") == 2 and "FAILS" not in said


@pytest.mark.parametrize(("oracle", "held"), [(1.125, (True, True)), (1.115, (False, True)), (1.1, (False, False))])
def test_each_bar_of_the_premium_is_judged(priced, oracle, held):
    scaled = {**priced, "oracle": shifts_of(np.array([oracle * row["profit"] for row in priced["blind_constant"]]))}
    found = premiums(scaled, seed=0)
    assert tuple(found[rival]["holds"] for rival in ("blind_constant", "blind_schedule")) == held
    assert table_text(summarise(scaled), found).count("FAILS") == held.count(False)


def test_a_mean_that_is_high_enough_with_a_low_bound_that_is_not_fails(priced):
    noise = np.random.default_rng(1).normal(0.0, 20.0, 60)
    oracle = np.array([row["profit"] for row in priced["oracle"]]) + noise - noise.mean()
    found = premiums({**priced, "oracle": shifts_of(oracle)}, seed=0)["blind_constant"]
    assert found["value"] == pytest.approx(1.2) and found["low"] < 1.08 and not found["holds"]


def test_a_task_without_kinds_has_no_premium_and_a_loss_no_ratio(priced, tmp_path):
    few = {name: priced[name] for name in ("random", "blind_constant")}
    assert premiums(few, seed=0) == {}
    assert "nothing to see" in table_text(summarise(few), {})
    draw_baselines(tmp_path / "plot.png", summarise(few), "two")
    assert (tmp_path / "plot.png").stat().st_size > 5000
    loss = premiums({**priced, "blind_constant": shifts_of(-np.ones(60))}, seed=0)["blind_constant"]
    assert np.isnan(loss["value"]) and not loss["holds"]


def test_profit_is_the_rate_form():
    prices = make_prices(compose_settings(["task=dishwashing"]).economics)
    info = {"completed": 90.0, "errors": 10.0, "attempts": 100.0, "hours": 0.5}
    assert rate_profit(info, prices) == pytest.approx(0.3 * 180.0 - 0.1 * 180.0 - 0.1)


def test_the_turn_log_names_kinds_causes_and_phases(tmp_path):
    layout = WorkLayout(("bowl", "mug"), ("reach", "wipe"), 0, 2)
    turns = Turns(
        kind=np.array([1, 0]),
        rows=np.array([[[0.5, 0.25]], [[1.0, 0.75]]]),
        seconds=np.array([20.0, 30.0]),
        dollars=np.array([0.3, -1.0]),
        attempts=np.ones(2),
        errors=np.array([0.0, 1.0]),
        cause=np.array([-1, 0]),
    )
    done = SearchRound(1, 1, turns, np.zeros((2, 2, 2)), 0.0)
    for finished, kept in ((set(), 0), ({"oracle"}, 2), (set(), 0)):
        log = TurnLog(tmp_path / "turns.csv", layout, ("broken",), finished)
        assert len(read_rows(tmp_path / "turns.csv")) == kept
        log.write("oracle", done)
        log.close()
    first, second = read_rows(tmp_path / "turns.csv")
    assert (first["kind"], first["cause"], first["speed_wipe"]) == ("mug", "", "0.5000")
    assert (second["kind"], second["cause"], second["care_reach"]) == ("bowl", "broken", "0.7500")


def test_the_abstract_task_has_random_and_a_constant_near_the_optimum(tmp_path, capsys):
    folder = tmp_path / "baselines"
    sweep = tmp_path / "frontier.csv"
    columns = "speed,care,mp,err,err_low,err_high,profit,attempts,completed,errors,hours,attempts_per_hour"
    sweep.write_text(f"{columns}\n1.0,0.9,110,0.02,0.01,0.04,31,100,98,2,1,112\n")
    argv = ["task=dishwashing", "budget=64", "shifts=8", f"output={folder}", f"frontier={sweep}"]
    assert run(argv) == 0
    printed = capsys.readouterr().out
    assert "nothing to schedule, nothing to see" in printed
    found = json.loads((folder / "baselines.json").read_text())
    assert set(found) == {"random", "blind_constant"}
    assert json.loads((folder / "premium.json").read_text()) == {"vision_premium_available": {}}
    speed, care = read_policies(folder)["blind_constant"]["table"][0][0]
    assert speed > 0.9 and 0.6 < care <= 1.0
    assert set(read_policies(folder)["blind_constant"]["compared_usd_per_hour"]) == {"searched", "sweep"}
    assert found["blind_constant"]["profit_usd_per_hour"] > 1.5 * found["random"]["profit_usd_per_hour"]
    rows = read_rows(folder / "eval.csv")
    assert {row["seed"] for row in rows} == {str(FIRST_SEED + shift) for shift in range(8)}
    assert {row["policy"] for row in read_rows(folder / "turns.csv")} == {"blind_constant"}


@pytest.mark.soak
def test_the_physical_task_has_all_four_on_the_same_seeds(tmp_path, capsys):
    folder = tmp_path / "baselines"
    assert run([*PHYSICAL, f"output={folder}"]) == 0
    assert "vision premium available" in capsys.readouterr().out
    found = json.loads((folder / "baselines.json").read_text())
    assert list(found) == ["random", "blind_constant", "blind_schedule", "oracle"]
    premium = json.loads((folder / "premium.json").read_text())["vision_premium_available"]
    assert set(premium) == {"blind_constant", "blind_schedule"}
    rows = read_rows(folder / "eval.csv")
    seeds = {name: [row["seed"] for row in rows if row["policy"] == name] for name in found}
    assert all(own == seeds["random"] for own in seeds.values())
    policies = read_policies(folder)
    assert [own["shifts"] for own in policies.values()] == [4, 4, 4]
    tables = {name: np.array(own["table"]) for name, own in policies.items()}
    assert np.ptp(tables["blind_constant"], axis=(0, 1)).max() == 0.0
    assert np.ptp(tables["blind_schedule"], axis=0).max() == 0.0
    assert tables["oracle"].shape == (len(policies["oracle"]["kinds"]), len(policies["oracle"]["phases"]), 2)
    turns = read_rows(folder / "turns.csv")
    assert {row["kind"] for row in turns} <= set(policies["oracle"]["kinds"])
    assert {float(row["attempts"]) for row in turns} <= {0.0, 1.0, 2.0, 3.0}


def test_a_second_call_skips_finished_searches(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "baselines"
    argv = ["task=dishwashing", "budget=16", "shifts=2", f"output={folder}"]
    evaluate = _baselines.evaluate_baselines

    def interrupted(*_):
        raise Interrupted

    monkeypatch.setattr(_baselines, "evaluate_baselines", interrupted)
    run(argv)
    assert "interrupted; finished searches are kept" in capsys.readouterr().out
    before = (folder / "policies.json").read_bytes()
    monkeypatch.setattr(_baselines, "evaluate_baselines", evaluate)
    monkeypatch.setattr(_baselines, "search_table", interrupted)
    assert run(argv) == 0
    assert "to search: nothing" in capsys.readouterr().out
    assert (folder / "baselines.json").exists()
    assert (folder / "policies.json").read_bytes() == before
    with pytest.raises(UsageError, match="was measured with budget=16, not 17"):
        run(["task=dishwashing", "budget=17", f"output={folder}"])


def test_every_search_starts_at_the_best_of_the_sweep(monkeypatch, tmp_path):
    starts, joined = [], []

    def note(task, ties, config, rivals, on_round):
        starts.append(np.broadcast_to(config.start, (2,)).tolist())
        joined.append(sorted(rivals))
        return SearchResult(ties.table(np.full((1, 1, 2), 0.5), task.layout), "searched", {}, config.shifts)

    monkeypatch.setattr(_baselines, "search_table", note)
    settings = compose_settings([*PHYSICAL[:3], "task.observation=privileged"])
    bench = Bench(make_cells(settings, 1), make_prices(settings.economics), 0, lambda: None)
    for name, rivals, start in (("swept", {"sweep": np.array([1.0, 0.9])}, [1.0, 0.9]), ("alone", {}, [0.75, 0.5])):
        starts.clear()
        joined.clear()
        (tmp_path / name).mkdir()
        search_baselines(bench, tmp_path / name, 4, rivals, lambda *_: None)
        assert starts == [start] * 3
        assert joined == [sorted(rivals), ["blind_constant"], ["blind_schedule"]]
    bench.env.close()


def test_searches_and_evaluation_share_no_seed():
    budget = 480
    for seed in (0, 1, 2**31 - 1):
        firsts = [_baselines._first_seed(seed, number, budget) for number in range(3)]
        assert all(first >= 0 and first + budget <= FIRST_SEED for first in firsts)
        assert np.diff(sorted(firsts)).min() >= budget


def test_the_bench_knows_the_layout_and_the_causes():
    settings = compose_settings([*PHYSICAL[:3], "task.observation=privileged"])
    bench = Bench(make_cells(settings, 1), make_prices(settings.economics), 0, lambda: None)
    assert bench.names == ("random", "blind_constant", "blind_schedule", "oracle")
    assert "broken_impact" in bench.causes
    assert len(bench.layout.kinds) > 1 and "place" in bench.layout.phases
    bench.env.close()
