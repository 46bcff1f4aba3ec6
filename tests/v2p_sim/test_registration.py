"""The ids that importing v2p_sim registers."""

import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest

import v2p_sim  # noqa: F401
from v2p_sim.faces import CellsVectorEnv

ABSTRACT = {"V2P/Dishwashing-v0": (4,), "V2P/DishwashingVideo-v0": (8, 3, 64, 64)}


@pytest.mark.parametrize(("name", "shape"), ABSTRACT.items())
def test_make(name, shape):
    env = gym.make(name, render_mode="rgb_array")
    observation, _ = env.reset(seed=0)
    assert observation.shape == env.observation_space.shape == shape
    env.step(env.action_space.sample())
    env.close()


@pytest.mark.parametrize(("name", "shape"), ABSTRACT.items())
def test_make_vec(name, shape):
    env = gym.make_vec(name, num_envs=3, vectorization_mode="vector_entry_point")
    assert isinstance(env.unwrapped, CellsVectorEnv)
    observations, _ = env.reset(seed=0)
    assert observations.shape == env.observation_space.shape == (3, *shape)
    assert env.action_space.shape == (3, 2)
    env.close()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_vector_face_equals_gymnasiums_own_vectors():
    ours = gym.make_vec("V2P/Dishwashing-v0", num_envs=2, vectorization_mode="vector_entry_point")
    theirs = gym.make_vec("V2P/Dishwashing-v0", num_envs=2, vectorization_mode="sync")
    np.testing.assert_array_equal(ours.reset(seed=4)[0], theirs.reset(seed=4)[0])
    rng = np.random.default_rng(0)
    for _ in range(130):
        actions = rng.random((2, 2)).astype(np.float32)
        (*ours_step, ours_info), (*theirs_step, theirs_info) = ours.step(actions), theirs.step(actions)
        for one, other in zip(ours_step, theirs_step, strict=True):
            np.testing.assert_array_equal(one, other)
        for key, values in ours_info.items():
            np.testing.assert_array_equal(values, theirs_info[key])


def test_settings_pass_through_make():
    assert gym.make("V2P/Dishwashing-v0", observation="video").observation_space.shape == (8, 3, 64, 64)
    with pytest.raises(ValueError, match="observation 'sttae' is unknown: did you mean 'state'"):
        gym.make("V2P/Dishwashing-v0", observation="sttae")


def test_one_line_suffices_and_loads_no_physics():
    code = (
        "import sys, gymnasium; env = gymnasium.make('v2p_sim:V2P/Dishwashing-v0'); env.reset(seed=0);"
        "assert 'V2P/DishwashingMujoco-v0' in gymnasium.registry;"
        "assert not {'mujoco', 'torch', 'dm_control'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
