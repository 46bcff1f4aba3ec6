"""[speed, care] -> set-points of the robot in each phase of a dish, re-read at every control step. Pure functions.

A dish is a path of S segments between knots. `progress` in [0, S] says how far a cell is: segment index plus the
fraction of the segment done. An action sets how fast progress grows, how deep the sponge is pressed and how strong the
vacuum is:

    free segments   duration_s = nominal_s / (speed (1 - care_cost care))
    near segments   duration_s = NEAR_M / (speed (NEAR_FAST_MPS + (NEAR_SLOW_MPS - NEAR_FAST_MPS) care))

A near segment is the last stretch before contact: the robot does not know exactly how high the dish or the slot is, so
the speed there is the speed of the impact. No formula maps the action to an error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

PHASES = ("approach", "grasp", "lift", "carry", "scrub", "place", "release", "retreat")


@dataclass(frozen=True)
class Segment:
    """A stretch of the path.

    Attributes:
        phase: one of PHASES.
        nominal_s: duration at speed 1 and care 0 [s]; 0 for a near segment.
        care_cost: share of the pace that full care gives up.
        shape: "smooth" (rest to rest), "near" (constant speed into contact) or "scrub" (circles on the sponge).
    """

    phase: str
    nominal_s: float
    care_cost: float
    shape: str = "smooth"


# The durations sum to 25 s, which is the reference's pace of 2.4 attempts a minute at speed 1 and care 0; the costs of
# care make a dish at full care 34 s, which is about the quarter of the pace that the reference gives up. How both are
# split between the segments is a placeholder.
SEGMENTS: tuple[Segment, ...] = (
    Segment("approach", 2.2, 0.03),  # over the dish
    Segment("approach", 1.4, 0.03),  # down to NEAR_M above it
    Segment("grasp", 0.0, 0.0, "near"),
    Segment("grasp", 0.8, 0.03),  # vacuum builds up
    Segment("lift", 1.4, 0.03),
    Segment("carry", 1.5, 0.03),
    Segment("scrub", 1.3, 0.03),  # down onto the sponge
    Segment("scrub", 10.0, 0.43, "scrub"),
    Segment("scrub", 1.0, 0.03),  # up again
    Segment("carry", 1.7, 0.03),
    Segment("place", 1.8, 0.03),  # down to NEAR_M above the slot
    Segment("place", 0.0, 0.0, "near"),
    Segment("release", 0.7, 0.03),
    Segment("retreat", 1.2, 0.03),
)
NUM_SEGMENTS = len(SEGMENTS)
PHASE_OF_SEGMENT = np.array([PHASES.index(s.phase) for s in SEGMENTS])
GRASPED, PICKED, SCRUB, PLACING, RELEASED, RETREAT = 3, 5, 7, 11, 12, 13  # segments at whose start something changes

TRAVEL_M = 0.27  # tip height of free travel: a hanging glass clears a standing one (twice its 0.110 m) by 5 cm
NEAR_M = 0.06  # length of a near segment above the believed contact. Placeholder
OVERTRAVEL_M = 0.015  # how far below the believed contact the tip aims: three errors of a slot's height
NEAR_FAST_MPS = 1.15  # speed into contact at speed 1, care 0. Placeholder
NEAR_SLOW_MPS = 0.10  # the same at care 1. Placeholder
SCRUB_LOOPS = 7  # placeholder
SCRUB_RADIUS_M = 0.018  # placeholder
PRESS_M = (0.007, 0.0105)  # how deep the sponge is pressed at care 0 and 1. Placeholders
GRIP = (0.54, 1.0)  # vacuum level at care 0 and 1. Placeholders

_NEAR = np.array([s.shape == "near" for s in SEGMENTS])
_NOMINAL_S = np.array([s.nominal_s for s in SEGMENTS])
_CARE_COST = np.array([s.care_cost for s in SEGMENTS])
_MIN_PACE = 1e-6  # keeps durations finite at speed 0


@dataclass(frozen=True)
class Belief:
    """What the robot believes about one dish; the differences from the truth are what care buys margin against.

    Attributes:
        source_xy_m: centre of the dish, (2,) [m].
        source_top_m: height of its top on the tray [m].
        scrub_top_m: tip height at which the rim touches the sponge [m].
        slot_xy_m: centre of the slot, (2,) [m].
        slot_top_m: tip height at which the rim touches the slot [m].
    """

    source_xy_m: np.ndarray
    source_top_m: float
    scrub_top_m: float
    slot_xy_m: np.ndarray
    slot_top_m: float


def plan_path(tip_m: np.ndarray, belief: Belief, scrub_xy_m: np.ndarray) -> np.ndarray:
    """Lay the knots of one dish.

    Args:
        tip_m: where the tip starts, (3,) [m].
        belief: what the robot believes.
        scrub_xy_m: centre of the sponge, (2,) [m].

    Returns:
        Knots of the tip, (S + 1, 3) [m].
    """
    source, slot, low = belief.source_xy_m, belief.slot_xy_m, NEAR_M - OVERTRAVEL_M
    stops = [
        (source, TRAVEL_M),
        (source, belief.source_top_m + low),
        (source, belief.source_top_m - OVERTRAVEL_M),
        (source, belief.source_top_m - OVERTRAVEL_M),
        (source, TRAVEL_M),
        (scrub_xy_m, TRAVEL_M),
        (scrub_xy_m, belief.scrub_top_m),
        (scrub_xy_m, belief.scrub_top_m),
        (scrub_xy_m, TRAVEL_M),
        (slot, TRAVEL_M),
        (slot, belief.slot_top_m + low),
        (slot, belief.slot_top_m - OVERTRAVEL_M),
        (slot, belief.slot_top_m - OVERTRAVEL_M),
        (slot, TRAVEL_M),
    ]
    return np.array([tip_m, *(np.append(xy, z) for xy, z in stops)])


def segment_durations_s(actions: np.ndarray) -> np.ndarray:
    """Return how long each segment takes under an action held throughout.

    Args:
        actions: [speed, care] in [0, 1], (N, 2).

    Returns:
        Durations, (N, S) [s].
    """
    speed, care = actions[:, :1], actions[:, 1:]
    free = _NOMINAL_S / np.maximum(speed * (1.0 - _CARE_COST * care), _MIN_PACE)
    near = NEAR_M / np.maximum(speed * (NEAR_FAST_MPS + (NEAR_SLOW_MPS - NEAR_FAST_MPS) * care), _MIN_PACE)
    return np.where(_NEAR, near, free)


def advance(progress: np.ndarray, actions: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """Return progress at given times from now, the action held.

    Args:
        progress: progress now, (N,), in [0, S].
        actions: [speed, care], (N, 2).
        times_s: increasing times, (T,) [s].

    Returns:
        Progress, (N, T), at most S.
    """
    out = np.empty((len(progress), len(times_s)))
    _advance(progress, actions, times_s, _NOMINAL_S, _CARE_COST, out)
    return out


def set_points(progress: np.ndarray, knots: np.ndarray, actions: np.ndarray, seal: np.ndarray) -> np.ndarray:
    """Return the robot's set-points along the path.

    Args:
        progress: progress at every substep, (N, T).
        knots: knots of each cell's path, (N, S + 1, 3) [m].
        actions: [speed, care], (N, 2).
        seal: how well the cup seals on the dish at hand, in (0, 1], (N,).

    Returns:
        x, y, z of the tip [m] and vacuum in [0, 1], (N, T, 4).
    """
    out = np.empty((*progress.shape, 4))
    _set_points(progress, knots, actions, seal, _NEAR, out)
    return out


@njit(cache=True)
def work_out(here, path, actions, clock, progress, control):
    """Advance all cells by one control step and write the robot's set-points: `advance` and `set_points` in one call.

    Args:
        here: progress, (N,); updated to the end of the step.
        path: knots (N, S + 1, 3) [m] and seals (N,) of the dishes at hand, height at which the z slide reads 0 [m].
        actions: [speed, care], (N, 2).
        clock: times of the substeps (T,) [s].
        progress: progress at every substep, (N, T); overwritten.
        control: x, y, z of the slides [m] and vacuum in [0, 1], (N, T, 4); overwritten.

    Returns:
        Whether any cell has reached the end of its path.
    """
    knots, seal, zero_m = path
    _advance(here, actions, clock, _NOMINAL_S, _CARE_COST, progress)
    _set_points(progress, knots, actions, seal, _NEAR, control)
    finished = False
    for cell in range(len(here)):
        for k in range(control.shape[1]):
            control[cell, k, 2] -= zero_m
        here[cell] = progress[cell, -1]
        finished |= here[cell] >= NUM_SEGMENTS
    return finished


@njit(cache=True)
def _advance(progress, actions, times_s, nominal_s, care_cost, out):
    """Write progress at given times; a segment without a nominal duration is a near one."""
    for cell in range(len(progress)):
        speed, care = actions[cell]
        near_s = NEAR_M / max(speed * (NEAR_FAST_MPS + (NEAR_SLOW_MPS - NEAR_FAST_MPS) * care), _MIN_PACE)
        here, now_s = progress[cell], 0.0
        for k in range(len(times_s)):
            while here < NUM_SEGMENTS:
                segment = int(here)
                pace = max(speed * (1.0 - care_cost[segment] * care), _MIN_PACE)
                duration_s = near_s if nominal_s[segment] == 0.0 else nominal_s[segment] / pace
                end_s = now_s + (segment + 1 - here) * duration_s
                if end_s > times_s[k]:
                    break
                here, now_s = segment + 1.0, end_s
            out[cell, k] = here if here >= NUM_SEGMENTS else here + (times_s[k] - now_s) / duration_s


@njit(cache=True)
def _set_points(progress, knots, actions, seal, near, out):
    """Write set-points: a straight line between knots, eased unless near, with circles on the sponge."""
    for cell in range(len(progress)):
        care = actions[cell, 1]
        grip = (GRIP[0] + (GRIP[1] - GRIP[0]) * care) * seal[cell]
        press_m = PRESS_M[0] + (PRESS_M[1] - PRESS_M[0]) * care
        for k in range(progress.shape[1]):
            segment = min(int(progress[cell, k]), NUM_SEGMENTS - 1)
            fraction = progress[cell, k] - segment
            share = fraction if near[segment] else fraction * fraction * (3.0 - 2.0 * fraction)
            start, stop, point = knots[cell, segment], knots[cell, segment + 1], out[cell, k]
            for axis in range(3):
                point[axis] = start[axis] + share * (stop[axis] - start[axis])
            point[3] = grip if GRASPED <= segment < RELEASED else 0.0
            if segment == SCRUB:
                fade = min(8.0 * min(fraction, 1.0 - fraction), 1.0)  # circles and pressure fade in and out
                angle = 2.0 * np.pi * SCRUB_LOOPS * fraction
                point[0] += fade * SCRUB_RADIUS_M * np.cos(angle)
                point[1] += fade * SCRUB_RADIUS_M * np.sin(angle)
                point[2] -= fade * press_m
