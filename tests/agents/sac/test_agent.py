"""Tests for agent.py."""

import copy
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from agents import CheckpointError, EnvSpec, SACAgent, SACConfig, build_encoder
from agents.replay import Batch

SPEC = EnvSpec((3,), "float32", (0.0, -1.0), (1.0, 3.0))


def make_agent(seed: int = 0, spec: EnvSpec = SPEC, **settings: Any) -> SACAgent:
    encoder = build_encoder("mlp", spec.observation_shape, 16, seed)
    return SACAgent(spec, encoder, SACConfig(**{"hidden": 16, **settings}), seed=seed)


def make_batch(size: int = 8, profit: float = 0.0, discount: float = 0.0, seed: int = 0) -> Batch:
    rng = np.random.default_rng(seed)
    low, high = np.array(SPEC.action_low), np.array(SPEC.action_high)
    return Batch(
        observations=rng.random((size, 3), np.float32),
        next_observations=rng.random((size, 3), np.float32),
        actions=rng.uniform(low, high, (size, 2)).astype(np.float32),
        profit=np.full(size, profit, np.float32),
        errors=np.zeros(size, np.float32),
        attempts=np.zeros(size, np.float32),
        discount=np.full(size, discount, np.float32),
        weights=np.ones(size, np.float32),
        rows=np.arange(size),
    )


def test_actions_keep_to_the_bounds():
    actions = make_agent().act(np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32))
    assert actions.shape == (64, 2)
    assert actions.dtype == np.float32
    assert np.all((actions >= SPEC.action_low) & (actions <= SPEC.action_high))


def test_greedy_actions_use_no_randomness():
    agent = make_agent()
    observations = np.ones((2, 3), np.float32)
    before = agent.generator.get_state()
    first = agent.act(observations, deterministic=True)
    assert np.array_equal(first, agent.act(observations, deterministic=True))
    assert torch.equal(agent.generator.get_state(), before)
    assert np.array_equal(first, agent.act(observations, noise=np.zeros((2, 2), np.float32)))
    assert not np.array_equal(agent.act(observations), first)


def test_values_converge_to_the_terminal_reward():
    agent = make_agent(learning_rate=3e-3)
    batch = make_batch(profit=2.0)
    for _ in range(150):
        result = agent.update(batch, 0.0, 0.0)
    assert result.metrics["q_mean"] == pytest.approx(2.0, abs=0.1)
    assert np.all(result.priorities < 0.3)


def test_reward_scale_and_lambda_enter_the_target():
    agent = make_agent(learning_rate=3e-3, reward_scale=2.0)
    batch = replace(make_batch(profit=1.0), errors=np.ones(8, np.float32), attempts=np.full(8, 4.0, np.float32))
    for _ in range(150):
        result = agent.update(batch, lam=0.5, e_target=0.1)
    assert result.metrics["q_mean"] == pytest.approx(2.0 * (1.0 - 0.5 * (1.0 - 0.4)), abs=0.1)


def test_the_actor_finds_the_best_action_and_the_temperature_the_target_entropy():
    agent = make_agent(learning_rate=1e-2, initial_temperature=0.3, target_entropy=None, hidden=32)
    assert agent.target_entropy == -2.0
    batch = make_batch(size=128)
    distance = batch.actions - np.array([0.8, 0.0])
    batch = replace(batch, profit=-5.0 * (distance**2 / [1.0, 16.0]).sum(1).astype(np.float32))
    for _ in range(400):
        result = agent.update(batch, 0.0, 0.0)
    actions = agent.act(batch.observations, deterministic=True).mean(0)
    np.testing.assert_allclose(actions / [1.0, 4.0], [0.8, 0.0], atol=0.1)
    assert result.metrics["entropy"] == pytest.approx(-2.0, abs=0.5)


