"""Tests for randomization.py: what differs from shift to shift is what was drawn, in its cell alone, and repeatable."""

# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# (MuJoCo ships no types.)
import copy
from typing import Any

import mujoco
import numpy as np
import pytest

from v2p_sim.breakage import Outcome
from v2p_sim.contacts import REPORT_J
from v2p_sim.randomization import LEVELS, DrawnCells, Randomization, randomization_level
from v2p_sim.tasks.dishwashing_mujoco import HOME_M, DishwashingMujoco, MujocoConfig, make_env, make_vector_env
from v2p_sim.workcell import Workcell

from .conftest import COUNT, HASTY, INFO_KEYS, QUIET, SCENE, physical, shift_of

STRONG: dict[str, Any] = {"randomization": "strong"}
FACTORS = ("friction", "mass", "strength", "gain", "light")
OFFSETS = ("place_m", "yaw_rad", "colour", "camera_m", "camera_rad")
STILL = np.zeros((1, 4, 4))


def random_actions(steps: int, cells: int) -> np.ndarray:
    actions = np.random.default_rng(5).random((steps, cells, 2)).astype(np.float32)
    actions[..., 0] = 0.5 + 0.5 * actions[..., 0]
    return actions


def drawn_cells(level: str, cells: int = 40) -> DrawnCells:
    drawn = DrawnCells(SCENE, cells)
    for cell in range(cells):
        drawn.draw(cell, LEVELS[level], np.random.default_rng(cell))
    return drawn


def task_of(cells: int = 1, **settings: Any) -> DishwashingMujoco:
    task = DishwashingMujoco(cells, MujocoConfig(**{**QUIET, **STRONG, **settings}))
    task.reset(np.arange(cells), [np.random.default_rng(cell) for cell in range(cells)])
    return task


def stocked(cells: int = 1) -> Workcell:
    workcell = Workcell(SCENE, cells)
    workcell.reset(np.arange(cells), np.repeat(SCENE.tray_slots_m[None, :COUNT], cells, axis=0))
    return workcell


def test_off_draws_no_number_and_touches_no_parameter():
    task = task_of(2, randomization="off")
    plain = np.random.default_rng(1)
    task.cycle.start_tray(0, plain)
    tray = task.cycle.state_dict()
    task.reset(np.array([0]), [np.random.default_rng(1)])
    assert task.drawn is None
    for name in ("strength_j", "soil_nm", "order", "source_xy_m"):
        np.testing.assert_array_equal(task.cycle.state_dict()[name][0], tray[name][0])
    plain.standard_normal(6)  # what `start_dish` draws
    assert task._rngs[0].bit_generator.state == plain.bit_generator.state
    np.testing.assert_array_equal(task.workcell._batch.expand("body_mass")[0], SCENE.model.body_mass)
    assert set(task.state_dict()) == {name for name in task_of().state_dict() if name[:6] not in ("drawn.", "delay.")}


def test_levels_stay_within_their_widths_and_fill_them():
    for level in ("mild", "strong"):
        widths, drawn = LEVELS[level], drawn_cells(level)
        for names, spread in ((FACTORS, lambda values: np.abs(np.log(values))), (OFFSETS, np.abs)):
            for name in names:
                most = spread(getattr(drawn, name)).max()
                assert 0.8 * getattr(widths, name) < most <= getattr(widths, name) * (1 + 1e-9), name
        assert 0.0 <= drawn.latency_s.min() < drawn.latency_s.max() <= widths.latency_s
        assert set(drawn.texture) == ({0, 1, 2} if widths.textures else {0})
        assert len(set(drawn.noise_seed)) == len(drawn.noise_seed)


def test_nothing_varies_less_under_strong_than_under_mild_than_under_off():
    for name in Randomization.__dataclass_fields__:
        off, mild, strong = (float(getattr(LEVELS[level], name)) for level in ("off", "mild", "strong"))
        assert 0.0 == off <= mild <= strong > 0.0
        assert strong > mild or name == "yaw_rad"
    off = drawn_cells("off", 3).state_dict()
    nominal = DrawnCells(SCENE, 3).state_dict()
    for name in off.keys() - {"noise_seed"}:
        np.testing.assert_array_equal(off[name], nominal[name])


def test_how_many_numbers_are_drawn_does_not_depend_on_the_level():
    states = []
    for widths in LEVELS.values():
        rng = np.random.default_rng(0)
        DrawnCells(SCENE, 1).draw(0, widths, rng)
        states.append(rng.bit_generator.state)
    assert states[0] == states[1] == states[2]


def test_widths_of_ones_own_vary_what_they_name_alone():
    task = task_of(3, randomization=Randomization(light=0.4))
    drawn = task.drawn
    assert drawn is not None
    assert np.all(drawn.light != 1.0) and np.abs(np.log(drawn.light)).max() <= 0.4
    for name in ("camera_m", "camera_rad", "colour", "place_m", "latency_s"):
        assert not getattr(drawn, name).any()
    assert np.all(drawn.mass == 1.0) and np.all(drawn.strength == 1.0)
    assert task_of(randomization=Randomization()).drawn is None


