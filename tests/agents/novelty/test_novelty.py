"""What every measure of novelty promises, and build_novelty."""

import copy
import math
from typing import Any

import pytest
import torch

from agents import NOVELTIES, CheckpointError, all_finite, build_novelty, load_checkpoint, save_checkpoint
from agents.novelty import GapNovelty
from agents.novelty.base import SETTLING
from agents.sac.losses import novelty_weights

from .conftest import LATENT, usual

MEASURES = [name for name in NOVELTIES if name != "none"]


def measure(name: str, seed: int = 0) -> GapNovelty:
    options: dict[str, Any] = {"capacity": 64} if name == "knn" else {"hidden": 32}
    novelty = build_novelty(name, LATENT, seed=seed, train_rows=32, **options)
    assert isinstance(novelty, GapNovelty)
    return novelty


def learn(novelty: GapNovelty, updates: int, start: int = 0) -> None:
    for step in range(start, start + updates):
        novelty.score(usual(8, step))
        novelty.update(usual(32, step))


@pytest.fixture(scope="module", params=MEASURES)
def trained(request) -> GapNovelty:
    novelty = measure(request.param)
    learn(novelty, 4 * 150)
    return novelty


def test_the_unseen_scores_higher_than_the_usual(trained):
    strange = 4.0 * torch.nn.functional.normalize(torch.randn(256, LATENT, generator=torch.Generator().manual_seed(3)))
    assert trained.deviation(strange).median() > trained.deviation(usual(256, 9999)).quantile(0.95)


def test_scores_are_strictly_within_zero_and_one_however_far_the_latents(trained):
    far = 1e4 * torch.randn(32, LATENT, generator=torch.Generator().manual_seed(4))
    score = copy.deepcopy(trained).score(far)
    assert score.shape == (32,)
    assert torch.all((score > 0.0) & (score < 1.0))
    assert not score.requires_grad


def test_deviations_are_what_scores_squash(trained):
    novelty, latents = copy.deepcopy(trained), usual(8, 6000)
    score = novelty.score(latents)
    torch.testing.assert_close(torch.sigmoid(novelty.deviation(latents)), score)


def test_a_deviation_is_a_function_of_the_state_alone(trained):
    latents = usual(40, 5000)
    before = copy.deepcopy(trained.state_dict())
    first = trained.deviation(latents)
    assert torch.equal(first, trained.deviation(latents))
    # Gaps hardly differ: in units of their spread their rounding is seen.
    torch.testing.assert_close(trained.deviation(latents[7:9]), first[7:9], rtol=0.0, atol=1e-3)
    _assert_same(before, trained.state_dict())


def test_score_moves_the_running_statistics_and_update_learns_where_it_is_due():
    novelty = measure("rnd")
    learned = ["novelty_loss" in novelty.update(usual(8, step)) for step in range(9)]
    assert learned == [True, False, False, False, True, False, False, False, True]
    learn(novelty, 20, 9)
    assert novelty.tracker.count == 0
    novelty.score(usual(8, 0))
    assert novelty.tracker.count == 1


@pytest.mark.parametrize("name", MEASURES)
def test_scores_are_a_half_until_latents_are_known_and_tell_them_apart_from_then_on(name):
    options: dict[str, Any] = {"capacity": 512} if name == "knn" else {}
    novelty, generator = build_novelty(name, 128, train_every=1, **options), torch.Generator().manual_seed(0)
    assert isinstance(novelty, GapNovelty)
    for update in range(60):
        latents = torch.randn(32, 128, generator=generator)
        score = novelty.score(latents)
        if update < SETTLING:
            assert (torch.all(score == 0.5), novelty.tracker.count) == (True, 0)
        else:
            assert score.std() > 0.01
            assert novelty_weights(score).mean() < 2.0
        novelty.update(latents)


@pytest.mark.parametrize("name", MEASURES)
def test_gradients_stay_out_of_the_latents(name):
    novelty, latents = measure(name), usual(8, 1).requires_grad_()
    novelty.score(latents)
    novelty.update(latents)
    assert latents.grad is None


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_restored_from_a_checkpoint_goes_on_bit_for_bit(name, tmp_path):
    first, second = measure(name, seed=1), measure(name, seed=2)
    learn(first, 10)
    saved = load_checkpoint(save_checkpoint(tmp_path, {"novelty": first.state_dict()}))
    second.load_state_dict(saved["novelty"])
    for step in range(10, 20):
        assert torch.equal(first.score(usual(8, step)), second.score(usual(8, step)))
        learn(first, 1, step)
        learn(second, 1, step)
    _assert_same(first.state_dict(), second.state_dict())


