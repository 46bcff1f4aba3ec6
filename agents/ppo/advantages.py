"""From rewards to advantages, over rollouts of N cells under NEXT_STEP autoreset."""

import math
from typing import Any, NamedTuple

import numpy as np

from agents.averages import moving_share


class Ends(NamedTuple):
    """Where the episodes of a rollout are cut.

    Attributes:
        valid: Steps that are transitions: neither a reset row nor a failed simulation (T, N).
        terminated: Transitions that ended their episode for real (T, N); time limits do not count.
    """

    valid: np.ndarray
    terminated: np.ndarray


def gae(rewards: np.ndarray, values: np.ndarray, ends: Ends, gamma: float, gae_lambda: float) -> np.ndarray:
    """Estimate advantages: A_t = sum_k (gamma lambda)^k delta_{t+k}, delta_t = r_t + gamma V(s_{t+1}) - V(s_t).

    At a real end V(s_{t+1}) counts 0. At a time limit it counts in full, and the sum ends: the step after it is a reset
    row, whose observation is the last one of the episode. The end of the rollout is such a limit.

    Args:
        rewards: Rewards r (T, N).
        values: Values V of the observations before each step and after the last one (T + 1, N).
        ends: Masks (T, N).
        gamma: Discount per step.
        gae_lambda: Decay of the sum.

    Returns:
        Advantages (T, N) float32, 0 where a step is no transition.

    Reference: Schulman et al., "High-dimensional continuous control using generalized advantage estimation", equation
        16, https://arxiv.org/abs/1506.02438
    """
    advantages = np.zeros(rewards.shape, np.float64)
    carried = np.zeros(rewards.shape[1])
    for t in range(len(rewards) - 1, -1, -1):
        following = np.where(ends.terminated[t], 0.0, gamma * (values[t + 1] + gae_lambda * carried))
        # Selected, never multiplied: what a failed simulation shows may be nan.
        carried = advantages[t] = np.where(ends.valid[t], rewards[t] + following - values[t], 0.0)
    return advantages.astype(np.float32)


class AdvantageScale:
    """Brings advantages to about mean 0 and deviation 1: (A - mean) / (std + 1e-8), over the newest rollouts.

        mean <- mean + share (mean_b A - mean),    share = max(1 / rollouts, 1 / n) at the n-th rollout

    and the variance likewise. With one rollout these are the moments of the advantages themselves. That makes what is
    rare count for less: a rollout that holds a rare large loss has a larger deviation than one without, and its
    gradient is divided by it, so that E[g / std] is no multiple of E[g]. Moments over many rollouts take that away.

    Args:
        rollouts: Rollouts that the moments span.
    """

    def __init__(self, rollouts: int = 1):
        self.rollouts = rollouts
        self.mean, self.variance, self.count = 0.0, 0.0, 0

    def __call__(self, advantages: np.ndarray) -> np.ndarray:
        """Learn from the advantages of a rollout and normalise them.

        Args:
            advantages: Advantages of its transitions (B,). One alone teaches nothing; before there were two, it is left
                as it is.

        Returns:
            Normalised advantages (B,).
        """
        if len(advantages) >= 2:
            self._learn(float(advantages.mean()), float(advantages.std()) ** 2)
        if self.count == 0:
            return advantages
        return (advantages - self.mean) / (math.sqrt(self.variance) + 1e-8)

    def state_dict(self) -> dict[str, Any]:
        """Return the moments and the number of rollouts seen."""
        return {"mean": self.mean, "variance": self.variance, "count": self.count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        self.mean, self.variance, self.count = float(state["mean"]), float(state["variance"]), int(state["count"])

    def _learn(self, mean: float, variance: float) -> None:
        share = moving_share(1.0 - 1.0 / self.rollouts, self.count)
        between = (1.0 - share) * (mean - self.mean) ** 2
        self.mean = (1.0 - share) * self.mean + share * mean
        self.variance = (1.0 - share) * self.variance + share * (variance + between)
        self.count += 1


def explained_variance(values: np.ndarray, returns: np.ndarray) -> float:
    """Tell how much of the returns the critic foresaw: 1 - Var(R - V) / Var(R); 0 where all returns are equal.

    Args:
        values: Values (B,).
        returns: Returns (B,).

    Returns:
        At most 1; below 0 where a constant would foresee better.
    """
    variance = float(returns.var())
    return 1.0 - float((returns - values).var()) / variance if variance > 0.0 else 0.0
