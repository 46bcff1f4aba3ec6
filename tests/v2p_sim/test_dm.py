"""Tests for dm.py: the dm_env contract, the numbers of the Gymnasium face, and how a shift may end."""

import subprocess
import sys
from typing import Any

import dm_env
import numpy as np
import pytest
from absl.testing import absltest
from dm_env import specs, test_utils

from v2p_sim import dm
from v2p_sim.tasks import dishwashing, dishwashing_mujoco

SHORT: dict[str, Any] = {"shift_minutes": 0.05}  # six control steps


class TestContractOfThePhysicalTask(test_utils.EnvironmentTestMixin, absltest.TestCase):
    def make_object_under_test(self):
        return dm.load("dishwashing_mujoco", seed=0, **SHORT)


class TestContractOfThePhysicalTaskByItsPrivilegedState(test_utils.EnvironmentTestMixin, absltest.TestCase):
    def make_object_under_test(self):
        return dm.load("dishwashing_mujoco", seed=0, observation="privileged", **SHORT)


class TestContractOfTheAbstractTask(test_utils.EnvironmentTestMixin, absltest.TestCase):
    def make_object_under_test(self):
        return dm.load("dishwashing", seed=0)

    def make_action_sequence(self):
        for _ in range(70):
            yield self.make_action()


def random_actions(steps: int) -> np.ndarray:
    return np.random.default_rng(3).random((steps, 2)).astype(np.float32)


@pytest.mark.parametrize(
    ("task", "module", "settings", "key"),
    [
        ("dishwashing", dishwashing, {}, "state"),
        ("dishwashing", dishwashing, {"observation": "video"}, "pixels"),
        ("dishwashing_mujoco", dishwashing_mujoco, {"shift_minutes": 0.2}, "pixels"),
        ("dishwashing_mujoco", dishwashing_mujoco, {"shift_minutes": 0.2, "observation": "privileged"}, "privileged"),
    ],
)
def test_numbers_equal_those_of_the_gymnasium_face_over_two_shifts(task, module, settings, key):
    environment, env = dm.load(task, seed=11, **settings), module.make_env(**settings)
    for seed in (11, None):
        time_step, (observation, _) = environment.reset(), env.reset(seed=seed)
        assert list(time_step.observation) == [key]
        np.testing.assert_array_equal(time_step.observation[key], observation)
        for action in random_actions(environment.task.steps_per_shift):
            assert not time_step.last()
            time_step = environment.step(action)
            observation, reward, terminated, truncated, _ = env.step(action)
            np.testing.assert_array_equal(time_step.observation[key], observation)
            assert time_step.reward == reward
            assert (terminated, truncated) == (False, time_step.last())
        assert time_step.last() and time_step.discount == 1.0
    environment.close()
    env.close()


def test_without_a_seed_shifts_differ_and_with_one_they_repeat():
    def shift(seed: int | None) -> list[float]:
        environment = dm.load("dishwashing", seed=seed)
        environment.reset()
        return [environment.step((1.0, 0.0)).reward for _ in range(60)]

    assert shift(5) == shift(5) != shift(6)
    assert shift(None) != shift(None)


def test_broken_physics_ends_with_discount_zero_and_the_next_step_starts_a_shift():
    environment: Any = dm.load("dishwashing_mujoco", seed=1, observation="state")
    environment.reset()
    assert environment.step((1.0, 0.0)).mid()
    environment.task.workcell.qpos[0, :] = np.nan
    time_step = environment.step((1.0, 0.0))
    assert (time_step.step_type, time_step.reward, time_step.discount) == (dm_env.StepType.LAST, 0.0, 0.0)
    environment.observation_spec()["state"].validate(time_step.observation["state"])
    assert environment.step((1.0, 0.0)).first()
    assert environment.step((1.0, 0.0)).mid()
    environment.close()


def test_divergence_in_the_last_step_of_a_shift_still_counts_as_divergence(monkeypatch):
    environment: Any = dm.load("dishwashing", seed=1)
    work = environment.task.step
    for step in range(61):
        if step == 60:
            monkeypatch.setattr(environment.task, "step", lambda *arguments: ~work(*arguments))
        time_step = environment.step((1.0, 0.0))
    assert (time_step.last(), time_step.reward, time_step.discount) == (True, 0.0, 0.0)


def test_specs_say_what_is_there():
    environment = dm.load("dishwashing_mujoco")
    action, pixels = environment.action_spec(), environment.observation_spec()["pixels"]
    assert isinstance(pixels, specs.BoundedArray)
    assert (action.shape, action.dtype, action.minimum.min(), action.maximum.max()) == ((2,), np.float32, 0.0, 1.0)
    assert (pixels.shape, pixels.dtype, pixels.maximum.max()) == ((8, 3, 64, 64), np.uint8, 255)
    assert environment.reward_spec().dtype == environment.discount_spec().dtype == float
    environment.close()


def test_bad_input_is_refused_in_one_line():
    with pytest.raises(ValueError, match="task 'dishwashing_mujco' is unknown: did you mean 'dishwashing_mujoco'"):
        dm.load("dishwashing_mujco")
    with pytest.raises(ValueError, match="observation 'vidoe' is unknown: did you mean 'video'"):
        dm.load("dishwashing", observation="vidoe")
    with pytest.raises(ValueError, match="CellEnvironment shows one cell, the task has 2"):
        dm.CellEnvironment(dishwashing.Dishwashing(2), "state")
    environment = dm.load("dishwashing")
    environment.reset()
    with pytest.raises(ValueError, match=r"action has shape \(3,\), expected \(2,\)"):
        environment.step(np.zeros(3))


def test_the_package_imports_without_dm_env():
    code = "import sys; sys.modules['dm_env'] = None; import v2p_sim; assert 'dm_control' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