def test_the_state_of_another_measure_is_refused_with_what_is_needed():
    saved = measure("knn").state_dict()
    with pytest.raises(
        CheckpointError, match="saved novelty holds reservoir, size, RNDNovelty needs target, predictor"
    ):
        measure("rnd").load_state_dict(saved)
    with pytest.raises(CheckpointError, match="saved novelty holds nothing, KNNNovelty needs reservoir"):
        measure("knn").load_state_dict({"tracker": {}})


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("diffusion", {"hidden": 16}, r"denoiser embed.weight of shape \(16, 48\), DiffusionNovelty needs \(32, 48\)"),
        ("diffusion", {"draws": 2}, r"noise of shape \(4, 16\), DiffusionNovelty needs \(2, 16\)"),
        ("rnd", {"features": 8}, r"target 2.weight of shape \(8, 32\), RNDNovelty needs \(64, 32\)"),
        ("knn", {"capacity": 32}, r"reservoir of shape \(32, 16\), KNNNovelty needs \(64, 16\)"),
    ],
)
def test_the_state_of_other_sizes_is_refused_and_nothing_moves(name, options, said):
    own, other = measure(name), build_novelty(name, LATENT, **({"hidden": 32} if name != "knn" else {}) | options)
    before = copy.deepcopy(own.state_dict())
    with pytest.raises(CheckpointError, match=f"^saved novelty has {said}"):
        own.load_state_dict(other.state_dict())
    _assert_same(before, own.state_dict())


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("wrong", [math.nan, math.inf, 1e30])
def test_what_is_not_finite_is_neither_learned_nor_remembered(name, wrong):
    novelty = measure(name)
    learn(novelty, 15)
    batch = usual(32, 15)
    batch[3, 5] = wrong
    for _ in range(40):  # the root of the moments is due more than once
        novelty.score(batch)
        novelty.update(batch)
    assert all_finite(novelty.state_dict())
    learn(novelty, 4, 16)
    assert torch.isfinite(novelty.score(usual(8, 99))).all()


@pytest.mark.parametrize("name", MEASURES)
def test_latents_of_another_width_are_refused(name):
    with pytest.raises(ValueError, match=r"latents must have shape \(B, 16\), got \(4, 3\)"):
        measure(name).score(torch.zeros(4, 3))


def test_names_and_options():
    assert torch.equal(build_novelty("none").score(torch.zeros(3, 2)), torch.ones(3))
    assert build_novelty("none").update(torch.zeros(3, 2)) == {}
    with pytest.raises(ValueError, match="unknown novelty 'difusion'; nearest is 'diffusion'"):
        build_novelty("difusion")
    with pytest.raises(ValueError, match="unknown option of novelty 'rnd' 'hiden'; nearest is 'hidden'"):
        build_novelty("rnd", hiden=3)
    with pytest.raises(ValueError, match="novelty 'none' has no options, got schedule='linear'"):
        build_novelty("none", schedule="linear")


@pytest.mark.parametrize(
    ("name", "option", "value", "said"),
    [
        ("diffusion", "prediction", "x0", "unknown prediction 'x0'; nearest is"),
        ("diffusion", "schedule", "cosin", "unknown schedule 'cosin'; nearest is 'cosine'"),
        ("diffusion", "num_steps", 0, "num_steps must be a whole number >= 1, got 0"),
        ("diffusion", "score_levels", (0.0,), "score_levels must be a finite number > 0 and <= 0.1, got 0.0"),
        ("diffusion", "train_level", 0.02, "score_levels must be a finite number > 0 and <= 0.02, got 0.04"),
        ("diffusion", "recon_steps", 100, "recon_steps must be less than num_steps 100, got 100"),
        ("diffusion", "score_levels", (), "score_levels must name at least one noise level"),
        ("diffusion", "average_decay", 1.5, "average_decay must be a finite number >= 0 and <= 1, got 1.5"),
        ("rnd", "learning_rate", 0.0, "learning_rate must be a finite number > 0, got 0"),
        ("rnd", "train_rows", 1, "train_rows must be a whole number >= 2, got 1"),
        ("knn", "neighbours", 9, "neighbours must be at most capacity 8, got 9"),
        ("knn", "train_every", 0, "train_every must be a whole number >= 1, got 0"),
    ],
)
def test_bad_options_are_one_line(name, option, value, said):
    options: dict[str, Any] = {"capacity": 8, "neighbours": 2} if name == "knn" else {}
    with pytest.raises(ValueError) as caught:
        build_novelty(name, LATENT, **(options | {option: value}))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def _assert_same(left, right) -> None:
    assert type(left) is type(right)
    if isinstance(left, dict):
        assert left.keys() == right.keys()
        for key in left:
            _assert_same(left[key], right[key])
    elif isinstance(left, torch.Tensor):
        assert torch.equal(left, right)
    else:
        assert left == right
