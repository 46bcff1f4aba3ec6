"""How fast the learners learn: beside Stable-Baselines3 and a plain SAC, over bare passes, and in a training."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from typing import Any

from scripts._benchmark import Measurement, alternating_seconds, seconds, time_inside
from scripts._benchmark_overlap import overlap_measurements
from scripts._benchmark_rivals import CLOCK, THREADS, Rival
from scripts._cli import compose_settings
from scripts._machine import has_bfloat16

TASKS = {
    "state": ["task=dishwashing", "task.observation=state", "encoder=mlp"],
    "video": ["task=dishwashing", "task.observation=video", "encoder=simple2dcnn"],
    "physical": ["task=dishwashing_mujoco", "encoder=simple2dcnn", "task.shift_minutes=1.0"],
}
EPISODES = {"state": 12, "video": 4, "physical": 4}
UPDATES = {"state": 100, "video": 20, "physical": 20}
BARS = {"video": 3.5, "video_segments": 12.0}
SLICES = {"video": 2, "video_segments": 6}  # updates of ours that take turns with one of the plain SAC
RECORDED_STEPS = 160
ROWS = {"video": 102_400, "video_segments": 10_240}  # two independent samples of a batch seldom share a frame
NAIVE_ROWS = 256


def learners_measurements(stack: ExitStack) -> list[Measurement]:
    """Ratios of speed with their guards, and shares of an update and of a training step.

    Args:
        stack: closes what the measurements hold open
    """
    import torch

    torch.set_num_threads(THREADS)
    trained = [found for name in TASKS for found in _training(name, stack)]
    return [*_on_states(stack), *_on_video(stack), *trained, *overlap_measurements(stack)]


def _on_states(stack: ExitStack) -> list[Measurement]:
    """Updates per second over Stable-Baselines3's, with its networks and even sampling on both sides."""
    from scripts._benchmark_mlp import make_mlp_learner, stable_baselines3_update

    learner = make_mlp_learner()
    share = Measurement("replay_share_mlp", "ratio", lambda: replay_share(learner, 60), 0.05)
    if find_spec("stable_baselines3") is None:
        print("benchmark.py: Stable-Baselines3 is not installed; make setup installs it", file=sys.stderr)
        return [share]
    rival = stack.enter_context(Rival(stable_baselines3_update))
    return [Measurement("sac_mlp_vs_sb3", "ratio", lambda: rival.over(_updating(learner), 20, 30), 1.3, "lower"), share]


def _on_video(stack: ExitStack) -> list[Measurement]:
    """Updates per second over the plain SAC's, the guards of that comparison, overhead, and the share of sampling."""
    from scripts import _benchmark_video as video
    from scripts._benchmark_naive import stack as stacked

    print(f"benchmark.py: encoders learn in {'bfloat16' if has_bfloat16() else 'float32'} here", file=sys.stderr)
    recorded = video.record_steps(RECORDED_STEPS)
    segments = {"video": 1, "video_segments": video.SEGMENT}
    learners = {name: video.make_video_learner(length, recorded, ROWS[name]) for name, length in segments.items()}
    replay, rng = learners["video"].replay, learners["video"].rng
    rival = stack.enter_context(Rival(video.naive_update, stacked(replay.sample(NAIVE_ROWS, rng))))
    compared = [video.compare_gradients(learner) for learner in learners.values()]
    error, cosine = max(pair[0] for pair in compared), min(pair[1] for pair in compared)
    found = [
        Measurement("sac_loss_error", "ratio", lambda: error, 0.01, is_guard=True),
        Measurement("sac_gradient_cosine", "cosine", lambda: cosine, 0.99, "lower", is_guard=True),
    ]
    for name, learner in learners.items():
        bare = video.bare_update(learner)
        found += _video_case(name, learner, bare, rival)
    return found


def _video_case(name: str, learner: Any, bare: Callable[[], object], rival: Any) -> list[Measurement]:
    update, count = _updating(learner), SLICES[name]

    def overhead() -> float:
        ours_s, bare_s = alternating_seconds(lambda _: update(), lambda _: bare(), 4 * count, count, CLOCK)
        return ours_s / bare_s

    return [
        Measurement(f"sac_{name}_vs_naive", "ratio", lambda: rival.over(update, 1, count), BARS[name], "lower"),
        Measurement(f"sac_{name}_overhead", "ratio", overhead, 1.15),
        Measurement(f"replay_share_{name}", "ratio", lambda: replay_share(learner, 2 * count), 0.05),
    ]


def _training(name: str, stack: ExitStack) -> list[Measurement]:
    """The default learner of a task: a training step over env step and update, replay's share, updates per second."""
    from scripts._build import for_training, make_cells, make_learner

    settings = compose_settings([*TASKS[name], "agent.warmup_steps=0", "overlap=false", "device=cpu"])
    env = make_cells(for_training(settings), settings.task.cells)
    stack.callback(env.close)
    learner = make_learner(settings, env)
    training_overhead(env, learner, EPISODES[name])
    return [
        Measurement(
            f"train_step_overhead_{name}", "ratio", lambda: training_overhead(env, learner, EPISODES[name]), 1.10
        ),
        Measurement(f"replay_share_default_{name}", "ratio", lambda: replay_share(learner, UPDATES[name]), 0.05),
        Measurement(
            f"learner_updates_per_s_{name}",
            "updates/s",
            lambda: UPDATES[name] / seconds(lambda _: _updating(learner)(), range(UPDATES[name]), CLOCK),
        ),
    ]


def replay_share(learner: Any, updates: int) -> float:
    """Return the share of an update that sampling and writing its priorities take.

    Args:
        learner: with a full replay
        updates: how many
    """
    update = _updating(learner)
    with time_inside((learner.replay, "sample"), (learner.replay, "update_priorities"), clock=CLOCK) as inside:
        spent_s = seconds(lambda _: update(), range(updates), CLOCK)
        return inside() / spent_s


def training_overhead(env: Any, learner: Any, episodes: int) -> float:
    """Train for a while; return its time over that of env steps and updates alone.

    Args:
        env: vector environment
        learner: off-policy learner
        episodes: how many
    """
    from agents import LoopConfig, NoConstraint, train

    with time_inside((env, "step"), (learner, "update"), clock=CLOCK) as inside:
        started = CLOCK()
        train(env, learner, NoConstraint(), [], LoopConfig(episodes=episodes))
        return (CLOCK() - started) / inside()


def _updating(learner: Any) -> Callable[[], object]:
    return lambda: learner.update(0.0, 0.1)
