"""From rewards to advantages, over rollouts of N cells under NEXT_STEP autoreset."""

from typing import NamedTuple

import numpy as np


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


def normalize(advantages: np.ndarray) -> np.ndarray:
    """Bring advantages to mean 0 and deviation 1: (A - mean) / (std + 1e-8); fewer than two are left alone.

    Args:
        advantages: Advantages of the transitions (B,).

    Returns:
        Normalised advantages (B,).
    """
    if len(advantages) < 2:
        return advantages
    return (advantages - advantages.mean()) / (advantages.std() + 1e-8)


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
