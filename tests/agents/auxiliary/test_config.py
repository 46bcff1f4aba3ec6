"""Tests for config.py."""

import math
from typing import Any

import pytest

from agents import SACConfig
from agents.auxiliary import AuxiliaryConfig


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"random_shift": -1}, "random_shift must be a whole number >= 0, got -1"),
        ({"random_shift": 2.0}, "random_shift must be a whole number >= 0, got 2.0"),
        ({"history_dropout": 1.5}, "history_dropout must be a finite number >= 0 and <= 1, got 1.5"),
        ({"consistency_coefficient": -0.5}, "consistency_coefficient must be a finite number >= 0, got -0.5"),
        ({"infonce_coefficient": math.nan}, "infonce_coefficient must be a finite number >= 0, got nan"),
        ({"infonce_temperature": 0.0}, "infonce_temperature must be a finite number > 0, got 0.0"),
        (
            {"consistency_coefficient": 1.0, "n_step": 3},
            "consistency_coefficient needs n_step 1 or segment_length 2 and more to see the next step, "
            "got n_step 3 and segment_length 1",
        ),
    ],
)
def test_bad_values_are_named(settings: dict[str, Any], message):
    with pytest.raises(ValueError) as error:
        SACConfig(**settings)
    assert str(error.value) == message


def test_the_agents_settings_reach_the_losses():
    auxiliary = SACConfig(hidden=8, learning_rate=1e-2, n_step=3, segment_length=4, random_shift=2).auxiliary_config()
    assert auxiliary == AuxiliaryConfig(random_shift=2, hidden=8, learning_rate=1e-2, n_step=3, segment_length=4)


def test_consistency_alone_needs_no_pixels():
    assert not AuxiliaryConfig(consistency_coefficient=1.0).reads_pixels
    assert AuxiliaryConfig(infonce_coefficient=1.0).reads_pixels
