"""Whole shifts, step by step: what a policy saw, did and earned, for datasets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.evaluation import cell_info
from economics import Prices, make_row
from scripts._evaluate import SUMMARY_NAMES

COUNTS = ("hours", "attempts", "completed", "errors")

Policy = Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Shift:
    """What a learner needs of one shift of T control steps; it ended because its time was over.

    Attributes:
        seed: seed of its reset.
        observations: what was seen, of a video the newest frame alone, (T + 1, ...); or latents of it, (T + 1, L).
        actions: [speed, care], (T, 2).
        rewards_usd: dollars of each step, (T,).
        attempts: attempts whose outcome became known in each step, (T,).
        costs: failed ones among them, (T,).
    """

    seed: int
    observations: npt.NDArray[Any]
    actions: npt.NDArray[np.float32]
    rewards_usd: npt.NDArray[np.float64]
    attempts: npt.NDArray[np.int64]
    costs: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of steps, T."""
        return len(self.actions)


@dataclass(frozen=True)
class Episode(Shift):
    """A shift with what its environment said of it.

    Attributes:
        success: whether the shift so far kept the SLA and earned the wage, (T,).
        info: its numbers at the end.
    """

    success: npt.NDArray[np.bool_]
    info: Mapping[str, float]

    @property
    def step_s(self) -> float:
        """Simulated length of a control step [s]."""
        return 3600.0 * self.info["hours"] / len(self)


@dataclass
class _Tape:
    """What one cell has gone through so far."""

    seed: int
    observations: list[npt.NDArray[Any]]
    actions: list[npt.NDArray[np.float32]] = field(default_factory=list)
    steps: list[tuple[float, float, float, float]] = field(default_factory=list)
    info: dict[str, float] = field(default_factory=dict)

    def add(self, action: npt.NDArray[Any], observation: npt.NDArray[Any], reward_usd: float) -> None:
        """Append one step; `info` is that of the step already."""
        self.actions.append(np.array(action, np.float32))
        self.observations.append(observation)
        info = self.info
        self.steps.append((reward_usd, info["attempts_step"], info["cost"], info["success"]))

    def episode(self) -> Episode:
        """Stack the steps."""
        rewards_usd, attempts, costs, success = np.array(self.steps).T
        return Episode(
            seed=self.seed,
            observations=np.stack(self.observations),
            actions=np.stack(self.actions),
            rewards_usd=rewards_usd,
            attempts=attempts.astype(np.int64),
            costs=costs.astype(np.int64),
            success=success.astype(np.bool_),
            info=self.info,
        )


def roll_episodes(policy: Policy, env: Any, seeds: Sequence[int]) -> Iterator[Episode]:
    """Work one shift a seed, as many at a time as the env has cells, and yield them in order.

    A shift whose physics diverged is no episode and is left out.

    Args:
        policy: observations (N, ...) -> actions (N, 2).
        env: vector environment that nothing else steps.
        seeds: one seed a shift.

    Yields:
        The episodes.
    """
    for first in range(0, len(seeds), env.num_envs):
        yield from _round(policy, env, list(seeds[first : first + env.num_envs]))


def shift_numbers(episode: Episode, prices: Prices) -> dict[str, float]:
    """Price a shift: MP, error rate, parity and profit, with the counts that they come from.

    Args:
        episode: the shift.
        prices: what the work is worth.

    Returns:
        Numbers under the names of summary.json.
    """
    row = make_row(episode.info, prices, 0.0, 0.0, episode=0, task="", seed=0, env_steps=0)
    money = {name: getattr(row, column) for column, name in SUMMARY_NAMES.items() if hasattr(row, column)}
    return money | {name: float(getattr(row, name)) for name in COUNTS}


def _round(policy: Policy, env: Any, seeds: list[int]) -> Iterator[Episode]:
    """Work one shift in each cell; cells without a seed of their own idle along."""
    observations, _ = env.reset(seed=seeds + [seeds[-1]] * (env.num_envs - len(seeds)))
    tapes = [_Tape(seed, [_newest(seen)]) for seed, seen in zip(seeds, observations, strict=False)]
    done, diverged = np.zeros(len(seeds), np.bool_), np.zeros(len(seeds), np.bool_)
    while not done.all():
        actions = np.asarray(policy(observations))
        observations, rewards, terminated, truncated, infos = env.step(actions)
        for cell in np.flatnonzero(~done):
            tapes[cell].info = cell_info(infos, int(cell))
            tapes[cell].add(actions[cell], _newest(observations[cell]), float(rewards[cell]))
        diverged |= ~done & terminated[: len(seeds)]
        done |= (terminated | truncated)[: len(seeds)]
    for tape, failed in zip(tapes, diverged, strict=True):
        if not failed:
            yield tape.episode()


def _newest(observation: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Copy the newest frame of a stack, or the whole of a flat observation."""
    return np.array(observation[-1] if observation.ndim == 4 else observation)
