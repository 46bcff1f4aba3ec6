"""Shifts under a fixed policy on fixed seeds, and intervals over them and over runs."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium.vector import VectorEnv
from scipy.special import stdtrit

Policy = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class ShiftResult:
    """One evaluated shift.

    Attributes:
        seed: Seed of its reset.
        info: Its numbers at the end.
        reward_sum: Sum of its rewards.
        actions: Actions taken (T, A).
    """

    seed: int
    info: dict[str, float]
    reward_sum: float
    actions: np.ndarray


class GreedyPolicy:
    """An agent's deterministic actions as a policy."""

    def __init__(self, agent: Any):
        self._agent = agent

    def __call__(self, observations: np.ndarray) -> np.ndarray:
        """Return actions (N, A) for observations (N, ...)."""
        return self._agent.act(observations, deterministic=True)


def evaluate(policy: Policy, vector_env: VectorEnv, seeds: Sequence[int]) -> list[ShiftResult]:
    """Run one shift a seed, as many at a time as the env has cells.

    Args:
        policy: Maps observations (N, ...) to actions (N, A).
        vector_env: An env that nothing else steps.
        seeds: One seed a shift.

    Returns:
        One result a seed, in order.
    """
    cells = vector_env.num_envs
    results: list[ShiftResult] = []
    for first in range(0, len(seeds), cells):
        chosen = [int(seed) for seed in seeds[first : first + cells]]
        results += _round(policy, vector_env, chosen)
    return results


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float, float]:
    """Return mean and Student t interval: m -+ t_{n-1} s / sqrt(n).

    Args:
        values: Independent values, at least one.
        confidence: Coverage of the interval.

    Returns:
        Mean, lower and upper bound; the bounds of a single value are nan.

    Raises:
        ValueError: There is no value.
    """
    if len(values) == 0:
        raise ValueError("mean_interval needs at least one value")
    array = np.asarray(values, np.float64)
    mean = float(array.mean())
    if len(array) == 1:
        return mean, math.nan, math.nan
    half = float(stdtrit(len(array) - 1, 0.5 + 0.5 * confidence) * array.std(ddof=1) / math.sqrt(len(array)))
    return mean, mean - half, mean + half


def interquartile_mean(values: npt.ArrayLike) -> np.ndarray:
    """Average the middle half: the mean without the lowest and the highest floor(n / 4) of n values.

    Args:
        values: Values (..., n).

    Returns:
        Means (...).

    Raises:
        ValueError: There is no value.
    """
    ordered = np.sort(np.asarray(values, np.float64), axis=-1)
    count = ordered.shape[-1]
    if count == 0:
        raise ValueError("interquartile_mean needs at least one value")
    return ordered[..., count // 4 : count - count // 4].mean(axis=-1)


def iqm_interval(
    scores: npt.ArrayLike, rng: np.random.Generator, confidence: float = 0.95, resamples: int = 10_000
) -> tuple[float, float, float]:
    """Return the interquartile mean over runs and tasks with its stratified bootstrap interval.

    Each resample draws as many runs as there are, with replacement, for every task apart; the interval lies between
    percentiles of the resamples' interquartile means.

    Args:
        scores: One score a run and task (R, K).
        rng: Draws the resamples.
        confidence: Coverage of the interval.
        resamples: How many.

    Returns:
        Interquartile mean, lower and upper bound; the bounds of a single run are nan.

    Raises:
        ValueError: The scores are no matrix, or empty.

    Reference: Agarwal et al., "Deep reinforcement learning at the edge of the statistical precipice",
        https://arxiv.org/abs/2108.13264
    """
    matrix = np.asarray(scores, np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"scores must have shape (runs, tasks), got {matrix.shape}")
    middle = float(interquartile_mean(matrix.ravel()))
    runs, tasks = matrix.shape
    if runs == 1:
        return middle, math.nan, math.nan
    drawn = rng.integers(0, runs, (resamples, runs, tasks))
    means = interquartile_mean(matrix[drawn, np.arange(tasks)].reshape(resamples, -1))
    low, high = np.quantile(means, [0.5 - confidence / 2.0, 0.5 + confidence / 2.0])
    return middle, float(low), float(high)


def _round(policy: Policy, env: VectorEnv, seeds: list[int]) -> list[ShiftResult]:
    cells = len(seeds)
    padded = seeds + [seeds[-1] + 1 + extra for extra in range(env.num_envs - cells)]
    consecutive = padded == list(range(padded[0], padded[0] + len(padded)))
    seed: Any = padded[0] if consecutive else padded
    observations, _ = env.reset(seed=seed)
    reward_sums = np.zeros(env.num_envs)
    actions: list[list[np.ndarray]] = [[] for _ in seeds]
    results: dict[int, ShiftResult] = {}
    while len(results) < cells:
        chosen = np.asarray(policy(observations))
        observations, rewards, terminated, truncated, infos = env.step(chosen)
        reward_sums += np.asarray(rewards)
        done = np.logical_or(terminated, truncated)
        for cell in range(cells):
            if cell in results:
                continue
            actions[cell].append(np.array(chosen[cell]))
            if done[cell]:
                results[cell] = ShiftResult(
                    seeds[cell], cell_info(infos, cell), float(reward_sums[cell]), np.stack(actions[cell])
                )
    return [results[cell] for cell in range(cells)]


def numeric_infos(infos: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return the entries of a vector env's infos that hold one number a cell, Gymnasium's masks left out."""
    arrays = {name: np.asarray(value) for name, value in infos.items() if not name.startswith("_")}
    return {name: array for name, array in arrays.items() if array.ndim == 1 and array.dtype.kind in "fiub"}


def cell_info(infos: dict[str, Any], cell: int) -> dict[str, float]:
    """Return the numbers of one cell."""
    return {name: float(array[cell]) for name, array in numeric_infos(infos).items()}
