"""Tests for schedule.py."""

import math

import pytest
import torch

from agents.novelty.schedule import (
    SCHEDULES,
    add_noise,
    cosine_alphas_bar,
    linear_alphas_bar,
    make_alphas_bar,
    velocity,
    velocity_to_noise,
)


def test_cosine_schedule_of_two_steps():
    def signal(time: float) -> float:
        return math.cos((time + 0.008) / 1.008 * math.pi / 2) ** 2

    first = signal(0.5) / signal(0.0)
    torch.testing.assert_close(cosine_alphas_bar(2), torch.tensor([first, first * 0.001]))


def test_linear_schedule_of_a_thousand_steps_is_the_references():
    alphas_bar = linear_alphas_bar(1000)
    torch.testing.assert_close(alphas_bar[:2], torch.tensor([0.9999, 0.9999 * (1.0 - 1e-4 - 0.0199 / 999)]))
    torch.testing.assert_close(alphas_bar[-1] / alphas_bar[-2], torch.tensor(0.98))


@pytest.mark.parametrize("name", SCHEDULES)
def test_signal_falls_from_one_to_zero(name):
    alphas_bar = make_alphas_bar(name, 100)
    assert torch.all(alphas_bar.diff() < 0)
    assert alphas_bar[0] >= 0.998
    assert alphas_bar[-1] < 1e-3


def test_an_unknown_schedule_names_the_nearest():
    with pytest.raises(ValueError, match="unknown schedule 'lnear'; nearest is 'linear'"):
        make_alphas_bar("lnear", 10)


def test_add_noise():
    noisy = add_noise(torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 1.0]]), torch.tensor([0.36]))
    torch.testing.assert_close(noisy, torch.tensor([[1.2, 0.8]]))


def test_velocity_of_literal_numbers_and_back():
    clean, noise, signal = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 1.0]]), torch.tensor([0.36])
    v = velocity(clean, noise, signal)
    torch.testing.assert_close(v, torch.tensor([[-1.6, 0.6]]))
    torch.testing.assert_close(velocity_to_noise(v, add_noise(clean, noise, signal), signal), noise)
