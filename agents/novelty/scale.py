"""Whitening of latents by running statistics: every direction counts by how far it usually varies."""

from typing import Any

import torch
from torch import Tensor

from agents.averages import moving_share

SMALLEST_VARIANCE = 1e-12


class LatentScale:
    """Keeps running moments of latents and maps them to about N(0, 1) in every direction.

    z = (x - mean) C^(-1/2), where C is the running covariance plus `floor` times its mean variance, so that
    directions that hardly vary are not blown up without bound. The symmetric root changes smoothly with C, which what
    learns behind it needs. The moments move with the harmonic weight 1 / n at first and `1 - decay` later.

    Args:
        latent_dim: Width L of the latents.
        device: Torch device.
        decay: Share of the moments that a batch keeps, once there were many.
        floor: Variance added to every direction, in units of the mean variance.
        refresh_every: Batches between two computations of the root.
    """

    def __init__(
        self,
        latent_dim: int,
        device: str | torch.device,
        decay: float = 0.999,
        floor: float = 1e-2,
        refresh_every: int = 32,
    ):
        self.decay, self.floor, self.refresh_every = decay, floor, refresh_every
        self.mean = torch.zeros(latent_dim, device=device)
        self.covariance = torch.eye(latent_dim, device=device)
        self.root = torch.eye(latent_dim, device=device)
        self.count = 0

    def __call__(self, latents: Tensor) -> Tensor:
        """Whiten latents (B, L)."""
        return (latents - self.mean) @ self.root

    def update(self, latents: Tensor) -> None:
        """Move the moments towards those of latents (B, L), unless these would not be finite then."""
        share = moving_share(self.decay, self.count)
        offset = latents.mean(0) - self.mean
        spread = latents - latents.mean(0)
        within = spread.T @ spread / len(latents)
        between = (1.0 - share) * torch.outer(offset, offset)
        covariance = (1.0 - share) * self.covariance + share * (within + between)
        finite = covariance.isfinite().all()
        self.mean = torch.where(finite, self.mean + share * offset, self.mean)
        self.covariance = torch.where(finite, covariance, self.covariance)
        self.count += 1
        # Early moments change fast: the root follows at counts 1, 2, 4, ... and then at every `refresh_every`.
        if self.count % self.refresh_every == 0 or self.count & (self.count - 1) == 0:
            self._refresh()

    def state_dict(self) -> dict[str, Any]:
        """Return the moments, the root and the number of batches seen."""
        return {"mean": self.mean, "covariance": self.covariance, "root": self.root, "count": self.count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        for name in ("mean", "covariance", "root"):
            setattr(self, name, state[name].to(self.mean.device).clone())
        self.count = int(state["count"])

    def _refresh(self) -> None:
        # `eigh` makes the host wait for a GPU.
        values, vectors = torch.linalg.eigh(self.covariance)
        values = values.clamp(min=0.0)
        values = (values + self.floor * values.mean()).clamp(min=SMALLEST_VARIANCE)
        self.root = (vectors * values.rsqrt()) @ vectors.T
