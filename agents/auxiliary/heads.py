"""Networks on latents that serve an auxiliary loss and no action."""

import torch
from torch import Tensor, nn


class LatentPredictor(nn.Module):
    """concat(latent, action) -> hidden -> ReLU -> latent one step on."""

    def __init__(self, latent_dim: int, action_dim: int, hidden: int):
        super().__init__()
        self.network = nn.Sequential(
            nn.Linear(latent_dim + action_dim, hidden), nn.ReLU(), nn.Linear(hidden, latent_dim)
        )

    def forward(self, latents: Tensor, actions: Tensor) -> Tensor:
        """Predict the next latents (B, L) of latents (B, L) and squashed actions (B, A)."""
        return self.network(torch.cat([latents, actions], dim=-1))


class Projection(nn.Module):
    """latent -> hidden -> ReLU -> latent: where views are compared, so that the latent may keep what the shift changes.

    Reference: Chen et al., "A simple framework for contrastive learning of visual representations", section 4.2,
        https://arxiv.org/abs/2002.05709
    """

    def __init__(self, latent_dim: int, hidden: int):
        super().__init__()
        self.network = nn.Sequential(nn.Linear(latent_dim, hidden), nn.ReLU(), nn.Linear(hidden, latent_dim))

    def forward(self, latents: Tensor) -> Tensor:
        """Project latents (B, L) to where views are compared (B, L)."""
        return self.network(latents)
