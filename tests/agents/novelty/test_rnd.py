"""Tests for rnd.py."""

import copy

import torch

from agents.novelty import RNDConfig, RNDNovelty

from .conftest import LATENT, usual


def test_the_predictor_learns_and_the_target_stays():
    novelty = RNDNovelty(LATENT, config=RNDConfig(hidden=32, train_every=1))
    target = copy.deepcopy(novelty.target.state_dict())
    first = novelty.update(usual(64, 0))["novelty_loss"]
    for step in range(300):
        last = novelty.update(usual(64, step))["novelty_loss"]
    assert last < 0.4 * first
    assert all(torch.equal(value, novelty.target.state_dict()[name]) for name, value in target.items())


def test_the_gap_is_the_mean_squared_error_of_the_features():
    novelty = RNDNovelty(LATENT, config=RNDConfig(features=7))
    latents = usual(5, 0)
    whitened = novelty.scale(latents).clamp(-5.0, 5.0)
    expected = ((novelty.predictor(whitened) - novelty.target(whitened)) ** 2).mean(1, keepdim=True)
    torch.testing.assert_close(novelty.gaps(latents), expected)


def test_seeds_give_other_targets():
    first, second = (RNDNovelty(LATENT, seed=seed).target.state_dict()["0.weight"] for seed in (0, 1))
    assert not torch.equal(first, second)
