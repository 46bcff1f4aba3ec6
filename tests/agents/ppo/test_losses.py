"""Tests for losses.py: literal inputs, literal answers."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from agents.ppo import losses
from agents.sac.networks import squash_gaussian

RATIOS = torch.tensor([1.5, 0.5, 1.1, 1.5])
ADVANTAGES = torch.tensor([1.0, -1.0, 2.0, -1.0])


def test_the_density_of_squashed_actions_integrates_to_one():
    mean, log_std = torch.tensor([[0.4]]), torch.tensor([[-0.3]])

    def density(action: float) -> float:
        raw = torch.tensor([[math.atanh(action)]])
        return float(losses.squashed_log_prob(raw, mean, log_std).exp())

    assert quad(density, -1.0 + 1e-9, 1.0 - 1e-9)[0] == pytest.approx(1.0, abs=1e-4)


def test_the_log_density_is_that_of_the_sampler_and_finite_where_tanh_saturates():
    mean, log_std, noise = torch.tensor([[0.3, -1.0]]), torch.tensor([[0.2, -0.7]]), torch.tensor([[1.0, -2.0]])
    raw = mean + log_std.exp() * noise
    torch.testing.assert_close(
        losses.squashed_log_prob(raw, mean, log_std), squash_gaussian(mean, log_std, noise)[1], rtol=1e-5, atol=1e-6
    )
    assert torch.isfinite(losses.squashed_log_prob(torch.tensor([[40.0]]), torch.zeros(1, 1), torch.zeros(1, 1)))


def test_policy_loss_takes_the_more_pessimistic_of_the_two():
    # min(1.5, 1.2), min(-0.5, -0.8), min(2.2, 2.2), min(-1.5, -1.2)
    loss = losses.policy_loss(RATIOS.log(), ADVANTAGES, torch.ones(4), clip_range=0.2)
    torch.testing.assert_close(loss, torch.tensor(-(1.2 - 0.8 + 2.2 - 1.5) / 4))


def test_policy_loss_weighs_transitions():
    loss = losses.policy_loss(RATIOS.log(), ADVANTAGES, torch.tensor([1.0, 0.5, 0.0, 2.0]), clip_range=0.2)
    torch.testing.assert_close(loss, torch.tensor(-(1.2 - 0.4 + 0.0 - 3.0) / 4))


def test_nothing_is_gained_beyond_the_clip_range():
    log_ratio = torch.tensor([0.5, -0.5, 0.5, -0.5], requires_grad=True)
    losses.policy_loss(log_ratio, torch.tensor([1.0, -1.0, -1.0, 1.0]), torch.ones(4), 0.2).backward()
    assert log_ratio.grad is not None
    gain = log_ratio.grad.numpy()
    assert np.array_equal(gain[:2], [0.0, 0.0])
    assert np.all(gain[2:] != 0.0)


def test_value_loss_weighs_and_sends_no_gradient_into_the_returns():
    values, returns = torch.tensor([1.0, 3.0], requires_grad=True), torch.tensor([0.0, 1.0], requires_grad=True)
    loss = losses.value_loss(values, returns, torch.tensor([1.0, 0.5]))
    torch.testing.assert_close(loss, torch.tensor((1.0 + 0.5 * 4.0) / 2))
    loss.backward()
    torch.testing.assert_close(values.grad, torch.tensor([1.0, 1.0]))
    assert returns.grad is None


def test_valuations_and_their_weights():
    valuations = losses.valuations(torch.tensor([-2.0, 0.0, 3.0]), torch.tensor([0.5, 0.9, 1.0]))
    torch.testing.assert_close(valuations, torch.tensor([1.0, 0.0, 3.0]))
    weights = losses.valuation_weights(valuations, alpha=2.0, beta=-1.0)
    expected = [1.0 / (1.0 + math.exp(-x)) for x in (1.0, -1.0, 5.0)]
    torch.testing.assert_close(weights, torch.tensor(expected))


def test_approximate_kl():
    torch.testing.assert_close(losses.approximate_kl(torch.zeros(3)), torch.tensor(0.0))
    kl = losses.approximate_kl(torch.tensor([math.log(2.0), 0.0]))
    torch.testing.assert_close(kl, torch.tensor((1.0 - math.log(2.0)) / 2))


def test_approximate_kl_is_unbiased():
    old, new = torch.distributions.Normal(0.0, 1.0), torch.distributions.Normal(0.3, 1.0)
    sample = torch.randn(200_000, generator=torch.Generator().manual_seed(0))
    estimate = losses.approximate_kl(new.log_prob(sample) - old.log_prob(sample))
    assert float(estimate) == pytest.approx(float(torch.distributions.kl_divergence(old, new)), rel=0.02)


def test_clip_fraction():
    torch.testing.assert_close(losses.clip_fraction(RATIOS.log(), 0.2), torch.tensor(0.75))
