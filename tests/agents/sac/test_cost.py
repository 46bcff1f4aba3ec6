"""Tests for cost.py and the agent that learns it: literal answers, and where the Lagrangian comes to rest."""

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from agents import CheckpointError, EnvSpec, SACAgent, SACConfig, build_encoder, load_policy, save_policy
from agents.replay import Batch
from agents.sac import losses
from agents.sac.cost import CostCritic, cost_target, lagrangian_actor_loss, signed_cost

SPEC = EnvSpec((3,), "float32", (0.0,), (1.0,))


def make_agent(seed: int = 0, **settings: Any) -> SACAgent:
    encoder = build_encoder("mlp", SPEC.observation_shape, 16, seed)
    return SACAgent(SPEC, encoder, SACConfig(**{"hidden": 16, "constraint_form": "cost_critic", **settings}), seed=seed)


def cost_critic(agent: SACAgent) -> CostCritic:
    assert agent.cost is not None
    return agent.cost


def make_batch(size: int = 8, discount: float = 0.0, **parts: Any) -> Batch:
    rng = np.random.default_rng(0)
    zeros = np.zeros(size, np.float32)
    return Batch(
        observations=rng.random((size, 3), np.float32),
        next_observations=rng.random((size, 3), np.float32),
        actions=rng.random((size, 1), np.float32),
        **{"profit": zeros, "errors": zeros, "attempts": zeros, **parts},
        discount=np.full(size, discount, np.float32),
        weights=np.ones(size, np.float32),
        rows=np.arange(size),
    )


def test_attempts_at_the_target_cost_nothing():
    cost = signed_cost(torch.tensor([6.0, 2.0, 0.0]), torch.tensor([100.0, 10.0, 50.0]), e_target=0.06)
    torch.testing.assert_close(cost, torch.tensor([0.0, 1.4, -3.0]))


def test_the_penalised_reward_is_profit_less_the_price_of_that_cost():
    profit, errors, attempts = torch.tensor([1.0]), torch.tensor([2.0]), torch.tensor([10.0])
    expected = profit - 0.7 * signed_cost(errors, attempts, 0.1)
    torch.testing.assert_close(losses.penalized_reward(profit, errors, attempts, 0.7, 0.1), expected)


def test_cost_target_takes_the_larger_critic_and_stops_at_the_end():
    next_q = torch.tensor([[4.0, 7.0], [2.0, 9.0]])
    target = cost_target(torch.tensor([1.0, -1.0]), torch.tensor([0.5, 0.0]), next_q)
    torch.testing.assert_close(target, torch.tensor([3.0, -1.0]))


def test_lagrangian_actor_loss():
    q, cost_q = torch.tensor([[1.0, 5.0], [2.0, 3.0]]), torch.tensor([[0.5, -1.0], [0.25, -2.0]])
    log_pi, alpha = torch.tensor([-1.0, 1.0]), torch.tensor(0.1)
    loss = lagrangian_actor_loss(q, cost_q, log_pi, alpha, lam=3.0)
    torch.testing.assert_close(loss, torch.tensor(((-0.1 - 1.0 + 1.5) + (0.1 - 3.0 - 3.0)) / 2 / 4.0))
    free = lagrangian_actor_loss(q, cost_q, log_pi, alpha, lam=0.0)
    torch.testing.assert_close(free, losses.actor_loss(q, log_pi, alpha))
    weights = torch.linspace(0.2, 1.0, len(log_pi))
    weighted = lagrangian_actor_loss(q, cost_q, log_pi, alpha, lam=0.0, weights=weights)
    torch.testing.assert_close(weighted, losses.actor_loss(q, log_pi, alpha, weights))


def test_profit_and_cost_are_learned_apart():
    agent = make_agent(learning_rate=3e-3, reward_scale=2.0)
    parts = {"profit": np.ones(8), "errors": np.ones(8), "attempts": np.full(8, 4.0)}
    batch = make_batch(**{name: values.astype(np.float32) for name, values in parts.items()})
    for _ in range(200):
        metrics, priorities = agent.update(batch, lam=5.0, e_target=0.1)
    assert metrics["q_mean"] == pytest.approx(2.0 * 1.0, abs=0.1)
    assert metrics["cost_mean"] == pytest.approx(2.0 * (1.0 - 0.4), abs=0.1)
    assert np.all(priorities < 0.5)


