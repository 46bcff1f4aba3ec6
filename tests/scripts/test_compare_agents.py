"""Tests for compare_agents.py: toy runs end to end, going on, finished runs, the table's numbers, errors."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from economics import Prices
from scripts import _compare, compare_agents
from scripts._baselines import Bench
from scripts._cli import guarded
from scripts._compare import QUANTITIES, Outcome, read_outcome, scripted_settings, training
from scripts._compare_report import agents_table, draw_agents
from scripts._evaluate import FIRST_SEED
from scripts._interrupts import Interrupted
from scripts._runs import read_rows

TINY = ["task=dishwashing", "task.cells=1", "threads=1", "episodes=2", "final_shifts=2", "eval_shifts=1"]


def outcome(agent: str, seed: int, profit: float, curve: dict[int, float] | None = None, **changes: Any) -> Outcome:
    scores = dict.fromkeys(QUANTITIES, 0.5) | {"profit_usd_per_hour": profit}
    values = {"shifts": 4, "wall_min": 2.0, "task": "dishwashing"} | changes
    return Outcome(agent=agent, seed=seed, scores=scores, curve={} if curve is None else curve, **values)


def finished(root: Path, agent: str, seed: int, shifts: int = 2, task: str = "dishwashing") -> Path:
    root.mkdir(parents=True)
    found = {name: {"value": 1.0, "low": 0.0, "high": 2.0} for name in QUANTITIES[:-1]}
    summary = {"task": task, "agent": agent, "seed": seed, "wall_s": 60.0, "eval": {**found, "shifts": shifts}}
    (root / "summary.json").write_text(json.dumps(summary))
    return root


@pytest.mark.usefixtures("without_plots")
def test_a_comparison_leaves_table_and_picture_and_goes_on_with_more_seeds(tmp_path, capsys):
    root = tmp_path / "cmp"
    assert compare_agents.run([*TINY, "agents=ppo,heuristic,random", "seeds=1", f"output={root}"]) == 0
    first = read_rows(root / "seeds.csv")
    assert compare_agents.run([*TINY, "agents=heuristic,random", "seeds=2", f"output={root}"]) == 0
    said = capsys.readouterr().out
    assert "3 of 3 runs are to be done" in said and "2 of 4 runs are to be done" in said
    rows = {(row["agent"], row["seed"]): row for row in read_rows(root / "seeds.csv")}
    assert set(rows) == {(agent, seed) for agent in ("heuristic", "random") for seed in "01"}
    assert [row for row in first if row["agent"] != "ppo"] == [rows["heuristic", "0"], rows["random", "0"]]
    assert rows["random", "0"]["profit_usd_per_hour"] != rows["random", "1"]["profit_usd_per_hour"]
    assert all(0.0 < float(row["optimum_fraction"]) <= 1.0 for row in rows.values())
    table = read_rows(root / "compare_agents.csv")
    assert [row["seeds"] for row in table] == ["2", "2"]
    assert float(table[0]["low_95"]) <= float(table[0]["profit"]) <= float(table[0]["high_95"])
    assert (root / "compare_agents.png").stat().st_size > 10_000
    trained, searched = (root / "runs" / name for name in ("ppo_seed0", "heuristic_seed0"))
    for folder in (trained, searched):
        evaluated = json.loads((folder / "summary.json").read_text())["eval"]
        assert (evaluated["shifts"], evaluated["first_seed"]) == (2, FIRST_SEED)
    learned = read_outcome(trained)
    assert (learned.agent, learned.seed, sorted(learned.curve)) == ("ppo", 0, [1, 2])
    assert compare_agents.run([f"run_dirs={trained},{searched}", f"output={tmp_path / 'again'}"]) == 0
    assert {row["agent"] for row in read_rows(tmp_path / "again" / "compare_agents.csv")} == {"ppo", "heuristic"}


@pytest.mark.usefixtures("without_plots")
def test_a_setting_that_varies_tells_runs_of_one_agent_apart(tmp_path, capsys):
    root = tmp_path / "cmp"
    words = ["agents=sac,random", "seeds=2", "agent.warmup_steps=60", "agent.updates_per_step=0.02"]
    assert compare_agents.run([*TINY, *words, "vary=agent.n_step=1,4", f"output={root}"]) == 0
    said = capsys.readouterr().out
    assert "6 of 6 runs are to be done" in said and "sac agent.n_step=4, seed 1 (5 of 6)" in said
    rows = {(row["agent"], row["seed"]): row["profit_usd_per_hour"] for row in read_rows(root / "seeds.csv")}
    assert set(rows) == {(agent, seed) for agent in ("sac n_step=1", "sac n_step=4", "random") for seed in "01"}
    assert rows["sac n_step=1", "0"] != rows["sac n_step=4", "0"]
    alone = [str(root / "runs" / f"sac_agent.n_step=4_seed{seed}") for seed in range(2)]
    assert compare_agents.run([f"run_dirs={','.join(alone)}", f"output={tmp_path / 'again'}"]) == 0
    assert [row["agent"] for row in read_rows(tmp_path / "again" / "compare_agents.csv")] == ["sac"]


def test_the_table_holds_interquartile_means_and_the_best_agent_first():
    profits = [1.0, 10.0, 11.0, 12.0, 100.0]
    own = [outcome("sac", seed, profit, wall_min=float(seed)) for seed, profit in enumerate(profits)]
    table = agents_table([outcome("random", 0, 5.0), *own])
    assert [row[0] for row in table.rows] == ["sac", "random"]
    sac = dict(zip(table.columns, table.rows[0], strict=True))
    assert (sac["profit"], sac["seeds"], sac["wall_min"], sac["of_optimum"]) == (11.0, 5, 2.0, 0.5)
    assert 1.0 <= sac["low_95"] < 11.0 < sac["high_95"] <= 100.0
    assert math.isnan(table.rows[1][table.columns.index("low_95")])


def test_a_curve_has_the_points_at_which_all_seeds_were_evaluated():
    often = outcome("ppo", 0, 9.0, {5: 9.0, 10: 1.0, 15: 9.0, 20: 2.0})
    axis = draw_agents([often, outcome("ppo", 1, 9.0, {10: 3.0, 20: 4.0})]).axes[0]
    assert axis.get_lines()[0].get_xydata().tolist() == [[10.0, 2.0], [20.0, 3.0]]
    assert axis.get_lines()[0].get_label() == "ppo, 2 seeds"


def test_learners_are_curves_and_the_others_levels():
    axis = draw_agents([outcome("sac", 0, 9.0, {5: 1.0, 10: 9.0}), outcome("random", 0, 5.0)]).axes[0]
    sac, random = ((list(line.get_xdata()), list(line.get_ydata())) for line in axis.lines)
    assert sac == ([5, 10], [1.0, 9.0])
    assert random == ([0, 10], [5.0, 5.0])
    assert [line.get_label() for line in axis.lines] == ["sac, 1 seed", "random, 1 seed"]


def test_the_readme_says_what_the_published_ledgers_hold():
    root = Path(__file__).parents[2]
    found = [read_outcome(root / "docs" / "ledgers" / f"sac_{seed}") for seed in range(3)]
    assert {(one.agent, one.task, one.shifts) for one in found} == {("sac", "dishwashing_mujoco", 32)}
    profits = [f"${one.scores['profit_usd_per_hour']:.2f}" for one in found]
    said = " ".join((root / "README.md").read_text(encoding="utf-8").split())
    assert "{}, {} and {} an hour".format(*profits) in said


def test_learners_train_as_train_does_and_the_others_look_at_numbers(tmp_path):
    job = _compare.Job("sac", 3, tmp_path / "it's here")
    settings = training(["task=dishwashing", "episodes=100", "agent.lr=1e-4"], job)
    assert (settings.seed, settings.agent.name, settings.agent.lr, settings.video) == (3, "sac", 1e-4, False)
    assert (settings.run_dir, settings.resume, settings.eval_every) == (str(job.root), "auto", 10)
    assert training(["task=dishwashing", "eval_every=7", "video=true"], job).eval_every == 7
    physical = scripted_settings(["task=dishwashing_mujoco", "encoder=simple3dcnn", "episodes=3"])
    assert (physical.task.observation, physical.episodes) == ("privileged", 3)
    assert scripted_settings(["task=dishwashing", "task.observation=video"]).task.observation == "state"


def test_a_search_that_is_not_told_the_kind_ends_with_the_schedule(monkeypatch):
    monkeypatch.setattr(Bench, "layout", SimpleNamespace(phases=("pick", "scrub"), kinds=("plate", "glass")))
    told, blind = (Bench(None, Prices(), 0, lambda: None, told_kinds=told).names for told in (True, False))
    assert told == ("random", "blind_constant", "blind_schedule", "oracle")
    assert blind == told[:-1]


def test_an_interrupted_search_leaves_nothing_that_counts(tmp_path, monkeypatch):
    def interrupt(*_: Any) -> None:
        raise Interrupted

    monkeypatch.setattr(_compare, "evaluate_shifts", interrupt)
    job = _compare.Job("random", 0, tmp_path / "random")
    _compare.work(job, TINY)
    assert not (job.root / "summary.json").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["agents=sac,heuristics"],
            "agents: 'heuristics' is not one of sac, ppo, heuristic, random; nearest valid: heuristic",
        ),
        (["agent=ppo"], "agent: a comparison sets it itself; nearest valid: agents=..."),
        (["seed=1"], "seed: a comparison sets it itself; nearest valid: seeds=..."),
        (["seeds=0"], "seeds: must be at least 1, got 0; nearest valid: 1"),
        (["task=dishwashing", "agents=sac", "agent.lr=-1"], "agent.lr: must be more than 0"),
        (["run_dirs={tmp}/a", "task=dishwashing"], "task: run_dirs= reads finished runs as they are"),
        (["run_dirs={tmp}/a", "vary=agent.lr=1,2"], "vary: run_dirs= reads finished runs as they are"),
        (["task=dishwashing", "vary=agent.lr"], "vary: 'agent.lr' is no KEY=VALUE,VALUE; nearest valid: vary="),
        (["task=dishwashing", "vary=seed=1,2"], "seed: a comparison sets it itself; nearest valid: seeds=..."),
        (["task=dishwashing", "agents=sac", "vary=agent.lr=1e-3,-1"], "agent.lr: must be more than 0"),
        (["task=dishwashing", "agents=sac", "vary=agent.rl=1,2"], "agent.rl"),
        (["run_dirs={tmp}/none"], "{tmp}/none has no summary.json"),
        (["run_dirs={tmp}/a,{tmp}/twice"], "{tmp}/a and {tmp}/twice are both sac with seed 0; leave one out"),
        (["run_dirs={tmp}/a,{tmp}/more"], "{tmp}/more has shifts of evaluation 9, {tmp}/a has 2"),
        (["run_dirs={tmp}/a,{tmp}/other"], "{tmp}/other has task bricklaying, {tmp}/a has dishwashing"),
        (["run_dirs={tmp}/bad"], "summary.json is damaged"),
    ],
)
def test_mistakes_are_one_line(words, said, tmp_path, capsys):
    finished(tmp_path / "a", "sac", 0)
    finished(tmp_path / "twice", "sac", 0)
    finished(tmp_path / "more", "ppo", 0, shifts=9)
    finished(tmp_path / "other", "ppo", 0, task="bricklaying")
    (finished(tmp_path / "bad", "sac", 0) / "summary.json").write_text("{}")
    before = sorted(tmp_path.iterdir())
    argv = [word.format(tmp=tmp_path) for word in words]
    assert guarded(lambda: compare_agents.run([f"output={tmp_path / 'out'}", *argv])) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said.format(tmp=tmp_path) in line
    assert sorted(tmp_path.iterdir()) == before
