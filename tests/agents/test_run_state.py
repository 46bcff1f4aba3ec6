"""Tests for run_state.py: a resumed run is bit-identical to one that never stopped."""

import os
import signal

import numpy as np
import pytest

from agents import (
    LoopConfig,
    LoopState,
    NoConstraint,
    Observer,
    load_checkpoint,
    pack_run,
    save_checkpoint,
    train,
    unpack_run,
)


class Trace(Observer):
    def __init__(self):
        self.rows = []

    def on_episode(self, result):
        self.rows.append((result.episode, result.env_steps, result.info, result.reward_sum, result.metrics))


def stop_after(learner, steps):
    """Interrupt after a number of steps, in the middle of a shift."""
    learn, taken = learner.learn, []

    def counted(lam, e_target):
        taken.append(1)
        if len(taken) == steps:
            os.kill(os.getpid(), signal.SIGTERM)
        return learn(lam, e_target)

    learner.learn = counted
    return learner


SAC = {"n_step": 2, "warmup_hold_steps": 3.0, "updates_per_step": 0.7}
PPO = {"lr_decay_steps": 60, "entropy_coefficient": 0.01, "segment_length": 2, "normalization_rollouts": 3}
STOPS = [(False, 4), (False, 5), (False, 6), (False, 23), (True, 14)]


@pytest.mark.parametrize(("video", "stop"), STOPS)
@pytest.mark.parametrize(
    ("fixture", "own"),
    [("make_learner", SAC), ("make_learner", SAC | {"overlap": True}), ("make_ppo", PPO)],
    ids=["sac", "sac overlapped", "ppo"],
)
def test_a_resumed_run_goes_on_bit_for_bit(tmp_path, request, counting_env, fixture, own, video, stop):
    make_learner = request.getfixturevalue(fixture)
    settings = {"novelty": "diffusion", "noise_hold_steps": 3.0, **own}
    config = LoopConfig(episodes=10, seed=1)

    whole_env, whole = counting_env(2, video=video), Trace()
    whole_learner = make_learner(whole_env, **settings)
    train(whole_env, whole_learner, NoConstraint(), [whole], config)

    first_env, trace = counting_env(2, video=video), Trace()
    first_learner = make_learner(first_env, **settings)
    state = train(first_env, stop_after(first_learner, stop), NoConstraint(), [trace], config)
    assert state.interrupted
    path = save_checkpoint(tmp_path, pack_run(first_env, first_learner, NoConstraint(), state))

    second_env = counting_env(2, video=video)
    second_learner = make_learner(second_env, seed=5, **settings)
    resumed = unpack_run(load_checkpoint(path), second_env, second_learner, NoConstraint())
    train(second_env, second_learner, NoConstraint(), [trace], config, resumed)

    assert trace.rows == whole.rows
    assert whole_learner.updates == second_learner.updates > 0
    expected, found = whole_learner.agent.state_dict(), second_learner.agent.state_dict()
    for part, weights in expected["weights"].items():
        for name, value in weights.items():
            assert np.array_equal(value.numpy(), found["weights"][part][name].numpy())


def test_an_env_without_state_starts_a_new_shift(counting_env, make_learner):
    env = counting_env(1)
    learner = make_learner(env)
    state = train(env, stop_after(learner, 8), NoConstraint(), [], LoopConfig(episodes=3))
    saved = pack_run(env, learner, NoConstraint(), state)
    del saved["env"]
    other = counting_env(1)
    copied = make_learner(other)
    resumed = unpack_run(saved, other, copied, NoConstraint())
    assert resumed.observations is None
    trace = Trace()
    train(other, copied, NoConstraint(), [trace], LoopConfig(episodes=3), resumed)
    assert [row[2]["attempts"] for row in trace.rows] == [5.0, 5.0]
    assert other.seeds == 7  # 8 steps with one reset row among them


def test_a_fresh_state_counts_from_zero():
    state = LoopState()
    assert (state.episode, state.env_steps, state.updates, state.observations) == (0, 0, 0, None)