def test_priorities_are_the_td_errors_of_the_lagrangian():
    batch, agent, lam = make_batch(errors=np.linspace(0.0, 7.0, 8, dtype=np.float32)), make_agent(), 2.0
    latents, following, _ = agent._encode(batch)
    actions = losses.squash_bounds(torch.tensor(batch.actions), agent._low, agent._high)
    profit, cost = agent._targets(batch, following, following, lam, 0.1)
    expected = (agent.critic(latents, actions) - profit) - lam * (cost_critic(agent)(latents, actions) - cost)
    priorities = make_agent().update(batch, lam, 0.1).priorities
    np.testing.assert_allclose(priorities, expected.abs().mean(0).detach().numpy(), rtol=1e-4)


@pytest.mark.parametrize(("lam", "best"), [(1.0, 0.5), (2.5, 0.2)])
def test_the_policy_trades_profit_for_cost_at_lambda(lam, best):
    """Profit 2 a and cost 2 a^2 - 0.5 of an action a in [0, 1]: the Lagrangian is best at a = 1 / (2 lambda)."""
    agent = make_agent(learning_rate=1e-2, initial_temperature=0.01, target_entropy=-3.0, hidden=32)
    batch = make_batch(size=64)
    action = batch.actions[:, 0]
    batch = replace(batch, profit=2.0 * action, errors=2.0 * action**2, attempts=np.full(64, 0.5, np.float32))
    for _ in range(300):
        agent.update(batch, lam, 1.0)
    assert agent.act(batch.observations, deterministic=True).mean() == pytest.approx(best, abs=0.1)


def test_target_cost_critics_follow_slowly():
    agent = make_agent(tau=0.25)
    critic = cost_critic(agent)
    old = [parameter.clone() for parameter in critic.target.parameters()]
    agent.update(make_batch(errors=np.ones(8, np.float32)), 1.0, 0.1)
    for before, after, online in zip(old, critic.target.parameters(), critic.parameters(), strict=True):
        assert not torch.equal(before, online)
        torch.testing.assert_close(after, 0.75 * before + 0.25 * online.detach())


def test_the_actor_trains_no_critic():
    agent = make_agent()
    latents, *_ = agent._encode(make_batch())
    agent._update_actor(latents.detach(), latents.detach(), None, 1.0, 0.0)
    critics = [*agent.critic.parameters(), *cost_critic(agent).parameters()]
    assert all(parameter.grad is None and parameter.requires_grad for parameter in critics)


def test_a_restored_agent_goes_on_bit_for_bit():
    agent, batch = make_agent(), make_batch(discount=0.9, errors=np.ones(8, np.float32))
    for _ in range(3):
        agent.update(batch, 0.5, 0.1)
    copied = make_agent(seed=9)
    copied.load_state_dict(copy.deepcopy(agent.state_dict()))
    for _ in range(3):
        assert agent.update(batch, 0.5, 0.1).metrics == copied.update(batch, 0.5, 0.1).metrics


def test_the_other_form_is_refused_and_an_older_agent_had_a_penalty():
    refused = "saved agent has constraint_form penalty, this one has cost_critic"
    older = make_agent(constraint_form="penalty").state_dict()
    with pytest.raises(CheckpointError, match=refused):
        make_agent().load_state_dict(older)
    del older["architecture"]["constraint_form"]
    with pytest.raises(CheckpointError, match=refused):
        make_agent().load_state_dict(older)
    make_agent(constraint_form="penalty").load_state_dict(older)


def test_a_policy_needs_no_cost_critic(tmp_path):
    agent, batch = make_agent(), make_batch()
    save_policy(tmp_path, agent)
    np.testing.assert_array_equal(load_policy(tmp_path)(batch.observations), agent.act(batch.observations, True))


def test_the_penalty_form_has_no_critic_of_cost():
    agent = make_agent(constraint_form="penalty")
    assert agent.cost is None
    assert "cost_loss" not in agent.update(make_batch(), 1.0, 0.1).metrics
