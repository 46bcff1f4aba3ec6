"""Actor and twin critics on a latent."""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn.functional import relu, softplus

LOG_STD_MIN = -5.0
LOG_STD_MAX = 2.0


class Actor(nn.Module):
    """latent -> hidden -> hidden -> mean, log_std of a Gaussian that tanh squashes into [-1, 1]^A."""

    def __init__(self, latent_dim: int, action_dim: int, hidden: int):
        super().__init__()
        self.network = nn.Sequential(
            nn.Linear(latent_dim, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, 2 * action_dim),
        )

    def forward(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log standard deviation (B, A) before squashing."""
        mean, raw = self.network(latents).chunk(2, dim=-1)
        return mean, LOG_STD_MIN + 0.5 * (LOG_STD_MAX - LOG_STD_MIN) * (torch.tanh(raw) + 1.0)


class TwinCritic(nn.Module):
    """Two critics, concat(latent, action) -> hidden -> hidden -> 1, evaluated in one batched product a layer."""

    def __init__(self, latent_dim: int, action_dim: int, hidden: int):
        super().__init__()
        sizes = [latent_dim + action_dim, hidden, hidden, 1]
        self.weights = nn.ParameterList()
        self.biases = nn.ParameterList()
        for fan_in, fan_out in itertools.pairwise(sizes):
            bound = 1.0 / math.sqrt(fan_in)
            self.weights.append(nn.Parameter(torch.empty(2, fan_in, fan_out).uniform_(-bound, bound)))
            self.biases.append(nn.Parameter(torch.empty(2, 1, fan_out).uniform_(-bound, bound)))

    def forward(self, latents: Tensor, actions: Tensor) -> Tensor:
        """Return both critics' values (2, B) of latents (B, L) and squashed actions (B, A)."""
        values = torch.cat([latents, actions], dim=-1).expand(2, -1, -1)
        last = len(self.weights) - 1
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            values = torch.baddbmm(bias, values, weight)
            if layer < last:
                values = relu(values, inplace=True)
        return values.squeeze(-1)


def squash_gaussian(mean: Tensor, log_std: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Squash a Gaussian sample and return its log density.

    a = tanh(u), u = mean + exp(log_std) noise;
    log pi(a) = sum_i log N(u_i; mean_i, std_i) - log(1 - a_i^2),
    log(1 - tanh^2 u) = 2 (log 2 - u - softplus(-2u)).

    Args:
        mean: Mean before squashing (B, A).
        log_std: Log standard deviation before squashing (B, A).
        noise: Standard normal noise (B, A).

    Returns:
        Actions in [-1, 1] (B, A) and their log density there (B,).

    Reference: Haarnoja et al., "Soft actor-critic algorithms and applications", appendix C,
        https://arxiv.org/abs/1812.05905
    """
    raw = mean + log_std.exp() * noise
    log_normal = -0.5 * noise.square() - log_std - 0.5 * math.log(2.0 * math.pi)
    return torch.tanh(raw), (log_normal - log_tanh_slope(raw)).sum(-1)


def log_tanh_slope(raw: Tensor) -> Tensor:
    """Return log(1 - tanh^2 u) of u (B, A), exact where tanh saturates."""
    return 2.0 * (math.log(2.0) - raw - softplus(-2.0 * raw))
