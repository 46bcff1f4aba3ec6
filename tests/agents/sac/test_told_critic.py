"""A critic that is told what observations hide: what it learns, what it needs, and what it fits."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from agents import CheckpointError
from agents.replay import Batch
from tests.agents.sac.test_agent import SPEC, make_agent, make_batch

TOLD = replace(SPEC, privileged_dim=4)


def tell(batch: Batch, seed: int = 1) -> Batch:
    told = np.random.default_rng(seed).normal(size=(2, len(batch.rows), 4)).astype(np.float32)
    return replace(batch, privileged=told[0], next_privileged=told[1])


def test_a_privileged_critic_learns_what_observations_do_not_tell_and_the_policy_from_it():
    """Profit -(a - x)^2 where x is told to the critic and is a feature of the observation for the policy."""
    agent = make_agent(spec=TOLD, privileged_critic=True, learning_rate=3e-3, target_entropy=-5.0, hidden=32)
    rng = np.random.default_rng(0)
    batch = tell(make_batch(size=128))
    best = np.where(rng.random(128) < 0.5, 0.2, 0.8).astype(np.float32)
    assert batch.privileged is not None
    batch.observations[:, 0], batch.privileged[:, 0] = best, 10.0 * best
    batch = replace(batch, profit=-5.0 * (batch.actions[:, 0] - best) ** 2)
    for _ in range(400):
        metrics = agent.update(batch, 0.0, 0.0).metrics
    assert metrics["critic_loss"] < 0.05
    actions = agent.act(batch.observations, deterministic=True)[:, 0]
    np.testing.assert_allclose(actions, best, atol=0.12)


def test_what_observations_hide_counts_by_how_often_it_is_met_not_by_how_often_it_is_drawn():
    """Profit -(a - x)^2 where x is told to the critic alone, 0.2 drawn as often as 0.8 and met three times as often."""
    agent = make_agent(spec=TOLD, privileged_critic=True, learning_rate=3e-3, target_entropy=-5.0, hidden=32)
    batch = tell(make_batch(size=128))
    best = np.where(np.arange(128) % 2 == 0, 0.2, 0.8).astype(np.float32)
    assert batch.privileged is not None
    batch.observations[:] = batch.observations[0]
    batch.privileged[:, 0] = 10.0 * best
    weights = np.where(best < 0.5, 1.0, 1.0 / 3.0).astype(np.float32)
    batch = replace(batch, profit=-5.0 * (batch.actions[:, 0] - best) ** 2, weights=weights)
    for _ in range(400):
        agent.update(batch, 0.0, 0.0)
    action = agent.act(batch.observations[:1], deterministic=True)[0, 0]
    assert abs(action - 0.35) < 0.07, action


def test_with_a_privileged_critic_each_loss_trains_its_own_encoder():
    agent = make_agent(spec=TOLD, privileged_critic=True)
    batch = tell(make_batch(discount=0.9))
    latents, following, _ = agent._encode(batch)
    known, next_known = agent._know(batch, latents, following)
    assert not next_known.requires_grad
    targets = agent._targets(batch, following, next_known, 0.0, 0.0)
    agent._update_critics(known, torch.zeros(8, 2), targets, torch.ones(8), 0.0, 0.0)
    assert all(parameter.grad is None for parameter in agent.encoder.parameters())
    before = copy.deepcopy(agent.critic_encoder.state_dict()), copy.deepcopy(agent.encoder.state_dict())
    agent._update_actor(latents, known.detach(), None, 0.0, 0.0)
    after = agent.critic_encoder.state_dict(), agent.encoder.state_dict()
    assert all(torch.equal(before[0][name], value) for name, value in after[0].items())
    assert any(not torch.equal(before[1][name], value) for name, value in after[1].items())


def test_a_privileged_critic_needs_something_to_know():
    with pytest.raises(ValueError, match="privileged_critic needs infos that tell privileged numbers, got none"):
        make_agent(privileged_critic=True)


def test_a_privileged_agent_goes_on_bit_for_bit_and_fits_no_other():
    agent, batch = make_agent(spec=TOLD, privileged_critic=True), tell(make_batch(discount=0.9))
    agent.update(batch, 0.0, 0.0)
    copied = make_agent(seed=9, spec=TOLD, privileged_critic=True)
    copied.load_state_dict(copy.deepcopy(agent.state_dict()))
    for _ in range(2):
        assert copied.update(batch, 0.0, 0.0).metrics == agent.update(batch, 0.0, 0.0).metrics
    other = make_agent(spec=replace(TOLD, privileged_dim=5), privileged_critic=True)
    with pytest.raises(CheckpointError, match="saved agent has privileged_dim 4, this one has 5"):
        other.load_state_dict(agent.state_dict())
    untold = make_agent(spec=TOLD)
    with pytest.raises(CheckpointError, match="saved agent has privileged_critic True, this one has False"):
        untold.load_state_dict(agent.state_dict())
    with pytest.raises(CheckpointError, match="saved agent has privileged_critic False, this one has True"):
        agent.load_state_dict(untold.state_dict())
    with pytest.raises(ValueError, match=r"^batch needs privileged numbers \(B, 4\), got none"):
        agent.update(make_batch(discount=0.9), 0.0, 0.0)


@pytest.mark.parametrize("told", [True, False])
def test_agents_saved_before_they_said_whether_critics_are_told_still_load(told):
    saved = make_agent(spec=TOLD, privileged_critic=told).state_dict()
    assert saved["architecture"].pop("privileged_critic") == told
    make_agent(spec=TOLD, privileged_critic=told).load_state_dict(saved)
    with pytest.raises(CheckpointError, match=f"saved agent has privileged_critic {told}"):
        make_agent(spec=TOLD, privileged_critic=not told).load_state_dict(saved)