def test_an_unknown_level_is_one_line_with_the_nearest_valid_one():
    for unknown in (lambda: randomization_level("strng"), lambda: MujocoConfig(randomization="strng")):
        with pytest.raises(ValueError, match=r"randomization 'strng' is unknown: did you mean 'strong'") as caught:
            unknown()
        assert "\n" not in str(caught.value)


def test_a_cell_of_the_batch_equals_the_single_environment_frames_included():
    actions = random_actions(34, 2)
    batch = make_vector_env(2, shift_minutes=0.25, **STRONG)
    rows = shift_of(batch, actions, seed=7)
    for cell in range(2):
        env = make_env(shift_minutes=0.25, **STRONG)
        mine = shift_of(env, actions[:30, cell], seed=7 + cell) + shift_of(env, actions[31:, cell])
        for (seen, reward, _, _, info), row in zip(mine, rows, strict=True):
            np.testing.assert_array_equal(row[0][cell], seen)
            assert np.broadcast_to(row[1], 2)[cell] == reward
            assert {key: row[4][key][cell] for key in INFO_KEYS} == {key: info[key] for key in INFO_KEYS}
        env.close()
    batch.close()


def test_parameters_that_were_drawn_reach_the_physics_of_their_cell():
    task = task_of(2)
    drawn, batch, model = task.drawn, task.workcell._batch, SCENE.physics
    assert drawn is not None
    for cell in range(2):
        factor = drawn.friction[cell][:, None]
        np.testing.assert_allclose(batch.expand("geom_friction")[cell], model.geom_friction * factor)
        np.testing.assert_allclose(
            batch.expand("actuator_biasprm")[cell], model.actuator_biasprm * drawn.gain[cell][:, None]
        )
        changed = copy.copy(model)
        changed.body_mass[SCENE.dish_bodies] *= drawn.mass[cell]
        changed.body_inertia[SCENE.dish_bodies] *= drawn.mass[cell][:, None]
        mujoco.mj_setConst(changed, mujoco.MjData(changed))
        for name in ("body_mass", "body_inertia", "dof_invweight0", "body_invweight0"):
            np.testing.assert_allclose(batch.expand(name)[cell], getattr(changed, name), rtol=1e-9)
    weights_n = 9.81 * drawn.mass * [kind.mass_kg for kind in SCENE.kinds]
    for _ in range(8):
        traces = task.workcell.step(np.zeros((2, 50, 4)))
    np.testing.assert_allclose(-traces.dishes[:, -1, :, 2], weights_n, rtol=0.01)


def test_a_weaker_servo_lags_more_and_a_slippery_dish_slides_farther():
    nominal, changed = stocked(), stocked()
    drawn = DrawnCells(SCENE, 1)
    drawn.gain[:], drawn.friction[:] = 0.5, 0.5
    changed.set_parameters(np.array([0]), drawn)
    went_m, slid_m = [], []
    for workcell in (nominal, changed):
        workcell._qvel[0, SCENE.dish_qvel[0]] = 0.5
        control = np.full((1, 40, 4), 0.2)
        workcell.step(control[:, :3])
        went_m.append(workcell.tip_position_m()[0, 0])
        workcell.step(control[:, 3:])
        slid_m.append(workcell.dish_position_m()[0, 0, 0] - SCENE.tray_slots_m[0, 0])
    assert went_m[1] < went_m[0]
    assert slid_m[1] > 1.3 * slid_m[0] > 0.0


def test_parameters_are_drawn_anew_at_reset_in_the_cells_that_reset_alone():
    actions = random_actions(14, 3)
    batch, other = (make_vector_env(3, **QUIET, **STRONG) for _ in range(2))
    for env in (batch, other):
        shift_of(env, actions[:8], seed=1)
    before = physical(batch).drawn.state_dict()
    masses = physical(batch).workcell._batch.expand("body_mass").copy()
    batch.reset(options={"reset_mask": np.array([False, True, False])})
    after = physical(batch).drawn.state_dict()
    for name, values in before.items():
        np.testing.assert_array_equal(after[name][[0, 2]], values[[0, 2]])
        assert name == "texture" or (after[name][1] != values[1]).all()
    now = physical(batch).workcell._batch.expand("body_mass")
    np.testing.assert_array_equal(now[[0, 2]], masses[[0, 2]])
    assert (now[1, SCENE.dish_bodies] != masses[1, SCENE.dish_bodies]).all()
    for action in actions[8:]:
        mine, theirs = batch.step(action), other.step(action)
        for my_part, their_part in zip(mine[:4], theirs[:4], strict=True):
            np.testing.assert_array_equal(my_part[[0, 2]], their_part[[0, 2]])
        assert not np.array_equal(mine[0][1], theirs[0][1])