def test_the_actor_does_not_train_the_encoder():
    agent = make_agent()
    batch = make_batch()
    latents, *_ = agent._encode(batch)
    agent.encoder.zero_grad()
    agent._update_actor(latents.detach(), latents.detach(), None, 0.0, 0.0)
    assert all(parameter.grad is None for parameter in agent.encoder.parameters())
    assert all(parameter.requires_grad for parameter in agent.critic.parameters())


def test_the_critic_trains_the_encoder_and_targets_follow_slowly():
    agent = make_agent(tau=0.25)
    before = copy.deepcopy(agent.encoder.state_dict())
    old_target = [parameter.clone() for parameter in agent.target_critic.parameters()]
    agent.update(make_batch(profit=1.0), 0.0, 0.0)
    assert any(not torch.equal(before[name], value) for name, value in agent.encoder.state_dict().items())
    for old, new, online in zip(old_target, agent.target_critic.parameters(), agent.critic.parameters(), strict=True):
        torch.testing.assert_close(new, 0.75 * old + 0.25 * online.detach())


def test_the_deterministic_policy_is_the_mean_of_the_first_updates_then_a_moving_one():
    agent = make_agent(policy_tau=0.5)
    expected, share = torch.zeros(()), (1.0, 0.5, 0.5)
    for part in share:
        agent.update(make_batch(profit=1.0), 0.0, 0.0)
        newest = torch.nn.utils.parameters_to_vector([*agent.encoder.parameters(), *agent.actor.parameters()]).detach()
        expected = (1.0 - part) * expected + part * newest
    kept = [*agent.policy.encoder.parameters(), *agent.policy.actor.parameters()]
    torch.testing.assert_close(torch.nn.utils.parameters_to_vector(kept), expected)
    mean, _ = agent.policy.actor(agent.policy.encoder(torch.tensor(make_batch().observations)))
    squashed = (1.0 + torch.tanh(mean)).detach().numpy() / 2.0
    low, high = np.array(SPEC.action_low), np.array(SPEC.action_high)
    acted = agent.act(make_batch().observations, deterministic=True)
    np.testing.assert_allclose(acted, low + (high - low) * squashed, rtol=1e-5)
    newest_policy = make_agent()
    newest_policy.load_state_dict(agent.state_dict())
    assert not np.allclose(newest_policy.act(make_batch().observations, deterministic=True), acted)
    noise = np.zeros((8, 2), np.float32)
    exploring = agent.act(make_batch().observations, noise=noise)
    np.testing.assert_allclose(exploring, newest_policy.act(make_batch().observations, noise=noise))


def test_an_average_survives_saving_and_begins_where_there_was_none():
    agent, again = make_agent(policy_tau=0.1), make_agent(seed=1, policy_tau=0.1)
    agent.update(make_batch(profit=1.0), 0.0, 0.0)
    agent.update(make_batch(profit=2.0), 0.0, 0.0)
    again.load_state_dict(copy.deepcopy(agent.state_dict()))
    observations = make_batch().observations
    assert np.array_equal(again.act(observations, deterministic=True), agent.act(observations, deterministic=True))
    for learner in (agent, again):
        learner.update(make_batch(profit=3.0), 0.0, 0.0)
    assert np.array_equal(again.act(observations, deterministic=True), agent.act(observations, deterministic=True))
    plain = make_agent(seed=2)
    plain.update(make_batch(profit=1.0), 0.0, 0.0)
    again.load_state_dict(plain.state_dict())
    assert np.array_equal(again.act(observations, deterministic=True), plain.act(observations, deterministic=True))


def test_priorities_are_td_errors_times_novelty(fixed_novelty):
    novelty = fixed_novelty(0.5)
    batch = make_batch(profit=3.0)
    plain = make_agent().update(batch, 0.0, 0.0)
    halved = make_agent().update(batch, 0.0, 0.0, novelty)
    np.testing.assert_allclose(halved.priorities, 0.5 * plain.priorities, rtol=1e-5)
    assert plain.metrics["td_abs"] == pytest.approx(plain.priorities.mean(), rel=1e-5)
    assert halved.metrics["novelty_loss"] == 1.5
    assert novelty.learned[0].shape == (8, 16)


