"""Broken physics ends its cell alone: said plainly, counted apart from errors, and learned from by nobody."""

# pyright: reportAttributeAccessIssue=false
# (MuJoCo ships no types.)
import math
from dataclasses import replace
from typing import Any

import mujoco
import numpy as np
import pytest
import torch

from agents import (
    EnvSpec,
    EpisodeResult,
    LoopConfig,
    NoConstraint,
    Observer,
    OffPolicyLearner,
    ReplayBuffer,
    SACAgent,
    SACConfig,
    build_encoder,
    build_novelty,
    train,
)
from v2p_sim.breakage import Outcome
from v2p_sim.scene import CUP_FORCE, DISH_SENSORS, build_mjcf
from v2p_sim.tasks.dishwashing_mujoco import make_vector_env
from v2p_sim.workcell import MAX_SPEED_MPS, Traces, Workcell, _find_diverged

from .conftest import COUNT, HASTY, INFO_KEYS, QUIET, SCENE, Cell, physical

POISONS = (math.nan, math.inf, 1e20)
WHERE = ("dish", "robot", "speed", "force", "control")
THROWS_MPS = (25.0, 1e5, 1e8)  # none of them makes MuJoCo warn in every direction


def poison(env: Any, cell: int, value: float, where: str = "dish") -> None:
    """Write a number that no physics survives into one cell's state."""
    task = physical(env)
    if where == "speed":
        task.workcell._qvel[cell, 0] = value
    elif where == "force":
        task.workcell._batch.bind("xfrc_applied")[cell, SCENE.dish_bodies[0], 2] = value
    elif where == "control":
        task.cycle.knots[cell] = value
    else:
        address = SCENE.tip_qpos[0] if where == "robot" else SCENE.dish_qpos[task.cycle.dish[cell]]
        task.workcell.qpos[cell, address] = value


def worked(steps: int, cells: int = 3, **settings: Any) -> Any:
    env = make_vector_env(cells, **settings)
    env.reset(seed=0)
    for _ in range(steps):
        env.step(np.repeat(HASTY[None], cells, axis=0))
    return env


@pytest.mark.parametrize("value", POISONS)
@pytest.mark.parametrize("where", WHERE)
def test_wherever_it_breaks_the_cell_ends_once_and_starts_anew(value, where):
    env, actions = worked(12, **QUIET), np.repeat(HASTY[None], 3, axis=0)
    before = physical(env).counters.hours[1]
    poison(env, 1, value, where)
    observations, rewards, terminated, truncated, info = env.step(actions)
    np.testing.assert_array_equal(terminated, [False, True, False])
    np.testing.assert_array_equal(info["physics_error"], [0.0, 1.0, 0.0])
    assert not truncated.any()
    assert (rewards[1], info["errors"][1], info["attempts"][1], info["cost"][1]) == (0.0, 0.0, 0.0, 0.0)
    assert (rewards[[0, 2]] != 0.0).all()
    assert info["hours"][1] == before < info["hours"][0]
    assert env.contacts(1) == []
    assert env.observation_space.contains(observations) and np.isfinite(observations).all()
    _, rewards, terminated, _, info = env.step(actions)
    assert not terminated.any() and rewards[1] == info["hours"][1] == info["physics_error"][1] == 0.0
    _, _, terminated, _, info = env.step(actions)
    assert not terminated.any() and info["hours"][1] > 0.0
    env.close()


@pytest.mark.parametrize("speed_mps", THROWS_MPS)
@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_dish_faster_than_anything_in_the_cell_can_be_is_broken_physics_not_a_broken_dish(speed_mps, axis, sign):
    env = worked(2, cells=2, **QUIET)
    for dish in SCENE.dish_qvel[[0, -1]]:
        physical(env).workcell._qvel[1, dish + axis] = sign * speed_mps
    _, _, terminated, _, info = env.step(np.repeat(HASTY[None], 2, axis=0))
    np.testing.assert_array_equal(terminated, [False, True])
    np.testing.assert_array_equal(info["physics_error"], [0.0, 1.0])
    assert info["broken_impact"][1] == info["errors"][1] == 0.0
    assert env.contacts(1) == []
    env.close()


