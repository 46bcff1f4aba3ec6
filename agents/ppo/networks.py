"""Actor and critic on a latent, with orthogonal weights."""

import itertools
import math

import torch
from torch import Tensor, nn

HIDDEN_GAIN = math.sqrt(2.0)
ACTOR_GAIN = 0.01
CRITIC_GAIN = 1.0


class Actor(nn.Module):
    """latent -> hidden -> hidden -> mean of a Gaussian that tanh squashes into [-1, 1]^A; its log_std is one parameter.

    The last layer starts near 0: before it has learned, the policy is the same for all observations.
    """

    def __init__(self, latent_dim: int, action_dim: int, hidden: int, initial_std: float = 1.0):
        super().__init__()
        self.network = head((latent_dim, hidden, hidden, action_dim), ACTOR_GAIN)
        self.log_std = nn.Parameter(torch.full((action_dim,), math.log(initial_std)))

    def forward(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log standard deviation (B, A) before squashing."""
        mean = self.network(latents)
        return mean, self.log_std.expand_as(mean)


class Critic(nn.Module):
    """latent -> hidden -> hidden -> value."""

    def __init__(self, latent_dim: int, hidden: int):
        super().__init__()
        self.network = head((latent_dim, hidden, hidden, 1), CRITIC_GAIN)

    def forward(self, latents: Tensor) -> Tensor:
        """Return the values (B,) of latents (B, L)."""
        return self.network(latents).squeeze(-1)


def head(sizes: tuple[int, ...], last_gain: float) -> nn.Sequential:
    """Make linear layers with tanh between them: orthogonal weights, no bias, a gain of its own for the last."""
    layers: list[nn.Module] = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        linear = nn.Linear(fan_in, fan_out)
        nn.init.orthogonal_(linear.weight, HIDDEN_GAIN)
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.Tanh()]
    layers.pop()
    nn.init.orthogonal_(layers[-1].weight, last_gain)  # pyright: ignore[reportArgumentType]
    return nn.Sequential(*layers)
