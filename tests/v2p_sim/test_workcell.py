"""N cells in one batch: nothing depends on the neighbours, the threads or the cut into steps."""

import numpy as np
import pytest

from v2p_sim.contacts import ContactTracker
from v2p_sim.scene import HOME_TIP_M, VELOCITY, build_scene
from v2p_sim.skills import TRAVEL_M
from v2p_sim.workcell import Traces, Workcell

SCENE = build_scene()
COUNT = len(SCENE.kinds)
WEIGHT_N = 9.81 * np.array([kind.mass_kg for kind in SCENE.kinds])
SUBSTEPS = 100


def stocked(num_cells: int = 1, threads: int = 1) -> Workcell:
    """Return cells whose tray is full, dish i in slot i, 3 mm off in cells after the first."""
    workcell = Workcell(SCENE, num_cells, threads)
    places = np.stack([SCENE.tray_slots_m[:COUNT] + 0.003 * cell for cell in range(num_cells)])
    workcell.reset(np.arange(num_cells), places)
    return workcell


def reach(dish: int, num_cells: int = 1, seconds: float = 1.0) -> np.ndarray:
    """Control that drops onto a dish with vacuum, (N, S, 4), cut in control steps by the caller."""
    substeps = round(seconds / SCENE.model.opt.timestep)
    control = np.zeros((num_cells, substeps, 4))
    control[..., :2] = SCENE.tray_slots_m[dish]
    top_m = SCENE.kinds[dish].height_m
    control[..., 2] = np.linspace(TRAVEL_M, top_m - 0.01, substeps) - HOME_TIP_M
    control[..., 3] = 1.0
    return control


def play(workcell: Workcell, control: np.ndarray, substeps: int = SUBSTEPS) -> tuple[np.ndarray, np.ndarray]:
    records = []
    for start in range(0, control.shape[1], substeps):
        traces = workcell.step(control[:, start : start + substeps])
        assert not traces.diverged.any()
        records.append(traces.record.copy())
    traces = Traces(np.concatenate(records, axis=1), np.zeros(workcell.num_cells, bool), failed=False)
    return traces.dishes, traces.cup_force_n


def test_reset_puts_the_robot_home_and_every_dish_upright_at_rest():
    workcell = stocked(2)
    play(workcell, reach(0, 2))
    places = np.stack([SCENE.tray_slots_m[:COUNT]])
    workcell.reset(np.array([1]), places)
    np.testing.assert_array_equal(workcell.tip_position_m()[1], (0, 0, HOME_TIP_M))
    np.testing.assert_array_equal(workcell.dish_position_m()[1, :, :2], places[0])
    np.testing.assert_array_equal(workcell.dish_upright()[1], 1.0)
    np.testing.assert_array_equal(workcell.dish_speed_mps()[1], 0.0)
    assert workcell.tip_position_m()[0, 2] < 0.2


def test_a_full_tray_rests_for_ten_seconds_without_an_event():
    workcell = stocked()
    tracker = ContactTracker(1, COUNT, workcell.timestep_s)
    control = np.zeros((1, 250, 4))
    events, trace = [], np.empty(0)
    for _ in range(20):
        traces = workcell.step(control)
        trace = traces.dishes
        events += tracker.update(traces.record)
    assert events == []
    np.testing.assert_allclose(-trace[0, -1, :, 2], WEIGHT_N, rtol=0.01)
    np.testing.assert_allclose(workcell.dish_position_m()[0, :, :2], SCENE.tray_slots_m[:COUNT], atol=1e-4)


def test_the_tip_follows_its_set_point():
    workcell = stocked()
    control = np.zeros((1, 500, 4))
    control[..., :3] = (0.2, -0.15, -0.05)
    _, cup_force_n = play(workcell, control)
    np.testing.assert_allclose(workcell.tip_position_m()[0], (0.2, -0.15, HOME_TIP_M - 0.05), atol=1e-3)
    assert not cup_force_n.any()


@pytest.mark.parametrize("dish", range(COUNT))
def test_the_cup_lifts_every_dish(dish):
    workcell = stocked()
    down = reach(dish)
    hold, up = np.repeat(down[:, -1:], 250, axis=1), down[:, ::-1]
    dishes, cup_force_n = play(workcell, np.concatenate([down, hold, up], axis=1))
    assert cup_force_n.max() > WEIGHT_N[dish]
    assert workcell.dish_position_m()[0, dish, 2] > 0.1
    assert workcell.dish_upright()[0, dish] > 0.98
    np.testing.assert_array_equal(dishes[0, -1, dish, :3], 0.0)
    others = np.delete(np.arange(COUNT), dish)
    np.testing.assert_allclose(workcell.dish_position_m()[0, others, 2], 0.0, atol=1e-3)


