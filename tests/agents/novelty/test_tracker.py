"""Tests for tracker.py."""

import torch

from agents.novelty.tracker import NoveltyTracker, combine_novelty, mse_noise_gap, normalise_gaps, recon_gap


def test_mse_noise_gap():
    gap = mse_noise_gap(torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([[1.0, 0.0], [3.0, 1.0]]))
    torch.testing.assert_close(gap, torch.tensor([2.0, 5.0]))


def test_recon_gap():
    gap = recon_gap(torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([[1.0, 0.0], [3.0, 1.0]]))
    torch.testing.assert_close(gap, torch.tensor([2.0, 5.0]))


def test_combine_novelty_is_half_at_the_mean_and_within_zero_and_one():
    gaps = torch.tensor([[1.0], [3.0], [-1e6], [1e6]])
    arguments = (gaps, torch.tensor([1.0]), torch.tensor([4.0]))
    score = combine_novelty(*arguments)
    torch.testing.assert_close(score[:2], torch.tensor([0.5, 0.7310586]))
    torch.testing.assert_close(normalise_gaps(*arguments)[3], torch.tensor(1e6 / 2 - 0.5))
    assert torch.all((score > 0.0) & (score < 1.0))


def test_combine_novelty_averages_gaps_in_units_of_their_spread():
    mean, variance = torch.tensor([1.0, 10.0]), torch.tensor([4.0, 100.0])
    score = combine_novelty(torch.tensor([[3.0, 0.0], [5.0, 10.0]]), mean, variance)
    torch.testing.assert_close(score, torch.tensor([0.5, 0.7310586]))


def test_tracker_starts_at_the_first_batch_and_moves_ever_more_slowly():
    tracker = NoveltyTracker(decay=0.9, device="cpu", num_gaps=2)
    tracker.update(torch.tensor([[1.0, 0.0], [3.0, 0.0]]))
    assert (tracker.mean.tolist(), tracker.variance.tolist()) == ([2.0, 0.0], [1.0, 0.0])
    tracker.update(torch.tensor([[4.0, 1.0], [4.0, 1.0]]))
    torch.testing.assert_close(tracker.mean, torch.tensor([2.0 + 2.0 / 1.1, 1.0 / 1.1]))
    torch.testing.assert_close(tracker.variance, torch.tensor([(0.1 + 4.0) / 1.1, 1.0 / 1.1]))
    restored = NoveltyTracker(decay=0.9, device="cpu", num_gaps=2)
    restored.load_state_dict(tracker.state_dict())
    assert torch.equal(restored.mean, tracker.mean)
    assert restored.count == 2
