"""Tests for benchmark.py only=learners: the same maths on both sides, guards, bars, rivals in their own process."""

from __future__ import annotations

import functools
import json
from contextlib import ExitStack
from typing import Any

import pytest
import torch
from torch import Tensor

from agents import VideoEncoder
from agents.sac import losses
from scripts import _benchmark_learners, _benchmark_mlp
from scripts._benchmark import Measurement, time_inside
from scripts._benchmark_rivals import Rival
from scripts._benchmark_video import (
    BATCH,
    CELLS,
    SEGMENT,
    bare_update,
    compare_gradients,
    make_video_learner,
    record_steps,
)
from scripts._cli import compose_settings
from scripts.benchmark import GROUPS, run


@pytest.fixture(scope="module")
def recorded():
    return record_steps(6)


class Theirs:
    """A rival that needs no process."""

    def __init__(self, make: Any, *arguments: Any) -> None:
        self.arguments = arguments

    def __enter__(self) -> Theirs:
        return self

    def __exit__(self, *exc_info: object) -> None:
        pass

    def over(self, update: Any, theirs: int, ours: int) -> float:
        return 2.0


def test_segments_are_those_of_the_task_by_default():
    assert compose_settings(["task=dishwashing", "task.observation=video"]).agent.segment_length == SEGMENT


@pytest.mark.parametrize("segment", [1, SEGMENT])
@pytest.mark.parametrize("in_bfloat16", [False, True])
def test_ours_and_the_plain_one_have_the_same_losses_and_gradients(recorded, segment, in_bfloat16):
    learner = make_video_learner(segment, recorded, 30 * CELLS)
    encoder = learner.agent.encoder
    assert isinstance(encoder, VideoEncoder)
    encoder.learns_in_bfloat16 = in_bfloat16
    before = [weight.clone() for weight in encoder.parameters()]
    error, cosine = compare_gradients(learner)
    assert error < (0.01 if in_bfloat16 else 1e-5)
    assert (error > 1e-5) is in_bfloat16
    assert cosine > (0.99 if in_bfloat16 else 0.999999)
    assert all((one == other).all() for one, other in zip(before, encoder.parameters(), strict=True))
    assert {group["lr"] for optimizer in learner.agent.optimizers.values() for group in optimizer.param_groups} == {
        learner.config.learning_rate
    }


def test_another_loss_breaks_a_guard(recorded, monkeypatch):
    own = losses.actor_loss
    monkeypatch.setattr(losses, "actor_loss", lambda q, *others: own(q.mean(0, keepdim=True), *others))
    error, _ = compare_gradients(make_video_learner(1, recorded, 30 * CELLS))
    assert error > 0.01


def test_another_gradient_of_the_same_loss_breaks_a_guard(recorded, monkeypatch):
    own = losses.critic_loss

    def of_one_critic(q: Tensor, target: Tensor, weights: Tensor) -> Tensor:
        return own(torch.stack([q[0], q[1].detach()]), target, weights)

    monkeypatch.setattr(losses, "critic_loss", of_one_critic)
    learner = make_video_learner(1, recorded, 30 * CELLS)
    assert isinstance(learner.agent.encoder, VideoEncoder)
    learner.agent.encoder.learns_in_bfloat16 = False  # whatever the processor has
    error, cosine = compare_gradients(learner)
    assert error < 1e-5
    assert cosine < 0.99


def test_the_bare_update_learns_too(recorded):
    learner = make_video_learner(SEGMENT, recorded, 30 * CELLS)
    before = [
        weight.clone() for module in (learner.agent.encoder, learner.agent.actor) for weight in module.parameters()
    ]
    bare_update(learner)()
    after = [weight for module in (learner.agent.encoder, learner.agent.actor) for weight in module.parameters()]
    assert all((one != other).any() for one, other in zip(before, after, strict=True))
    assert learner.agent.critic.weights[0].requires_grad


