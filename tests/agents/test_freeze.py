"""Tests for the schedule freeze -> finetune: the encoder's weights stay for K episodes, then all train together."""

import numpy as np
import pytest
import torch

from agents import (
    LoopConfig,
    NoConstraint,
    Observer,
    load_checkpoint,
    pack_run,
    save_checkpoint,
    train,
    unpack_run,
)

FIRST = 3
LEARNERS = pytest.mark.parametrize(
    ("fixture", "settings"),
    [("make_learner", {"policy_tau": 0.01, "warmup_steps": 4}), ("make_ppo", {})],
    ids=["sac", "ppo"],
)


class Watch(Observer):
    """Keeps the weights at every boundary, and what was logged of every episode."""

    def __init__(self, learner):
        self.learner = learner
        self.encoders, self.actors, self.frozen = [], [], []

    def on_episode(self, result):
        self.frozen.append(result.metrics["encoder_frozen"])

    def on_boundary(self, state):
        agent = self.learner.agent
        self.encoders.append({name: value.clone() for name, value in agent.encoder.state_dict().items()})
        self.actors.append({name: value.clone() for name, value in agent.actor.state_dict().items()})


def same(first, second) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


@LEARNERS
@pytest.mark.parametrize("video", [False, True])
def test_the_encoder_stays_bit_equal_for_the_first_episodes_and_moves_then(
    request, counting_env, fixture, settings, video
):
    env = counting_env(1, video)
    learner = request.getfixturevalue(fixture)(env, **settings)
    first = {name: value.clone() for name, value in learner.agent.encoder.state_dict().items()}
    watch = Watch(learner)
    train(env, learner, NoConstraint(), [watch], LoopConfig(episodes=7, freeze_episodes=FIRST))
    assert all(same(first, weights) for weights in watch.encoders[:FIRST])
    assert not any(same(first, weights) for weights in watch.encoders[FIRST + 1 :])
    assert not same(watch.actors[0], watch.actors[FIRST - 1])
    assert watch.frozen == [1.0] * FIRST + [0.0] * 4


@LEARNERS
def test_without_a_schedule_the_encoder_moves_at_once(request, counting_env, fixture, settings):
    env = counting_env(1)
    learner = request.getfixturevalue(fixture)(env, **settings)
    first = {name: value.clone() for name, value in learner.agent.encoder.state_dict().items()}
    watch = Watch(learner)
    train(env, learner, NoConstraint(), [watch], LoopConfig(episodes=2))
    assert not same(first, watch.encoders[1])
    assert watch.frozen == [0.0, 0.0]


@LEARNERS
@pytest.mark.parametrize("stop", [2, 5])
def test_a_resumed_run_keeps_the_schedule(request, tmp_path, counting_env, fixture, settings, stop):
    make = request.getfixturevalue(fixture)
    whole, saved, resumed = make(counting_env(1), **settings), make(counting_env(1), **settings), None
    train(counting_env(1), whole, NoConstraint(), [], LoopConfig(episodes=7, freeze_episodes=FIRST))
    env = counting_env(1)
    state = train(env, saved, NoConstraint(), [], LoopConfig(episodes=stop, freeze_episodes=FIRST))
    path = save_checkpoint(tmp_path, pack_run(env, saved, NoConstraint(), state))
    resumed, env = make(counting_env(1), seed=9, **settings), counting_env(1)
    state = unpack_run(load_checkpoint(path), env, resumed, NoConstraint())
    watch = Watch(resumed)
    train(env, resumed, NoConstraint(), [watch], LoopConfig(episodes=7, freeze_episodes=FIRST), state)
    assert watch.frozen == [float(episode < FIRST) for episode in range(stop, 7)]
    assert same(whole.agent.encoder.state_dict(), resumed.agent.encoder.state_dict())
    assert same(whole.agent.actor.state_dict(), resumed.agent.actor.state_dict())


def test_a_frozen_encoder_still_gives_latents_and_no_gradients(counting_env, make_learner):
    learner = make_learner(counting_env(1))
    encoder = learner.agent.encoder
    encoder(torch.ones(1, 2)).sum().backward()
    learner.freeze_encoder(True)
    assert all(weight.grad is None and not weight.requires_grad for weight in encoder.parameters())
    assert not encoder(torch.ones(1, 2)).requires_grad
    learner.freeze_encoder(False)
    assert encoder(torch.ones(1, 2)).requires_grad
    assert np.isfinite(learner.agent.act(np.ones((1, 2), np.float32))).all()


def test_the_number_of_frozen_episodes_is_checked():
    with pytest.raises(ValueError, match=r"freeze_episodes must be a whole number >= 0, got -1"):
        LoopConfig(episodes=1, freeze_episodes=-1)
