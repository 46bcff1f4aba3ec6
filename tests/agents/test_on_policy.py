"""Tests for on_policy.py."""

import math
from typing import Any

import numpy as np
import pytest

from agents import LoopConfig, NoConstraint, Step, train


def play(learner, env, steps: int) -> list[np.ndarray]:
    """Step without learning; return all observations."""
    observations, _ = env.reset(seed=0)
    seen = [observations.copy()]
    learner.start(observations)
    ended = np.zeros(env.num_envs, bool)
    for _ in range(steps):
        actions = learner.act(seen[-1])
        observations, rewards, terminated, truncated, infos = env.step(actions)
        steps_info = (infos["errors_step"].astype(np.float32), infos["attempts_step"].astype(np.float32))
        learner.observe(Step(actions, rewards, *steps_info, observations, terminated, ended))
        ended = terminated | truncated
        seen.append(observations.copy())
    return seen


def test_reset_rows_are_left_out_and_a_time_limit_bootstraps_from_the_last_observation(counting_env, make_ppo):
    learner = make_ppo(counting_env(1), rollout_steps=8, gamma=0.9, gae_lambda=0.0, normalize_advantages=False)
    seen = play(learner, counting_env(1), 8)
    targets, metrics = learner.targets(0.0, 0.0)
    assert targets.steps.tolist() == [0, 1, 2, 3, 4, 6, 7]
    assert set(metrics) == {"explained_variance"}
    values = learner.agent.values(np.concatenate(seen))
    expected = learner.rollout.rewards[targets.steps, 0] + 0.9 * values[targets.steps + 1]
    np.testing.assert_allclose(targets.returns, expected, rtol=1e-5, atol=1e-6)
    assert seen[5][0, 0] == 5.0  # what step 4 bootstraps from is the last observation, not the first of the next shift
    np.testing.assert_allclose(targets.advantages, expected - values[targets.steps], rtol=1e-4, atol=1e-5)


def test_a_real_end_does_not_bootstrap(counting_env, make_ppo):
    class Ending(counting_env):
        def step(self, actions):
            observations, rewards, terminated, truncated, infos = super().step(actions)
            return observations, rewards, truncated, terminated, infos

    learner = make_ppo(counting_env(1), rollout_steps=6, gae_lambda=0.0)
    play(learner, Ending(1), 6)
    targets, _ = learner.targets(0.0, 0.0)
    assert targets.returns[4] == pytest.approx(learner.rollout.rewards[4, 0], abs=1e-5)
    assert targets.returns[3] != pytest.approx(learner.rollout.rewards[3, 0], abs=1e-5)