def test_setting_parameters_leaves_where_everything_is_and_how_it_moves():
    workcell = stocked(2)
    control = np.zeros((2, 50, 4))
    control[..., :3] = (0.1, 0.1, -0.05)
    workcell.step(control[:, :8])
    before, moving = workcell.state_dict()["physics"], workcell._qvel.copy()
    assert np.abs(moving).max() > 0.05
    workcell.set_parameters(np.array([0]), drawn_cells("strong", 2))
    np.testing.assert_array_equal(workcell.state_dict()["physics"], before)
    np.testing.assert_array_equal(workcell._qvel, moving)


def test_nominal_factors_change_nothing():
    plain, factored = stocked(2), stocked(2)
    factored.set_parameters(np.arange(2), DrawnCells(SCENE, 2))
    control = np.zeros((2, 100, 4))
    control[..., :3] = (0.1, 0.1, -0.05)
    np.testing.assert_array_equal(plain.step(control).record, factored.step(control).record)


def test_strengths_and_places_hold_on_every_tray_of_the_shift():
    task = task_of()
    assert task.drawn is not None
    for _ in range(3):
        plain = np.random.default_rng(3)
        task._rngs[0] = np.random.default_rng(3)
        task.cycle.outcome[0] = Outcome.DONE
        task._turn_to_next(0, HOME_M)
        mine = {name: task.cycle.state_dict()[name][0] for name in ("strength_j", "source_xy_m")}
        task.cycle.start_tray(0, plain)
        np.testing.assert_allclose(mine["strength_j"], task.cycle.strength_j[0] * task.drawn.strength[0])
        np.testing.assert_allclose(mine["source_xy_m"], task.cycle.source_xy_m[0] + task.drawn.place_m[0])
        np.testing.assert_allclose(task.workcell.dish_position_m()[0, :, :2], mine["source_xy_m"])
        quat = task.workcell.qpos[0, SCENE.dish_qpos[:, None] + np.array([3, 6])]
        np.testing.assert_allclose(2.0 * np.arctan2(quat[:, 1], quat[:, 0]), task.drawn.yaw_rad[0])


def test_turned_dishes_stand_still():
    """A rim exactly on the counter touches with a part of it only, by rounding, and the dish rocks."""
    workcell, rng = stocked(), np.random.default_rng(0)
    for _ in range(20):
        workcell.stand(0, np.arange(COUNT), SCENE.tray_slots_m[:COUNT], rng.uniform(-np.pi, np.pi, COUNT))
        for _ in range(10):
            workcell.step(STILL)
            assert workcell.dish_upright().min() > 1.0 - 1e-9
            np.testing.assert_allclose(workcell.dish_position_m()[..., 2], 0.0, atol=2e-4)


@pytest.mark.parametrize("settings", [{**QUIET}, {"observation": "video", "shift_minutes": 0.25}])
def test_a_shift_restored_in_the_middle_goes_on_the_same_each_time(settings):
    actions = random_actions(36, 2)
    first, second, third = (make_vector_env(2, **settings, **STRONG) for _ in range(3))
    shift_of(first, actions[:20], seed=3)
    shift_of(third, actions[:4], seed=9)
    for env in (second, third):
        env.load_state_dict(first.state_dict())
        np.testing.assert_array_equal(physical(env).observe(), physical(first).observe())
        for name in ("body_mass", "geom_friction", "actuator_gainprm", "dof_invweight0"):
            mine, theirs = (physical(each).workcell._batch.expand(name) for each in (env, first))
            np.testing.assert_array_equal(mine, theirs)
    for action in actions[20:]:
        mine, other, original = (env.step(action) for env in (second, third, first))
        for my_part, other_part in zip(mine[:4], other[:4], strict=True):
            np.testing.assert_array_equal(my_part, other_part)
        if settings == QUIET:  # a frame may differ where a dish lies, by what woke on loading
            np.testing.assert_allclose(mine[0], original[0], atol=2e-2)
    for env in (first, second, third):
        env.close()


def test_a_strong_shift_still_works():
    env = make_vector_env(4, shift_minutes=2.0, **QUIET, **STRONG)
    env.reset(seed=0)
    for _ in range(3):
        env.step(np.zeros((4, 2), np.float32))
        assert all(event["energy_j"] < REPORT_J for cell in range(4) for event in env.contacts(cell))
    for _ in range(237):
        _, _, terminated, truncated, info = env.step(np.repeat(HASTY[None], 4, axis=0))
        assert not terminated.any()
    assert truncated.all()
    assert info["attempts"].min() >= 2.0
    assert info["completed"].sum() > 0.5 * info["attempts"].sum()
    assert not info["physics_error"].any()
