"""Tests for loop.py."""

import os
import signal
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest

from agents import LoopConfig, NoConstraint, Step, train
from agents.interrupt import DeferredInterrupt


class Constraint(NoConstraint):
    """Counts what it is told; lambda is the number of shifts seen."""

    error_target = 0.1

    def __init__(self):
        self.shifts: list[tuple[float, float]] = []

    @property
    def value(self) -> float:
        return float(len(self.shifts))

    def update(self, errors: float, attempts: float) -> None:
        self.shifts.append((errors, attempts))


class ScriptedLearner:
    """Always acts 0.5 and keeps what it observes."""

    busy = False

    def __init__(self):
        self.steps: list[Step] = []
        self.learned: list[tuple[float, float]] = []

    def start(self, observations, privileged=None):
        self.first = observations

    def act(self, observations):
        return np.full((len(observations), 2), 0.5, np.float32)

    def observe(self, step):
        self.steps.append(step)

    def learn(self, lam, e_target):
        self.learned.append((lam, e_target))
        return [{"loss": float(len(self.learned))}]

    def freeze_encoder(self, frozen):
        self.frozen = frozen

    def gauges(self):
        return {"gauge": 3.0}

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


@pytest.fixture
def run(counting_env, make_recorder):
    def run(num_envs=2, episodes=4, lengths=None, **loop):
        env, learner, constraint, recorder = (
            counting_env(num_envs, lengths=lengths),
            ScriptedLearner(),
            Constraint(),
            make_recorder(),
        )
        state = train(env, learner, constraint, [recorder], LoopConfig(episodes=episodes, **loop))
        return SimpleNamespace(
            env=env, learner=learner, constraint=constraint, recorder=recorder, state=state, results=recorder.results
        )

    return run


def test_episodes_are_numbered_in_cell_order_and_boundaries_follow(run):
    out = run()
    assert out.recorder.calls == ["episode 1", "episode 2", "boundary 2", "episode 3", "episode 4", "boundary 4"]
    assert [result.cell for result in out.results] == [0, 1, 0, 1]
    assert [result.env_steps for result in out.results] == [10, 10, 20, 20]
    assert out.env.seeds == 0


def test_results_hold_the_final_numbers_and_the_sum_of_rewards(run):
    out = run()
    for result in out.results:
        assert result.info["attempts"] == 5.0
        assert result.reward_sum == pytest.approx(5 * 0.5 - result.info["errors"])
        assert "_errors_step" not in result.info
    assert sum(result.info["errors"] for result in out.results) > 0


def test_the_step_after_the_end_is_marked_as_a_reset_row(run):
    out = run(num_envs=1, episodes=2)
    assert [bool(step.reset[0]) for step in out.learner.steps] == [False] * 5 + [True] + [False] * 5
    assert [step.next_observations[0, 0] for step in out.learner.steps] == [1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]
    assert out.learner.steps[4].attempts[0] == 1.0
    assert not any(step.terminated.any() for step in out.learner.steps)


def test_cells_may_end_at_different_times(run):
    out = run(episodes=5, lengths=(2, 5))
    assert [(result.cell, result.info["attempts"]) for result in out.results] == [
        (0, 2.0),
        (0, 2.0),
        (1, 5.0),
        (0, 2.0),
        (0, 2.0),
    ]
    assert [result.reward_sum + result.info["errors"] for result in out.results] == pytest.approx(
        [1.0, 1.0, 2.5, 1.0, 1.0]
    )


def test_surplus_episodes_of_the_last_round_do_not_count(run):
    out = run(num_envs=3, episodes=4)
    assert out.state.episode == 4
    assert len(out.constraint.shifts) == 4


def test_the_constraint_moves_once_a_shift_and_is_used_from_then_on(run):
    out = run(num_envs=1, episodes=2)
    assert out.constraint.shifts == [(result.info["errors"], 5.0) for result in out.results]
    assert out.learner.learned == [(0.0, 0.1)] * 5 + [(1.0, 0.1)] * 6
    assert [result.metrics["lambda_dual"] for result in out.results] == [0.0, 1.0]


def test_metrics_are_averaged_since_the_last_episode(run):
    out = run(num_envs=1, episodes=2)
    assert [result.metrics["loss"] for result in out.results] == [3.0, 8.5]
    assert out.results[0].metrics["gauge"] == 3.0


