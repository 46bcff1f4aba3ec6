"""Tests for config.py."""

import math

import pytest

from agents import SACConfig


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("learning_rate", math.nan, "learning_rate must be a finite number > 0, got nan"),
        ("gamma", 1.5, "gamma must be a finite number >= 0 and <= 1, got 1.5"),
        ("tau", 0.0, "tau must be a finite number > 0 and <= 1, got 0.0"),
        ("policy_tau", 1.5, "policy_tau must be a finite number > 0 and <= 1, got 1.5"),
        ("n_step", 0, "n_step must be a whole number >= 1, got 0"),
        ("batch_size", True, "batch_size must be a whole number >= 1, got True"),
        ("target_entropy", math.inf, "target_entropy must be a finite number >= -inf, got inf"),
        ("max_grad_norm", 0.0, "max_grad_norm must be a finite number > 0, got 0.0"),
        ("warmup_hold_steps", 0.5, "warmup_hold_steps must be a finite number >= 1, got 0.5"),
        ("replay_capacity", 0, "replay_capacity must be a whole number >= 1, got 0"),
        ("segment_length", 3, "batch_size must be a multiple of segment_length 3, got 256"),
        (
            *("constraint_form", "critic"),
            "unknown constraint_form 'critic'; nearest is 'cost_critic', valid are cost_critic, penalty",
        ),
        ("updates_per_step", -1.0, "updates_per_step must be a finite number >= 0, got -1.0"),
    ],
)
def test_bad_values_are_named(name, value, message):
    with pytest.raises(ValueError) as error:
        SACConfig(**{name: value})
    assert str(error.value) == message


def test_replay_config_carries_the_same_numbers():
    replay = SACConfig(n_step=7, gamma=0.9, replay_capacity=123, importance_exponent=0.2).replay_config()
    assert (replay.n_step, replay.gamma, replay.capacity, replay.importance_exponent) == (7, 0.9, 123, 0.2)
