"""The single and the vector face of a task."""

import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.env_checker import check_env as sb3_check_env

from v2p_sim.faces import CellEnv, CellsVectorEnv
from v2p_sim.tasks.dishwashing import Dishwashing, DishwashingConfig, make_env, make_vector_env

SHORT = DishwashingConfig(steps=7, shift_hours=0.2)


class Diverging(Dishwashing):
    """Diverges wherever speed is 0."""

    def step(self, actions, active):
        super().step(actions, active)
        return actions[:, 0] == 0.0


def random_actions(steps: int, cells: int) -> np.ndarray:
    return np.random.default_rng(5).random((steps, cells, 2)).astype(np.float32)


@pytest.mark.parametrize("observation", ["state", "video"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_checkers_pass(observation):
    check_env(make_env("rgb_array", observation=observation, config=SHORT))
    sb3_check_env(make_env("rgb_array", observation=observation, config=SHORT))


@pytest.mark.parametrize("observation", ["state", "video"])
def test_a_cell_of_the_batch_equals_the_single_environment(observation):
    batch = make_vector_env(3, observation=observation, config=SHORT)
    singles = [make_env(observation=observation, config=SHORT) for _ in range(3)]
    observations, _ = batch.reset(seed=11)
    for i, env in enumerate(singles):
        np.testing.assert_array_equal(observations[i], env.reset(seed=11 + i)[0])
    over = [False] * 3
    for actions in random_actions(30, 3):
        observations, rewards, terminated, truncated, infos = batch.step(actions)
        for i, env in enumerate(singles):
            if over[i]:
                (observation_i, info), reward, ends = env.reset(), 0.0, (False, False)
            else:
                observation_i, reward, *ends, info = env.step(actions[i])
            np.testing.assert_array_equal(observations[i], observation_i)
            assert (rewards[i], terminated[i], truncated[i]) == (reward, *ends)
            assert info.pop("contacts") == []
            assert info == {key: infos[key][i] for key in info}
            over[i] = any(ends)


def test_a_shift_is_truncated_and_the_next_step_resets():
    env = make_vector_env(2, config=SHORT)
    _, reset_info = env.reset(seed=0)
    assert env.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    actions = np.ones((2, 2), np.float32)
    for step in range(1, 8):
        _, _, terminated, truncated, info = env.step(actions)
        assert not terminated.any()
        assert truncated.all() == (step == 7)
    assert info["attempts"].min() > 0
    observations, rewards, terminated, truncated, info = env.step(actions)
    assert not (rewards.any() or terminated.any() or truncated.any() or observations.any())
    assert info.keys() == reset_info.keys()
    assert not info["attempts"].any()


def test_rewards_sum_to_the_profit_of_the_shift():
    env = make_env()
    env.reset(seed=2)
    total, over, info = 0.0, False, {}
    while not over:
        _, reward, _, over, info = env.step(np.array([1.0, 0.5], np.float32))
        total += reward
    assert info["hours"] == pytest.approx(1.0)
    assert total == pytest.approx(info["profit_usd"])
    assert info["attempts"] == info["completed"] + info["errors"]


def test_divergence_terminates_its_cell_alone_and_earns_nothing():
    env = CellsVectorEnv(Diverging(3, config=SHORT))
    env.reset(seed=0)
    actions = np.full((3, 2), 0.8, np.float32)
    env.step(actions)
    actions[1, 0] = 0.0
    _, rewards, terminated, truncated, _ = env.step(actions)
    np.testing.assert_array_equal(terminated, [False, True, False])
    assert rewards[1] == 0.0
    assert not truncated.any()
    observations, rewards, terminated, _, info = env.step(actions)
    assert not terminated.any()
    assert not observations[1].any()
    np.testing.assert_array_equal(info["hours"] > 0.0, [True, False, True])


def test_divergence_ends_the_single_environment():
    env = CellEnv(Diverging(1, config=SHORT))
    env.reset(seed=0)
    _, reward, terminated, truncated, _ = env.step(np.zeros(2, np.float32))
    assert (reward, terminated, truncated) == (0.0, True, False)
    with pytest.raises(ResetNeeded, match=r"call reset\(\)"):
        env.step(np.zeros(2, np.float32))


@pytest.mark.parametrize("observation", ["state", "video"])
@pytest.mark.parametrize("steps_before", [4, 7, 12])
def test_a_restored_batch_continues_bit_for_bit(observation, steps_before):
    first = make_vector_env(2, observation=observation, config=SHORT)
    first.reset(seed=[3, 8])
    actions = random_actions(40, 2)
    for action in actions[:steps_before]:
        first.step(action)
    second = make_vector_env(2, observation=observation, config=SHORT)
    second.load_state_dict(first.state_dict())
    for action in actions[steps_before:]:
        for one, other in zip(first.step(action)[:4], second.step(action)[:4], strict=True):
            np.testing.assert_array_equal(one, other)


def test_taking_the_state_disturbs_nothing():
    first, second = (make_vector_env(2, config=SHORT) for _ in range(2))
    first.reset(seed=1)
    second.reset(seed=1)
    for action in random_actions(20, 2):
        first.state_dict()
        np.testing.assert_array_equal(first.step(action)[0], second.step(action)[0])


def test_a_state_of_another_size_is_refused():
    first, second = make_vector_env(2), make_vector_env(3)
    first.reset(seed=0)
    with pytest.raises(ValueError, match="the state holds 2 cells, this environment has 3"):
        second.load_state_dict(first.state_dict())


def test_reset_mask_resets_only_the_named_cells():
    env = make_vector_env(2)
    env.reset(seed=0)
    env.step(np.ones((2, 2), np.float32))
    _, info = env.reset(options={"reset_mask": np.array([True, False])})
    np.testing.assert_array_equal(info["hours"] > 0.0, [False, True])


def test_observations_are_not_overwritten_by_later_steps():
    env = make_vector_env(1, observation="video")
    first, _ = env.reset(seed=0)
    before = first.copy()
    env.step(np.ones((1, 2), np.float32))
    np.testing.assert_array_equal(first, before)


def test_actions_beyond_the_bounds_are_clipped():
    inside, outside = make_env(), make_env()
    inside.reset(seed=0)
    outside.reset(seed=0)
    np.testing.assert_array_equal(inside.step(np.array([1.0, 0.0]))[0], outside.step(np.array([7.0, -3.0]))[0])


def test_bad_input_is_refused_in_one_line():
    env, batch = make_env(), make_vector_env(2)
    with pytest.raises(ResetNeeded, match=r"call reset\(\) before step\(\)"):
        env.step(np.zeros(2, np.float32))
    with pytest.raises(ResetNeeded, match=r"call reset\(\) before step\(\)"):
        batch.step(np.zeros((2, 2), np.float32))
    env.reset()
    batch.reset()
    with pytest.raises(ValueError, match=r"action has shape \(3,\), expected \(2,\): \[speed, care\]"):
        env.step(np.zeros(3, np.float32))
    with pytest.raises(ValueError, match=r"action has shape \(2,\), expected \(2, 2\)"):
        batch.step(np.zeros(2, np.float32))
    with pytest.raises(ValueError, match=r"action \[nan, 0.5\] is not finite"):
        env.step(np.array([np.nan, 0.5]))
    with pytest.raises(ValueError, match="seed has 3 entries for 2 cells"):
        batch.reset(seed=[1, 2, 3])
    with pytest.raises(ValueError, match="render_mode 'human' is unknown: did you mean 'rgb_array'"):
        make_env("human")
    with pytest.raises(ValueError, match="CellEnv shows one cell"):
        CellEnv(Dishwashing(2))


def test_render_and_close():
    env, batch = make_env("rgb_array"), make_vector_env(2, "rgb_array")
    env.reset(seed=0)
    batch.reset(seed=0)
    picture, pictures = env.render(), batch.render()
    assert picture is not None and pictures is not None
    assert picture.shape == (480, 640, 3) and picture.dtype == np.uint8
    assert len(pictures) == 2
    assert make_env().render() is None
    for _ in range(2):
        env.close()
        batch.close()
