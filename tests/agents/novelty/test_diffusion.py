"""Tests for diffusion.py."""

from typing import Any

import pytest
import torch

from agents.novelty import DiffusionConfig, DiffusionNovelty
from agents.novelty.schedule import cosine_alphas_bar

from .conftest import LATENT, usual

STRONG: dict[str, Any] = {"train_level": 0.6, "score_levels": (0.3,)}


def novelty_of(**settings) -> DiffusionNovelty:
    return DiffusionNovelty(LATENT, config=DiffusionConfig(hidden=64, train_every=1, **settings))


def scaled_only(**settings) -> DiffusionNovelty:
    """Return a measure that knows the scale of latents and has learned nothing else."""
    novelty = novelty_of(**settings)
    for step in range(64):
        novelty.scale.update(usual(64, step))
    return novelty


def ring(count: int, seed: int, radius: float = 1.0) -> torch.Tensor:
    angles = 6.2832 * torch.rand(count, generator=torch.Generator().manual_seed(seed))
    return radius * torch.stack([angles.cos(), angles.sin()], 1)


@pytest.mark.parametrize("prediction", ["eps", "v"])
@pytest.mark.parametrize("schedule", ["cosine", "linear"])
def test_training_finds_the_hole_in_a_ring_that_no_distance_from_the_mean_sees(prediction, schedule):
    config = DiffusionConfig(prediction, schedule, draws=4, hidden=64, learning_rate=3e-3, train_every=1, **STRONG)
    novelty = DiffusionNovelty(2, config=config)
    novelty.update(ring(128, 0))
    usual, hole = (novelty.gaps(ring(256, 9998, radius)).mean(0) for radius in (1.0, 0.1))
    assert torch.all(hole < 1.05 * usual)
    for step in range(1, 500):
        novelty.update(ring(128, step))
    learned, hole = (novelty.gaps(ring(256, 9998, radius)).mean(0) for radius in (1.0, 0.1))
    assert torch.all(learned < 0.9 * usual)
    assert torch.all(hole > 1.2 * learned)


def test_an_untrained_velocity_denoiser_measures_the_mahalanobis_distance():
    novelty = scaled_only(**STRONG)
    latents = torch.randn(64, LATENT, generator=torch.Generator().manual_seed(1))
    (step,) = novelty.score_steps
    signal = cosine_alphas_bar(100)[step].item()
    assert (1.0 - signal) ** 0.5 == pytest.approx(0.3, abs=0.01)
    # eps_hat = sqrt(1 - a) x_t: the error is a (a eps^2 + (1 - a) x_0^2), and what is odd in eps cancels.
    squares = novelty.scale(latents).square().mean(1)
    expected = signal * (signal * novelty.noise[0].square().mean() + (1.0 - signal) * squares)
    torch.testing.assert_close(novelty.gaps(latents)[:, 0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("level", "steps"), [(0.6, 41), (1.0, 100)])
def test_the_denoiser_is_trained_up_to_a_largest_noise_level(level, steps):
    novelty = novelty_of(train_level=level)
    assert novelty.train_steps == steps
    recording, times = novelty.denoiser.forward, []

    def forward(noisy: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        times.extend(time.tolist())
        return recording(noisy, time)

    novelty.denoiser.forward = forward
    for step in range(20):
        novelty.update(usual(64, step))
    assert min(times) == 0.0 and max(times) == pytest.approx((steps - 1) / 100)


class Recording(torch.nn.Module):
    """Predicts no noise and notes at what times it was asked, and about what."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []
        self.seen: list[torch.Tensor] = []

    def forward(self, noisy: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        self.times.append(time[0].item())
        self.seen.append(noisy)
        return torch.zeros_like(noisy)


def test_a_reconstruction_starts_at_the_last_level_and_steps_down_evenly():
    novelty, recording = (
        novelty_of(prediction="eps", train_level=0.6, score_levels=(0.1, 0.3), recon_steps=3),
        Recording(),
    )
    novelty.average = recording  # pyright: ignore[reportAttributeAccessIssue]
    latents = usual(4, 0)
    gaps = novelty.gaps(latents)
    low, high = novelty.score_steps
    assert recording.times == pytest.approx([low / 100, high / 100, round(high * 2 / 3) / 100, round(high / 3) / 100])
    # Without noise to take off, every step rescales what it gets: in the end x_t / sqrt(a_t) is left.
    signal = novelty.alphas_bar[high]
    left = recording.seen[1] / signal.sqrt() - latents.repeat(2, 1)
    torch.testing.assert_close(gaps[:, 1], left.square().mean(1).view(2, 4).mean(0), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(gaps[:, 0], novelty.noise.square().mean(1).mean().expand(4))


def test_both_signs_of_a_noise_vector_count():
    novelty = novelty_of(draws=3)
    assert torch.equal(novelty.noise[:3], -novelty.noise[3:])
    assert novelty.noise.shape == (6, LATENT)


def test_the_score_uses_averaged_weights_that_follow_fast_at_first():
    novelty = novelty_of(average_decay=0.9)
    novelty.update(usual(64, 0))
    assert torch.equal(novelty.average.out.weight, novelty.denoiser.out.weight)
    for step in range(1, 200):
        before = novelty.average.out.weight.clone()
        novelty.update(usual(64, step))
    torch.testing.assert_close(novelty.average.out.weight, 0.9 * before + 0.1 * novelty.denoiser.out.weight)
    gaps = novelty.gaps(usual(8, 1))
    with torch.no_grad():
        novelty.denoiser.out.weight.fill_(7.0)
    assert torch.equal(novelty.gaps(usual(8, 1)), gaps)
