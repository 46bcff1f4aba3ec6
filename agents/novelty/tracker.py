"""From raw gaps to novelty scores in (0, 1)."""

from typing import Any

import torch
from torch import Tensor

SMALLEST_STD = 1e-6


def mse_noise_gap(predicted: Tensor, noise: Tensor) -> Tensor:
    """Measure how badly a denoiser predicts the noise: mean_l (eps_hat - eps)_l^2.

    Args:
        predicted: Predicted noise (B, L).
        noise: Noise that was added (B, L).

    Returns:
        Gaps (B,).
    """
    return (predicted - noise).square().mean(dim=-1)


def combine_novelty(gap: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    """Normalise gaps and squash them: sigmoid((gap - mean) / sqrt(variance)).

    Args:
        gap: Raw gaps (B,).
        mean: Running mean of gaps, a scalar.
        variance: Running variance of gaps, a scalar.

    Returns:
        Novelty in (0, 1) (B,).
    """
    score = torch.sigmoid((gap - mean) / variance.sqrt().clamp(min=SMALLEST_STD))
    return score.clamp(torch.finfo(score.dtype).tiny, 1.0 - torch.finfo(score.dtype).eps)


class NoveltyTracker:
    """Keeps exponential moving averages of the mean and the variance of gaps; the first batch sets both."""

    def __init__(self, decay: float, device: str | torch.device):
        self.decay = decay
        self.mean = torch.zeros((), device=device)
        self.variance = torch.ones((), device=device)
        self.count = 0

    def update(self, gap: Tensor) -> None:
        """Move the averages towards those of a batch of gaps (B,)."""
        keep = 0.0 if self.count == 0 else self.decay
        mean = gap.mean()
        spread = (gap - (self.mean if self.count else mean)).square().mean()
        self.mean = keep * self.mean + (1.0 - keep) * mean
        self.variance = keep * self.variance + (1.0 - keep) * spread
        self.count += 1

    def state_dict(self) -> dict[str, Any]:
        """Return the averages and the number of batches seen."""
        return {"mean": self.mean, "variance": self.variance, "count": self.count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        self.mean = state["mean"].to(self.mean.device).clone()
        self.variance = state["variance"].to(self.variance.device).clone()
        self.count = int(state["count"])