def test_lambda_and_the_target_are_applied_when_the_rollout_becomes_rewards(counting_env, make_ppo):
    learner = make_ppo(counting_env(2), rollout_steps=5, gamma=0.0, reward_scale=2.0)
    play(learner, counting_env(2), 5)
    rollout = learner.rollout
    assert rollout.errors.sum() > 0
    plain, priced = learner.targets(0.0, 0.1)[0], learner.targets(3.0, 0.1)[0]
    gap = (rollout.errors - 0.1 * rollout.attempts)[plain.steps, plain.cells]
    np.testing.assert_allclose(plain.returns, 2.0 * rollout.rewards[plain.steps, plain.cells], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(priced.returns, plain.returns - 2.0 * 3.0 * gap, rtol=1e-5, atol=1e-6)


def test_advantages_are_normalised_unless_switched_off(counting_env, make_ppo):
    found = []
    for normalize in (True, False):
        learner = make_ppo(counting_env(2), rollout_steps=9, normalize_advantages=normalize)
        play(learner, counting_env(2), 9)
        found.append(learner.targets(0.0, 0.0)[0].advantages)
    normalised, raw = found
    assert (float(normalised.mean()), float(normalised.std())) == (
        pytest.approx(0.0, abs=1e-6),
        pytest.approx(1.0, rel=1e-5),
    )
    np.testing.assert_allclose(normalised, (raw - raw.mean()) / raw.std(), rtol=1e-4, atol=1e-5)


def test_it_learns_when_the_rollout_is_full_and_then_forgets_it(counting_env, make_ppo, make_recorder):
    env, recorder = counting_env(2), make_recorder()
    learner = make_ppo(env, rollout_steps=8, batch_size=6, epochs=3)
    train(env, learner, NoConstraint(), [recorder], LoopConfig(episodes=6))
    # 17 loop steps are 2 rollouts and 1 step; each rollout holds 7 or 6 transitions of 2 cells, dealt into 2 parts.
    assert learner.updates == 2 * 3 * 2
    assert learner.env_steps == 30
    assert learner.gauges() == {"updates": 12.0, "buffer_size": 2.0}
    metrics = recorder.results[2].metrics
    assert {"policy_loss", "value_loss", "explained_variance", "mean_valuation", "approx_kl"} <= set(metrics)
    assert "policy_loss" not in recorder.results[0].metrics


@pytest.mark.parametrize("length", [1, 4])
def test_every_transition_is_dealt_once_an_epoch_in_runs(counting_env, make_ppo, length):
    learner = make_ppo(counting_env(1), epochs=3, batch_size=10, segment_length=length)
    parts = list(learner._parts(46))
    assert [len(part) for part in parts] == [10, 9, 9, 9, 9] * 3
    epochs = [np.concatenate(parts[first : first + 5]) for first in (0, 5, 10)]
    for order in epochs:
        assert sorted(order) == list(range(46))
    assert not np.array_equal(epochs[0], epochs[1])
    follows = np.mean([np.diff(order) == 1 for order in epochs])
    assert follows < 0.1 if length == 1 else follows == pytest.approx(34 / 45, abs=0.05)


def test_failed_simulations_are_not_learned_from(counting_env, make_ppo):
    class Breaking(counting_env):
        def step(self, actions):
            observations, rewards, _, truncated, infos = super().step(actions)
            broke = self.steps == 3
            self.pending = broke | truncated
            observations = np.where(broke[:, None], np.nan, observations).astype(np.float32)
            return observations, rewards, broke, truncated, infos | {"physics_error": broke.astype(float)}

    env = Breaking(2)
    learner = make_ppo(env, rollout_steps=8)
    before = learner.rollout.valid.copy()
    train(env, learner, NoConstraint(), [], LoopConfig(episodes=6))
    assert not before.any()
    assert learner.updates > 0
    assert learner.rollout.valid[:8].all(1).tolist() == [True, True, False, False, True, True, False, False]
    assert np.isfinite(learner.agent.act(np.zeros((1, 2), np.float32), deterministic=True)).all()


@pytest.mark.parametrize(("target_kl", "updates"), [(1e-12, 2), (math.inf, 12)])
def test_a_rollout_is_left_once_the_policy_is_far_from_the_one_that_acted(counting_env, make_ppo, target_kl, updates):
    env = counting_env(2)
    learner = make_ppo(env, rollout_steps=10, batch_size=4, epochs=3, learning_rate=0.01, target_kl=target_kl)
    play(learner, env, 10)
    found = learner.learn(0.0, 0.0)
    assert len(found) == learner.updates == updates
    assert len(learner.rollout) == 0
    assert [metrics["approx_kl"] > target_kl for metrics in found] == [False] * (updates - 1) + [updates == 2]


def test_a_rollout_without_transitions_teaches_nothing(counting_env, make_ppo):
    env = counting_env(1, lengths=(1,))
    learner = make_ppo(env, rollout_steps=1, epochs=1)
    train(env, learner, NoConstraint(), [], LoopConfig(episodes=3))
    assert learner.updates == 3


def test_the_step_size_decays_with_env_steps(counting_env, make_ppo):
    env = counting_env(1)
    learner = make_ppo(env, rollout_steps=5, learning_rate=0.1, lr_decay_steps=50)
    train(env, learner, NoConstraint(), [], LoopConfig(episodes=2))
    assert learner.agent.optimizer.param_groups[0]["lr"] == pytest.approx(0.1 * (1 - 9 / 50))


def test_exploration_noise_is_held(counting_env, make_ppo):
    learner = make_ppo(counting_env(1), noise_hold_steps=20.0)
    actions = np.stack([learner.act(np.zeros((1, 2), np.float32)) for _ in range(400)])
    assert np.any(actions[1:] != actions[:-1], axis=2).mean() == pytest.approx(1 / 20, abs=0.03)


def test_observing_without_having_acted_is_refused(counting_env, make_ppo):
    nothing: Any = None
    with pytest.raises(RuntimeError, match="learner needs act"):
        make_ppo(counting_env(1)).observe(nothing)


@pytest.mark.parametrize("novelty", ["none", "diffusion"])
def test_it_finds_the_action_that_pays(counting_env, make_ppo, novelty):
    env = counting_env(4)
    learner = make_ppo(
        env, novelty, rollout_steps=12, epochs=8, batch_size=16, learning_rate=3e-3, gamma=0.5, hidden=32
    )
    first = learner.agent.act(np.ones((1, 2), np.float32), deterministic=True)
    train(env, learner, NoConstraint(), [], LoopConfig(episodes=160))
    last = learner.agent.act(np.ones((1, 2), np.float32), deterministic=True)
    assert first[0, 0] == pytest.approx(0.5, abs=0.05)
    assert last[0, 0] > 0.85


def test_any_box_env_trains(pendulum, make_ppo, make_recorder):
    recorder = make_recorder()
    learner = make_ppo(pendulum, rollout_steps=5)
    train(pendulum, learner, NoConstraint(), [recorder], LoopConfig(episodes=4))
    assert [result.env_steps for result in recorder.results] == [12, 12, 24, 24]
    assert np.isfinite(recorder.results[-1].metrics["value_loss"])
