"""Tests for divergence.py, guarded_step, and what a learner and the loop do about numbers that are not finite."""

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from agents import (
    DivergenceError,
    LoopConfig,
    LoopState,
    NoConstraint,
    NonFiniteError,
    Observer,
    Step,
    all_finite,
    train,
)
from agents.divergence import check_finite, check_losses
from agents.novelty import DiffusionNovelty
from agents.optimizers import guarded_step, load_optimizer, pack_optimizer
from agents.sac import losses


def parameters() -> list[torch.Tensor]:
    return [torch.nn.Parameter(torch.tensor([1.0, 2.0])), torch.nn.Parameter(torch.tensor([3.0]))]


def flat(state):
    """Yield every tensor and array of a nested state."""
    if isinstance(state, dict):
        for value in state.values():
            yield from flat(value)
    elif isinstance(state, (torch.Tensor, np.ndarray)):
        yield np.asarray(state)


def same(left, right) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(flat(left), flat(right), strict=True))


def beginning(env, learner):
    observations, _ = env.reset(seed=0)
    learner.start(observations)
    actions = learner.act(observations)
    following, rewards, terminated, _, infos = env.step(actions)
    counts = infos["errors_step"], infos["attempts_step"]
    return Step(actions, rewards, *counts, following, terminated, np.zeros(env.num_envs, bool))


def fed(counting_env, make_learner, **settings):
    env = counting_env(1)
    learner = make_learner(env, warmup_steps=10**6, **settings)
    train(env, learner, NoConstraint(), [], LoopConfig(episodes=3), None)
    return learner


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("max_norm", [None, 0.5])
def test_a_guarded_step_is_adams(fused, max_norm):
    guarded, plain = parameters(), parameters()
    own, theirs = (torch.optim.Adam(weights, lr=0.1, fused=fused) for weights in (guarded, plain))
    for _ in range(3):
        assert guarded_step(own, torch.cat(guarded).square().sum(), guarded, max_norm) == 0.0
        theirs.zero_grad()
        torch.cat(plain).square().sum().backward()
        if max_norm is not None:
            torch.nn.utils.clip_grad_norm_(plain, max_norm)
        theirs.step()
    assert all(torch.equal(one, other) for one, other in zip(guarded, plain, strict=True))
    assert same(pack_optimizer(own), pack_optimizer(theirs))


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("max_norm", [None, 0.5])
@pytest.mark.parametrize("bad", ["nan loss", "infinite loss", "nan gradient", "infinite gradient"])
def test_from_what_is_not_finite_no_step_is_taken(fused, max_norm, bad):
    weights = parameters()
    optimizer = torch.optim.Adam(weights, lr=0.1, fused=fused)
    guarded_step(optimizer, (weights[0] * weights[1]).sum(), weights, max_norm)
    before = copy.deepcopy((pack_optimizer(optimizer), [weight.detach() for weight in weights]))
    loss = (weights[0] * weights[1]).sum()
    if bad == "nan gradient":
        loss = loss + torch.sqrt((weights[0] - weights[0].detach()) * 0.0).sum()  # 0 here, its slope 0 x inf
    elif bad == "infinite gradient":
        loss = loss + torch.sqrt(weights[0] - weights[0].detach()).sum()
    else:
        loss = loss * (math.nan if bad.startswith("nan") else math.inf)
    assert torch.isfinite(loss) == ("gradient" in bad)
    assert guarded_step(optimizer, loss, weights, max_norm).isnan()
    after = (pack_optimizer(optimizer), [weight.detach() for weight in weights])
    assert same(before[0], after[0])
    assert all(torch.equal(one, other) for one, other in zip(before[1], after[1], strict=True))
    assert guarded_step(optimizer, (weights[0] * weights[1]).sum(), weights, max_norm) == 0.0
    assert not torch.equal(weights[0], before[1][0])


def test_a_gradient_whose_square_is_infinite_is_none_to_step_on():
    weights = parameters()
    optimizer = torch.optim.Adam(weights, lr=0.1, fused=True)
    assert guarded_step(optimizer, 1e21 * (weights[0] * weights[1]).sum(), weights).isnan()
    assert guarded_step(optimizer, (weights[0] * weights[1]).sum(), weights) == 0.0
    assert all_finite(pack_optimizer(optimizer))


def test_two_optimisers_share_no_moments():
    weights, others = parameters(), parameters()
    one, other = (torch.optim.Adam(each, lr=0.1, fused=True) for each in (weights, others))
    guarded_step(one, (weights[0] * weights[1]).sum(), weights)
    before = copy.deepcopy(pack_optimizer(one))
    load_optimizer(other, pack_optimizer(one))
    guarded_step(other, (others[0] * others[1]).sum(), others)
    assert same(before, pack_optimizer(one))


