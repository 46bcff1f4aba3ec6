"""Tests for scale.py."""

import pytest
import torch

from agents.novelty.scale import LatentScale

from .conftest import LATENT


def skewed(count: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(LATENT, LATENT, generator=torch.Generator().manual_seed(0))
    return 3.0 + torch.randn(count, LATENT, generator=generator) @ mixing


def test_whitened_latents_have_zero_mean_and_unit_covariance():
    scale = LatentScale(LATENT, "cpu", floor=1e-6)
    for step in range(64):
        scale.update(skewed(256, step))
    whitened = scale(skewed(20_000, 999))
    torch.testing.assert_close(whitened.mean(0), torch.zeros(LATENT), atol=0.1, rtol=0.0)
    torch.testing.assert_close(torch.cov(whitened.T), torch.eye(LATENT), atol=0.1, rtol=0.0)


def test_moments_are_those_of_all_batches_at_first():
    scale, batches = LatentScale(LATENT, "cpu"), [skewed(50, step) for step in range(5)]
    for batch in batches:
        scale.update(batch)
    together = torch.cat(batches)
    torch.testing.assert_close(scale.mean, together.mean(0), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(scale.covariance, torch.cov(together.T, correction=0), rtol=1e-3, atol=1e-3)


def test_old_moments_are_forgotten():
    scale = LatentScale(LATENT, "cpu", decay=0.9)
    for step in range(100):
        scale.update(torch.zeros(8, LATENT) if step < 50 else torch.ones(8, LATENT))
    assert scale.mean.min() > 0.98


def test_a_direction_that_never_varies_is_not_blown_up():
    scale = LatentScale(2, "cpu", floor=0.01)
    scale.update(torch.tensor([[-1.0, 5.0], [1.0, 5.0]]))
    whitened = scale(torch.tensor([[0.0, 6.0]]))
    assert whitened[0, 1].item() == pytest.approx((0.01 * 0.5) ** -0.5, rel=1e-4)


def test_it_is_the_identity_at_first_and_finite_for_constant_latents():
    scale = LatentScale(3, "cpu")
    latents = torch.tensor([[1.0, 2.0, 3.0]])
    assert torch.equal(scale(latents), latents)
    scale.update(latents.expand(4, 3))
    assert torch.equal(scale(latents), torch.zeros(1, 3))
    assert torch.isfinite(scale(latents + 1.0)).all()
