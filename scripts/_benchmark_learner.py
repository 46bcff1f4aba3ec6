"""How fast the learner learns: updates per second on states and on video."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import numpy as np

from scripts._benchmark import Measurement
from scripts._cli import compose_settings

OVERRIDES = {
    "state": ["task=dishwashing", "task.observation=state", "encoder=mlp", "agent.batch_size=256"],
    "video": ["task=dishwashing", "task.observation=video", "encoder=simple2dcnn", "agent.batch_size=64"],
}
SPAN_S = 2.0


def learner_measurements(_stack: ExitStack) -> list[Measurement]:
    """Updates per second of the learner on states and on video, with replay filled by random actions."""
    return [
        Measurement(f"learner_updates_per_s_{name}", "updates/s", _updates(overrides))
        for name, overrides in OVERRIDES.items()
    ]


def _updates(overrides: Sequence[str]) -> Callable[[], float]:
    import torch

    from agents import OffPolicyLearner, Step
    from scripts._build import learner_threads, make_cells, make_learner

    settings = compose_settings(overrides)
    env = make_cells(settings, 1)
    learner = make_learner(settings, env)
    assert isinstance(learner, OffPolicyLearner)
    observations, _ = env.reset(seed=0)
    env.action_space.seed(0)
    learner.start(observations)
    reset = np.zeros(1, bool)
    for _ in range(600):
        actions = env.action_space.sample()
        observations, rewards, ended, cut, info = env.step(actions)
        learner.observe(Step(actions, rewards, info["errors_step"], info["attempts_step"], observations, ended, reset))
        reset = ended | cut

    def measure() -> float:
        torch.set_num_threads(learner_threads(settings))
        learner.update(0.0, 0.1)
        count, started = 0, time.perf_counter()
        while time.perf_counter() - started < SPAN_S:
            learner.update(0.0, 0.1)
            count += 1
        return count / (time.perf_counter() - started)

    return measure
