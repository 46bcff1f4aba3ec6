"""n-step sums over rows of replay, cut where an episode ends."""

import numpy as np


def alive_steps(valid: np.ndarray, terminated: np.ndarray) -> np.ndarray:
    """Mark the steps that belong to the n-step return.

    alive_k = valid_0 ... valid_k and no termination before k.

    Args:
        valid: Whether row k holds a transition (B, n).
        terminated: Whether the transition of row k ended its episode (B, n).

    Returns:
        Mask (B, n).
    """
    follows = valid.copy()
    follows[:, 1:] &= ~terminated[:, :-1]
    return np.logical_and.accumulate(follows, axis=1)


def discounted_sums(values: np.ndarray, alive: np.ndarray, gamma: float) -> np.ndarray:
    """Sum values over the steps alive: sum_k gamma^k alive_k x_k.

    Args:
        values: Quantities of each step (B, n, K).
        alive: Mask (B, n).
        gamma: Discount per step.

    Returns:
        Sums (B, K) float32.
    """
    weights = alive * gamma ** np.arange(alive.shape[1])
    return np.einsum("bn,bnk->bk", weights, values).astype(np.float32)


def bootstrap_discount(alive: np.ndarray, terminated: np.ndarray, gamma: float) -> np.ndarray:
    """Discount the bootstrapped value: gamma^(steps alive), or 0 if the last of them terminated.

    Args:
        alive: Mask (B, n).
        terminated: Whether the transition of row k ended its episode (B, n).
        gamma: Discount per step.

    Returns:
        Discounts (B,) float32.
    """
    ended = (alive & terminated).any(axis=1)
    return np.where(ended, 0.0, gamma ** alive.sum(axis=1)).astype(np.float32)
