"""Tests for learner.py."""

import numpy as np
import pytest
import torch

from agents import DivergenceError, LoopConfig, NoConstraint, train


def feed(learner, env, episodes):
    return train(env, learner, NoConstraint(), [], LoopConfig(episodes=episodes), None)


def test_updates_start_after_the_warm_up_and_fractions_add_up(counting_env, make_learner):
    env = counting_env(2)
    learner = make_learner(env, warmup_steps=12, updates_per_step=0.25)
    feed(learner, env, 6)  # 3 rounds of 5 steps in 2 cells: 30 env steps, the first 12 are warm-up
    assert learner.env_steps == 30
    assert learner.updates == (30 - 12 + 2) // 4


def test_reset_rows_are_no_env_steps(counting_env, make_learner):
    env = counting_env(1)
    learner = make_learner(env, warmup_steps=1000)
    feed(learner, env, 3)
    assert learner.env_steps == 15
    assert len(learner.replay) == 18
    assert learner.updates == 0


def test_warm_up_actions_are_held_for_a_geometric_number_of_steps(counting_env, make_learner):
    learner = make_learner(counting_env(4), warmup_steps=10**6, warmup_hold_steps=10.0)
    actions = np.stack([learner.act(np.zeros((4, 2), np.float32)) for _ in range(2000)])
    changed = np.any(actions[1:] != actions[:-1], axis=2).mean()
    assert changed == pytest.approx(0.1, abs=0.02)
    assert actions.min() >= 0.0
    assert actions.max() <= 1.0
    assert np.unique(actions[:, :, 0]).size > 500
    assert actions.mean() == pytest.approx(0.5, abs=0.05)


def test_unheld_actions_change_at_every_step(counting_env, make_learner):
    learner = make_learner(counting_env(1), warmup_steps=10**6)
    actions = np.stack([learner.act(np.zeros((1, 2), np.float32)) for _ in range(50)])
    assert np.all(np.any(actions[1:] != actions[:-1], axis=2))


def test_exploration_noise_is_held_too(counting_env, make_learner):
    learner = make_learner(counting_env(1), warmup_steps=0, noise_hold_steps=20.0)
    actions = np.stack([learner.act(np.zeros((1, 2), np.float32)) for _ in range(400)])
    assert np.any(actions[1:] != actions[:-1], axis=2).mean() == pytest.approx(1 / 20, abs=0.03)


def test_a_share_of_holds_takes_actions_even_over_the_bounds(counting_env, make_learner):
    learner = make_learner(counting_env(8), warmup_steps=0, noise_hold_steps=10.0, random_share=0.25)
    learner.agent.act = lambda observations, noise: np.full((8, 2), 2.0, np.float32)
    actions = np.stack([learner.act(np.zeros((8, 2), np.float32)) for _ in range(2000)])
    even = actions[..., 0] != 2.0
    assert even.mean() == pytest.approx(0.25, abs=0.04)
    assert np.unique(actions[even][:, 0]).size == pytest.approx(0.25 * 8 * 2000 / 10, rel=0.2)
    assert (actions[even] <= 1.0).all() and actions[even].mean() == pytest.approx(0.5, abs=0.05)
    assert (even[1:] & ~even[:-1]).mean() == pytest.approx(0.25 * 0.75 / 10, rel=0.2)


def test_even_actions_of_a_restored_learner_go_on(counting_env, make_learner):
    env, seen = counting_env(8), np.zeros((8, 2), np.float32)
    settings = {"warmup_steps": 0, "noise_hold_steps": 10.0, "random_share": 0.5}
    learner, again = make_learner(env, **settings), make_learner(env, **settings)
    for _ in range(7):
        learner.act(seen)
    again.load_state_dict(learner.state_dict())
    assert all(np.array_equal(learner.act(seen), again.act(seen)) for _ in range(20))


def test_updates_set_the_priorities_of_their_rows(counting_env, make_learner):
    env = counting_env(1)
    learner = make_learner(env, warmup_steps=10**6)
    feed(learner, env, 2)
    before = learner.replay.state_dict()["priorities"]
    metrics = learner.update(lam=0.0, e_target=0.1)
    after = learner.replay.state_dict()["priorities"]
    assert np.any(before != after)
    assert np.all((before > 0) == (after > 0))
    assert set(metrics) >= {"critic_loss", "actor_loss", "alpha", "entropy", "novelty_norm", "mean_weight"}
    gauges = learner.gauges()
    assert gauges["effective_sample_share"] == pytest.approx(after.sum() ** 2 / (10 * (after**2).sum()))
    assert (gauges["updates"], gauges["buffer_size"]) == (1.0, 12.0)


def test_looking_ahead_takes_the_same_updates_where_none_waits_for_priorities(counting_env, make_learner):
    learners = [make_learner(counting_env(2), warmup_steps=4, updates_per_step=1.0, prioritized=False) for _ in "ab"]
    learners[1].looks_ahead = True
    for learner in learners:
        feed(learner, counting_env(2), 4)
    plain, ahead = (learner.agent.state_dict()["weights"] for learner in learners)
    assert learners[0].updates == learners[1].updates > 0
    for name, weights in plain.items():
        for key, value in weights.items():
            assert torch.equal(value, ahead[name][key]), (name, key)


def test_looking_ahead_samples_before_it_reads(counting_env, make_learner):
    learner = make_learner(counting_env(2), warmup_steps=4, updates_per_step=1.0)
    feed(learner, counting_env(2), 4)
    learner.looks_ahead, events = True, []
    sample, set_priorities = learner.replay.sample, learner.replay.update_priorities
    learner.replay.sample = lambda *args: events.append("sample") or sample(*args)
    learner.replay.update_priorities = lambda *args: events.append("priorities") or set_priorities(*args)
    before = learner.updates
    found = list(learner.take_updates(3, 0.0, 0.1))
    assert events == ["sample", "sample", "priorities", "sample", "priorities", "priorities"]
    assert learner.updates == before + 3
    assert all("critic_loss" in metrics for metrics in found) and len(found) == 3


@pytest.mark.parametrize("looks_ahead", [False, True])
def test_an_update_that_fails_is_not_due_again(counting_env, make_learner, looks_ahead):
    learner = make_learner(counting_env(1), warmup_steps=1, updates_per_step=0.0)
    feed(learner, counting_env(1), 2)
    learner.looks_ahead, learner._due = looks_ahead, 2.5
    with torch.no_grad():
        learner.agent.log_alpha.fill_(torch.nan)
    with pytest.raises(DivergenceError):
        learner.learn(0.0, 0.1)
    assert learner._due == 1.5
