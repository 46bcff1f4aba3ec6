"""Tests for spec.py."""

import numpy as np
import pytest
from gymnasium import spaces

from agents import EnvSpec

ACTIONS = spaces.Box(0, 1, (2,), np.float32)


def test_from_spaces_reads_shapes_and_bounds():
    spec = EnvSpec.from_spaces(spaces.Box(-1, 1, (4,), np.float64), spaces.Box(-2, 3, (1,), np.float32))
    assert spec == EnvSpec((4,), "float64", (-2.0,), (3.0,))
    assert spec.action_dim == 1


@pytest.mark.parametrize(
    ("shape", "dtype", "is_video"),
    [((8, 3, 64, 64), np.uint8, True), ((3, 64, 64), np.uint8, False), ((8, 3, 64, 64), np.float32, False)],
)
def test_video_is_a_stack_of_bytes(shape, dtype, is_video):
    assert EnvSpec.from_spaces(spaces.Box(0, 255, shape, dtype), ACTIONS).is_video is is_video


@pytest.mark.parametrize(
    ("observations", "actions", "message"),
    [
        (spaces.Discrete(3), ACTIONS, "observation space must be a Box, got Discrete; gymnasium.wrappers.Flatten"),
        (ACTIONS, spaces.Discrete(3), "action space must be a Box, got Discrete"),
        (ACTIONS, spaces.Box(0, 1, (2, 2)), "one dimension"),
        (ACTIONS, spaces.Box(-np.inf, np.inf, (2,)), "finite"),
    ],
)
def test_other_spaces_are_refused(observations, actions, message):
    with pytest.raises(ValueError, match=message):
        EnvSpec.from_spaces(observations, actions)