def test_importance_weights_scale_the_loss():
    batch = make_batch(profit=3.0)
    full = make_agent().update(batch, 0.0, 0.0).metrics["critic_loss"]
    halved = make_agent().update(replace(batch, weights=np.full(8, 0.5, np.float32)), 0.0, 0.0).metrics["critic_loss"]
    assert halved == pytest.approx(0.5 * full, rel=1e-5)


@pytest.mark.parametrize("form", ["penalty", "cost_critic"])
@pytest.mark.parametrize("weighs", [False, True])
def test_novelty_weighs_the_critics_loss_only_where_that_is_asked_for(weighs, form, fixed_novelty, monkeypatch):
    batch = replace(make_batch(profit=3.0, discount=0.9), errors=np.ones(8, np.float32))
    scores = torch.linspace(0.25, 3.0, 8)
    even, uneven = (make_agent(novelty_weights=weighs, constraint_form=form) for _ in range(2))
    novelty = fixed_novelty(1.0)
    first = even.update(batch, 0.5, 0.1, novelty)
    monkeypatch.setattr(novelty, "score", lambda latents: scores)
    second = uneven.update(batch, 0.5, 0.1, novelty)
    np.testing.assert_allclose(second.priorities, first.priorities * scores.numpy(), rtol=1e-5)
    pairs = list(zip(even._critic_parameters, uneven._critic_parameters, strict=True))
    gradients = [bool((mine.grad == other.grad).all()) for mine, other in pairs]
    weights = [torch.equal(*pair) for pair in pairs]
    assert not any(gradients) and not all(weights) if weighs else all(gradients) and all(weights)
    assert (second.metrics["critic_loss"] == first.metrics["critic_loss"]) is not weighs
    mean_weight = scores.clamp(0.5, 2.0).mean() / scores.mean() if weighs else 1.0
    assert second.metrics["mean_weight"] == pytest.approx(float(mean_weight))


def test_terminal_transitions_ignore_what_comes_next():
    batch = make_batch(discount=0.0)
    other = replace(batch, next_observations=batch.next_observations + 5.0)
    first, second = (make_agent().update(each, 0.0, 0.0).metrics["td_abs"] for each in (batch, other))
    assert first == pytest.approx(second)
    bootstrapped = [replace(each, discount=np.ones(8, np.float32)) for each in (batch, other)]
    first, second = (make_agent().update(each, 0.0, 0.0).metrics["td_abs"] for each in bootstrapped)
    assert first != pytest.approx(second)


def test_gradient_norms_can_be_limited():
    agent = make_agent(max_grad_norm=1e-3)
    agent.update(make_batch(profit=100.0), 0.0, 0.0)
    norms = [p.grad.norm() for p in agent._critic_parameters if p.grad is not None]
    assert math.sqrt(sum(float(norm) ** 2 for norm in norms)) <= 1.01e-3


def test_a_restored_agent_goes_on_bit_for_bit():
    agent, batch = make_agent(), make_batch(profit=1.0, discount=0.9)
    for _ in range(3):
        agent.update(batch, 0.0, 0.0)
    copied = make_agent(seed=9)
    copied.load_state_dict(copy.deepcopy(agent.state_dict()))
    for _ in range(3):
        expected, restored = agent.update(batch, 0.0, 0.0), copied.update(batch, 0.0, 0.0)
        assert expected.metrics == restored.metrics
    assert np.array_equal(agent.act(batch.observations), copied.act(batch.observations))


def test_another_architecture_is_refused():
    with pytest.raises(CheckpointError, match="saved agent has hidden 16, this one has 8"):
        make_agent(hidden=8).load_state_dict(make_agent().state_dict())


def test_an_encoder_that_does_not_fit_is_refused():
    video = EnvSpec((3, 3, 36, 36), "uint8", (0.0,), (1.0,))
    with pytest.raises(ValueError, match="encoder 'mlp' for state of shape"):
        SACAgent(video, build_encoder("mlp", video.observation_shape), SACConfig())
