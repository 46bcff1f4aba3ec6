"""Tests for schedule.py."""

import math

import torch

from agents.novelty.schedule import add_noise, cosine_alphas_bar


def test_cosine_schedule_of_two_steps():
    def signal(time: float) -> float:
        return math.cos((time + 0.008) / 1.008 * math.pi / 2) ** 2

    first = signal(0.5) / signal(0.0)
    torch.testing.assert_close(cosine_alphas_bar(2), torch.tensor([first, first * 0.001]))


def test_signal_falls_from_one_to_zero():
    alphas_bar = cosine_alphas_bar(100)
    assert torch.all(alphas_bar.diff() < 0)
    assert alphas_bar[0] > 0.999
    assert alphas_bar[-1] < 1e-3


def test_add_noise():
    noisy = add_noise(torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 1.0]]), torch.tensor([0.36]))
    torch.testing.assert_close(noisy, torch.tensor([[1.2, 0.8]]))
