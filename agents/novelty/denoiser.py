"""A small residual MLP that predicts the noise in a latent, or its velocity."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

TIME_FEATURES = 32


class Denoiser(nn.Module):
    """Predicts eps or v from x_t and t: an input layer, two residual blocks, an output layer that starts at zero.

    Weights keep the variance of what they get, and the input layer's biases spread over [-1, 1]. With torch's smaller
    ones SiLU is nearly linear where it starts, and what is symmetric about the mean (a ring, two modes) is hardly
    learned.
    """

    def __init__(self, latent_dim: int, hidden: int = 128, num_blocks: int = 2):
        super().__init__()
        self.embed = nn.Linear(latent_dim + TIME_FEATURES, hidden)
        blocks = [nn.Linear(hidden, hidden) for _ in range(num_blocks)]
        self.blocks = nn.ModuleList(blocks)
        self.out = nn.Linear(hidden, latent_dim)
        for layer in (self.embed, *blocks):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")
        nn.init.uniform_(self.embed.bias, -1.0, 1.0)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, noisy: Tensor, time: Tensor) -> Tensor:
        """Predict noise or velocity (B, L) of noisy latents (B, L) at times t / T in [0, 1] (B,)."""
        hidden = self.embed(torch.cat([noisy, time_features(time)], dim=-1))
        for block in self.blocks:
            hidden = hidden + block(silu(hidden))
        return self.out(silu(hidden))


def time_features(time: Tensor) -> Tensor:
    """Return sines and cosines of t / T at geometric frequencies (B, TIME_FEATURES)."""
    half = TIME_FEATURES // 2
    frequencies = torch.exp(torch.arange(half, device=time.device) * (math.log(1000.0) / (half - 1)))
    angles = time.unsqueeze(-1) * frequencies
    return torch.cat([torch.sin(angles), torch.cos(angles)], dim=-1)
