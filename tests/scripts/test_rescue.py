"""Tests for _rescue.py: what train.py says and leaves behind when numbers become NaN."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from agents import OffPolicyLearner, all_finite, latest_checkpoint, load_checkpoint
from agents.sac import losses
from scripts._runs import read_rows
from v2p_sim.faces import CellsVectorEnv

from .conftest import train_tiny

UPDATES = 8  # 0.1 an env step, from step 60 of 240 on: in the third episode


def stopped(root: Path, capsys: pytest.CaptureFixture[str], *overrides: str) -> str:
    """Train until it stops with status 3 and return the line that says why."""
    with pytest.raises(SystemExit) as caught:
        train_tiny(root, "video=false", *overrides)
    assert caught.value.code == 3
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.usefixtures("without_plots")
def test_a_nan_loss_stops_the_run_with_a_good_checkpoint_from_which_it_goes_on(tmp_path, monkeypatch, capsys):
    root, usual, calls = tmp_path / "run", losses.critic_loss, []

    def critic_loss(*given: torch.Tensor) -> torch.Tensor:
        calls.append(None)
        return usual(*given) * (math.nan if len(calls) == UPDATES + 1 else 1.0)

    monkeypatch.setattr(losses, "critic_loss", critic_loss)
    line = stopped(root, capsys, "checkpoint_every=1000")
    checkpoint = latest_checkpoint(root / "checkpoints")
    assert checkpoint is not None
    assert f"update {UPDATES + 1} in episode 3: critic_loss or its gradient is nan; its batch is finite" in line
    assert f"the last good state is {checkpoint}; cure: a smaller agent.lr" in line
    saved = load_checkpoint(checkpoint)
    assert all_finite(saved["learner"])
    assert saved["learner"]["updates"] == UPDATES
    assert train_tiny(root, "video=false", "checkpoint_every=1000", "resume=auto") == 0
    assert [row["episode"] for row in read_rows(root / "train.csv")] == ["1", "2", "3", "4"]


@pytest.mark.usefixtures("without_plots")
def test_weights_that_are_nan_are_not_saved_and_the_checkpoint_before_them_is_named(tmp_path, monkeypatch, capsys):
    root, usual, calls = tmp_path / "run", OffPolicyLearner.update, []

    def update(learner: OffPolicyLearner, *given: float) -> dict[str, float]:
        calls.append(None)
        if len(calls) == UPDATES + 1:
            with torch.no_grad():
                next(learner.agent.critic.parameters()).fill_(math.nan)
        return usual(learner, *given)

    monkeypatch.setattr(OffPolicyLearner, "update", update)
    line = stopped(root, capsys, "checkpoint_every=1")
    checkpoint = latest_checkpoint(root / "checkpoints")
    assert checkpoint is not None
    assert f"the last good state is {checkpoint}" in line
    saved = load_checkpoint(checkpoint)
    assert saved["loop"]["episode"] == 2
    assert all_finite(saved["learner"])


def test_a_task_that_shows_nan_stops_the_run_and_says_where_it_came_in(tmp_path, monkeypatch, capsys):
    usual, calls = CellsVectorEnv.step, []

    def step(env: CellsVectorEnv, actions: np.ndarray) -> tuple:
        observations, rewards, *rest = usual(env, actions)
        calls.append(None)
        return observations, rewards * (math.nan if len(calls) == 30 else 1.0), *rest

    monkeypatch.setattr(CellsVectorEnv, "step", step)
    line = stopped(tmp_path / "run", capsys)
    assert "replay.add: rewards must be finite, got nan in row 0" in line
    assert "no checkpoint was saved before" in line
