"""Tests for knn.py."""

import torch

from agents.novelty import KNNConfig, KNNNovelty

from .conftest import LATENT, usual


def knn(capacity: int = 8, neighbours: int = 2, chunk_rows: int = 1024) -> KNNNovelty:
    config = KNNConfig(capacity=capacity, neighbours=neighbours, chunk_rows=chunk_rows, train_every=1)
    return KNNNovelty(LATENT, config=config)


def test_the_gap_is_the_mean_distance_to_the_nearest():
    novelty = knn()
    novelty.reservoir[:4, 0] = torch.tensor([0.0, 1.0, 3.0, 9.0])
    novelty.size = 4
    latents = torch.zeros(2, LATENT)
    latents[1, 0] = 4.0
    torch.testing.assert_close(novelty.gaps(latents), torch.tensor([[0.5], [2.0]]))


def test_chunks_change_nothing():
    whole, chunked = knn(64), knn(64, chunk_rows=3)
    for novelty in (whole, chunked):
        novelty.update(usual(40, 0))
    torch.testing.assert_close(whole.gaps(usual(10, 1)), chunked.gaps(usual(10, 1)))


def test_an_empty_reservoir_finds_nothing_near_or_far():
    assert torch.equal(knn().gaps(usual(3, 0)), torch.zeros(3, 1))


def test_the_reservoir_is_bounded_and_forgets_evenly():
    novelty, added = knn(capacity=200), 0
    for _ in range(60):
        novelty.update(torch.arange(added, added + 20.0).unsqueeze(1).expand(20, LATENT))
        added += 20
    assert novelty.size == 200
    kept = novelty.reservoir[:, 0]
    assert len(kept.unique()) == 200
    age = added - kept.mean().item()
    assert 150 < age < 250  # 200 additions on average


def test_a_batch_larger_than_the_reservoir_leaves_its_last_rows():
    novelty = knn(capacity=4)
    novelty.update(usual(4, 0))
    batch = usual(10, 1)
    novelty.update(batch)
    kept = {tuple(row) for row in novelty.reservoir.tolist()}
    assert kept == {tuple(row) for row in batch[-4:].tolist()}
