"""Tests for _episodes.py: episodes are the env's own numbers, whatever the batch, and none of them diverged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from economics import Prices
from scripts._episodes import Episode, roll_episodes, shift_numbers
from v2p_sim.tasks.dishwashing import make_env, make_vector_env


def hasty_then_careful(observations: np.ndarray) -> np.ndarray:
    care = np.array([float(seen.sum() > 0.0) for seen in observations])
    return np.stack([np.ones(len(care)), care], axis=1).astype(np.float32)


def rolled(cells: int, seeds: Any, **settings: Any) -> list[Episode]:
    return list(roll_episodes(hasty_then_careful, make_vector_env(cells, **settings), seeds))


def test_an_episode_is_what_the_single_environment_goes_through():
    (episode,) = rolled(1, [7])
    env = make_env()
    observation, info = env.reset(seed=7)
    for step in range(60):
        np.testing.assert_array_equal(episode.observations[step], observation)
        np.testing.assert_array_equal(episode.actions[step], hasty_then_careful(observation[None])[0])
        observation, reward, _, truncated, info = env.step(episode.actions[step])
        assert (episode.rewards_usd[step], episode.success[step]) == (reward, bool(info["success"]))
        assert (episode.attempts[step], episode.costs[step]) == (info["attempts_step"], info["errors_step"])
        assert truncated == (step == 59)
    np.testing.assert_array_equal(episode.observations[60], observation)
    assert episode.info == {key: info[key] for key in episode.info}
    assert (len(episode), episode.seed) == (60, 7)
    assert episode.step_s == pytest.approx(60.0)


def test_the_number_of_cells_changes_nothing():
    one, three = rolled(1, range(4)), rolled(3, range(4))
    assert [episode.seed for episode in three] == [0, 1, 2, 3]
    for mine, other in zip(one, three, strict=True):
        np.testing.assert_array_equal(mine.observations, other.observations)
        np.testing.assert_array_equal(mine.rewards_usd, other.rewards_usd)


def test_of_a_video_the_newest_frame_is_kept():
    (episode,) = rolled(1, [3], observation="video")
    env = make_env(observation="video")
    stack, _ = env.reset(seed=3)
    np.testing.assert_array_equal(episode.observations[0], stack[-1])
    stack = env.step(episode.actions[0])[0]
    np.testing.assert_array_equal(episode.observations[1], stack[-1])
    assert episode.observations.shape == (61, 3, 64, 64)


def test_a_shift_that_diverged_is_left_out_and_its_neighbours_go_on(monkeypatch):
    env: Any = make_vector_env(3)
    work, calls = env.task.step, []

    def step(actions: np.ndarray, active: np.ndarray) -> np.ndarray:
        calls.append(1)
        return work(actions, active) | (np.arange(3) == 1) & (len(calls) == 5)

    monkeypatch.setattr(env.task, "step", step)
    episodes = list(roll_episodes(hasty_then_careful, env, [4, 5, 6]))
    assert [episode.seed for episode in episodes] == [4, 6]
    np.testing.assert_array_equal(episodes[1].rewards_usd, rolled(1, [6])[0].rewards_usd)


def test_shift_numbers_are_those_of_the_ledger():
    (episode,) = rolled(1, [1])
    numbers = shift_numbers(episode, Prices())
    assert numbers["mp_per_hour"] == pytest.approx(episode.info["completed"] / episode.info["hours"])
    assert numbers["err_rate"] == pytest.approx(episode.costs.sum() / episode.attempts.sum())
    assert numbers["profit_flow_usd_per_hour"] == pytest.approx(episode.rewards_usd.sum() / episode.info["hours"])
    err_cost = numbers["err_rate"] * numbers["mp_per_hour"]
    assert numbers["profit_usd_per_hour"] == pytest.approx(0.30 * numbers["mp_per_hour"] - err_cost - 0.10)
