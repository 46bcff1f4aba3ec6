"""Every run of the physical task can be repeated: alone, batched, after another run, restored, beside a sick cell."""

import numpy as np
import pytest

from v2p_sim.faces import CellEnv
from v2p_sim.tasks.dishwashing_mujoco import make_env, make_vector_env

from .conftest import HASTY, INFO_KEYS, QUIET, physical, shift_of


def random_actions(steps: int, cells: int, seed: int = 5) -> np.ndarray:
    actions = np.random.default_rng(seed).random((steps, cells, 2)).astype(np.float32)
    actions[..., 0] = 0.5 + 0.5 * actions[..., 0]
    return actions


def assert_same(one: list[tuple], other: list[tuple]) -> None:
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine[0], theirs[0])
        for my_part, their_part in zip(mine[1:4], theirs[1:4], strict=True):
            np.testing.assert_array_equal(my_part, their_part)
        assert mine[4].keys() == theirs[4].keys()
        for key, values in mine[4].items():
            np.testing.assert_array_equal(values, theirs[4][key])


def test_a_cell_of_the_batch_equals_the_single_environment_over_a_shift_boundary():
    actions = random_actions(125, 2)
    batch = make_vector_env(2, shift_minutes=1.0)
    singles = [make_env(shift_minutes=1.0) for _ in range(2)]
    rows = shift_of(batch, actions, seed=7)
    assert rows[120][3].all()
    for cell, env in enumerate(singles):
        mine = shift_of(env, actions[:120, cell], seed=7 + cell)
        mine += shift_of(env, actions[121:, cell])
        for row, (observation, reward, terminated, truncated, info) in zip(rows, mine, strict=True):
            np.testing.assert_array_equal(row[0][cell], observation)
            assert np.broadcast_to(row[1], 2)[cell] == reward
            ends = np.broadcast_to(row[2], 2)[cell], np.broadcast_to(row[3], 2)[cell]
            assert ends == (terminated, truncated)
            assert info.pop("contacts") is not None
            assert info == {key: row[4][key][cell] for key in INFO_KEYS}
        env.close()
    batch.close()
    assert rows[120][4]["attempts"].min() >= 1


def test_the_same_seed_twice_gives_the_same_frames_and_another_seed_others():
    actions = random_actions(40, 1)[:, 0]
    env, again = make_env(), make_env()
    rows = shift_of(env, actions, seed=4)
    assert_same(rows, shift_of(again, actions, seed=4))
    assert_same(rows, shift_of(env, actions, seed=4))
    assert not np.array_equal(rows[0][0], env.reset(seed=5)[0])
    env.close()
    again.close()


def test_a_second_shift_equals_that_of_a_fresh_environment():
    actions = random_actions(60, 1)[:, 0]
    used, fresh = make_env(), make_env()
    shift_of(used, actions[::-1], seed=9)
    state = used.np_random.bit_generator.state
    fresh.np_random = np.random.Generator(np.random.PCG64())
    fresh.np_random.bit_generator.state = state
    assert_same(shift_of(used, actions), shift_of(fresh, actions))
    used.close()
    fresh.close()


def test_threads_change_nothing():
    actions = random_actions(40, 4)
    one, two = (make_vector_env(4, threads=threads, **QUIET) for threads in (1, 2))
    assert_same(shift_of(one, actions, seed=2), shift_of(two, actions, seed=2))


def test_a_cell_that_diverges_ends_alone_without_an_error():
    actions = random_actions(30, 3)
    sick, healthy = (make_vector_env(3, **QUIET) for _ in range(2))
    for env in (sick, healthy):
        shift_of(env, actions[:20], seed=1)
    physical(sick).workcell.qpos[1, 3] = np.nan
    for step, action in enumerate(actions[20:]):
        mine, theirs = sick.step(action), healthy.step(action)
        for my_part, their_part in zip(mine[:4], theirs[:4], strict=True):
            np.testing.assert_array_equal(my_part[[0, 2]], their_part[[0, 2]])
        for key in INFO_KEYS:
            np.testing.assert_array_equal(mine[4][key][[0, 2]], theirs[4][key][[0, 2]])
        observations, rewards, terminated, truncated, info = mine
        assert (terminated[1], info["physics_error"][1]) == (step == 0, float(step == 0))
        assert not truncated.any()
        assert np.isfinite(observations).all()
        assert info["errors_step"][1] == 0.0
        if step == 0:
            assert rewards[1] == info["attempts_step"][1] == 0.0
        if step == 1:
            assert info["hours"][1] == 0.0


@pytest.mark.parametrize("observation", ["video", "state", "privileged"])
def test_divergence_ends_the_single_environment(observation):
    env = make_env(observation=observation)
    shift_of(env, random_actions(3, 1)[:, 0], seed=1)
    physical(env).workcell.qpos[0, :] = np.nan
    observation, reward, terminated, truncated, info = env.step(HASTY)
    assert (reward, terminated, truncated) == (0.0, True, False)
    assert (info["physics_error"], info["errors"], info["attempts"]) == (1.0, 0.0, 0.0)
    assert env.observation_space.contains(observation)
    _, info = env.reset()
    assert info["physics_error"] == 0.0
    env.step(HASTY)
    env.close()


def test_two_environments_alive_draw_what_a_lone_one_draws():
    actions = random_actions(4, 1)[:, 0]

    def frames(env: CellEnv, steps: np.ndarray) -> list[np.ndarray]:
        seen = []
        for action in steps:
            observation, *_ = env.step(action)
            picture = env.render()
            assert picture is not None
            seen += [observation[-1], picture]
        return seen

    lone = {}
    for seed in (1, 2):
        env = make_env("rgb_array")
        env.reset(seed=seed)
        lone[seed] = frames(env, actions)
        env.close()
    pair = {seed: make_env("rgb_array") for seed in (1, 2)}
    for seed, env in pair.items():
        env.reset(seed=seed)
    together = {1: [], 2: []}
    for action in actions[:3]:
        for seed, env in pair.items():
            together[seed] += frames(env, action[None])
    pair[1].close()
    together[2] += frames(pair[2], actions[3:])
    pair[2].close()
    for seed in (1, 2):
        for mine, theirs in zip(together[seed], lone[seed], strict=False):
            np.testing.assert_array_equal(mine, theirs)
    assert len(together[2]) == len(lone[2])
    assert any(not np.array_equal(a, b) for a, b in zip(lone[1], lone[2], strict=True))


@pytest.mark.parametrize("steps_before", [30, 61])
def test_a_batch_restored_at_the_end_of_a_shift_continues_bit_for_bit(steps_before):
    actions = random_actions(75, 2)
    first, second = (make_vector_env(2, shift_minutes=0.25) for _ in range(2))
    shift_of(first, actions[:steps_before], seed=3)
    second.load_state_dict(first.state_dict())
    for action in actions[steps_before:]:
        assert_same([first.step(action)], [second.step(action)])
    first.close()
    second.close()


def test_a_batch_restored_in_mid_shift_continues_the_same_each_time():
    actions = random_actions(70, 2)
    first, second, third = (make_vector_env(2, **QUIET) for _ in range(3))
    shift_of(first, actions[:40], seed=3)
    for env in (second, third):
        env.load_state_dict(first.state_dict())
        np.testing.assert_array_equal(physical(env).observe(), physical(first).observe())
    for action in actions[40:]:
        mine, other = second.step(action), third.step(action)
        assert_same([mine], [other])
        np.testing.assert_allclose(mine[0], first.step(action)[0], atol=2e-2)