def test_the_wrong_array_is_named_with_its_first_row():
    wrong = np.ones((4, 2), np.float32)
    wrong[2, 1], wrong[3] = math.inf, math.nan
    arrays = {"fine": np.ones(4), "count": np.ones(4, int), "frames": None, "actions": wrong}
    with pytest.raises(NonFiniteError, match=r"^batch: actions must be finite, got inf in row 2 \(2 of 4 rows"):
        check_finite("batch", arrays)
    check_finite("batch", arrays, rows=np.array([True, True, False, False]))


def test_the_first_wrong_metric_is_named():
    check_losses({"critic_loss": 1.0}, np.zeros(2))
    with pytest.raises(DivergenceError, match=r"^critic_loss or its gradient is inf; .* rewards from -1 to 2$"):
        check_losses({"alpha": 1.0, "critic_loss": math.inf, "actor_loss": math.nan}, np.array([-1.0, 2.0]))


def test_states_are_searched_to_the_bottom():
    state = {
        "name": "x",
        "count": 3,
        "parts": [{"weights": torch.ones(2)}, (np.ones(2), 1.0)],
        "frames": torch.ones(1).byte(),
    }
    assert all_finite(state)
    assert not all_finite({**state, "more": [torch.tensor([1.0, math.nan])]})
    assert not all_finite({**state, "more": (np.array([math.inf]),)})
    assert not all_finite({**state, "more": {"value": math.nan}})


@pytest.mark.parametrize("form", ["penalty", "cost_critic"])
@pytest.mark.parametrize(("function", "named"), [("critic_loss", "critic_loss"), ("temperature_loss", "actor_loss")])
def test_a_sac_update_that_diverges_leaves_no_trace_of_the_loss(
    function, named, form, counting_env, make_learner, monkeypatch
):
    learner = fed(counting_env, make_learner, constraint_form=form, consistency_coefficient=1.0)
    learner.update(0.1, 0.1)
    agent = learner.agent
    before = copy.deepcopy(agent.state_dict())
    usual = getattr(losses, function)
    monkeypatch.setattr(losses, function, lambda *given: usual(*given) * math.nan)
    named = "cost_loss" if function == "critic_loss" and form == "cost_critic" else named
    with pytest.raises(DivergenceError, match=f"^{named} or its gradient is nan; its batch is finite"):
        learner.update(0.1, 0.1)
    after = agent.state_dict()
    spared = {"critic", "encoder"} if function == "critic_loss" else {"actor"}
    for name in (*spared, "target_critic"):
        assert same(before["weights"][name], after["weights"][name])
    optimizer = "critic" if function == "critic_loss" else "actor"
    assert same(before["optimizers"][optimizer], after["optimizers"][optimizer])
    assert same(before["auxiliary"], after["auxiliary"]) == (function == "critic_loss")
    assert (after["updates"], learner.updates) == (before["updates"], 1)
    assert all_finite(learner.state_dict())
    monkeypatch.undo()
    learner.update(0.1, 0.1)


def test_a_denoiser_does_not_learn_from_a_loss_that_is_not_finite(monkeypatch):
    novelty = DiffusionNovelty(4, seed=0)
    novelty.update(torch.randn(16, 4))
    before = copy.deepcopy(novelty.state_dict()["learned"])
    monkeypatch.setattr(
        "agents.novelty.diffusion.mse_noise_gap",
        lambda *_: before["noise"].sum() * math.nan + next(novelty.denoiser.parameters()).sum(),
    )
    assert novelty._learn(torch.randn(16, 4)).isnan()
    assert same(before["denoiser"], novelty.state_dict()["learned"]["denoiser"])


@pytest.mark.parametrize("field", ["observations", "actions", "profit", "errors", "attempts", "discount", "weights"])
def test_a_batch_that_is_not_finite_is_refused_and_nothing_moves(field, counting_env, make_learner):
    learner = fed(counting_env, make_learner, novelty="diffusion")
    batch = learner.replay.sample(8, learner.rng)
    wrong = getattr(batch, field).copy()
    wrong[3] = math.nan
    before = copy.deepcopy([learner.agent.state_dict(), learner.novelty.state_dict()])
    with pytest.raises(NonFiniteError, match=f"^batch: {field} must be finite, got nan in row 3"):
        learner.agent.update(replace(batch, **{field: wrong}), 0.0, 0.1, learner.novelty)
    after = [learner.agent.state_dict(), learner.novelty.state_dict()]
    assert all(same(one, other) for one, other in zip(before, after, strict=True))