@pytest.mark.soak
def test_bars_are_those_that_were_promised(monkeypatch):
    monkeypatch.setattr(_benchmark_learners, "Rival", Theirs)
    monkeypatch.setattr(_benchmark_learners, "RECORDED_STEPS", 6)
    monkeypatch.setattr(_benchmark_learners, "ROWS", dict.fromkeys(_benchmark_learners.ROWS, 30 * CELLS))
    monkeypatch.setattr(_benchmark_learners, "NAIVE_ROWS", BATCH)
    monkeypatch.setattr(_benchmark_learners, "EPISODES", dict.fromkeys(_benchmark_learners.EPISODES, 4))
    small = {name: [*words, "agent.batch_size=16"] for name, words in _benchmark_learners.TASKS.items()}
    monkeypatch.setattr(_benchmark_learners, "TASKS", small)
    monkeypatch.setattr(_benchmark_mlp, "ROWS", 300)
    with ExitStack() as stack:
        found = {each.name: each for each in _benchmark_learners.learners_measurements(stack)}
        shares = [each.measure() for name, each in found.items() if name.startswith("replay_share")]
        assert found["train_step_overhead_state"].measure() > 0.0
        assert found["sac_video_segments_overhead"].measure() > 0.0
        assert found["overlap_speedup"].measure() > 0.0
    assert all(0.0 < share < 1.0 for share in shares)
    assert {name: (each.bound, each.side) for name, each in found.items() if each.bound is not None} == {
        "sac_mlp_vs_sb3": (1.3, "lower"),
        "sac_video_vs_naive": (3.5, "lower"),
        "sac_video_segments_vs_naive": (12.0, "lower"),
        "sac_loss_error": (0.01, "upper"),
        "sac_gradient_cosine": (0.99, "lower"),
        "sac_video_overhead": (1.15, "upper"),
        "sac_video_segments_overhead": (1.15, "upper"),
        "replay_share_mlp": (0.05, "upper"),
        "replay_share_video": (0.05, "upper"),
        "replay_share_video_segments": (0.05, "upper"),
        "train_step_overhead_state": (1.10, "upper"),
        "train_step_overhead_video": (1.10, "upper"),
        "train_step_overhead_physical": (1.10, "upper"),
        "replay_share_default_state": (0.05, "upper"),
        "replay_share_default_video": (0.05, "upper"),
        "replay_share_default_physical": (0.05, "upper"),
    }
    assert [name for name, each in found.items() if each.is_guard] == ["sac_loss_error", "sac_gradient_cosine"]


def test_stable_baselines3_that_is_not_installed_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(_benchmark_mlp, "ROWS", 300)
    monkeypatch.setattr(_benchmark_learners, "find_spec", lambda name: None)
    with ExitStack() as stack:
        assert [each.name for each in _benchmark_learners._on_states(stack)] == ["replay_share_mlp"]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("make setup installs it")


def test_a_rival_works_in_a_process_of_its_own():
    with Rival(functools.partial, sum, range(1000)) as rival:
        short, long = rival.seconds(1), rival.seconds(5000)
        assert 0.0 <= short < long
        assert rival.over(lambda: sum(range(1000)), 5000, 5000) == pytest.approx(1.0, abs=0.7)


def test_a_broken_guard_is_a_line_and_a_status(monkeypatch, capsys):
    kept = [Measurement("kept", "ratio", lambda: 0.5, 1.0, is_guard=True)]
    monkeypatch.setitem(GROUPS, "learners", lambda _: kept)
    assert run(["only=learners", "rounds=1"]) == 0
    broken = [Measurement("slow", "ratio", lambda: 9.0, 1.0), Measurement("same", "ratio", lambda: float("nan"), 0.9)]
    monkeypatch.setitem(
        GROUPS, "learners", lambda _: [broken[0], Measurement("same", "", lambda: 0.1, 0.9, "lower", True)]
    )
    capsys.readouterr()
    assert run(["only=learners", "rounds=1"]) == 1
    said = capsys.readouterr()
    assert [json.loads(line)["name"] for line in said.out.splitlines()] == ["slow", "same"]
    assert said.err.splitlines() == ["benchmark.py: not the same maths, compare nothing: same"]
    assert not broken[1].holds(float("nan"))


def test_time_inside_counts_calls_and_gives_the_methods_back():
    class Clock:
        now = 0.0

        def work(self, seconds: float) -> float:
            self.now += seconds
            return seconds

    clock = Clock()
    with time_inside((clock, "work"), clock=lambda: clock.now) as inside:
        assert clock.work(2.0) == 2.0
        clock.now += 10.0
        clock.work(3.0)
        assert inside() == 5.0
    assert "work" not in vars(clock)
