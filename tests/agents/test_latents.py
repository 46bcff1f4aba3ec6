"""Tests for learning from latents: an agent without pixels is the agent with pixels behind a frozen encoder."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from agents import EnvSpec, LatentEncoder, LoopConfig, NoConstraint, SACAgent, SACConfig, train, with_encoder

WIDTH = 16
LATENTS = EnvSpec((WIDTH,), "float32", (0.0, 0.0), (1.0, 1.0))


def latents_of(agent, observations) -> np.ndarray:
    with torch.no_grad():
        return agent.encoder(torch.tensor(observations)).numpy()


def stacks(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, 3, 3, 36, 36), np.uint8)


def test_training_on_latents_gives_the_actions_of_training_on_pixels(counting_env, make_learner):
    env = counting_env(2, video=True)
    learner = make_learner(env, warmup_steps=10**6, policy_tau=0.5)
    train(env, learner, NoConstraint(), [], LoopConfig(episodes=6))
    learner.freeze_encoder(True)
    pixels = learner.agent
    latents = SACAgent(LATENTS, LatentEncoder((WIDTH,), WIDTH), SACConfig(hidden=16, policy_tau=0.5))
    rng, seen = np.random.default_rng(0), stacks(32)
    untrained = pixels.act(seen, deterministic=True)
    np.testing.assert_allclose(latents.act(latents_of(pixels, seen), deterministic=True), untrained, atol=1e-5)
    for _ in range(10):
        batch = learner.replay.sample(8, rng)
        assert batch.frames is not None
        observed, following = (
            latents_of(pixels, batch.frames[index]) for index in (batch.observations, batch.next_observations)
        )
        pixels.update(batch, 0.0, 0.1)
        latents.update(replace(batch, observations=observed, next_observations=following, frames=None), 0.0, 0.1)
    trained = pixels.act(seen, deterministic=True)
    assert np.abs(trained - untrained).max() > 1e-3
    np.testing.assert_allclose(latents.act(latents_of(pixels, seen), deterministic=True), trained, atol=1e-5)


@pytest.mark.parametrize("fixture", ["make_learner", "make_ppo"])
def test_an_actor_moves_behind_another_encoder_and_back(request, counting_env, fixture):
    own = {"policy_tau": 0.3, "warmup_steps": 4} if fixture == "make_learner" else {}
    env = counting_env(1, video=True)
    learner = request.getfixturevalue(fixture)(env, **own)
    train(env, learner, NoConstraint(), [], LoopConfig(episodes=3))
    agent = learner.agent
    encoder = agent.encoder if fixture == "make_ppo" else agent.policy.encoder
    seen = stacks(4)
    expected = agent.act(seen, deterministic=True)
    moved = with_encoder(agent, LATENTS, LatentEncoder((WIDTH,), WIDTH))
    with torch.no_grad():
        latents = encoder(torch.tensor(seen)).numpy()
    np.testing.assert_allclose(moved(latents), expected, atol=1e-5)
    back = with_encoder(moved.agent, agent.spec, encoder)
    np.testing.assert_array_equal(back(seen), expected)


def test_latents_of_another_width_are_one_line(counting_env, make_learner):
    agent = make_learner(counting_env(1)).agent
    spec = EnvSpec((8,), "float32", (0.0, 0.0), (1.0, 1.0))
    with pytest.raises(ValueError, match="actor reads latents of width 16, encoder gives 8"):
        with_encoder(agent, spec, LatentEncoder((8,), 8))
