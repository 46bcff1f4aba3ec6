"""Tests for overlap.py: a second thread takes the updates, and the numbers know nothing of its speed."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from agents import DivergenceError, LoopConfig, NoConstraint, NonFiniteError, Observer, all_finite, train
from agents.overlap import CHUNK_STEPS, CHUNK_UPDATES

CELLS = 2
LEARNING = {"novelty": "diffusion", "n_step": 2, "updates_per_step": 0.45, "noise_hold_steps": 2.0}


class Boundaries(Observer):
    """Keeps the rows of episodes, and what a look at the learner shows at their ends."""

    def __init__(self, learner):
        self.learner, self.rows, self.seen = learner, [], []

    def on_episode(self, result):
        self.rows.append((result.episode, result.env_steps, result.info, result.reward_sum, result.metrics))

    def on_boundary(self, state):
        learner = self.learner
        self.seen.append((learner.busy, learner.updates, len(learner.replay), learner.agent.updates))


def slowed(function, seconds):
    def slow(*given):
        time.sleep(seconds)
        return function(*given)

    return slow


@pytest.fixture
def run(counting_env, make_learner):
    def run(overlap=True, update_s=0.0, step_s=0.0, video=False, lengths=(12, 12), episodes=4, **settings):
        env = counting_env(CELLS, video, lengths)
        learner = make_learner(env, overlap=overlap, **(LEARNING | settings))
        learner.update, env.step = slowed(learner.update, update_s), slowed(env.step, step_s)
        ears = Boundaries(learner)
        train(env, learner, NoConstraint(), [ears], LoopConfig(episodes=episodes, seed=3))
        return learner, ears

    return run


@pytest.mark.parametrize("video", [False, True])
def test_the_numbers_do_not_depend_on_which_thread_is_faster(run, video):
    learner, ears = run(video=video)
    weights = learner.agent.state_dict()["weights"]
    for speed in ({"update_s": 0.02}, {"step_s": 0.01}):
        other, others = run(video=video, **speed)
        assert others.rows == ears.rows
        assert others.seen == ears.seen
        for part, tensors in other.agent.state_dict()["weights"].items():
            assert all(np.array_equal(value.numpy(), weights[part][name].numpy()) for name, value in tensors.items())


def test_updates_are_taken_in_another_thread_while_the_env_steps(counting_env, make_learner):
    env = counting_env(CELLS, lengths=(30, 30))
    learner = make_learner(env, overlap=True, updates_per_step=0.5)
    stepping, update, step, threads = threading.Event(), learner.update, env.step, set()

    def meeting(*given):
        threads.add(threading.current_thread())
        if threading.current_thread() is not threading.main_thread():
            assert stepping.wait(30.0)  # the main thread steps on though this update does not end
        return update(*given)

    def stepped(actions):
        if learner.busy:
            stepping.set()
        return step(actions)

    learner.update, env.step = meeting, stepped
    train(env, learner, NoConstraint(), [], LoopConfig(episodes=2))
    assert len(threads) == 2


def test_an_end_of_an_episode_shows_all_that_was_collected_and_learned(run):
    learner, ears = run(lengths=(12, 7), episodes=8)
    same, others = run(overlap=False, lengths=(12, 7), episodes=8)
    assert ears.seen == others.seen
    assert not any(busy for busy, *_ in ears.seen)
    assert learner.env_steps == same.env_steps
    assert [row[:2] for row in ears.rows] == [row[:2] for row in others.rows]


@pytest.mark.parametrize("updates_per_step", [0.1, 0.45, 1.7])
def test_staleness_is_bounded_as_documented(counting_env, make_learner, updates_per_step):
    env = counting_env(CELLS, lengths=(50, 50))
    learner = make_learner(env, overlap=True, updates_per_step=updates_per_step)
    known, behind, ahead, explore, take = [0], [], [], learner._explore, learner.update
    refresh = learner._explorer.refresh

    def refreshed():
        known[0] = learner.updates
        refresh()

    def explored(observations, noise):
        owed = int((learner.env_steps - learner.config.warmup_steps + CELLS) * updates_per_step + 1e-9)
        behind.append(owed - (known[0] if learner.busy else learner.updates))
        return explore(observations, noise)

    def taken(*given):
        ahead.append(len(learner.replay))
        return take(*given)

    learner._explorer.refresh, learner._explore, learner.update = refreshed, explored, taken
    train(env, learner, NoConstraint(), [], LoopConfig(episodes=2))
    assert CHUNK_UPDATES <= max(behind) < 2 * CHUNK_UPDATES + CELLS * updates_per_step
    assert max(np.diff(ahead)) <= CELLS * min(CHUNK_STEPS, CHUNK_UPDATES / (CELLS * updates_per_step) + 1)


def test_rare_updates_do_not_let_a_chunk_grow_without_bound(counting_env, make_learner):
    env = counting_env(CELLS, lengths=(200, 200))
    learner, longest = make_learner(env, overlap=True, updates_per_step=0.02), [0]
    step, chunk = env.step, [0]

    def stepped(actions):
        chunk[0] = chunk[0] + 1 if learner.busy else 0
        longest[0] = max(longest[0], chunk[0])
        return step(actions)

    env.step = stepped
    train(env, learner, NoConstraint(), [], LoopConfig(episodes=2))
    assert longest[0] == CHUNK_STEPS


def test_an_interrupt_waits_for_the_end_of_the_chunk(counting_env, make_learner):
    env = counting_env(CELLS, lengths=(40, 40))
    learner, step, steps = make_learner(env, overlap=True, updates_per_step=0.25), env.step, []
    learner.update = slowed(learner.update, 0.005)

    def interrupting(actions):
        steps.append(learner.busy)
        if steps[-2:] == [False, True]:
            os.kill(os.getpid(), signal.SIGINT)
        return step(actions)

    env.step = interrupting
    state = train(env, learner, NoConstraint(), [], LoopConfig(episodes=100))
    assert state.interrupted
    assert not learner.busy
    assert steps[-4:] == [True] * 4  # two updates are due every four vector steps of two cells
    assert (state.env_steps, len(learner.replay)) == (CELLS * len(steps), CELLS * (len(steps) + 1))
    assert state.updates == learner.updates > 0


def test_where_the_env_fails_within_a_chunk_all_steps_before_are_kept(counting_env, make_learner):
    env = counting_env(CELLS, lengths=(40, 40))
    learner, step, steps = make_learner(env, overlap=True, updates_per_step=0.25), env.step, []

    def failing(actions):
        steps.append(learner.busy)
        observations, rewards, *rest = step(actions)
        broken = steps[-3:] == [False, True, True]
        return observations, np.full(CELLS, np.nan) if broken else rewards, *rest

    env.step = failing
    with pytest.raises(NonFiniteError, match=r"^replay.add: rewards must be finite"):
        train(env, learner, NoConstraint(), [], LoopConfig(episodes=100))
    assert learner.busy
    saved = learner.state_dict()
    assert not learner.busy
    assert all_finite(saved)
    assert len(learner.replay) == CELLS * len(steps)  # the first observations, and all steps but the last
    assert saved["env_steps"] == CELLS * (len(steps) - 1)


def test_a_divergence_leaves_the_other_updates_due_and_the_steps_in_replay(counting_env, make_learner, monkeypatch):
    env = counting_env(CELLS, lengths=(40, 40))
    learner = make_learner(env, overlap=True, updates_per_step=0.5)
    usual = learner.agent.update

    def update(*given):
        if learner.updates == 4:
            raise DivergenceError("critic_loss or its gradient is nan")
        return usual(*given)

    monkeypatch.setattr(learner.agent, "update", update)
    with pytest.raises(DivergenceError, match=r"^update 5 in episode 1: critic_loss"):
        train(env, learner, NoConstraint(), [], LoopConfig(episodes=2))
    assert (learner.busy, learner.updates) == (False, 4)
    assert len(learner.replay) == learner.env_steps + CELLS
    owed = (learner.env_steps - learner.config.warmup_steps + CELLS) * 0.5
    assert learner.state_dict()["due"] == owed - 5  # the update that failed is not tried again


def test_a_learner_without_a_second_thread_takes_the_state_and_the_other_way_round(run, counting_env, make_learner):
    overlapped, _ = run()
    plain, _ = run(overlap=False)
    for saved, into in ((overlapped, False), (plain, True)):
        other = make_learner(counting_env(CELLS, lengths=(12, 12)), seed=4, overlap=into, **LEARNING)
        other.load_state_dict(saved.state_dict())
        assert (other.updates, other.env_steps) == (saved.updates, saved.env_steps)
        assert other.rng.bit_generator.state == saved.rng.bit_generator.state
