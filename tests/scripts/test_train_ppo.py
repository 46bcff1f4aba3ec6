"""Tests for train.py agent=ppo: the run folder, resuming, and the scripts that read it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from agents import load_policy
from economics import LEDGER_COLUMNS
from scripts import evaluate, record_video
from scripts._cli import guarded, run_with_hydra
from scripts._runs import read_config, read_rows
from scripts.train import run

TINY = [
    *("task=dishwashing", "agent=ppo", "task.cells=1", "episodes=4", "agent.rollout_steps=45", "agent.batch_size=16"),
    *("agent.epochs=2", "agent.hidden=32", "checkpoint_every=1", "eval_every=2", "eval_shifts=2", "final_shifts=3"),
    *("threads=1", "video=false"),
]


def train_tiny(root: Path, *overrides: str) -> int:
    return run_with_hydra(run, [*TINY, f"run_dir={root}", *overrides])


def timeless(path: Path) -> list[dict[str, str]]:
    return [{name: value for name, value in row.items() if name != "wall_s"} for row in read_rows(path)]


@pytest.fixture(scope="module")
def ppo_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("ppo") / "run"
    assert train_tiny(root) == 0
    return root


def test_the_ledger_and_the_summary_are_those_of_every_agent(ppo_run):
    rows = read_rows(ppo_run / "train.csv")
    assert tuple(rows[0]) == LEDGER_COLUMNS
    assert [row["episode"] for row in rows] == ["1", "2", "3", "4"]
    for name in ("critic_loss", "actor_loss", "mean_weight", "novelty_norm", "novelty_raw", "buffer_size"):
        assert np.isfinite(float(rows[1][name]))
    assert np.isnan(float(rows[1]["alpha"]))
    summary = json.loads((ppo_run / "summary.json").read_text())
    assert summary["agent"] == "ppo"
    # 243 loop steps are 5 rollouts; each is dealt into 3 parts, twice.
    assert summary["updates"] == 5 * 3 * 2
    assert summary["eval"]["optimum_fraction"]["value"] > 0.0
    assert read_config(ppo_run)["agent"]["name"] == "ppo"


@pytest.mark.usefixtures("without_plots")
@pytest.mark.soak
def test_a_resumed_run_gives_the_same_rows(ppo_run, tmp_path):
    root = tmp_path / "run"
    assert train_tiny(root, "episodes=2") == 0
    assert train_tiny(root, "resume=auto") == 0
    for name in ("train.csv", "eval.csv"):
        assert timeless(root / name) == timeless(ppo_run / name)


def test_another_agent_cannot_go_on_with_it(ppo_run, capsys):
    overrides = ["task=dishwashing", "task.cells=1", "agent=sac", f"run_dir={ppo_run}", "resume=auto", "video=false"]
    with pytest.raises(SystemExit) as caught:
        run_with_hydra(run, overrides)
    assert caught.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "agent: the run to resume has ppo, not sac; nearest valid: agent=ppo" in line


def test_its_policy_can_be_loaded_evaluated_and_filmed(ppo_run, tmp_path):
    assert load_policy(ppo_run)(np.zeros(4, np.float32)).shape == (2,)
    written = tmp_path / "evaluation.json"
    assert guarded(lambda: evaluate.run([f"run_dir={ppo_run}", "shifts=3", f"output={written}"])) == 0
    found, summary = (json.loads(path.read_text()) for path in (written, ppo_run / "summary.json"))
    assert found["eval"]["mp_per_hour"] == summary["eval"]["mp_per_hour"]
    film = tmp_path / "a.mp4"
    assert guarded(lambda: record_video.run([f"run_dir={ppo_run}", "seconds=600", f"output={film}"])) == 0
    assert film.stat().st_size > 1000


@pytest.mark.usefixtures("without_plots")
def test_video_trains_too(tmp_path):
    root = tmp_path / "run"
    small = ["task.observation=video", "episodes=1", "final_shifts=1", "agent.rollout_steps=30", "agent.epochs=1"]
    assert train_tiny(root, *small) == 0
    assert json.loads((root / "summary.json").read_text())["updates"] == 4


@pytest.mark.usefixtures("without_plots")
@pytest.mark.parametrize("observation", ["video", "privileged"])
def test_the_workcell_trains_it_and_everything_learned_is_logged(observation, tmp_path):
    root = tmp_path / "run"
    small = ["task=dishwashing_mujoco", f"task.observation={observation}", "task.shift_minutes=0.1", "episodes=2"]
    small += ["agent.rollout_steps=12", "agent.batch_size=8", "agent.epochs=2", "encoder.latent_dim=16"]
    small += ["agent.valuation_alpha=0.1", "final_shifts=1"]
    assert train_tiny(root, *small) == 0
    summary = json.loads((root / "summary.json").read_text())
    assert summary["agent"] == "ppo"
    assert summary["updates"] > 0
    board = EventAccumulator(str(root / "tensorboard")).Reload()
    for name in ("policy_loss", "value_loss", "entropy", "mean_weight", "mean_valuation"):
        values = [event.value for event in board.Scalars(f"learner/{name}")]
        assert values and np.isfinite(values).all(), name
    valuation, weight = (board.Scalars(f"learner/mean_{name}")[-1].value for name in ("valuation", "weight"))
    # The sigmoid of valuations above 0 is concave: its mean is at most that of the mean.
    assert 0.5 < weight < 1.0 / (1.0 + np.exp(-0.1 * valuation)) + 1e-6
    last = read_rows(root / "train.csv")[-1]
    for column, name in (("actor_loss", "policy_loss"), ("critic_loss", "value_loss"), ("mean_weight", "mean_weight")):
        assert float(last[column]) == pytest.approx(board.Scalars(f"learner/{name}")[-1].value, rel=1e-5)
