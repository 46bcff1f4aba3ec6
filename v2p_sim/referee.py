"""What became of each dish: contact events, squeezes, rubbing work and inspection -> outcomes with their causes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from v2p_sim.breakage import ERROR_CAUSES, Outcome
from v2p_sim.contacts import ContactEvent, ContactTracker, sustained_force, window_samples
from v2p_sim.cycle import CycleState
from v2p_sim.skills import NUM_SEGMENTS, PHASE_OF_SEGMENT, PHASES, PICKED, PLACING, SCRUB
from v2p_sim.workcell import Traces, Workcell

SLOT_TOLERANCE_M = 0.025  # farther from its slot's centre a dish is misplaced
UPRIGHT = 0.97  # cosine of the tilt at which a dish still stands
REST_MPS = 0.02  # slower than this it is at rest
HELD_M = 0.04  # farther from the tip its top is not held any more


class Referee:
    """Watches N cells of D dishes; every dish gets exactly one outcome, at the moment when it is known.

    Attributes:
        completed: dishes completed in the last step, (N,).
        errors: dishes failed in the last step, (N,).
        causes: failed dishes since reset by cause, (N, number of causes), columns as `ERROR_CAUSES`.
        events: contact events of the last step, a list a cell.
    """

    def __init__(self, workcell: Workcell, cycle: CycleState) -> None:
        self._workcell, self._cycle, self._scene = workcell, cycle, workcell.scene
        self._dt_s = workcell.timestep_s
        self._rows = np.arange(workcell.num_cells)
        kinds = self._scene.kinds
        self._tracker = ContactTracker(workcell.num_cells, len(kinds), self._dt_s)
        self._cup_tail_n = np.zeros((workcell.num_cells, window_samples(self._dt_s)))
        self._crush_n = np.array([kind.crush_n for kind in kinds])
        self._least_crush_n = self._crush_n.min()
        self.completed = np.zeros(workcell.num_cells, np.int64)
        self.errors = np.zeros(workcell.num_cells, np.int64)
        self.causes = np.zeros((workcell.num_cells, len(ERROR_CAUSES)))
        self.events: list[list[dict[str, Any]]] = [[] for _ in self._rows]

    def reset(self, cells: np.ndarray) -> None:
        """Forget what happened in these cells."""
        self._tracker.reset(cells)
        self._cup_tail_n = self._cup_tail_n.copy()
        self._cup_tail_n[cells] = 0.0
        self.causes[cells] = 0.0
        for cell in cells:
            self.events[cell] = []

    def watch(self, traces: Traces, progress: np.ndarray, working: np.ndarray) -> None:
        """Decide from one control step's traces what broke, what was rubbed and what was lost.

        Args:
            traces: the substeps' traces.
            progress: progress at every substep, (N, S).
            working: cells that count, (N,).
        """
        self.completed[:] = self.errors[:] = 0
        self._watch_contacts(traces, progress, working)
        self._watch_scrubbing(traces, progress, working)
        self._watch_grip(working)

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

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return what the next step depends on."""
        return {"causes": self.causes.copy(), "cup_tail_n": self._cup_tail_n.copy()} | self._tracker.state_dict()

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Restore what state_dict returned."""
        self.causes[:] = state["causes"]
        self._cup_tail_n = state["cup_tail_n"].copy()
        self._tracker.load_state_dict(state)

    def _conclude(self, cell: int, dish: int, outcome: Outcome) -> None:
        """Record what became of a dish; the first outcome stands."""
        if self._cycle.outcome[cell, dish] != Outcome.PENDING:
            return
        self._cycle.outcome[cell, dish] = outcome
        if outcome == Outcome.DONE:
            self.completed[cell] += 1
        else:
            self.errors[cell] += 1
            self.causes[cell, ERROR_CAUSES.index(outcome)] += 1

    def _watch_contacts(self, traces: Traces, progress: np.ndarray, working: np.ndarray) -> None:
        """Break what an impact or a sustained squeeze was too much for."""
        self.events = [[] for _ in self._rows]
        for event in self._tracker.update(traces.dishes):
            if working[event.cell]:
                if event.energy_j > self._cycle.strength_j[event.cell, event.dish]:
                    self._conclude(event.cell, event.dish, Outcome.BROKEN_IMPACT)
                self.events[event.cell].append(self._describe(event, progress[event.cell, event.substep]))
        self._watch_squeeze(traces.cup_force_n, working)

    def _watch_squeeze(self, cup_force_n: np.ndarray, working: np.ndarray) -> None:
        """Crush the dish at hand when the cup squeezed it too long; the squeeze may have begun a step ago."""
        force_n = np.concatenate([self._cup_tail_n, cup_force_n], axis=1)
        self._cup_tail_n = force_n[:, -self._cup_tail_n.shape[1] :]
        if force_n.max() > self._least_crush_n:  # a mean exceeds nothing that the peak does not
            squeeze_n = sustained_force(force_n, self._dt_s)
            for cell in np.flatnonzero(working & (squeeze_n > self._crush_n[self._cycle.dish])):
                self._conclude(int(cell), int(self._cycle.dish[cell]), Outcome.CRUSHED)

    def _describe(self, event: ContactEvent, progress: float) -> dict[str, Any]:
        segment = min(int(progress), NUM_SEGMENTS - 1)
        return {
            "dish": event.dish,
            "kind": self._scene.kinds[event.dish].name,
            "phase": PHASES[PHASE_OF_SEGMENT[segment]],
            "peak_n": event.peak_n,
            "impulse_ns": event.impulse_ns,
            "energy_j": event.energy_j,
            "sustained_n": event.sustained_n,
            "outcome": Outcome(self._cycle.outcome[event.cell, event.dish]).name.lower(),
        }

    def _watch_scrubbing(self, traces: Traces, progress: np.ndarray, working: np.ndarray) -> None:
        """Add the rubbing work of this step: sum of normal force x speed along the sponge x dt (Preston's law)."""
        for cell, (first, last) in enumerate(zip(progress[:, 0].tolist(), progress[:, -1].tolist(), strict=True)):
            if last < SCRUB or first >= SCRUB + 1 or not working[cell]:
                continue
            touching = (progress[cell] >= SCRUB) & (progress[cell] < SCRUB + 1)
            dish = self._cycle.dish[cell]
            trace = traces.dishes[cell, touching, dish]
            force_n = np.einsum("sk,sk->s", trace[:, 0:3], trace[:, 3:6])
            speed_mps = np.hypot(trace[:, 6], trace[:, 7])
            self._cycle.scrubbed_nm[cell, dish] += float(force_n @ speed_mps) * self._dt_s

    def _watch_grip(self, working: np.ndarray) -> None:
        """Notice a dish that left the cup on its way."""
        for cell, progress in enumerate(self._cycle.progress.tolist()):
            if PICKED < progress < PLACING and working[cell]:
                dish = int(self._cycle.dish[cell])
                gap_m = self._workcell.grip_gap_m(cell, dish, self._scene.kinds[dish].height_m)
                if gap_m > HELD_M:
                    self._conclude(cell, dish, Outcome.DROPPED)