class Ears(Observer):
    """Remembers the episodes that it heard of."""

    def __init__(self):
        self.episodes: list[int] = []

    def on_episode(self, result):
        self.episodes.append(result.episode)


@pytest.mark.parametrize("algorithm", ["sac", "sac overlapped", "ppo"])
def test_the_loop_says_where_it_arose_and_leaves_a_state_to_go_on_from(
    algorithm, counting_env, make_learner, make_ppo, monkeypatch
):
    env = counting_env(2)
    ppo, overlap = algorithm == "ppo", algorithm == "sac overlapped"
    learner = make_ppo(env, rollout_steps=5, epochs=1, batch_size=10) if ppo else make_learner(env, overlap=overlap)
    state, ears = LoopState(), Ears()
    usual, running = learner.agent.update, []

    def update(*given):
        running.append(state.episode + 1)
        if len(running) == 3:
            raise DivergenceError("critic_loss or its gradient is nan")
        return usual(*given)

    monkeypatch.setattr(learner.agent, "update", update)
    with pytest.raises(DivergenceError) as error:
        train(env, learner, NoConstraint(), [ears], LoopConfig(episodes=8), state)
    assert str(error.value) == f"update 3 in episode {running[-1]}: critic_loss or its gradient is nan"
    assert learner.updates == 2
    assert ears.episodes == list(range(1, state.episode + 1))
    state = train(env, learner, NoConstraint(), [ears], LoopConfig(episodes=8), state)
    assert ears.episodes == list(range(1, 9))


@pytest.mark.parametrize("algorithm", ["sac", "ppo"])
@pytest.mark.parametrize("field", ["rewards", "errors", "attempts", "actions", "next_observations"])
def test_an_env_that_shows_nan_is_refused_where_it_comes_in(field, algorithm, counting_env, make_learner, make_ppo):
    env = counting_env(3)
    learner = make_learner(env) if algorithm == "sac" else make_ppo(env)
    step = beginning(env, learner)
    wrong = getattr(step, field).copy()
    wrong[1] = math.nan
    place = "replay.add" if algorithm == "sac" else "rollout.add"
    with pytest.raises(NonFiniteError, match=f"^{place}: {field} must be finite, got nan in row 1"):
        learner.observe(replace(step, **{field: wrong}))
    elsewhere = np.arange(3) == 1
    learner.observe(replace(step, **{field: wrong, "broken": elsewhere}))  # a failed simulation is not learned from


def test_what_a_reset_row_says_of_the_old_episode_does_not_count(counting_env, make_learner):
    env = counting_env(2)
    learner = make_learner(env)
    step = beginning(env, learner)
    nothing = np.full(2, math.nan)
    learner.observe(replace(step, rewards=nothing, errors=nothing, reset=np.ones(2, bool)))
    with pytest.raises(NonFiniteError, match="next_observations"):
        learner.observe(replace(step, next_observations=np.full((2, 2), math.nan), reset=np.ones(2, bool)))


@pytest.mark.parametrize("algorithm", ["sac", "ppo"])
def test_first_observations_that_are_not_finite_are_refused(algorithm, counting_env, make_learner, make_ppo):
    env = counting_env(3)
    learner = make_learner(env) if algorithm == "sac" else make_ppo(env)
    observations, _ = env.reset(seed=0)
    observations = np.array(observations)
    observations[1, 0] = math.nan
    place = "replay.start" if algorithm == "sac" else "rollout.start"
    with pytest.raises(NonFiniteError, match=f"^{place}: observations must be finite, got nan in row 1"):
        learner.start(observations)


@pytest.mark.parametrize("algorithm", ["sac", "ppo"])
@pytest.mark.parametrize("novelty", ["diffusion", "rnd", "knn"])
def test_latents_that_are_not_finite_stop_training_and_leave_no_trace(
    algorithm, novelty, counting_env, make_learner, make_ppo, monkeypatch
):
    env = counting_env(2)
    settings = {"rollout_steps": 5, "epochs": 1, "batch_size": 10}
    learner = make_ppo(env, novelty=novelty, **settings) if algorithm == "ppo" else make_learner(env, novelty=novelty)
    encoder, calls = learner.agent.encoder, []
    usual = encoder.forward

    def forward(observations):
        latents = usual(observations)
        calls.append(latents.requires_grad)
        return latents * math.nan if sum(calls) >= 3 and latents.requires_grad else latents

    monkeypatch.setattr(encoder, "forward", forward)
    with pytest.raises(DivergenceError, match=r"^update 3 in episode \d+: "):
        train(env, learner, NoConstraint(), [], LoopConfig(episodes=8), LoopState())
    state = learner.state_dict()
    del state["agent"]["config"]  # a setting that limits nothing is infinite
    assert all_finite(state)
