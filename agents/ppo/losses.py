"""The equations of PPO as pure functions."""

import math

import torch
from torch import Tensor

from agents.sac.networks import log_tanh_slope


def squashed_log_prob(raw: Tensor, mean: Tensor, log_std: Tensor) -> Tensor:
    """Give the log density of a = tanh(u), u ~ N(mean, std): sum_i log N(u_i; mean_i, std_i) - log(1 - tanh^2 u_i).

    It takes u rather than a, so that nothing is lost where tanh saturates.

    Args:
        raw: Actions u before squashing (B, A).
        mean: Mean before squashing (B, A).
        log_std: Log standard deviation before squashing (B, A).

    Returns:
        Log density in [-1, 1]^A (B,).

    Reference: Haarnoja et al., "Soft actor-critic algorithms and applications", appendix C,
        https://arxiv.org/abs/1812.05905
    """
    log_normal = -0.5 * ((raw - mean) / log_std.exp()).square() - log_std - 0.5 * math.log(2.0 * math.pi)
    return (log_normal - log_tanh_slope(raw)).sum(-1)


def policy_loss(log_ratio: Tensor, advantages: Tensor, weights: Tensor, clip_range: float) -> Tensor:
    """Maximise the clipped surrogate: -mean_b w_b min(r_b A_b, clip(r_b, 1 - eps, 1 + eps) A_b), r = pi / pi_old.

    Args:
        log_ratio: log pi(a | s) - log pi_old(a | s) (B,).
        advantages: Advantages A (B,).
        weights: Weights w of the transitions (B,).
        clip_range: The eps.

    Returns:
        A scalar.

    Reference: Schulman et al., "Proximal policy optimization algorithms", equation 7, https://arxiv.org/abs/1707.06347
    """
    ratio = log_ratio.exp()
    clipped = ratio.clamp(1.0 - clip_range, 1.0 + clip_range)
    return -(weights * torch.min(ratio * advantages, clipped * advantages)).mean()


def value_loss(values: Tensor, returns: Tensor, weights: Tensor) -> Tensor:
    """Average the weighted squared error: mean_b w_b (V_b - R_b)^2.

    Args:
        values: Values V (B,).
        returns: Returns R, no gradient flows into them (B,).
        weights: Weights w of the transitions (B,).

    Returns:
        A scalar.
    """
    return (weights * (values - returns.detach()).square()).mean()


def valuations(advantages: Tensor, novelty: Tensor) -> Tensor:
    """Value transitions by what they teach: v = |A| x novelty.

    Args:
        advantages: Advantages A (B,).
        novelty: Scores in (0, 1] (B,).

    Returns:
        Valuations (B,).
    """
    return advantages.abs() * novelty


def valuation_weights(valuations: Tensor, alpha: float, beta: float) -> Tensor:
    """Turn valuations into weights: w = sigmoid(alpha v + beta).

    Args:
        valuations: Valuations v (B,).
        alpha: Slope.
        beta: Offset.

    Returns:
        Weights in (0, 1) (B,).
    """
    return torch.sigmoid(alpha * valuations + beta)


def approximate_kl(log_ratio: Tensor) -> Tensor:
    """Estimate KL(pi_old, pi) from samples of pi_old: mean_b r_b - 1 - log r_b, never negative.

    Args:
        log_ratio: log r (B,).

    Returns:
        A scalar in nats.

    Reference: J. Schulman, "Approximating KL divergence", http://joschu.net/blog/kl-approx.html
    """
    return (log_ratio.expm1() - log_ratio).mean()


def clip_fraction(log_ratio: Tensor, clip_range: float) -> Tensor:
    """Return the share of transitions whose ratio lies outside [1 - eps, 1 + eps].

    Args:
        log_ratio: log r (B,).
        clip_range: The eps.

    Returns:
        A scalar in [0, 1].
    """
    return (log_ratio.expm1().abs() > clip_range).float().mean()
