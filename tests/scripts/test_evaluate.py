"""Tests for _evaluate.py: a shift whose physics diverges is told, counted apart, and weighs in no mean."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from agents import ConstantPolicy, mean_interval
from scripts import _evaluate, _plots, _session, evaluate
from scripts._baselines_report import draw_baselines, premiums, summarise, table_text
from scripts._build import make_cells, make_prices
from scripts._cli import compose_settings
from scripts._compare import read_outcome
from scripts._evaluate import COUNTS, EVAL_COLUMNS, MONEY, diverged, evaluate_shifts, intervals, sum_up, whole_pairs
from scripts._ledger_file import open_source
from scripts._results import evaluations, results_table
from scripts._runs import read_rows

from .conftest import train_tiny

STEPS = 12
PHYSICAL = ["task=dishwashing_mujoco", "task.observation=state", "task.shift_minutes=0.1", "threads=1"]
NAN = dict.fromkeys(("value", "low", "high"), math.nan)


def work(cells: int, shifts: int, *poisons: tuple[int, int]) -> list[dict[str, Any]]:
    """Work shifts of a constant action in the physical task; each poison (step, cell) breaks the physics of a cell."""
    settings = compose_settings(PHYSICAL)
    env = make_cells(settings, cells)
    task, step = env.unwrapped.task, env.step
    count = iter(range(10**6))

    def poisoned(actions: np.ndarray) -> Any:
        now = next(count)
        for at, cell in poisons:
            if now == at:
                task.workcell.qpos[cell, task.scene.dish_qpos[task.cycle.dish[cell]]] = math.nan
        return step(actions)

    env.step = poisoned
    rows = evaluate_shifts(ConstantPolicy((1.0, 0.2)), env, shifts, make_prices(settings.economics))
    env.close()
    return rows


@pytest.mark.parametrize("at", [0, 5])
def test_a_diverged_shift_is_a_row_of_its_own_kind_and_the_others_are_as_without_it(at):
    sick, healthy = work(2, 4, (at, 1)), work(2, 4)
    assert [row["physics_error"] for row in sick] == [0.0, 1.0, 0.0, 0.0]
    assert [row["physics_error"] for row in healthy] == [0.0] * 4
    assert all(set(row) == set(EVAL_COLUMNS) for row in sick)
    assert [sick[place] for place in (0, 2, 3)] == [healthy[place] for place in (0, 2, 3)]
    assert sick[1]["hours"] == pytest.approx(at * healthy[1]["hours"] / STEPS)
    assert all(math.isnan(sick[1][name]) for name in MONEY)
    found = sum_up(sick)
    assert (found["shifts"], found["diverged"]) == (4, 1)
    profits = [healthy[place]["profit"] for place in (0, 2, 3)]
    assert tuple(found["profit_usd_per_hour"].values()) == mean_interval(profits)


def test_when_every_shift_diverges_the_means_are_nan_and_the_line_is_plain():
    rows = work(2, 2, (0, 0), (5, 1))
    found = sum_up(rows)
    assert (found["shifts"], found["diverged"]) == (2, 2)
    np.testing.assert_equal(found["profit_usd_per_hour"], NAN)
    assert _evaluate.evaluation_line(found, 7) == (
        "evaluation after 7 | diverged: 2 of 2 shifts, nothing is left to average"
    )
    np.testing.assert_equal(intervals([]), dict.fromkeys(intervals(rows), NAN))


def priced(*profits: float) -> list[dict[str, Any]]:
    """Rows of these profits; nan is a shift that diverged."""
    counts = {"hours": 1.0, "attempts": 100.0, "completed": 98.0, "errors": 2.0}
    return [counts | dict.fromkeys(MONEY, profit) | {"physics_error": float(math.isnan(profit))} for profit in profits]


def test_a_shift_that_diverges_for_one_policy_is_left_out_for_all(tmp_path):
    rows = {"blind_constant": priced(10.0, 20.0, 30.0, 90.0), "oracle": priced(12.0, math.nan, 36.0, 108.0)}
    assert [row["profit"] for row in whole_pairs(rows)["blind_constant"]] == [10.0, 30.0, 90.0]
    summary, found = summarise(rows), premiums(rows, seed=0)
    assert [summary[name]["diverged"] for name in rows] == [0, 1]
    assert [summary[name]["shifts"] for name in rows] == [3, 3]
    assert summary["blind_constant"]["profit_usd_per_hour"] == pytest.approx(130.0 / 3.0)
    assert [found["blind_constant"][name] for name in ("value", "low", "high")] == pytest.approx([1.2] * 3)
    assert "diverged: oracle 1; left out for every policy, 3 shifts of each count" in table_text(summary, found)
    rows["oracle"] = priced(*[math.nan] * 4)
    lost, found = summarise(rows), premiums(rows, seed=0)
    assert lost["oracle"]["diverged"] == 4 and lost["oracle"]["shifts"] == 0
    assert all(math.isnan(lost["oracle"][name]) for name in ("profit_usd_per_hour", "err_rate", "mp_per_hour"))
    assert math.isnan(found["blind_constant"]["value"]) and not found["blind_constant"]["holds"]
    assert "diverged: oracle 4; left out for every policy, 0 shifts of each count" in table_text(lost, found)
    draw_baselines(tmp_path / "plot.png", lost, "none")


def test_a_plot_of_evaluations_shows_the_whole_shifts_alone():
    rows = [
        {name: str(value) for name, value in ({"episode": episode} | row).items()}
        for episode, row in zip((1, 1, 1, 2), priced(10.0, 30.0, math.nan, math.nan), strict=True)
    ]
    axis = Figure().subplots()
    _plots._draw_evaluation(axis, _plots.PANELS[0], rows)
    (line,) = axis.lines[:1]
    np.testing.assert_array_equal(line.get_xydata(), [[1.0, 20.0]])
    _plots._draw_evaluation(axis, _plots.PANELS[0], rows[-1:])
    assert len(axis.containers) == 1


def lose(monkeypatch: pytest.MonkeyPatch, *places: int) -> None:
    """Let the shifts at these places of every evaluation diverge in their first step."""
    work_all = _evaluate.evaluate

    def losing(*arguments: Any) -> list[Any]:
        results = work_all(*arguments)
        for place in places:
            if place < len(results):
                results[place].info.update(dict.fromkeys(COUNTS, 0.0), physics_error=1.0)
        return results

    monkeypatch.setattr(_evaluate, "evaluate", losing)


@pytest.mark.usefixtures("without_plots")
def test_a_run_whose_evaluations_lose_shifts_ends_well_and_says_so(tmp_path, monkeypatch, capsys):
    root = tmp_path / "run"
    lose(monkeypatch, 0)
    assert train_tiny(root, "episodes=3", "eval_every=2", "final_shifts=2", "eval_shifts=1", "video=false") == 0
    said = capsys.readouterr().out
    assert "evaluation after 2 | diverged: 1 of 1 shifts, nothing is left to average" in said
    assert "| 1 shifts | diverged: 1 of 2 shifts, left out of every mean" in said
    assert "random diverged: 1 of 2 shifts" in said
    rows = read_rows(root / "eval.csv")
    assert [row["physics_error"] for row in rows] == ["1.0", "1.0", "0.0"]
    summary = json.loads((root / "summary.json").read_text())
    parts = {"final evaluation": summary["eval"], "untrained": summary["untrained"], **summary["baselines"]}
    assert [part["diverged"] for part in parts.values()] == [1] * 4
    assert summary["eval"]["profit_usd_per_hour"]["value"] == float(rows[2]["profit"])
    assert [count for count, _ in evaluations(root).values()] == [1] * 4
    assert read_outcome(root).curve == {3: float(rows[2]["profit"])}
    (root / "summary.json").unlink()
    assert evaluations(root)["evaluation after 3"][0] == 1

    output = tmp_path / "evaluation.json"
    assert evaluate.run([f"run_dir={root}", "shifts=2", f"output={output}"]) == 0
    assert "diverged: 1 of 2 shifts, left out of every mean" in capsys.readouterr().out
    written = json.loads(output.read_text())
    assert (written["eval"]["shifts"], written["eval"]["diverged"]) == (2, 1)
    assert [row["physics_error"] for row in written["shifts"]] == [1.0, 0.0]
    assert written["shifts"][0]["profit"] is None


@pytest.mark.usefixtures("without_plots")
def test_a_run_that_loses_every_shift_has_a_summary_without_means(tmp_path, monkeypatch, capsys):
    root = tmp_path / "run"
    lose(monkeypatch, 0, 1)
    assert train_tiny(root, "episodes=1", "final_shifts=2", "video=false") == 0
    assert "evaluation after 1 | diverged: 2 of 2 shifts, nothing is left to average" in capsys.readouterr().out
    evaluated = json.loads((root / "summary.json").read_text())["eval"]
    assert (evaluated["shifts"], evaluated["diverged"]) == (2, 2)
    assert evaluated["profit_usd_per_hour"] == {"value": None, "low": None, "high": None}
    assert math.isnan(read_outcome(root).scores["profit_usd_per_hour"]) and read_outcome(root).curve == {}


@pytest.mark.usefixtures("without_plots")
def test_the_ledger_marks_diverged_shifts_and_a_run_from_before_the_column_goes_on(tmp_path, monkeypatch, capsys):
    root = tmp_path / "run"
    short = ("video=false", "eval_every=1", "eval_shifts=1", "final_shifts=1")
    assert train_tiny(root, "episodes=2", *short) == 0
    assert [row["physics_error"] for row in read_rows(root / "train.csv")] == ["0.0", "0.0"]
    for name in ("train.csv", "eval.csv"):
        lines = [line.split(",") for line in (root / name).read_text().splitlines()]
        at = lines[0].index("physics_error")
        (root / name).write_text("\n".join(",".join(line[:at] + line[at + 1 :]) for line in lines) + "\n")
    on_episode = _session.Session.on_episode

    def broken(self: Any, result: Any) -> None:
        result.info["physics_error"] = 1.0
        on_episode(self, result)

    monkeypatch.setattr(_session.Session, "on_episode", broken)
    assert train_tiny(root, "episodes=3", "resume=auto", *short) == 0
    assert "episode 3: the physics diverged after 60.0 min; its row says so" in capsys.readouterr().out
    assert [row["physics_error"] for row in read_rows(root / "train.csv")] == ["nan", "nan", "1.0"]
    evaluated = read_rows(root / "eval.csv")
    assert [evaluated[place]["physics_error"] for place in (0, -1)] == ["nan", "0.0"]
    assert diverged(evaluated) == 0
    source = open_source(str(root), 0)
    rows = {tuple(row[:2]): row[2:] for row in results_table(source, last=3).rows}
    mean, _, _, count = rows["last 3 training shifts", "profit_usd_per_hour"]
    assert (mean, count) == (source.recorded["profit"][:2].mean(), 2)