def test_a_thrown_cup_is_told_and_a_fall_from_the_ceiling_is_not():
    cell = Cell(num_cells=2)
    cell.workcell.qpos[:, SCENE.dish_qpos[0] + 2] = 2.0
    cell.workcell._qvel[1, 0] = 1.5 * MAX_SPEED_MPS
    fast = np.zeros(2, np.bool_)
    for _ in range(8):
        fast |= cell.workcell.step(np.zeros((2, 20, 4))).diverged
    assert cell.workcell.dish_speed_mps()[0, 0] > 5.0
    np.testing.assert_array_equal(fast, [False, True])


def bad_position(workcell: Workcell, control: np.ndarray) -> None:
    workcell.qpos[1, SCENE.dish_qpos[0]] = 1e20


def bad_velocity(workcell: Workcell, control: np.ndarray) -> None:
    workcell._qvel[1, SCENE.dish_qvel[0]] = 1e20


def bad_acceleration(workcell: Workcell, control: np.ndarray) -> None:
    workcell._batch.bind("xfrc_applied")[1, SCENE.dish_bodies[0], 2] = 1e300


def bad_control(workcell: Workcell, control: np.ndarray) -> None:
    control[1, 3, 0] = math.nan


def no_inertia(workcell: Workcell, control: np.ndarray) -> None:
    for name in ("body_mass", "body_inertia"):
        workcell._batch.expand(name)[1, SCENE.dish_bodies[0]] = 0.0


@pytest.mark.parametrize(
    ("spoil", "warning"),
    [
        (bad_position, mujoco.mjtWarning.mjWARN_BADQPOS),
        (bad_velocity, mujoco.mjtWarning.mjWARN_BADQVEL),
        (bad_acceleration, mujoco.mjtWarning.mjWARN_BADQACC),
        (bad_control, mujoco.mjtWarning.mjWARN_BADCTRL),
        (no_inertia, mujoco.mjtWarning.mjWARN_INERTIA),
    ],
)
def test_every_warning_that_can_be_provoked_ends_its_cell(spoil, warning):
    workcell, control = Cell(num_cells=2).workcell, np.zeros((2, 20, 4))
    spoil(workcell, control)
    traces = workcell.step(control)
    np.testing.assert_array_equal(traces.diverged, [False, True])
    assert traces.failed
    np.testing.assert_array_equal(np.argwhere(workcell._raised), [[1, int(warning)]])
    assert not workcell.step(np.zeros((2, 20, 4))).diverged[0]


def test_a_cell_without_room_for_its_constraints_ends():
    tree = build_mjcf()
    tree.compiler.discardvisual, tree.size.memory = "true", "24K"
    cramped = mujoco.MjModel.from_xml_string(tree.to_xml_string(), tree.get_assets())
    workcell = Workcell(replace(SCENE, physics=cramped), 1)
    workcell.reset(np.zeros(1, np.int64), SCENE.tray_slots_m[None, :COUNT])
    assert workcell.step(np.zeros((1, 20, 4))).diverged[0]
    np.testing.assert_array_equal(np.flatnonzero(workcell._raised), [mujoco.mjtWarning.mjWARN_CNSTRFULL])


@pytest.mark.parametrize("warning", range(int(mujoco.mjtWarning.mjNWARNING)))
def test_no_warning_of_the_solver_is_left_out(warning):
    raised = np.full((2, int(mujoco.mjtWarning.mjNWARNING)), 3, np.int32)
    known = raised.copy()
    raised[1, warning] += 1
    diverged = np.zeros(2, np.bool_)
    still = np.zeros((2, 20, DISH_SENSORS * COUNT + 3))
    assert _find_diverged(np.zeros((2, 9)), raised, known, still, diverged)
    np.testing.assert_array_equal(diverged, [False, True])
    np.testing.assert_array_equal(known, raised)


def test_what_was_earned_before_stays_and_the_broken_step_adds_nothing():
    env, actions = worked(120, cells=2, **QUIET), np.repeat(HASTY[None], 2, axis=0)
    counters = physical(env).counters
    before = {name: getattr(counters, name)[0] for name in ("attempts", "completed", "errors", "profit_usd")}
    assert before["attempts"] >= 1
    poison(env, 0, math.nan)
    _, _, _, _, info = env.step(actions)
    assert {name: info[name][0] for name in before} == before
    assert info["attempts_step"][0] == info["errors_step"][0] == 0.0
    env.close()


