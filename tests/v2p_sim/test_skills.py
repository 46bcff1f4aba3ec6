"""Skills: how long a dish takes, and set-points that never jump."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2p_sim.skills import (
    GRASPED,
    GRIP,
    NEAR_FAST_MPS,
    NEAR_M,
    NEAR_SLOW_MPS,
    NUM_SEGMENTS,
    OVERTRAVEL_M,
    PHASES,
    PICKED,
    PLACING,
    PRESS_M,
    RELEASED,
    RETREAT,
    SCRUB,
    SCRUB_LOOPS,
    SCRUB_RADIUS_M,
    SEGMENTS,
    TRAVEL_M,
    Belief,
    advance,
    plan_path,
    segment_durations_s,
    set_points,
)

DT_S = 0.002
TIMES_S = DT_S * np.arange(1, 251)
NOMINAL_S = np.array([segment.nominal_s for segment in SEGMENTS])
CARE_COST = np.array([segment.care_cost for segment in SEGMENTS])
NEAR = np.array([segment.shape == "near" for segment in SEGMENTS])
BELIEF = Belief(np.array([-0.3, 0.18]), 0.11, 0.14, np.array([0.21, -0.18]), 0.115)
SCRUB_XY_M = np.array([0.01, -0.02])
KNOTS = plan_path(np.array([0.1, 0.2, 0.25]), BELIEF, SCRUB_XY_M)
SEAL = np.array([0.8])
shares = st.floats(0.0, 1.0)
starts = st.floats(0.0, float(NUM_SEGMENTS))


def action(speed: float, care: float) -> np.ndarray:
    return np.array([[speed, care]])


def follow(progress: np.ndarray, act: np.ndarray) -> np.ndarray:
    return set_points(progress, KNOTS[None], act, SEAL)[0]


def whole_path(policy) -> np.ndarray:
    """Set-points of one dish from first to last substep, (T, 4); policy(k) is the action of control step k."""
    progress, parts, step = np.zeros(1), [], 0
    while progress[0] < NUM_SEGMENTS:
        along = advance(progress, policy(step), TIMES_S)
        parts.append(follow(along, policy(step)))
        progress, step = along[:, -1], step + 1
    return np.concatenate(parts)


def fastest_mps() -> float:
    """Return the largest speed of a set-point at speed 1, care 0: smoothstep's is 1.5 x length / duration."""
    length_m = np.linalg.norm(np.diff(KNOTS, axis=0), axis=1)
    free_mps = 1.5 * (length_m / np.where(NEAR, np.inf, NOMINAL_S)).max()
    rubbing_mps = (2 * np.pi * SCRUB_LOOPS + 8) * SCRUB_RADIUS_M + 8 * PRESS_M[1]
    return max(free_mps, rubbing_mps / NOMINAL_S[SCRUB], NEAR_FAST_MPS)


@pytest.mark.parametrize(
    ("speed", "care", "near_mps"),
    [
        (1.0, 0.0, NEAR_FAST_MPS),
        (0.5, 0.0, 0.5 * NEAR_FAST_MPS),
        (1.0, 1.0, NEAR_SLOW_MPS),
        (0.8, 0.5, 0.8 * 0.5 * (NEAR_FAST_MPS + NEAR_SLOW_MPS)),
    ],
)
def test_durations_at_literal_actions(speed, care, near_mps):
    durations = segment_durations_s(action(speed, care))
    assert durations.shape == (1, NUM_SEGMENTS)
    pace = speed * (1.0 - CARE_COST * care)
    np.testing.assert_allclose(durations[0, ~NEAR], (NOMINAL_S / pace)[~NEAR])
    np.testing.assert_allclose(durations[0, NEAR], NEAR_M / near_mps)


