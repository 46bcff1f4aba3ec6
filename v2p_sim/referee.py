"""What became of each dish: contact events, squeezes, rubbing work and inspection -> outcomes with their causes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit

from v2p_sim.breakage import ERROR_CAUSES, REPLACED, Outcome
from v2p_sim.contacts import CUP, DISH, ContactEvent, ContactTracker
from v2p_sim.cycle import CycleState
from v2p_sim.randomization import DrawnCells
from v2p_sim.scene import DISH_SENSORS, FORCE, HOME_TIP_M, NORMAL, VELOCITY
from v2p_sim.skills import NUM_SEGMENTS, PHASE_OF_SEGMENT, PHASES, PICKED, PLACING, SCRUB
from v2p_sim.workcell import Traces, Workcell

GRAVITY = 9.81  # MuJoCo's default, which the model keeps
SLOT_TOLERANCE_M = 0.025  # farther from its slot's centre a dish is misplaced. Placeholder
UPRIGHT = 0.97  # cosine of the tilt at which a dish still stands: 14 degrees. Placeholder
REST_MPS = 0.02  # slower than this it is at rest. Placeholder
SOAK_MPS = 0.08  # pressing at rest cleans as well as rubbing at this speed. Placeholder
HELD_M = 0.04  # farther from the tip its top is not held any more. Placeholder

_CAUSE_NAMES = tuple(cause.name.lower() for cause in ERROR_CAUSES)


class Referee:
    """Watches N cells of D dishes; every dish gets exactly one outcome, at the moment when it is known.

    Attributes:
        completed: dishes completed in the last step, (N,).
        errors: dishes failed in the last step, (N,).
        causes: failed dishes since reset by cause, (N, number of causes), columns as `ERROR_CAUSES`.
        replacement_usd: what replacing the dishes that broke by impact, were crushed or were dropped since reset would
            cost, at the catalogue's prices, (N,) [$]. No reward contains it: there every error costs the same.
        events: contact events of the last step, a list a cell.
        concluded: whether any outcome became known since the last step began.
    """

    def __init__(self, workcell: Workcell, cycle: CycleState) -> None:
        self._workcell, self._cycle, self._scene = workcell, cycle, workcell.scene
        self._dt_s = workcell.timestep_s
        self._rows = np.arange(workcell.num_cells)
        kinds = self._scene.kinds
        weights_n = np.array([GRAVITY * kind.mass_kg for kind in kinds])
        crush_n = np.array([kind.crush_n for kind in kinds])
        self._nominal = (weights_n, crush_n)
        self._tracker = ContactTracker(workcell.num_cells, len(kinds), self._dt_s, weights_n)
        self._crush_n = np.tile(crush_n, (workcell.num_cells, 1))
        self._least_crush_n = float(self._crush_n.min())
        self._heights_m = np.array([kind.height_m for kind in kinds])
        self._held = (self._dt_s, self._heights_m)
        self._lost = np.zeros(workcell.num_cells, np.bool_)
        self.completed = np.zeros(workcell.num_cells, np.int64)
        self.errors = np.zeros(workcell.num_cells, np.int64)
        self.causes = np.zeros((workcell.num_cells, len(ERROR_CAUSES)))
        self.replacement_usd = np.zeros(workcell.num_cells)
        self.concluded = False
        self.events: list[list[dict[str, Any]]] = [[] for _ in self._rows]
        self._any_events = False

    def reset(self, cells: np.ndarray) -> None:
        """Forget what happened in these cells."""
        self._tracker.reset(cells)
        self.completed[cells] = self.errors[cells] = 0
        self.causes[cells] = 0.0
        self.replacement_usd[cells] = 0.0
        for cell in cells:
            self.events[cell] = []

    def set_parameters(self, cells: np.ndarray, drawn: DrawnCells) -> None:
        """Judge cells by the masses and strengths that were drawn for them.

        Args:
            cells: indices of the cells.
            drawn: factors on the nominal values.
        """
        weights_n, crush_n = self._nominal
        self._tracker.weights_n[cells] = weights_n * drawn.mass[cells]
        self._crush_n[cells] = crush_n * drawn.strength[cells]
        self._least_crush_n = float(self._crush_n.min())

    def watch(self, traces: Traces, progress: np.ndarray, working: np.ndarray) -> None:
        """Decide from one control step's traces what broke, what was rubbed and what was lost.

        Args:
            traces: the substeps' traces.
            progress: progress at every substep, (N, S).
            working: cells that count, (N,).
        """
        if self.concluded:
            self.completed[:] = self.errors[:] = 0
            self.concluded = False
        self._watch_contacts(traces, progress, working)
        hand = (self._cycle.dish, working)
        robot = (self._workcell.qpos, self._scene.tip_qpos, self._scene.dish_qpos)
        if _watch_hand(traces.record, progress, hand, robot, self._held, self._cycle.scrubbed_nm, self._lost):
            for cell in np.flatnonzero(self._lost):
                self._conclude(int(cell), int(self._cycle.dish[cell]), Outcome.DROPPED)

    def inspect(self, cell: int, dish: int) -> None:
        """Judge a placed dish: in its slot, upright, at rest and clean, or not."""
        position = self._workcell.dish_position_m()[cell, dish]
        slot = self._scene.rack_slots_m[self._cycle.rack_slot[cell, dish]]
        stands = self._workcell.dish_upright()[cell, dish] > UPRIGHT and abs(position[2]) < SLOT_TOLERANCE_M
        rests = self._workcell.dish_speed_mps()[cell, dish] < REST_MPS
        if not (stands and rests and np.linalg.norm(position[:2] - slot) < SLOT_TOLERANCE_M):
            self._conclude(cell, dish, Outcome.MISPLACED)
        elif self._cycle.soil_left[cell, dish] > 0.0:
            self._conclude(cell, dish, Outcome.UNCLEAN)
        else:
            self._conclude(cell, dish, Outcome.DONE)

    def info(self) -> dict[str, np.ndarray]:
        """Return the errors since reset by cause, and `replacement_usd` [$], each (N,)."""
        counts = dict(zip(_CAUSE_NAMES, self.causes.T.copy(), strict=True))
        return counts | {"replacement_usd": self.replacement_usd.copy()}

    def cell_info(self, cell: int) -> dict[str, float]:
        """Return `info` of one cell as plain floats."""
        counts = dict(zip(_CAUSE_NAMES, self.causes[cell].tolist(), strict=True))
        counts["replacement_usd"] = self.replacement_usd.item(cell)
        return counts

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return what the next step depends on."""
        own = {"causes": self.causes.copy(), "replacement_usd": self.replacement_usd.copy()}
        return own | self._tracker.state_dict()

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Restore what state_dict returned."""
        self.causes[:], self.replacement_usd[:] = state["causes"], state["replacement_usd"]
        self._tracker.load_state_dict(state)

    def _conclude(self, cell: int, dish: int, outcome: Outcome) -> None:
        """Record what became of a dish; the first outcome stands."""
        if self._cycle.outcome[cell, dish] != Outcome.PENDING:
            return
        self._cycle.outcome[cell, dish] = outcome
        self.concluded = True
        if outcome == Outcome.DONE:
            self.completed[cell] += 1
        else:
            self.errors[cell] += 1
            self.causes[cell, ERROR_CAUSES.index(outcome)] += 1
            if outcome in REPLACED:
                self.replacement_usd[cell] += self._scene.kinds[dish].replacement_usd

    def _watch_contacts(self, traces: Traces, progress: np.ndarray, working: np.ndarray) -> None:
        """Break what an impact or a sustained squeeze was too much for."""
        events = self._tracker.update(traces.record)
        if self._any_events:
            self.events = [[] for _ in self._rows]
        self._any_events = bool(events)
        for event in events:
            if working[event.cell]:
                # The cup is of rubber: what it squeezes is judged by the sustained force.
                if event.partner != CUP and event.energy_j > self._cycle.strength_j[event.cell, event.dish]:
                    self._conclude(event.cell, event.dish, Outcome.BROKEN_IMPACT)
                self.events[event.cell].append(self._describe(event, progress[event.cell, event.substep]))
        if self._tracker.most_n > self._least_crush_n:
            crushed = working[:, None] & (self._tracker.squeeze_n > self._crush_n)
            for cell, dish in np.argwhere(crushed).tolist():
                self._conclude(cell, dish, Outcome.CRUSHED)

    def _name_partner(self, event: ContactEvent) -> str:
        if event.partner == DISH:
            return f"dish{event.other}"
        return "cup" if event.partner == CUP else self._scene.station_at(event.position_m)

    def _describe(self, event: ContactEvent, progress: float) -> dict[str, Any]:
        segment = min(int(progress), NUM_SEGMENTS - 1)
        return {
            "dish": event.dish,
            "kind": self._scene.kinds[event.dish].name,
            "partner": self._name_partner(event),
            "phase": PHASES[PHASE_OF_SEGMENT[segment]],
            "peak_n": event.peak_n,
            "impulse_ns": event.impulse_ns,
            "energy_j": event.energy_j,
            "sustained_n": event.sustained_n,
            "outcome": Outcome(self._cycle.outcome[event.cell, event.dish]).name.lower(),
        }


@njit(cache=True)
def _watch_hand(record, progress, hand, robot, constants, scrubbed_nm, lost):
    """Add the rubbing work on each cell's dish at hand, and tell where the cup has lost it.

    Rubbing work is the sum of normal force x (speed along the sponge + SOAK_MPS) x dt: Preston's law, and what the
    detergent does in the meantime.
    """
    dish_at_hand, working = hand
    qpos, tip_qpos, dish_qpos = robot
    dt_s, heights_m = constants
    any_lost = False
    for cell in range(len(dish_at_hand)):
        lost[cell] = False
        dish, last = dish_at_hand[cell], progress[cell, -1]
        if not working[cell]:
            continue
        if last >= SCRUB and progress[cell, 0] < SCRUB + 1:
            for k in range(progress.shape[1]):
                if SCRUB <= progress[cell, k] < SCRUB + 1:
                    scrubbed_nm[cell, dish] += _rubbing_w(record[cell, k], dish * DISH_SENSORS) * dt_s
        if PICKED < last < PLACING:
            slides, top = qpos[cell][tip_qpos], qpos[cell, dish_qpos[dish] : dish_qpos[dish] + 3]
            dx, dy = slides[0] - top[0], slides[1] - top[1]
            dz = slides[2] + slides[3] + HOME_TIP_M - top[2] - heights_m[dish]
            lost[cell] = dx * dx + dy * dy + dz * dz > HELD_M * HELD_M
            any_lost |= lost[cell]
    return any_lost


@njit(cache=True)
def _rubbing_w(row, own):
    """Return normal force x speed along the sponge of one dish, soaking included [W]."""
    normal_n = 0.0
    for axis in range(3):
        normal_n += row[own + FORCE + axis] * row[own + NORMAL + axis]
    return normal_n * (np.hypot(row[own + VELOCITY], row[own + VELOCITY + 1]) + SOAK_MPS)
