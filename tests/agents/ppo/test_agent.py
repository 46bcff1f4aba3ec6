"""Tests for agent.py."""

import copy
import math
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from agents import CheckpointError, EnvSpec, Novelty, PPOAgent, PPOConfig, SACAgent, SACConfig, build_encoder
from agents.ppo import Minibatch

SPEC = EnvSpec((3,), "float32", (0.0, -1.0), (1.0, 3.0))
METRICS = {"policy_loss", "value_loss", "entropy", "approx_kl", "clip_fraction"}
METRICS |= {"mean_weight", "mean_valuation", "novelty_norm"}


def make_agent(seed: int = 0, spec: EnvSpec = SPEC, **settings: Any) -> PPOAgent:
    encoder = build_encoder("mlp", spec.observation_shape, 16, seed)
    return PPOAgent(spec, encoder, PPOConfig(**{"hidden": 16, "learning_rate": 3e-3, **settings}), seed=seed)


def observations(size: int = 8) -> np.ndarray:
    return np.random.default_rng(0).random((size, 3), np.float32)


def make_batch(agent: PPOAgent, size: int = 8) -> Minibatch:
    choice = agent.choose(observations(size))
    advantages, returns = np.linspace(-1.0, 1.0, size, dtype=np.float32), np.full(size, 2.0, np.float32)
    return Minibatch(observations(size), choice.raw, choice.log_probs, advantages, returns)


def weights(agent: PPOAgent) -> dict[str, torch.Tensor]:
    parts = agent.state_dict()["weights"]
    return {f"{part}.{name}": value.clone() for part, values in parts.items() for name, value in values.items()}


def gaussian(agent: PPOAgent, observations: np.ndarray) -> torch.distributions.Normal:
    with torch.no_grad():
        mean, log_std = agent.actor(agent.encoder(torch.tensor(observations)))
    return torch.distributions.Normal(mean.detach(), log_std.detach().exp())


def test_actions_keep_to_the_bounds_and_their_density_is_exact():
    agent = make_agent(initial_std=2.0)
    choice = agent.choose(observations(256))
    assert choice.actions.dtype == np.float32
    assert np.all((choice.actions >= SPEC.action_low) & (choice.actions <= SPEC.action_high))
    np.testing.assert_allclose(choice.actions, np.array([0.5, 1.0]) + np.tanh(choice.raw) * [0.5, 2.0], atol=1e-6)
    normal = gaussian(agent, observations(256))
    raw = torch.tensor(choice.raw, dtype=torch.float64)
    exact = (normal.log_prob(raw) - torch.log1p(-(torch.tanh(raw) ** 2))).sum(-1).numpy()
    np.testing.assert_allclose(choice.log_probs, exact, rtol=1e-4, atol=1e-4)


def test_greedy_actions_use_no_randomness():
    agent = make_agent()
    before = agent.generator.get_state()
    first = agent.act(observations(), deterministic=True)
    assert np.array_equal(first, agent.act(observations(), deterministic=True))
    assert torch.equal(agent.generator.get_state(), before)
    np.testing.assert_allclose(first, agent.act(observations(), noise=np.zeros((8, 2), np.float32)), atol=1e-6)
    assert not np.array_equal(agent.act(observations()), first)


def test_the_first_update_starts_from_the_policy_that_acted(fixed_novelty):
    agent = make_agent()
    metrics = agent.update(make_batch(agent))
    assert set(metrics) == METRICS
    assert metrics["approx_kl"] == pytest.approx(0.0, abs=1e-6)
    assert metrics["clip_fraction"] == 0.0
    assert agent.update(make_batch(agent), fixed_novelty(0.5))["novelty_loss"] == 1.5


def test_good_actions_become_likelier_and_values_approach_returns():
    agent = make_agent(max_grad_norm=math.inf)
    batch = make_batch(agent, 32)
    for _ in range(60):
        metrics = agent.update(batch)
    before, after = (gaussian(each, batch.observations) for each in (make_agent(), agent))
    raw = torch.tensor(batch.raw)
    gained = (after.log_prob(raw) - before.log_prob(raw)).sum(-1).numpy()
    assert gained[16:].mean() > 0.0 > gained[:16].mean()
    assert metrics["value_loss"] < 0.05
    assert metrics["approx_kl"] > 0.0


def test_the_entropy_bonus_widens_the_policy():
    batch = replace(make_batch(make_agent(), 32), advantages=np.zeros(32, np.float32))
    deviations = []
    for coefficient in (0.0, 1.0):
        agent = make_agent(initial_std=0.3, entropy_coefficient=coefficient, value_coefficient=0.0)
        for _ in range(40):
            agent.update(batch)
        deviations.append(float(agent.actor.log_std.detach().mean()))
    assert deviations[1] > deviations[0] + 0.1


def test_both_losses_train_the_encoder():
    for coefficient in (0.0, 1.0):
        agent = make_agent(value_coefficient=coefficient)
        batch = make_batch(agent)
        if coefficient > 0.0:
            batch = replace(batch, advantages=np.zeros(8, np.float32))
        before = weights(agent)
        agent.update(batch)
        changed = {name for name, value in weights(agent).items() if not torch.equal(before[name], value)}
        assert any(name.startswith("encoder") for name in changed)


def losses_of(novelty: Novelty, **settings: Any) -> tuple[float, float]:
    agent = make_agent(**settings)
    metrics = agent.update(make_batch(agent), novelty)
    return metrics["policy_loss"], metrics["value_loss"]