@pytest.mark.parametrize("settings", [{**QUIET, "randomization": "strong"}, {"observation": "video"}])
def test_the_other_cells_go_on_bit_for_bit_also_drawn_ones_and_their_frames(settings):
    sick, healthy = (worked(6, **settings) for _ in range(2))
    poison(sick, 1, math.nan)
    for _ in range(6):
        mine, theirs = (env.step(np.repeat(HASTY[None], 3, axis=0)) for env in (sick, healthy))
        for my_part, their_part in zip(mine[:4], theirs[:4], strict=True):
            np.testing.assert_array_equal(my_part[[0, 2]], their_part[[0, 2]])
        for key in INFO_KEYS:
            np.testing.assert_array_equal(mine[4][key][[0, 2]], theirs[4][key][[0, 2]])
    for env in (sick, healthy):
        env.close()


def test_every_cell_may_break_at_once():
    env = worked(3, cells=2, **QUIET)
    physical(env).workcell.qpos[:] = math.nan
    actions = np.repeat(HASTY[None], 2, axis=0)
    assert env.step(actions)[2].all()
    for _ in range(3):
        observations, _, terminated, _, _ = env.step(actions)
        assert np.isfinite(observations).all() and not terminated.any()
    env.close()


def test_a_cell_that_breaks_in_its_last_step_is_terminated_not_truncated():
    env = worked(29, cells=2, shift_minutes=0.25, **QUIET)
    poison(env, 1, math.nan)
    _, _, terminated, truncated, _ = env.step(np.repeat(HASTY[None], 2, axis=0))
    np.testing.assert_array_equal((terminated, truncated), [[False, True], [True, False]])
    env.close()


def test_numbers_of_a_broken_cell_do_not_hide_what_happens_in_another():
    cell = Cell(num_cells=2)
    record = np.zeros((2, 20, DISH_SENSORS * COUNT + 3))
    record[0] = math.nan
    record[1, :, CUP_FORCE + 2] = 2.0 * SCENE.kinds[0].crush_n
    cell.watch(Traces(record, np.array([True, False]), failed=True), working=np.array([False, True]))
    assert cell.cycle.outcome[1, 0] == Outcome.CRUSHED
    assert (cell.cycle.outcome[0] == Outcome.PENDING).all()
    np.testing.assert_array_equal(cell.referee.errors, [0, 1])
    assert cell.referee.events[0] == []


class Results(Observer):
    def __init__(self) -> None:
        self.results: list[EpisodeResult] = []

    def on_episode(self, result: EpisodeResult) -> None:
        self.results.append(result)


class Poisoned:
    """Breaks the physics of cell 1 before one of its steps."""

    def __init__(self, env: Any, at_step: int) -> None:
        self._env, self._left = env, at_step
        env.step, self._step = self.step, env.step

    def step(self, actions: np.ndarray) -> tuple[Any, ...]:
        if self._left == 0:
            poison(self._env, 1, math.nan)
        self._left -= 1
        return self._step(actions)


@pytest.mark.parametrize("observation", ["privileged", "video"])
def test_nothing_of_a_broken_step_is_ever_sampled(observation):
    torch.set_num_threads(1)
    steps, broken_step = 30, 12
    env = make_vector_env(2, observation=observation, shift_minutes=0.25)
    spec = EnvSpec.from_spaces(env.single_observation_space, env.single_action_space)
    config = SACConfig(batch_size=8, hidden=16, warmup_steps=10**6, replay_capacity=400, n_step=4)
    encoder = build_encoder("simple2dcnn" if spec.is_video else "mlp", spec.observation_shape, 16, 0)
    replay = ReplayBuffer(spec, 2, config.replay_config())
    learner = OffPolicyLearner(SACAgent(spec, encoder, config), replay, build_novelty("none", 16), 2)
    Poisoned(env, broken_step)
    recorder = Results()
    train(env, learner, NoConstraint(), [recorder], LoopConfig(episodes=2))
    assert [(result.cell, result.info["physics_error"]) for result in recorder.results] == [(1, 1.0), (0, 0.0)]
    assert learner.env_steps == 2 * steps - 1
    batch = replay.sample(2000, np.random.default_rng(0))
    positions, cells = np.divmod(batch.rows, 2)
    assert set(positions[cells == 0]) == set(range(steps))
    assert set(positions[cells == 1]) == set(range(steps)) - {broken_step, broken_step + 1}
    assert (batch.discount > 0.0).all(), "nothing here ended for real: all is bootstrapped"
    last = (cells == 1) & (positions == broken_step - 1)
    np.testing.assert_allclose(batch.discount[last], config.gamma)
    env.close()
