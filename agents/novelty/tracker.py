"""From raw gaps to novelty scores in (0, 1)."""

from typing import Any

import torch
from torch import Tensor

from agents.averages import WARM_UP, moving_share

SMALLEST_STD = 1e-6


def mse_noise_gap(predicted: Tensor, noise: Tensor) -> Tensor:
    """Measure how badly a denoiser predicts the noise: mean_l (eps_hat - eps)_l^2.

    Args:
        predicted: Predicted noise (..., L).
        noise: Noise that was added (..., L).

    Returns:
        Gaps (...).
    """
    return (predicted - noise).square().mean(dim=-1)


def recon_gap(reconstructed: Tensor, latents: Tensor) -> Tensor:
    """Measure how far a denoised latent ends from where it began: mean_l (x_hat - x)_l^2.

    Args:
        reconstructed: Latents after noise and denoising (..., L).
        latents: The latents before (..., L).

    Returns:
        Gaps (...).
    """
    return (reconstructed - latents).square().mean(dim=-1)


def normalise_gaps(gaps: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    """Average gaps in units of their spread: mean_k (gap_k - mean_k) / sqrt(variance_k).

    Args:
        gaps: Raw gaps, K a row (B, K).
        mean: Running mean of each gap (K,).
        variance: Running variance of each gap (K,).

    Returns:
        Deviations (B,), 0 where all gaps are at their means.
    """
    return ((gaps - mean) / variance.sqrt().clamp(min=SMALLEST_STD)).mean(dim=-1)


def combine_novelty(gaps: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    """Normalise gaps, average them and squash: sigmoid(mean_k (gap_k - mean_k) / sqrt(variance_k)).

    Args:
        gaps: Raw gaps, K a row (B, K).
        mean: Running mean of each gap (K,).
        variance: Running variance of each gap (K,).

    Returns:
        Novelty in (0, 1) (B,).
    """
    score = torch.sigmoid(normalise_gaps(gaps, mean, variance))
    return score.clamp(torch.finfo(score.dtype).tiny, 1.0 - torch.finfo(score.dtype).eps)


class NoveltyTracker:
    """Keeps exponential moving averages, short at first, of the mean and the variance of K gaps."""

    def __init__(self, decay: float, device: str | torch.device, num_gaps: int = 1):
        self.decay = decay
        self.mean = torch.zeros(num_gaps, device=device)
        self.variance = torch.ones(num_gaps, device=device)
        self.count = 0

    def update(self, gaps: Tensor) -> None:
        """Move the averages towards those of a batch of gaps (B, K), unless these would not be finite then."""
        share = moving_share(self.decay, self.count, WARM_UP)
        mean = gaps.mean(dim=0)
        spread = (gaps - (self.mean if self.count else mean)).square().mean(dim=0)
        finite = spread.isfinite().all()
        self.mean = torch.where(finite, (1.0 - share) * self.mean + share * mean, self.mean)
        self.variance = torch.where(finite, (1.0 - share) * self.variance + share * spread, self.variance)
        self.count += 1

    def state_dict(self) -> dict[str, Any]:
        """Return the averages and the number of batches seen."""
        return {"mean": self.mean, "variance": self.variance, "count": self.count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        self.mean = state["mean"].to(self.mean.device).clone()
        self.variance = state["variance"].to(self.variance.device).clone()
        self.count = int(state["count"])
