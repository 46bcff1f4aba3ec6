"""The equations of SAC as pure functions."""

import torch
from torch import Tensor


def penalized_reward(profit: Tensor, errors: Tensor, attempts: Tensor, lam: float, e_target: float) -> Tensor:
    """Form the Lagrangian reward: r = profit - lambda (errors - e* attempts).

    Args:
        profit: Dollars, summed over the n steps with discounts (B,).
        errors: Errors, summed alike (B,).
        attempts: Attempts, summed alike (B,).
        lam: Dual variable lambda in dollars an error.
        e_target: Target error rate e*.

    Returns:
        Reward in dollars (B,).
    """
    return profit - lam * (errors - e_target * attempts)


def soft_target(reward: Tensor, discount: Tensor, next_q: Tensor, next_log_pi: Tensor, alpha: Tensor) -> Tensor:
    """Bootstrap the soft value: y = r + discount (min_j Q'_j(s', a') - alpha log pi(a' | s')).

    Args:
        reward: Discounted n-step reward (B,).
        discount: gamma^n, 0 where the episode terminated (B,).
        next_q: Target critics' values of a' ~ pi(s') (2, B).
        next_log_pi: Log density of a' (B,).
        alpha: Temperature, a scalar.

    Returns:
        Targets (B,).

    Reference: Haarnoja et al., "Soft actor-critic algorithms and applications", https://arxiv.org/abs/1812.05905
    """
    return reward + discount * (next_q.min(dim=0).values - alpha * next_log_pi)


def critic_loss(q: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Average the weighted squared error: sum_j mean_b w_b (Q_j - y)_b^2 / 2.

    Args:
        q: Critics' values (2, B).
        target: Targets (B,), no gradient flows into them.
        weights: Weights of the transitions (B,).

    Returns:
        A scalar.
    """
    return 0.5 * (weights * (q - target.detach()).square()).mean(dim=-1).sum()


def weighted_mean(values: Tensor, weights: Tensor | None) -> Tensor:
    """Average: sum_b w_b v_b / sum_b w_b.

    Args:
        values: Numbers (B,).
        weights: Weights of the transitions (B,); None weighs all alike.

    Returns:
        A scalar.
    """
    return values.mean() if weights is None else (weights * values).mean() / weights.mean()


def actor_loss(q: Tensor, log_pi: Tensor, alpha: Tensor, weights: Tensor | None = None) -> Tensor:
    """Maximise the soft value: the mean over b of alpha log pi - min_j Q_j.

    Args:
        q: Critics' values of the reparametrised action (2, B).
        log_pi: Log density of the action (B,).
        alpha: Temperature, no gradient flows into it.
        weights: Weights of the transitions (B,); None weighs all alike.

    Returns:
        A scalar.
    """
    return weighted_mean(alpha.detach() * log_pi - q.min(dim=0).values, weights)


def temperature_loss(log_alpha: Tensor, log_pi: Tensor, target_entropy: float) -> Tensor:
    """Steer the entropy to its target: L = -log_alpha mean_b (log pi + H_target).

    Args:
        log_alpha: Log temperature, a scalar.
        log_pi: Log density of sampled actions (B,), no gradient flows into it.
        target_entropy: Entropy to reach in nats.

    Returns:
        A scalar.
    """
    return -log_alpha * (log_pi.detach() + target_entropy).mean()


def novelty_weights(novelty: Tensor) -> Tensor:
    """Weigh transitions by novelty: w = clamp(novelty, 0.5, 2) / mean(novelty).

    The scores of all measures here are at most 1, so that the lower bound alone acts on them.

    Args:
        novelty: Scores > 0 (B,).

    Returns:
        Weights (B,).
    """
    return novelty.clamp(0.5, 2.0) / novelty.mean()


def squash_bounds(actions: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Map actions from [low, high] to [-1, 1]."""
    return 2.0 * (actions - low) / (high - low) - 1.0


def unsquash_bounds(actions: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Map actions from [-1, 1] to [low, high]: a = low + (u + 1) / 2 (high - low)."""
    return torch.clamp(low + 0.5 * (actions + 1.0) * (high - low), low, high)