def test_a_dish_takes_25_seconds_at_full_speed_and_full_care_costs_a_quarter_of_the_attempts():
    hasty_s, careful_s = (segment_durations_s(action(1.0, care)).sum() for care in (0.0, 1.0))
    assert hasty_s == pytest.approx(25.0, rel=0.02)
    assert 0.24 < 1.0 - hasty_s / careful_s < 0.28


@pytest.mark.parametrize(("speed", "care"), [(1.0, 0.0), (0.6, 0.7), (1.0, 1.0)])
def test_progress_takes_as_long_as_the_durations_say(speed, care):
    act = action(speed, care)
    ends_s = np.cumsum(segment_durations_s(act)[0])
    np.testing.assert_allclose(advance(np.zeros(1), act, ends_s)[0], np.arange(1.0, NUM_SEGMENTS + 1.0))
    halves_s = ends_s - 0.5 * segment_durations_s(act)[0]
    np.testing.assert_allclose(advance(np.zeros(1), act, halves_s)[0], np.arange(NUM_SEGMENTS) + 0.5)


@given(starts, st.tuples(shares, shares))
def test_progress_goes_on_from_where_it_was_and_never_back(start, act):
    along = advance(np.array([start]), action(*act), np.concatenate([[0.0], TIMES_S]))[0]
    assert along[0] == pytest.approx(start, abs=1e-12)
    assert (np.diff(along) >= 0.0).all()
    assert along[-1] <= NUM_SEGMENTS
    assert along[1] - along[0] <= 2.01 * DT_S * NEAR_FAST_MPS / NEAR_M


@given(starts, st.tuples(st.floats(0.01, 1.0), shares))
def test_two_control_steps_of_one_action_are_one_long_step(start, act):
    once = advance(np.array([start]), action(*act), np.concatenate([TIMES_S, TIMES_S[-1] + TIMES_S]))
    first = advance(np.array([start]), action(*act), TIMES_S)
    second = advance(first[:, -1], action(*act), TIMES_S)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), once, atol=1e-9)


@given(starts, shares)
def test_speed_0_stands_still(start, care):
    along = advance(np.array([start]), action(0.0, care), TIMES_S)
    np.testing.assert_allclose(along, start, atol=1e-4)
    np.testing.assert_allclose(np.ptp(follow(along, action(0.0, care))[:, :3], axis=0), 0.0, atol=1e-4)


def test_cells_advance_apart():
    progress, actions = np.array([0.3, 6.9, NUM_SEGMENTS]), np.array([[1.0, 0.0], [0.4, 0.9], [1.0, 1.0]])
    together = advance(progress, actions, TIMES_S)
    for cell in range(3):
        alone = advance(progress[cell : cell + 1], actions[cell : cell + 1], TIMES_S)
        np.testing.assert_array_equal(together[cell], alone[0])
    np.testing.assert_array_equal(together[2], NUM_SEGMENTS)


def test_the_path_passes_its_knots():
    along = np.arange(NUM_SEGMENTS + 1.0)[None]
    np.testing.assert_allclose(follow(along, action(0.7, 0.4))[:, :3], KNOTS, atol=1e-12)


def test_the_knots_are_where_the_robot_believes_things_to_be():
    assert KNOTS.shape == (NUM_SEGMENTS + 1, 3)
    np.testing.assert_array_equal(KNOTS[0], (0.1, 0.2, 0.25))
    np.testing.assert_array_equal(KNOTS[GRASPED], (*BELIEF.source_xy_m, BELIEF.source_top_m - OVERTRAVEL_M))
    np.testing.assert_array_equal(KNOTS[PICKED], (*BELIEF.source_xy_m, TRAVEL_M))
    np.testing.assert_array_equal(KNOTS[SCRUB], (*SCRUB_XY_M, BELIEF.scrub_top_m))
    np.testing.assert_allclose(KNOTS[PLACING], (*BELIEF.slot_xy_m, BELIEF.slot_top_m + NEAR_M - OVERTRAVEL_M))
    np.testing.assert_array_equal(KNOTS[RELEASED], (*BELIEF.slot_xy_m, BELIEF.slot_top_m - OVERTRAVEL_M))
    np.testing.assert_array_equal(KNOTS[-1], (*BELIEF.slot_xy_m, TRAVEL_M))
    for segment in np.flatnonzero(NEAR):
        assert np.linalg.norm(KNOTS[segment + 1] - KNOTS[segment]) == pytest.approx(NEAR_M)