def test_a_dish_that_slept_falls_when_it_is_moved_into_the_air():
    workcell = stocked()
    play(workcell, np.zeros((1, 1000, 4)))
    workcell.qpos[0, SCENE.dish_qpos[2] + 2] = 0.10
    dishes, _ = play(workcell, np.zeros((1, 300, 4)))
    assert np.linalg.norm(dishes[0, :, 2, VELOCITY : VELOCITY + 3], axis=-1).max() == pytest.approx(
        np.sqrt(2 * 9.81 * 0.10), rel=0.03
    )
    np.testing.assert_array_equal(dishes[0, :, 0, VELOCITY : VELOCITY + 3], 0.0)


def test_a_dish_that_slept_rests_where_it_is_stood():
    workcell = stocked()
    play(workcell, np.zeros((1, 1000, 4)))
    workcell.stand(0, np.array([1, 3]), SCENE.rack_slots_m[[1, 3]])
    dishes, _ = play(workcell, np.zeros((1, 500, 4)))
    np.testing.assert_allclose(workcell.dish_position_m()[0, [1, 3], :2], SCENE.rack_slots_m[[1, 3]], atol=1e-4)
    np.testing.assert_allclose(-dishes[0, -1, [1, 3], 2], WEIGHT_N[[1, 3]], rtol=0.01)


def test_a_discarded_dish_lies_out_of_reach():
    workcell = stocked()
    for dish in range(COUNT):
        workcell.discard(0, dish)
    play(workcell, np.zeros((1, 250, 4)))
    places = workcell.dish_position_m()[0]
    assert np.abs(places[:, 1]).min() > 1.0
    assert np.linalg.norm(places[:, None] - places, axis=-1)[np.triu_indices(COUNT, 1)].min() > 0.2


def test_cells_do_not_feel_each_other_nor_the_threads():
    alone = stocked()
    pair, quartet = stocked(2), stocked(4, threads=2)
    control = reach(2)
    dishes, cup_force_n = play(alone, control)
    for workcell in (pair, quartet):
        many = np.repeat(control, workcell.num_cells, axis=0)
        many[1:, :, 0] += 0.02
        their_dishes, their_cup_force_n = play(workcell, many)
        np.testing.assert_array_equal(their_dishes[0], dishes[0])
        np.testing.assert_array_equal(their_cup_force_n[0], cup_force_n[0])
        np.testing.assert_array_equal(workcell.qpos[0], alone.qpos[0])
        assert not np.array_equal(workcell.qpos[1], alone.qpos[0])
    np.testing.assert_array_equal(pair.qpos, quartet.qpos[:2])


def test_the_cut_into_control_steps_changes_nothing():
    one, other = stocked(), stocked()
    control = reach(4)
    for mine, theirs in zip(play(one, control, 250), play(other, control, 20), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(one.qpos, other.qpos)


def test_a_restored_state_goes_on_the_same_in_any_batch():
    first = stocked(2)
    control = reach(3, 2)
    play(first, control[:, :150])
    state = first.state_dict()
    second, third = stocked(2), stocked(2)
    play(second, control[:, :50])
    for workcell in (second, third):
        workcell.load_state_dict(state)
        np.testing.assert_array_equal(workcell.qpos, first.qpos)
    for mine, theirs in zip(play(second, control[:, 150:]), play(third, control[:, 150:]), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("poison", [np.nan, np.inf, 1e20])
def test_a_cell_that_diverges_says_so_and_leaves_the_others_alone(poison):
    sick, healthy = stocked(3), stocked(3)
    control = reach(1, 3)[:, :200]
    play(healthy, control[:, :100])
    play(sick, control[:, :100])
    sick.qpos[1, SCENE.dish_qpos[0]] = poison
    np.testing.assert_array_equal(sick.step(control[:, 100:]).diverged, [False, True, False])
    assert not healthy.step(control[:, 100:]).diverged.any()
    sick.reset(np.array([1]), SCENE.tray_slots_m[None, :COUNT])
    healthy.reset(np.array([1]), SCENE.tray_slots_m[None, :COUNT])
    for mine, theirs in zip(play(sick, control), play(healthy, control), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(sick.qpos, healthy.qpos)