def test_progress_is_reported(run):
    out = run(episodes=4, progress_every_s=0.0)
    last = out.recorder.progress[-1]
    assert (last.episode, last.episodes, last.env_steps, last.updates) == (4, 4, 20, 11)
    assert last.info["attempts"] == 5.0
    assert last.seconds_left == 0.0
    assert np.isnan(out.recorder.progress[0].seconds_left)
    assert run(progress_every_s=1e6).recorder.progress == []


def test_a_termination_by_broken_physics_is_told_from_a_real_end(counting_env):
    class Ending(counting_env):
        def step(self, actions):
            observations, rewards, _, truncated, infos = super().step(actions)
            ended = self.steps == 3
            self.pending = ended
            return observations, rewards, ended, truncated, infos | {"physics_error": ended * np.array([1.0, 0.0])}

    learner = ScriptedLearner()
    train(Ending(2), learner, NoConstraint(), [], LoopConfig(episodes=2))
    assert [step.terminated.tolist() for step in learner.steps] == [[False] * 2, [False] * 2, [True] * 2]
    assert [step.broken.tolist() for step in learner.steps if step.broken is not None] == [
        *([False, False], [False, False], [True, False]),
    ]


def test_an_interrupt_ends_after_the_step_in_progress(counting_env):
    class Interrupting(ScriptedLearner):
        def observe(self, step):
            super().observe(step)
            if len(self.steps) == 7:
                os.kill(os.getpid(), signal.SIGINT)

    env, learner = counting_env(1), Interrupting()
    before = signal.getsignal(signal.SIGINT)
    state = train(env, learner, NoConstraint(), [], LoopConfig(episodes=10**6))
    assert state.interrupted
    assert (len(learner.steps), len(learner.learned), state.episode) == (7, 7, 1)
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_before_the_first_step_leaves_a_state_to_go_on_from(counting_env):
    learner = ScriptedLearner()
    with DeferredInterrupt() as noted:
        os.kill(os.getpid(), signal.SIGTERM)
        assert noted.requested
        state = train(counting_env(1), learner, NoConstraint(), [], LoopConfig(episodes=1))
    assert (state.interrupted, state.episode, learner.steps) == (True, 0, [])
    assert state.observations is not None
    assert not train(counting_env(1), learner, NoConstraint(), [], LoopConfig(episodes=1), state).interrupted
    assert learner.steps


def test_a_second_interrupt_ends_at_once(counting_env):
    class Stuck(ScriptedLearner):
        def observe(self, step):
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(counting_env(1), Stuck(), NoConstraint(), [], LoopConfig(episodes=1))


def test_other_autoreset_modes_are_refused(counting_env):
    env = counting_env(1)
    env.metadata = {"autoreset_mode": gym.vector.AutoresetMode.SAME_STEP}
    with pytest.raises(ValueError, match="env must reset in mode NextStep, got SameStep"):
        train(env, ScriptedLearner(), NoConstraint(), [], LoopConfig(episodes=1))


def test_any_box_env_trains(pendulum, make_learner, make_recorder):
    learner, recorder = make_learner(pendulum, warmup_steps=4, n_step=3), make_recorder()
    train(pendulum, learner, NoConstraint(), [recorder], LoopConfig(episodes=4))
    assert [result.env_steps for result in recorder.results] == [12, 12, 24, 24]
    assert all(result.reward_sum < 0.0 for result in recorder.results)
    assert learner.updates == 24 - 4 + 2
    assert np.isfinite(recorder.results[-1].metrics["critic_loss"])


@pytest.mark.parametrize("video", [False, True])
def test_the_same_seed_trains_the_same(counting_env, make_learner, make_recorder, video):
    outcomes = []
    for _ in range(2):
        env, recorder = counting_env(2, video=video), make_recorder()
        learner = make_learner(env, novelty="diffusion", n_step=2)
        train(env, learner, NoConstraint(), [recorder], LoopConfig(episodes=4, seed=3))
        outcomes.append([(result.info, result.reward_sum, result.metrics) for result in recorder.results])
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(("name", "value"), [("episodes", 0), ("seed", -1), ("progress_every_s", float("nan"))])
def test_bad_settings_are_named(name, value):
    with pytest.raises(ValueError, match=f"{name} must be a"):
        LoopConfig(**({"episodes": 1} | {name: value}))
