"""The training loop: step, store, learn, report."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv

from agents._checks import check_float, check_int
from agents.constraint import Constraint
from agents.divergence import DivergenceError, NonFiniteError
from agents.evaluation import cell_info, numeric_infos
from agents.interrupt import DeferredInterrupt
from agents.learner import Learner
from agents.observers import EpisodeResult, Observer, Progress
from agents.replay import Step


@dataclass(frozen=True)
class LoopConfig:
    """Holds the settings of the loop.

    Attributes:
        episodes: Episodes to finish, those of a resumed run included.
        seed: Seed of the env's first reset; cell i uses seed + i.
        progress_every_s: Seconds between signs of life.
        freeze_episodes: Episodes after which the encoder's weights move; until then only its latents are learned from.
    """

    episodes: int
    seed: int = 0
    progress_every_s: float = 1.0
    freeze_episodes: int = 0

    def __post_init__(self):
        check_int("episodes", self.episodes, 1)
        check_int("seed", self.seed, 0)
        check_float("progress_every_s", self.progress_every_s, 0.0)
        check_int("freeze_episodes", self.freeze_episodes, 0)


@dataclass
class LoopState:
    """Everything that the loop itself carries from step to step; a fresh one starts a run.

    Attributes:
        episode: Episodes finished.
        env_steps: Env steps of all cells.
        updates: Updates taken.
        wall_s: Seconds trained, earlier parts of a resumed run included.
        interrupted: Whether the last call of `train` ended on an interrupt.
        observations: Newest observations (N, ...); None before the first reset.
        pending_reset: Cells whose episode ended at the last step (N,).
        reward_sums: Rewards of the running episodes (N,).
        metric_sums: Sums of the learner's metrics since the last finished episode.
        metric_counts: How many values each sum holds.
    """

    episode: int = 0
    env_steps: int = 0
    updates: int = 0
    wall_s: float = 0.0
    interrupted: bool = False
    observations: np.ndarray | None = None
    pending_reset: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    reward_sums: np.ndarray = field(default_factory=lambda: np.zeros(0))
    metric_sums: dict[str, float] = field(default_factory=dict)
    metric_counts: dict[str, int] = field(default_factory=dict)


def train(
    env: VectorEnv,
    learner: Learner,
    constraint: Constraint,
    observers: Sequence[Observer],
    config: LoopConfig,
    state: LoopState | None = None,
) -> LoopState:
    """Train until `config.episodes` are finished or an interrupt arrives; a learner that is busy ends that first.

    Args:
        env: Vector env under NEXT_STEP autoreset with Box actions. Its infos may hold errors_step, attempts_step,
            errors and attempts; absent ones count 0. Where physics_error is above 0, a termination is a failure of the
            simulation, which is not learned from. What `privileged` (N, P) holds, critics may be told.
        learner: Acts and learns.
        constraint: Gives lambda and e*, updated once a finished episode.
        observers: Are told of episodes, progress and boundaries.
        config: Settings.
        state: State to go on from, as `unpack_run` returns it; None starts anew.

    Returns:
        The state, complete between two env steps; `interrupted` tells whether SIGINT or SIGTERM ended training.

    Raises:
        ValueError: The env resets in another mode.
        DivergenceError: A loss became NaN or infinite. Nothing was learned from it, `state` is complete as after an
            interrupt, and observers have heard of the episodes that had ended; the message says where it arose.
        NonFiniteError: The env showed NaN or infinity; nothing was learned from that step.
    """
    _check_autoreset(env)
    state = LoopState() if state is None else state
    state.interrupted = False
    clock = _Clock(state)
    learner.freeze_encoder(state.episode < config.freeze_episodes)
    with DeferredInterrupt() as interrupt:
        if state.observations is None:
            _reset(env, learner, config, state)
        failure = None
        while state.episode < config.episodes and failure is None and (learner.busy or not interrupt.requested):
            infos = _step(env, learner, state)
            failure = _learn(learner, constraint, state)
            clock.tick(state)
            _report(observers, _finish_episodes(infos, constraint, learner, config, state), state)
            if clock.is_due(config.progress_every_s):
                _report_progress(observers, clock.progress(state, config, constraint, _mean_info(infos)))
        if failure is not None:
            raise failure
    state.interrupted = interrupt.requested
    return state


def _report(observers: Sequence[Observer], results: Sequence[EpisodeResult], state: LoopState) -> None:
    for result in results:
        for observer in observers:
            observer.on_episode(result)
    if results:
        for observer in observers:
            observer.on_boundary(state)


def _report_progress(observers: Sequence[Observer], progress: Progress) -> None:
    for observer in observers:
        observer.on_progress(progress)


def _check_autoreset(env: VectorEnv) -> None:
    mode = env.metadata.get("autoreset_mode")
    if mode is not None and AutoresetMode(mode) != AutoresetMode.NEXT_STEP:
        raise ValueError(f"env must reset in mode {AutoresetMode.NEXT_STEP.value}, got {AutoresetMode(mode).value}")


def _reset(env: VectorEnv, learner: Learner, config: LoopConfig, state: LoopState) -> None:
    observations, infos = env.reset(seed=config.seed + state.env_steps)
    state.observations = np.array(observations)
    state.pending_reset = np.zeros(env.num_envs, bool)
    state.reward_sums = np.zeros(env.num_envs)
    learner.start(state.observations, infos.get("privileged"))


def _step(env: VectorEnv, learner: Learner, state: LoopState) -> dict[str, Any]:
    assert state.observations is not None
    actions = learner.act(state.observations)
    observations, rewards, terminated, truncated, infos = env.step(actions)
    reset = state.pending_reset
    step = Step(
        actions=actions,
        rewards=np.asarray(rewards),
        errors=_column(infos, "errors_step", env.num_envs),
        attempts=_column(infos, "attempts_step", env.num_envs),
        next_observations=np.asarray(observations),
        terminated=np.asarray(terminated),
        reset=reset,
        broken=np.asarray(terminated) & (_column(infos, "physics_error", env.num_envs) > 0.0),
        ended=np.logical_or(terminated, truncated),
        privileged=infos.get("privileged"),
    )
    learner.observe(step)
    state.env_steps += int(env.num_envs - reset.sum())
    state.reward_sums = np.where(reset, 0.0, state.reward_sums + step.rewards)
    # A copy: envs may hand out the same array at every step.
    state.observations = np.array(observations)
    state.pending_reset = np.logical_or(terminated, truncated)
    return infos


def _learn(learner: Learner, constraint: Constraint, state: LoopState) -> DivergenceError | None:
    """Learn and keep the metrics; where that failed, return why, with the place in its message."""
    try:
        found = learner.learn(constraint.value, constraint.error_target)
    except (DivergenceError, NonFiniteError) as error:
        update = int(learner.gauges().get("updates", state.updates)) + 1
        failure = DivergenceError(f"update {update} in episode {state.episode + 1}: {error}")
        failure.__cause__ = error
        return failure
    for metrics in found:
        state.updates += 1
        for name, value in metrics.items():
            state.metric_sums[name] = state.metric_sums.get(name, 0.0) + value
            state.metric_counts[name] = state.metric_counts.get(name, 0) + 1
    return None


def _finish_episodes(
    infos: dict[str, Any], constraint: Constraint, learner: Learner, config: LoopConfig, state: LoopState
) -> list[EpisodeResult]:
    cells = np.flatnonzero(state.pending_reset)[: config.episodes - state.episode]
    if len(cells) == 0:
        return []
    metrics = {name: total / state.metric_counts[name] for name, total in state.metric_sums.items()}
    metrics["encoder_frozen"] = float(state.episode < config.freeze_episodes)
    state.metric_sums, state.metric_counts = {}, {}
    results = []
    for cell in cells:
        info = cell_info(infos, int(cell))
        state.episode += 1
        now = {"lambda_dual": float(constraint.value), "error_target": float(constraint.error_target)}
        results.append(
            EpisodeResult(
                episode=state.episode,
                env_steps=state.env_steps,
                cell=int(cell),
                info=info,
                reward_sum=float(state.reward_sums[cell]),
                metrics={**metrics, **learner.gauges(), **now},
                wall_s=state.wall_s,
            )
        )
        constraint.update(info.get("errors", 0.0), info.get("attempts", 0.0))
    learner.freeze_encoder(state.episode < config.freeze_episodes)
    return results


def _column(infos: dict[str, Any], name: str, num_cells: int) -> np.ndarray:
    return np.asarray(infos.get(name, np.zeros(num_cells)), np.float32)


def _mean_info(infos: dict[str, Any]) -> dict[str, float]:
    return {name: float(array.mean()) for name, array in numeric_infos(infos).items()}


class _Clock:
    """Measures training time and rates; time between two calls of `train` does not count."""

    def __init__(self, state: LoopState):
        self._start = time.perf_counter()
        self._before_s = state.wall_s
        self._first = (state.wall_s, state.env_steps)
        self._mark = (state.wall_s, state.env_steps, state.updates)

    def tick(self, state: LoopState) -> None:
        state.wall_s = self._before_s + time.perf_counter() - self._start

    def is_due(self, every_s: float) -> bool:
        return self._before_s + time.perf_counter() - self._start - self._mark[0] >= every_s

    def progress(
        self, state: LoopState, config: LoopConfig, constraint: Constraint, info: dict[str, float]
    ) -> Progress:
        self.tick(state)
        span_s = max(state.wall_s - self._mark[0], 1e-9)
        steps, updates = state.env_steps - self._mark[1], state.updates - self._mark[2]
        self._mark = (state.wall_s, state.env_steps, state.updates)
        return Progress(
            episode=state.episode,
            episodes=config.episodes,
            env_steps=state.env_steps,
            updates=state.updates,
            env_steps_per_s=steps / span_s,
            updates_per_s=updates / span_s,
            info=info,
            lambda_dual=float(constraint.value),
            wall_s=state.wall_s,
            seconds_left=self._seconds_left(state, config),
        )

    def _seconds_left(self, state: LoopState, config: LoopConfig) -> float:
        steps = state.env_steps - self._first[1]
        if state.episode == 0 or steps <= 0:
            return math.nan
        seconds_a_step = (state.wall_s - self._first[0]) / steps
        return (config.episodes - state.episode) * state.env_steps / state.episode * seconds_a_step
