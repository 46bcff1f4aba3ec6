"""Where each cell is in its work: the tray at hand, the dish at hand, and what is hidden about both. No physics.

Everything that chance decides is drawn here from the cell's own generator, at the start of a tray (order, places,
strengths, soil) or of a dish (what the robot wrongly believes, how well the cup seals).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from v2p_sim.breakage import Outcome, draw_strengths_j
from v2p_sim.scene import Scene
from v2p_sim.skills import NUM_SEGMENTS, RETREAT, TRAVEL_M, Belief, plan_path

# What the robot does not know: standard deviations of a gantry with a cheap range finder.
PLACE_ERROR_M = 0.003  # where the dish's centre is. Placeholder
SOURCE_HEIGHT_ERROR_M = 0.003  # placeholder
SCRUB_HEIGHT_ERROR_M = 0.0025  # placeholder
SLOT_HEIGHT_ERROR_M = 0.005  # placeholder
TRAY_JITTER_M = 0.006  # half-width of where a dish stands in its slot. Placeholder
SEAL_SPREAD = 0.20  # a wet rim leaks: seal = 1 - SEAL_SPREAD |z|, at least MIN_SEAL. Placeholder
MIN_SEAL = 0.4  # placeholder
SOIL_SPREAD = 0.20  # the rubbing work that a dish's soil needs is its kind's x exp(spread z). Placeholder

_ARRAYS = (
    "progress",
    "position",
    "dish",
    "order",
    "rack_slot",
    "knots",
    "seal",
    "strength_j",
    "soil_nm",
    "scrubbed_nm",
    "outcome",
    "source_xy_m",
)


class CycleState:
    """Arrays of N cells with D dishes each; S segments a path.

    Attributes:
        progress: progress along the path of the dish at hand, (N,), in [0, S].
        position: place of the dish at hand in the order of the tray, (N,).
        dish: index of the dish at hand, (N,).
        order: dishes in the order in which they are washed, (N, D).
        rack_slot: rack slot of each dish, (N, D).
        knots: path of the dish at hand, (N, S + 1, 3) [m].
        seal: how well the cup seals on the dish at hand, (N,).
        strength_j: impact strength of each dish, (N, D) [J].
        soil_nm: rubbing work that each dish needs, (N, D) [N m].
        scrubbed_nm: rubbing work done on each dish, (N, D) [N m].
        outcome: `Outcome` of each dish, (N, D).
        source_xy_m: where each dish was put on the tray, (N, D, 2) [m].
    """

    def __init__(self, scene: Scene, num_cells: int) -> None:
        count = len(scene.kinds)
        self._scene = scene
        self._heights_m = np.array([kind.height_m for kind in scene.kinds])
        self._soil_nm = np.array([kind.soil_nm for kind in scene.kinds])
        self.progress = np.zeros(num_cells)
        self.position = np.zeros(num_cells, np.int64)
        self.dish = np.zeros(num_cells, np.int64)
        self.order = np.tile(np.arange(count), (num_cells, 1))
        self.rack_slot = np.zeros((num_cells, count), np.int64)
        self.knots = np.zeros((num_cells, NUM_SEGMENTS + 1, 3))
        self.seal = np.ones(num_cells)
        self.strength_j = np.ones((num_cells, count))
        self.soil_nm = np.ones((num_cells, count))
        self.scrubbed_nm = np.zeros((num_cells, count))
        self.outcome = np.full((num_cells, count), Outcome.PENDING, np.int64)
        self.source_xy_m = np.zeros((num_cells, count, 2))

    @property
    def soil_left(self) -> np.ndarray:
        """Share of each dish's soil that is still there, (N, D), in [0, 1]."""
        return np.maximum(1.0 - self.scrubbed_nm / self.soil_nm, 0.0)

    def soil_left_of(self, cell: int) -> np.ndarray:
        """Share of the soil that is still on each dish of one cell, (D,), in [0, 1]."""
        return np.maximum(1.0 - self.scrubbed_nm[cell] / self.soil_nm[cell], 0.0)

    def start_tray(self, cell: int, rng: np.random.Generator) -> None:
        """Draw a fresh tray: order, places, strengths and soil."""
        count = len(self._scene.kinds)
        slots = rng.permutation(len(self._scene.tray_slots_m))[:count]
        jitter = rng.uniform(-TRAY_JITTER_M, TRAY_JITTER_M, (count, 2))
        self.source_xy_m[cell] = self._scene.tray_slots_m[slots] + jitter
        self.order[cell] = np.argsort(slots)
        self.rack_slot[cell] = slots
        self.strength_j[cell] = draw_strengths_j(self._scene.kinds, rng)
        self.soil_nm[cell] = self._soil_nm * np.exp(SOIL_SPREAD * rng.standard_normal(count))
        self.scrubbed_nm[cell] = 0.0
        self.outcome[cell] = Outcome.PENDING
        self.position[cell] = 0

    def next_position(self, cell: int) -> int | None:
        """Return the place of the next dish that is still to be washed, or None when the tray is done."""
        pending = self.outcome[cell, self.order[cell]] == Outcome.PENDING
        return int(pending.argmax()) if pending.any() else None

    def start_dish(self, cell: int, position: int, tip_m: np.ndarray, rng: np.random.Generator) -> None:
        """Turn to a dish: draw what the robot wrongly believes about it and lay the path.

        Args:
            cell: index of the cell.
            position: place of the dish in the tray's order.
            tip_m: where the tip is, (3,) [m].
            rng: the cell's generator; six normal numbers are consumed.
        """
        self.position[cell] = position
        self.dish[cell] = dish = self.order[cell, position]
        chance = rng.standard_normal(6)
        height = self._heights_m[dish]
        belief = Belief(
            source_xy_m=self.source_xy_m[cell, dish] + PLACE_ERROR_M * chance[:2],
            source_top_m=height + SOURCE_HEIGHT_ERROR_M * chance[2],
            scrub_top_m=self._scene.scrub_m[2] + height + SCRUB_HEIGHT_ERROR_M * chance[3],
            slot_xy_m=self._scene.rack_slots_m[self.rack_slot[cell, dish]],
            slot_top_m=height + SLOT_HEIGHT_ERROR_M * chance[4],
        )
        self.knots[cell] = plan_path(tip_m, belief, self._scene.scrub_m[:2])
        self.seal[cell] = max(MIN_SEAL, 1.0 - SEAL_SPREAD * abs(chance[5]))
        self.progress[cell] = 0.0

    def abort(self, cell: int, set_point_m: np.ndarray) -> None:
        """Give the dish at hand up and retreat from where the robot is."""
        self.knots[cell, RETREAT] = set_point_m
        self.knots[cell, RETREAT + 1] = (set_point_m[0], set_point_m[1], TRAVEL_M)
        self.progress[cell] = float(RETREAT)

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of all arrays."""
        return {name: getattr(self, name).copy() for name in _ARRAYS}

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Restore what state_dict returned."""
        for name in _ARRAYS:
            getattr(self, name)[...] = state[name]
