"""What chance decides at a tray and at a dish, and the bookkeeping between."""

import numpy as np
import pytest

from v2p_sim.breakage import Outcome
from v2p_sim.cycle import (
    MIN_SEAL,
    PLACE_ERROR_M,
    SLOT_HEIGHT_ERROR_M,
    SOURCE_HEIGHT_ERROR_M,
    TRAY_JITTER_M,
    CycleState,
)
from v2p_sim.scene import build_scene
from v2p_sim.skills import GRASPED, NUM_SEGMENTS, OVERTRAVEL_M, RELEASED, RETREAT, SCRUB, TRAVEL_M

SCENE = build_scene()
COUNT = len(SCENE.kinds)
HOME_M = np.array([0.1, -0.1, 0.3])


def started(seed: int = 0) -> tuple[CycleState, np.random.Generator]:
    cycle, rng = CycleState(SCENE, 2), np.random.default_rng(seed)
    cycle.start_tray(1, rng)
    cycle.start_dish(1, 0, HOME_M, rng)
    return cycle, rng


@pytest.mark.parametrize("seed", range(8))
def test_a_tray_fills_distinct_slots_and_is_washed_slot_by_slot(seed):
    cycle, _ = started(seed)
    slots = cycle.rack_slot[1]
    assert len(set(slots)) == COUNT
    offset_m = cycle.source_xy_m[1] - SCENE.tray_slots_m[slots]
    assert np.abs(offset_m).max() <= TRAY_JITTER_M
    assert offset_m.any()
    assert sorted(cycle.order[1]) == list(range(COUNT))
    assert (np.diff(slots[cycle.order[1]]) > 0).all()
    assert (cycle.outcome[1] == Outcome.PENDING).all()
    assert (cycle.strength_j[1] > 0.0).all()
    assert (cycle.soil_nm[1] > 0.0).all()
    np.testing.assert_array_equal(cycle.soil_left[1], 1.0)


def test_trays_differ_and_only_by_the_generator():
    (one, _), (same, _), (other, _) = started(3), started(3), started(4)
    for name, values in one.state_dict().items():
        np.testing.assert_array_equal(values, same.state_dict()[name])
    assert not np.array_equal(one.strength_j[1], other.strength_j[1])
    orders = {tuple(started(seed)[0].order[1]) for seed in range(12)}
    assert len(orders) > 6


def test_a_tray_touches_its_own_cell_alone():
    cycle, _ = started()
    fresh = CycleState(SCENE, 2).state_dict()
    for name, values in cycle.state_dict().items():
        np.testing.assert_array_equal(values[0], fresh[name][0])


def test_a_dish_consumes_six_normal_numbers():
    cycle, one = started()
    other = np.random.default_rng()
    other.bit_generator.state = one.bit_generator.state
    cycle.start_dish(1, 2, HOME_M, one)
    other.standard_normal(6)
    assert one.bit_generator.state == other.bit_generator.state


def test_the_path_leads_from_the_tip_to_the_dish_to_its_slot():
    rng = np.random.default_rng(1)
    cycle, _ = started()
    grasp_m, place_m, seals = [], [], []
    dish = cycle.order[1, 3]
    for _ in range(400):
        cycle.start_dish(1, 3, HOME_M, rng)
        grasp_m.append(cycle.knots[1, GRASPED].copy())
        place_m.append(cycle.knots[1, RELEASED].copy())
        seals.append(cycle.seal[1])
    assert cycle.dish[1] == dish
    assert cycle.progress[1] == 0.0
    top_m = SCENE.kinds[dish].height_m - OVERTRAVEL_M
    np.testing.assert_array_equal(cycle.knots[1, 0], HOME_M)
    np.testing.assert_allclose(np.mean(grasp_m, 0), (*cycle.source_xy_m[1, dish], top_m), atol=0.001)
    np.testing.assert_allclose(np.std(grasp_m, 0)[:2], PLACE_ERROR_M, rtol=0.2)
    assert np.std(grasp_m, 0)[2] == pytest.approx(SOURCE_HEIGHT_ERROR_M, rel=0.2)
    slot_m = SCENE.rack_slots_m[cycle.rack_slot[1, dish]]
    np.testing.assert_allclose(np.mean(place_m, 0), (*slot_m, top_m), atol=0.001)
    assert np.std(place_m, 0)[2] == pytest.approx(SLOT_HEIGHT_ERROR_M, rel=0.2)
    np.testing.assert_array_equal(cycle.knots[1, SCRUB, :2], SCENE.scrub_m[:2])
    assert MIN_SEAL <= min(seals) < max(seals) <= 1.0


def test_the_next_dish_is_the_first_pending_one_of_the_order():
    cycle, _ = started()
    assert cycle.next_position(1) == 0
    cycle.outcome[1, cycle.order[1, 0]] = Outcome.DONE
    cycle.outcome[1, cycle.order[1, 1]] = Outcome.BROKEN_IMPACT
    assert cycle.next_position(1) == 2
    cycle.outcome[1] = Outcome.DONE
    assert cycle.next_position(1) is None


def test_giving_up_retreats_from_where_the_robot_is():
    cycle, _ = started()
    here = np.array([0.2, 0.1, 0.05])
    cycle.abort(1, here)
    assert cycle.progress[1] == RETREAT == NUM_SEGMENTS - 1
    np.testing.assert_array_equal(cycle.knots[1, RETREAT:], [here, (0.2, 0.1, TRAVEL_M)])


def test_soil_left_is_the_share_still_to_rub_off():
    cycle, _ = started()
    cycle.soil_nm[1, :3], cycle.scrubbed_nm[1, :3] = 2.0, (0.0, 0.5, 9.0)
    np.testing.assert_allclose(cycle.soil_left[1, :3], (1.0, 0.75, 0.0))


def test_a_restored_state_is_the_same_and_no_alias():
    cycle, rng = started()
    state = cycle.state_dict()
    other = CycleState(SCENE, 2)
    other.load_state_dict(state)
    cycle.start_tray(1, rng)
    cycle.start_dish(1, 4, HOME_M, rng)
    for name, values in other.state_dict().items():
        np.testing.assert_array_equal(values, state[name])
    assert not np.array_equal(cycle.knots, other.knots)
