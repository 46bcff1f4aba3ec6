"""Measure speed: `python scripts/benchmark.py [only=env|learner] [rounds=5]` prints JSON lines of medians.

`bound` is the largest value that is acceptable, or null. An overhead is the time of env.step over the time of the bare
native rollout of the same substeps and the bare render of the same camera.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from scripts._cli import compose_settings, guarded, load_arguments

OVERHEAD_BOUND = 1.25
SHORT_SUBSTEPS = 20
LEARNER_OVERRIDES = {
    "state": ["task=dishwashing", "task.observation=state", "encoder=mlp", "agent.batch_size=256"],
    "video": ["task=dishwashing", "task.observation=video", "encoder=simple2dcnn", "agent.batch_size=64"],
}


class BenchmarkArguments(BaseModel):
    """What the command line can say."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    only: Literal["all", "env", "learner"] = "all"
    rounds: Annotated[int, Field(ge=1)] = 5


@dataclass(frozen=True)
class Measurement:
    """One number to measure: `measure()` returns it once."""

    name: str
    unit: str
    measure: Callable[[], float]
    bound: float | None = None


def interleaved_medians(measurements: Sequence[Measurement], rounds: int) -> list[dict[str, Any]]:
    """Measure in turns, so that a slow moment of the machine hits all alike.

    Args:
        measurements: what to measure
        rounds: how often

    Returns:
        One line each: name, value (median over the rounds), unit, bound.
    """
    values: dict[str, list[float]] = {measurement.name: [] for measurement in measurements}
    for _ in range(rounds):
        for measurement in measurements:
            values[measurement.name].append(measurement.measure())
    return [
        {"name": item.name, "value": statistics.median(values[item.name]), "unit": item.unit, "bound": item.bound}
        for item in measurements
    ]


def learner_measurements() -> list[Measurement]:
    """Updates per second of the learner on states and on video, with replay filled by random actions."""
    return [
        Measurement(f"learner_updates_per_s_{name}", "updates/s", _updates(overrides))
        for name, overrides in LEARNER_OVERRIDES.items()
    ]


def env_measurements() -> list[Measurement]:
    """Env steps per second with a frame, and the overhead over bare physics and render."""
    return [
        Measurement("env_steps_per_s_1", "env steps/s", _steps(cells=1, threads=1)),
        Measurement("env_steps_per_s_8", "env steps/s", _steps(cells=8, threads=2)),
        Measurement("env_overhead_default", "ratio", _overhead(None, steps=40), OVERHEAD_BOUND),
        Measurement("env_overhead_1", "ratio", _overhead(SHORT_SUBSTEPS, steps=200), OVERHEAD_BOUND),
    ]


def _updates(overrides: Sequence[str], span_s: float = 2.0) -> Callable[[], float]:
    import torch

    from agents import Step
    from scripts._build import learner_threads, make_cells, make_learner

    settings = compose_settings(overrides)
    env = make_cells(settings, 1)
    learner = make_learner(settings, env)
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
        while time.perf_counter() - started < span_s:
            learner.update(0.0, 0.1)
            count += 1
        return count / (time.perf_counter() - started)

    return measure


def _physical(substeps: int | None, threads: int) -> Any:
    length = "null" if substeps is None else substeps
    overrides = ["task=dishwashing_mujoco", "task.observation=video", f"threads={threads}", f"task.substeps={length}"]
    return compose_settings(overrides)


def _actions(cells: int, steps: int) -> Any:
    return np.random.default_rng(0).random((steps, cells, 2)).astype(np.float32)


def _steps(cells: int, threads: int, steps: int = 100) -> Callable[[], float]:
    from scripts._build import make_cells

    env = make_cells(_physical(None, threads), cells)
    actions = _actions(cells, steps)

    def measure() -> float:
        env.reset(seed=0)
        started = time.perf_counter()
        for action in actions:
            env.step(action)
        return cells * steps / (time.perf_counter() - started)

    return measure


def _overhead(substeps: int | None, steps: int) -> Callable[[], float]:
    """Time one cell's env.step against the rollout of the controls that it gave and the render of what it saw."""
    from scripts._build import make_cell

    env: Any = make_cell(_physical(substeps, 1)).unwrapped
    workcell = env.task.workcell
    actions = _actions(1, steps)[:, 0]
    start, controls, poses = _recorded(env, actions)
    bare = _Bare(workcell)

    def measure() -> float:
        env.reset(seed=0)
        started = time.perf_counter()
        for action in actions:
            env.step(action)
        middle = time.perf_counter()
        bare.load(start)
        begun = time.perf_counter()
        for control, pose in zip(controls, poses, strict=True):
            bare.step(control, pose)
        return (middle - started) / (time.perf_counter() - begun)

    return measure


def _recorded(env: Any, actions: Any) -> tuple[Any, list[Any], list[Any]]:
    """Step the env once; return the physics it began with, the set-points it gave and the poses it drew."""
    workcell = env.task.workcell
    env.reset(seed=0)
    start = workcell.state_dict()["physics"].copy()
    controls: list[Any] = []
    poses: list[Any] = []
    step = workcell.step

    def recording(control: Any) -> Any:
        controls.append(control.copy())
        traces = step(control)
        poses.append(workcell.qpos[0].copy())
        return traces

    workcell.step = recording
    for action in actions:
        env.step(action)
    workcell.step = step
    return start, controls, poses


class _Bare:
    """The same model stepped and drawn with nothing around it."""

    def __init__(self, workcell: Any) -> None:
        from mujoco.batch import Batch

        from v2p_sim.cameras import POLICY, Camera

        self._batch = Batch(workcell.model, 1, 1, persistent=True)
        self._camera = Camera(workcell.model, "policy", POLICY)

    def load(self, state: Any) -> None:
        """Begin where the env began."""
        self._batch.reset()
        self._batch.state[:] = state

    def step(self, control: Any, pose: Any) -> None:
        """Roll out one control step and draw one frame."""
        self._batch.rollout(control.shape[1], control=control, record=["sensordata"])
        self._camera.draw(pose)


def run(argv: Sequence[str]) -> int:
    """Measure and print.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status 0.

    Raises:
        UsageError: an argument is wrong.
    """
    arguments = load_arguments(argv, BenchmarkArguments, str(__doc__))
    for name, make in (("env", env_measurements), ("learner", learner_measurements)):
        if arguments.only in ("all", name):
            for line in interleaved_medians(make(), arguments.rounds):
                print(json.dumps(line), flush=True)
    return 0


def main() -> None:
    """Run the command line."""
    sys.exit(guarded(lambda: run(sys.argv[1:])))


if __name__ == "__main__":
    main()
