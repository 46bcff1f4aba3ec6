"""Tests for networks.py."""

import math

import torch
from torch.distributions import Normal, TanhTransform, TransformedDistribution

from agents.sac.networks import LOG_STD_MAX, LOG_STD_MIN, Actor, TwinCritic, squash_gaussian


def test_squashed_log_density_of_the_mode():
    action, log_pi = squash_gaussian(torch.zeros(1, 2), torch.zeros(1, 2), torch.zeros(1, 2))
    torch.testing.assert_close(action, torch.zeros(1, 2))
    torch.testing.assert_close(log_pi, torch.tensor([-math.log(2.0 * math.pi)]))


def test_squashed_log_density_matches_torch_distributions():
    mean, log_std = torch.tensor([[0.3, -1.0]]), torch.tensor([[-0.5, 0.2]])
    noise = torch.tensor([[0.7, -1.2]])
    action, log_pi = squash_gaussian(mean, log_std, noise)
    expected = TransformedDistribution(Normal(mean, log_std.exp()), [TanhTransform()]).log_prob(action).sum(-1)
    torch.testing.assert_close(log_pi, expected, atol=1e-5, rtol=1e-5)


def test_density_in_the_unit_interval_would_differ_by_log_two_a_component():
    action, log_pi = squash_gaussian(torch.zeros(1, 1), torch.zeros(1, 1), torch.tensor([[0.5]]))
    raw = torch.tensor(0.5)
    density = torch.exp(-0.5 * raw**2) / math.sqrt(2 * math.pi) / (1 - action[0, 0] ** 2)
    torch.testing.assert_close(log_pi[0], density.log())


def test_far_tails_stay_finite():
    _, log_pi = squash_gaussian(torch.full((1, 2), 40.0), torch.zeros(1, 2), torch.ones(1, 2))
    assert torch.isfinite(log_pi).all()


def test_log_std_stays_within_its_bounds():
    _, log_std = Actor(4, 2, 8)(1e4 * torch.randn(64, 4, generator=torch.Generator().manual_seed(0)))
    assert log_std.min() >= LOG_STD_MIN
    assert log_std.max() <= LOG_STD_MAX


def test_stacked_critics_equal_two_plain_networks():
    critic = TwinCritic(3, 2, 5)
    latents, actions = torch.rand(4, 3), torch.rand(4, 2)
    together = critic(latents, actions)
    assert together.shape == (2, 4)
    for number in range(2):
        values = torch.cat([latents, actions], 1)
        for layer, (weight, bias) in enumerate(zip(critic.weights, critic.biases, strict=True)):
            values = values @ weight[number] + bias[number]
            values = values.relu() if layer < 2 else values
        torch.testing.assert_close(together[number], values[:, 0])
    assert not torch.allclose(together[0], together[1])
