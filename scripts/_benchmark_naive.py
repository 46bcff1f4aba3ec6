"""SAC from video as one writes it first: the same maths as ours in plain fp32, the reference of its speed.

One module a critic, stacked observations and next observations in replay, every frame of both windows encoded, one
backward pass a loss, Adam with its defaults.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from agents import Batch, SACAgent


class Transitions(NamedTuple):
    """Transitions as arrays of stacked frames: (B, T, C, H, W) uint8, (B, A), (B,), (B,), and the next stacks."""

    observations: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    discounts: np.ndarray
    next_observations: np.ndarray


class NaiveReplay:
    """Holds transitions as they are and draws them evenly."""

    def __init__(self, transitions: Transitions) -> None:
        self.transitions = transitions

    def sample(self, batch_size: int, rng: np.random.Generator) -> Transitions:
        """Draw transitions with replacement."""
        rows = rng.integers(0, len(self.transitions.rewards), batch_size)
        return Transitions(*(array[rows] for array in self.transitions))


class NaiveEncoder(nn.Module):
    """The layers of simple2dcnn over all frames of every stack.

    Args:
        encoder: gives the sizes and the first weights.
    """

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.convolutions = copy.deepcopy(encoder.convolutions).to(memory_format=torch.contiguous_format)
        self.project, self.pool = copy.deepcopy(encoder.project), copy.deepcopy(encoder.pool)

    def forward(self, observations: Tensor) -> Tensor:
        """Encode stacks (B, T, C, H, W) to latents (B, L)."""
        batch, time = observations.shape[:2]
        pixels = observations.flatten(0, 1).float() / 255.0 - 0.5
        features = self.project(self.convolutions(pixels)).unflatten(0, (batch, time))
        pooled = [features.mean(dim=1), features[:, -1], features[:, -1] - features[:, 0]]
        return self.pool(torch.cat(pooled, dim=1))


class NaiveCritic(nn.Module):
    """One critic, concat(latent, action) -> hidden -> hidden -> 1.

    Args:
        weights: of each layer, (fan_in, fan_out).
        biases: of each layer, (1, fan_out).
    """

    def __init__(self, weights: Sequence[Tensor], biases: Sequence[Tensor]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for weight, bias in zip(weights, biases, strict=True):
            linear = nn.Linear(weight.shape[0], weight.shape[1])
            linear.load_state_dict({"weight": weight.T, "bias": bias[0]})
            layers += [linear, nn.ReLU()]
        self.network = nn.Sequential(*layers[:-1])

    def forward(self, latents: Tensor, actions: Tensor) -> Tensor:
        """Return values (B,) of latents (B, L) and actions (B, A) in [-1, 1]."""
        return self.network(torch.cat([latents, actions], dim=1)).squeeze(1)


class NaiveSAC:
    """Soft actor-critic that begins with the weights, the settings and the random numbers of an agent of ours.

    Args:
        agent: whose copy this is; its encoder is a simple2dcnn.

    Reference: Haarnoja et al., "Soft actor-critic algorithms and applications", https://arxiv.org/abs/1812.05905
    """

    def __init__(self, agent: SACAgent) -> None:
        self.config, self.target_entropy = agent.config, agent.target_entropy
        self.encoder, self.actor = NaiveEncoder(agent.encoder), copy.deepcopy(agent.actor.network)
        self.critics = nn.ModuleList(_critics(agent.critic))
        self.target_critics = copy.deepcopy(self.critics).requires_grad_(False)
        self.log_alpha = agent.log_alpha.detach().clone().requires_grad_(True)
        lr = self.config.learning_rate
        self.critic_optimizer = torch.optim.Adam([*self.encoder.parameters(), *self.critics.parameters()], lr=lr)
        self.actor_optimizer = torch.optim.Adam(self.actor.parameters(), lr=lr)
        self.alpha_optimizer = torch.optim.Adam([self.log_alpha], lr=lr)
        self.generator = torch.Generator().manual_seed(0)
        self.generator.set_state(agent.generator.get_state())

    def update(self, batch: Transitions) -> Mapping[str, float]:
        """Take one gradient step for critics and encoder, actor and temperature, and move the target critics.

        Args:
            batch: transitions with actions in [-1, 1].

        Returns:
            The losses.
        """
        observations, actions, rewards, discounts, following = (torch.from_numpy(part) for part in batch)
        latents = self.encoder(observations)
        with torch.no_grad():
            next_latents = self.encoder(following)
            next_actions, next_log_pi = self._policy(next_latents)
            values = torch.minimum(*(critic(next_latents, next_actions) for critic in self.target_critics))
            targets = rewards + discounts * (values - self.log_alpha.exp() * next_log_pi)
        critic_loss = sum(0.5 * functional.mse_loss(critic(latents, actions), targets) for critic in self.critics)
        assert isinstance(critic_loss, Tensor)
        _step(self.critic_optimizer, critic_loss)

        latents = latents.detach()
        chosen, log_pi = self._policy(latents)
        value = torch.minimum(*(critic(latents, chosen) for critic in self.critics))
        actor_loss = (self.log_alpha.exp().detach() * log_pi - value).mean()
        _step(self.actor_optimizer, actor_loss)
        alpha_loss = -(self.log_alpha * (log_pi.detach() + self.target_entropy)).mean()
        _step(self.alpha_optimizer, alpha_loss)

        with torch.no_grad():
            for target, online in zip(self.target_critics.parameters(), self.critics.parameters(), strict=True):
                target.mul_(1.0 - self.config.tau).add_(self.config.tau * online)
        losses = {"critic_loss": critic_loss, "actor_loss": actor_loss, "alpha_loss": alpha_loss}
        return {name: loss.item() for name, loss in losses.items()}

    def _policy(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Sample squashed actions (B, A) and their log densities (B,)."""
        mean, raw = self.actor(latents).chunk(2, dim=-1)
        log_std = -5.0 + 3.5 * (torch.tanh(raw) + 1.0)
        noise = torch.randn(mean.shape, generator=self.generator)
        unsquashed = mean + log_std.exp() * noise
        log_normal = -0.5 * noise**2 - log_std - 0.5 * math.log(2.0 * math.pi)
        slope = 2.0 * (math.log(2.0) - unsquashed - functional.softplus(-2.0 * unsquashed))
        return torch.tanh(unsquashed), (log_normal - slope).sum(-1)


def stack(batch: Batch) -> Transitions:
    """Write a batch of ours as one would store it: every stack with all its frames, actions from [0, 1] to [-1, 1]."""
    assert batch.frames is not None
    stacks = [np.ascontiguousarray(batch.frames[index]) for index in (batch.observations, batch.next_observations)]
    return Transitions(stacks[0], 2.0 * batch.actions - 1.0, batch.profit, batch.discount, stacks[1])


def _critics(critic: Any) -> list[NaiveCritic]:
    return [
        NaiveCritic([weight.detach()[j] for weight in critic.weights], [bias.detach()[j] for bias in critic.biases])
        for j in range(2)
    ]


def _step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
