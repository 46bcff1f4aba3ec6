"""A critic that is told what observations hide: what it learns, what it needs, and what it fits."""

import copy
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from agents import CheckpointError, NonFiniteError, OnPolicyLearner, Step, build_novelty
from agents.ppo import Minibatch
from tests.agents.ppo.test_agent import SPEC, make_agent, make_batch, observations

TOLD = replace(SPEC, privileged_dim=4)
NUMBERS = np.random.default_rng(1).normal(size=(8, 4)).astype(np.float32)
SEEN, HISTORY = np.zeros((2, 2), np.float32), np.random.default_rng(2).normal(size=(14, 2, 4)).astype(np.float32)


def make_told(seed: int = 0, **settings: Any):
    return make_agent(seed, TOLD, privileged_critic=True, **settings)


def told_batch() -> Minibatch:
    return replace(make_batch(make_agent()), privileged=NUMBERS)


def play(learner: OnPolicyLearner, told: np.ndarray) -> list[dict[str, float]]:
    """Take a step for each row of what the critic is told beside its next observation (T, N, P)."""
    found, none = [], np.zeros(2, bool)
    for numbers in told:
        actions = learner.act(SEEN)
        learner.observe(Step(actions, actions[:, 0], none, none, SEEN, none, none, privileged=numbers))
        found += learner.learn(0.0, 0.0)
    return found


def learner_of(num_cells: int, seed: int = 0, **settings: Any) -> OnPolicyLearner:
    spec = replace(TOLD, observation_shape=(2,), action_low=(0.0, 0.0), action_high=(1.0, 1.0))
    small = {"batch_size": 8, "rollout_steps": 6, "epochs": 2}
    agent = make_agent(seed, spec, privileged_critic=True, **(small | settings))
    return OnPolicyLearner(agent, build_novelty("none", 16), num_cells, seed)


def test_values_are_of_what_is_told_and_actions_of_what_is_seen():
    agent = make_told()
    first, other = (agent.choose(observations(), np.zeros((8, 2), np.float32), told) for told in (NUMBERS, -NUMBERS))
    assert np.array_equal(first.actions, other.actions)
    assert not np.any(first.values == other.values)
    assert np.array_equal(first.values, agent.values(1.0 - observations(), NUMBERS))


@pytest.mark.parametrize(
    ("coefficient", "advantage", "moves", "stays"),
    [(0.0, 1.0, "encoder", "critic_encoder"), (1.0, 0.0, "critic_encoder", "encoder")],
)
def test_each_loss_trains_its_own_encoder(coefficient, advantage, moves, stays):
    agent = make_told(value_coefficient=coefficient)
    before = copy.deepcopy(agent.state_dict()["weights"])
    agent.update(replace(told_batch(), advantages=np.full(8, advantage, np.float32)))
    after = agent.state_dict()["weights"]
    assert all(torch.equal(before[stays][name], value) for name, value in after[stays].items())
    assert any(not torch.equal(before[moves][name], value) for name, value in after[moves].items())


def test_the_critic_foresees_what_no_observation_shows():
    agent, batch = make_told(max_grad_norm=math.inf), told_batch()
    hidden = replace(batch, observations=np.zeros((8, 3), np.float32), returns=NUMBERS[:, 0])
    for _ in range(200):
        metrics = agent.update(hidden)
    assert metrics["value_loss"] < 0.01


def test_a_rollout_bootstraps_from_what_was_told_beside_each_step():
    learner = learner_of(2, gamma=0.9, gae_lambda=0.0, normalize_advantages=False)
    learner.start(SEEN, HISTORY[0])
    for first in (0, 6):  # the second rollout begins with what was told last
        play(learner, HISTORY[first + 1 : first + 6])
        actions = learner.act(SEEN)
        none = np.zeros(2, bool)
        learner.observe(Step(actions, actions[:, 0], none, none, SEEN, none, none, privileged=HISTORY[first + 6]))
        values = np.stack([learner.agent.values(SEEN, numbers) for numbers in HISTORY[first : first + 7]])
        targets, _ = learner.targets(0.0, 0.0)
        at = targets.steps, targets.cells
        np.testing.assert_allclose(targets.returns, learner.rollout.rewards[at] + 0.9 * values[1:][at], rtol=1e-5)
        batch = learner.rollout.minibatch(targets, np.arange(12))
        assert batch.privileged is not None and np.array_equal(batch.privileged, HISTORY[first : first + 6][at])
        assert len(learner.learn(0.0, 0.0)) == 4


def test_a_learner_goes_on_bit_for_bit_within_a_rollout():
    learner, other = learner_of(2), learner_of(2, seed=9)
    learner.start(SEEN, HISTORY[0])
    play(learner, HISTORY[1:9])
    other.load_state_dict(copy.deepcopy(learner.state_dict()))
    assert play(other, HISTORY[9:14]) == play(learner, HISTORY[9:14]) != []


def test_what_is_not_told_is_one_line():
    with pytest.raises(ValueError, match="privileged_critic needs infos that tell privileged numbers, got none"):
        make_agent(privileged_critic=True)
    agent, learner = make_told(), learner_of(2)
    with pytest.raises(ValueError, match=r"^critic needs privileged numbers \(N, 4\), got none$"):
        agent.update(make_batch(make_agent()))
    with pytest.raises(ValueError, match=r"^rollout needs privileged numbers \(2, 4\), got none$"):
        learner.start(SEEN)
    with pytest.raises(NonFiniteError, match=r"rollout\.start: privileged"):
        learner.start(SEEN, np.full((2, 4), np.nan, np.float32))


def test_a_told_agent_fits_no_other():
    told, untold = make_told(), make_agent(spec=TOLD)
    with pytest.raises(CheckpointError, match="saved agent has privileged_critic True, this one has False"):
        untold.load_state_dict(told.state_dict())
    older = untold.state_dict()
    assert older["architecture"].pop("privileged_critic") is False
    make_agent(spec=TOLD).load_state_dict(older)
    with pytest.raises(CheckpointError, match="saved agent has privileged_critic False, this one has True"):
        told.load_state_dict(older)


def test_the_critic_takes_steps_of_its_own_which_fall_with_the_policys():
    """Adam's first step moves a weight by the step size, whatever its gradient."""
    moved = {}
    for rate in (None, 1e-2):
        agent = make_told(learning_rate=1e-3, critic_learning_rate=rate, max_grad_norm=math.inf)
        agent.set_learning_rate(5e-4)
        before = copy.deepcopy(agent.state_dict()["weights"])
        agent.update(told_batch())
        after = agent.state_dict()["weights"]
        for part, weights in after.items():
            moved[part, rate] = max(float((before[part][name] - value).abs().max()) for name, value in weights.items())
    for part in ("encoder", "actor"):
        assert moved[part, 1e-2] == moved[part, None] == pytest.approx(5e-4, rel=0.05)
    for part in ("critic", "critic_encoder"):
        assert (moved[part, 1e-2], moved[part, None]) == (pytest.approx(5e-3, rel=0.05), pytest.approx(5e-4, rel=0.05))
