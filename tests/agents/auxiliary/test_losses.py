"""Tests for losses.py: literal inputs, literal answers."""

import math

import numpy as np
import pytest
import torch

from agents.auxiliary import losses


def test_consistency_is_the_variance_not_predicted():
    latents = torch.tensor([[1.0, 10.0], [3.0, 50.0], [99.0, -99.0]])
    valid = torch.tensor([True, True, False])
    predicted = torch.tensor([[-1.0, -1.0], [0.0, 1.0], [7.0, 7.0]])
    torch.testing.assert_close(
        losses.consistency_loss(predicted, latents, valid), torch.tensor(0.25), rtol=1e-4, atol=0
    )
    mean = losses.consistency_loss(torch.zeros(3, 2), latents, valid)
    torch.testing.assert_close(mean, torch.tensor(1.0), rtol=1e-4, atol=0)
    assert losses.consistency_loss(predicted, latents, torch.zeros(3, dtype=torch.bool)) == 0.0


def test_consistency_does_not_fall_as_latents_grow_alike():
    predicted, latents = torch.rand(2, 16, 4, generator=torch.Generator().manual_seed(0))
    valid = torch.ones(16, dtype=torch.bool)
    alike = 5.0 + 0.1 * latents
    found = [losses.consistency_loss(predicted, each, valid) for each in (latents, alike)]
    torch.testing.assert_close(*found, rtol=1e-2, atol=0)


def test_consistency_trains_the_prediction_only():
    predicted, latents = torch.rand(4, 3, requires_grad=True), torch.rand(4, 3, requires_grad=True)
    losses.consistency_loss(predicted, latents, torch.tensor([True, True, True, False])).backward()
    assert latents.grad is None
    assert predicted.grad is not None
    assert (predicted.grad.abs().sum(1) > 0).tolist() == [True, True, True, False]


def test_infonce_of_known_similarities():
    queries = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    keys = torch.tensor([[3.0, 0.0], [0.0, -1.0]])
    loss = losses.infonce_loss(queries, keys, torch.zeros(2, 2, dtype=torch.bool), temperature=0.5)
    first = math.log(math.exp(2.0) + math.exp(0.0)) - 2.0
    second = math.log(math.exp(0.0) + math.exp(-2.0)) + 2.0
    torch.testing.assert_close(loss, torch.tensor((first + second) / 2))


def test_ignored_pairs_are_no_negatives():
    views = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    everything = losses.infonce_loss(views, views, torch.zeros(3, 3, dtype=torch.bool), 0.1)
    torch.testing.assert_close(everything, torch.tensor(2 * math.log(2) / 3), atol=1e-5, rtol=0)
    ignored = torch.tensor([[True, True, False], [True, True, False], [False, False, False]])
    torch.testing.assert_close(losses.infonce_loss(views, views, ignored, 0.1), torch.tensor(0.0))
    assert losses.infonce_loss(views, views, torch.ones(3, 3, dtype=torch.bool), 0.1) == 0.0


@pytest.mark.parametrize("count", [8, 64, 256])
def test_infonce_of_random_latents_is_log_n(count):
    generator = torch.Generator().manual_seed(0)
    queries, keys = torch.randn(2, count, 4096, generator=generator)
    loss = losses.infonce_loss(queries, keys, torch.zeros(count, count, dtype=torch.bool), temperature=0.5)
    assert float(loss) == pytest.approx(math.log(count), abs=0.05)


def test_stacks_share_frames_both_ways():
    index = torch.tensor([[0, 1, 2], [2, 3, 4], [4, 4, 5], [9, 10, 11]])
    expected = [[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 1]]
    assert losses.share_frames(index).int().tolist() == expected


def test_only_the_next_row_of_a_segment_follows():
    rows = np.array([3, 4, 5, 5, 6, 7, 8, 9])
    assert losses.follows_in_segment(rows, 4).tolist() == [True, True, False, False, True, True, True, False]
    assert not losses.follows_in_segment(rows, 1).any()
