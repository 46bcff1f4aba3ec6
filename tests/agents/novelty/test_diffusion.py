"""Tests for diffusion.py and build_novelty."""

import copy

import pytest
import torch

from agents import build_novelty
from agents.novelty import DiffusionNovelty

LATENT = 16


def usual(count: int, seed: int) -> torch.Tensor:
    """Latents on a plane, of norm about that of a LayerNorm's output."""
    generator = torch.Generator().manual_seed(seed)
    basis = torch.linalg.qr(torch.randn(LATENT, 2, generator=torch.Generator().manual_seed(0)))[0]
    angles = torch.rand(count, generator=generator) * 6.28
    return 4.0 * torch.stack([angles.cos(), angles.sin()], 1) @ basis.T


@pytest.fixture(scope="module")
def trained() -> DiffusionNovelty:
    torch.set_num_threads(1)
    novelty = DiffusionNovelty(LATENT)
    for step in range(4 * 300):
        novelty.update(usual(64, step))
        if step % 40 == 0:
            novelty.score(usual(64, step + 1))
    return novelty


def test_training_lowers_the_loss(trained):
    fresh = DiffusionNovelty(LATENT)
    assert trained.gap(usual(256, 9)).mean() < 0.5 * fresh.gap(usual(256, 9)).mean()


def test_the_unseen_scores_higher_than_the_usual(trained):
    strange = torch.randn(256, LATENT, generator=torch.Generator().manual_seed(3))
    familiar = trained.score(usual(256, 10)).mean()
    assert trained.score(strange).mean() > familiar + 0.2


def test_scores_lie_within_zero_and_one(trained):
    score = trained.score(100.0 * torch.randn(32, LATENT, generator=torch.Generator().manual_seed(4)))
    assert score.shape == (32,)
    assert torch.all((score > 0.0) & (score < 1.0))
    assert not score.requires_grad


def test_a_restored_tracker_goes_on_bit_for_bit():
    first, second = DiffusionNovelty(LATENT, seed=1), DiffusionNovelty(LATENT, seed=2)
    for step in range(6):
        first.update(usual(8, step))
        first.score(usual(8, step))
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for step in range(6):
        assert torch.equal(first.score(usual(8, step)), second.score(usual(8, step)))
        first.update(usual(8, step))
        second.update(usual(8, step))


def test_names():
    assert torch.equal(build_novelty("none").score(torch.zeros(3, 2)), torch.ones(3))
    assert build_novelty("none").update(torch.zeros(3, 2)) == {}
    with pytest.raises(ValueError, match="unknown novelty 'difusion'; nearest is 'diffusion'"):
        build_novelty("difusion")