@pytest.mark.parametrize("care", [0.0, 0.5, 1.0])
def test_set_points_never_jump_at_any_speeds(care):
    speeds = np.random.default_rng(2).uniform(0.2, 1.0, 1000).tolist()
    path = whole_path(lambda step: action(speeds[step], care))
    steps_m = np.linalg.norm(np.diff(path[:, :3], axis=0), axis=1)
    assert steps_m.max() < 1.02 * fastest_mps() * DT_S
    np.testing.assert_allclose(path[-1, :3], KNOTS[-1], atol=1e-12)


def test_a_change_of_care_moves_set_points_only_by_the_press_of_the_sponge():
    rng = np.random.default_rng(4)
    actions = rng.uniform(0.2, 1.0, (1000, 1, 2))
    path = whole_path(lambda step: actions[step])
    steps_m = np.abs(np.diff(path[:, :3], axis=0))
    assert steps_m[:, :2].max() < 1.02 * fastest_mps() * DT_S
    assert steps_m[:, 2].max() < 1.02 * fastest_mps() * DT_S + np.ptp(PRESS_M)


@pytest.mark.parametrize(("care", "level"), [(0.0, GRIP[0]), (1.0, GRIP[1]), (0.5, sum(GRIP) / 2)])
def test_vacuum_is_on_from_grasp_to_release(care, level):
    along = np.linspace(0.0, NUM_SEGMENTS, 1401)[None]
    vacuum = follow(along, action(1.0, care))[:, 3]
    on = (along[0] >= GRASPED) & (along[0] < RELEASED)
    np.testing.assert_allclose(vacuum[on], level * SEAL[0])
    assert not vacuum[~on].any()


@pytest.mark.parametrize("care", [0.0, 1.0])
def test_scrubbing_draws_circles_and_presses_deeper_with_care(care):
    points = follow(np.linspace(SCRUB + 0.15, SCRUB + 0.85, 701)[None], action(1.0, care))
    np.testing.assert_allclose(np.linalg.norm(points[:, :2] - SCRUB_XY_M, axis=1), SCRUB_RADIUS_M)
    turns = np.unwrap(np.arctan2(*(points[:, :2] - SCRUB_XY_M).T[::-1]))
    assert (turns[-1] - turns[0]) / (2 * np.pi) == pytest.approx(0.7 * SCRUB_LOOPS)
    np.testing.assert_allclose(BELIEF.scrub_top_m - points[:, 2], PRESS_M[int(care)])


def test_the_near_stretch_is_travelled_at_the_speed_of_contact():
    act = action(0.5, 0.3)
    along = advance(np.array([2.0]), act, np.arange(1, 30) * 1e-3)
    assert along[0, -1] < GRASPED
    speeds_mps = -np.diff(follow(along, act)[:, 2]) / 1e-3
    np.testing.assert_allclose(speeds_mps, 0.5 * (NEAR_FAST_MPS + 0.3 * (NEAR_SLOW_MPS - NEAR_FAST_MPS)))


def test_phases_come_in_their_order():
    first = [next(i for i, s in enumerate(SEGMENTS) if s.phase == phase) for phase in PHASES if phase != "carry"]
    assert first == sorted(first)
    assert {segment.phase for segment in SEGMENTS} == set(PHASES)
    assert SEGMENTS[SCRUB].shape == "scrub"
    assert SEGMENTS[RETREAT].phase == "retreat"
    assert SEGMENTS[RELEASED].phase == "release"
