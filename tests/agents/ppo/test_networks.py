"""Tests for networks.py."""

import math

import torch
from torch import nn

from agents.ppo.networks import Actor, Critic


def linear_layers(module: nn.Module) -> list[nn.Linear]:
    return [layer for layer in module.modules() if isinstance(layer, nn.Linear)]


def test_weights_are_orthogonal_with_their_gains():
    for network, last_gain in ((Actor(24, 3, 16), 0.01), (Critic(24, 16), 1.0)):
        layers = linear_layers(network)
        for layer, gain in zip(layers, (math.sqrt(2.0), math.sqrt(2.0), last_gain), strict=True):
            rows = layer.weight @ layer.weight.T
            torch.testing.assert_close(rows, gain**2 * torch.eye(len(rows)), atol=1e-5, rtol=1e-5)
            assert torch.equal(layer.bias, torch.zeros_like(layer.bias))


def test_the_policy_starts_the_same_everywhere_with_the_given_deviation():
    mean, log_std = Actor(8, 2, 16, initial_std=0.5)(torch.randn(64, 8))
    assert mean.shape == log_std.shape == (64, 2)
    assert mean.abs().max() < 0.1
    torch.testing.assert_close(log_std.exp(), torch.full((64, 2), 0.5))


def test_the_critic_gives_one_value_a_latent():
    assert Critic(8, 16)(torch.randn(5, 8)).shape == (5,)