def test_valuations_weigh_each_loss_unless_switched_off(fixed_novelty):
    advantages = np.linspace(-1.0, 1.0, 8)
    valuation_weights = 1.0 / (1.0 + np.exp(-(8.0 * np.abs(advantages) * 0.25 - 1.0)))
    losses = partial(losses_of, fixed_novelty(0.25), valuation_alpha=8.0, valuation_beta=-1.0)
    both, neither = losses(), losses(weigh_policy=False, weigh_value=False)
    assert neither[0] == pytest.approx(0.0, abs=1e-6)
    assert both[0] == pytest.approx(-(valuation_weights * advantages).mean(), abs=1e-6)
    only_policy, only_value = losses(weigh_value=False), losses(weigh_policy=False)
    assert only_policy == pytest.approx((both[0], neither[1]))
    assert only_value == pytest.approx((neither[0], both[1]))
    assert both[1] / neither[1] == pytest.approx(valuation_weights.mean(), rel=0.05)


def test_metrics_tell_valuations_and_weights(fixed_novelty):
    agent = make_agent(valuation_alpha=2.0, valuation_beta=0.5)
    metrics = agent.update(make_batch(agent), fixed_novelty(0.5))
    advantages = np.abs(np.linspace(-1.0, 1.0, 8))
    assert metrics["novelty_norm"] == 0.5
    assert metrics["mean_valuation"] == pytest.approx(0.5 * advantages.mean(), rel=1e-5)
    assert metrics["mean_weight"] == pytest.approx((1.0 / (1.0 + np.exp(-(advantages + 0.5)))).mean(), rel=1e-5)


def test_gradient_norms_can_be_limited():
    agent = make_agent(max_grad_norm=1e-3)
    agent.update(make_batch(agent))
    norms = [float(weight.grad.norm()) for weight in agent._parameters if weight.grad is not None]
    assert math.sqrt(sum(norm**2 for norm in norms)) == pytest.approx(1e-3, rel=1e-2)


def test_an_infinite_limit_limits_nothing():
    free, wide = make_agent(max_grad_norm=math.inf, clip_range=math.inf), make_agent(max_grad_norm=1e9, clip_range=1e9)
    batches = make_batch(free), make_batch(wide)
    for _ in range(3):
        assert free.update(batches[0]) == pytest.approx(wide.update(batches[1]), rel=1e-5)
    assert free.update(batches[0])["clip_fraction"] == 0.0


def test_the_step_size_can_be_set():
    agent = make_agent()
    batch, before = make_batch(agent), weights(agent)
    agent.set_learning_rate(0.0)
    agent.update(batch)
    assert all(torch.equal(before[name], value) for name, value in weights(agent).items())


def test_a_restored_agent_goes_on_bit_for_bit():
    agent = make_agent()
    batch = make_batch(agent)
    for _ in range(3):
        agent.update(batch)
    copied = make_agent(seed=9)
    copied.load_state_dict(copy.deepcopy(agent.state_dict()))
    for _ in range(3):
        assert agent.update(batch) == copied.update(batch)
    assert np.array_equal(agent.act(observations()), copied.act(observations()))


def test_another_architecture_is_refused():
    with pytest.raises(CheckpointError, match="saved agent has hidden 16, this one has 8"):
        make_agent(hidden=8).load_state_dict(make_agent().state_dict())
    sac = SACAgent(SPEC, build_encoder("mlp", (3,), 16), SACConfig(hidden=16))
    with pytest.raises(CheckpointError, match="saved agent has algorithm sac, this one has ppo"):
        make_agent().load_state_dict(sac.state_dict())


def test_an_encoder_that_does_not_fit_is_refused():
    video = EnvSpec((3, 3, 36, 36), "uint8", (0.0,), (1.0,))
    with pytest.raises(ValueError, match="encoder 'mlp' for state of shape"):
        PPOAgent(video, build_encoder("mlp", video.observation_shape), PPOConfig())


def test_the_deterministic_policy_is_an_average_that_survives_saving_and_exploration_follows_the_newest():
    agent, newest = make_agent(policy_tau=0.5), make_agent()
    expected, seen = torch.zeros(()), observations()
    for share in (1.0, 0.5, 0.5):
        agent.update(make_batch(agent))
        online = [*agent.encoder.parameters(), *agent.actor.parameters()]
        expected = (1.0 - share) * expected + share * torch.nn.utils.parameters_to_vector(online).detach()
    kept = [*agent.policy.encoder.parameters(), *agent.policy.actor.parameters()]
    torch.testing.assert_close(torch.nn.utils.parameters_to_vector(kept), expected)
    newest.load_state_dict(agent.state_dict())
    assert not np.allclose(agent.act(seen, deterministic=True), newest.act(seen, deterministic=True), atol=1e-4)
    noise = np.zeros((8, 2), np.float32)
    assert np.array_equal(agent.act(seen, noise=noise), newest.act(seen, noise=noise))
    again, began = make_agent(seed=1, policy_tau=0.5), make_agent(seed=1, policy_tau=0.5)
    again.load_state_dict(copy.deepcopy(agent.state_dict()))
    batch = make_batch(newest)
    assert agent.update(batch) == again.update(batch)
    assert np.array_equal(again.act(seen, deterministic=True), agent.act(seen, deterministic=True))
    began.load_state_dict(newest.state_dict())
    assert np.array_equal(began.act(seen, deterministic=True), newest.act(seen, deterministic=True))
