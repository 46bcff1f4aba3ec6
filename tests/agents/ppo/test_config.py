"""Tests for config.py."""

import math

import pytest

from agents import PPOConfig


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("learning_rate", 0.0, "learning_rate must be a finite number > 0, got 0.0"),
        ("gamma", 1.5, "gamma must be a finite number >= 0 and <= 1, got 1.5"),
        ("gae_lambda", -0.1, "gae_lambda must be a finite number >= 0 and <= 1, got -0.1"),
        ("initial_std", 0.0, "initial_std must be a finite number > 0, got 0.0"),
        ("rollout_steps", 0, "rollout_steps must be a whole number >= 1, got 0"),
        ("epochs", 1.5, "epochs must be a whole number >= 1, got 1.5"),
        ("critic_learning_rate", 0.0, "critic_learning_rate must be a finite number > 0, got 0.0"),
        ("policy_tau", 1.5, "policy_tau must be a finite number > 0 and <= 1, got 1.5"),
        ("lr_decay_steps", 0, "lr_decay_steps must be a whole number >= 1, got 0"),
        ("max_grad_norm", 0.0, "max_grad_norm must be a number > 0, got 0.0"),
        ("clip_range", math.nan, "clip_range must be a number > 0, got nan"),
        ("target_kl", 0.0, "target_kl must be a number > 0, got 0.0"),
        ("normalization_rollouts", 0, "normalization_rollouts must be a whole number >= 1, got 0"),
        ("noise_hold_steps", 0.5, "noise_hold_steps must be a finite number >= 1, got 0.5"),
        ("entropy_coefficient", -1.0, "entropy_coefficient must be a finite number >= 0, got -1.0"),
        ("valuation_alpha", math.nan, "valuation_alpha must be a finite number >= -inf, got nan"),
    ],
)
def test_bad_values_are_named(name, value, message):
    with pytest.raises(ValueError) as error:
        PPOConfig(**{name: value})
    assert str(error.value) == message


def test_the_step_size_falls_in_a_line_or_stays():
    config = PPOConfig(learning_rate=0.1, lr_decay_steps=1000)
    assert [config.learning_rate_at(steps) for steps in (0, 250, 1000, 2000)] == pytest.approx([0.1, 0.075, 0.0, 0.0])
    assert PPOConfig(learning_rate=0.1).learning_rate_at(10**9) == 0.1
