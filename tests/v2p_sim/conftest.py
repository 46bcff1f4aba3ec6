"""What the tests of the physical task share."""

from typing import Any

import numpy as np

from v2p_sim.breakage import ERROR_CAUSES, Outcome
from v2p_sim.cycle import CycleState
from v2p_sim.dishes import CATALOGUE, TRAY_MIX
from v2p_sim.referee import Referee
from v2p_sim.scene import build_scene
from v2p_sim.tasks.dishwashing_mujoco import DishwashingMujoco
from v2p_sim.workcell import Traces, Workcell

SCENE = build_scene()
DT_S = SCENE.model.opt.timestep
COUNT = len(SCENE.kinds)
INDEX = {name: TRAY_MIX.index(name) for name in CATALOGUE}
CAUSES = {cause.name.lower() for cause in ERROR_CAUSES}
INFO_KEYS = {
    *("attempts", "completed", "errors", "hours", "profit_usd", "attempts_step", "errors_step", "cost"),
    *("success", "is_success", "physics_error", "replacement_usd"),
    *CAUSES,
}
HASTY = np.array([1.0, 0.0], np.float32)
QUIET: dict[str, Any] = {"observation": "privileged"}  # no frames: fast


def physical(env: Any) -> DishwashingMujoco:
    """Return the physical task behind a face."""
    task = env.unwrapped.task
    assert isinstance(task, DishwashingMujoco)
    return task


def shift_of(env: Any, actions: np.ndarray, **reset: Any) -> list[tuple]:
    """Reset and step; return observation, reward, terminated, truncated and info of every step."""
    observation, info = env.reset(**reset)
    rows = [(observation, 0.0, False, False, info)]
    rows += [env.step(action) for action in actions]
    return rows


class Cell:
    """One cell under a referee, its dish at hand chosen, its strengths endless and its soil rubbed off."""

    def __init__(self, dish: int = 0, num_cells: int = 1) -> None:
        self.workcell = Workcell(SCENE, num_cells)
        self.cycle = CycleState(SCENE, num_cells)
        self.referee = Referee(self.workcell, self.cycle)
        for cell in range(num_cells):
            self.cycle.start_tray(cell, np.random.default_rng(cell))
            self.cycle.source_xy_m[cell] = SCENE.tray_slots_m[:COUNT]
        self.cycle.strength_j[:], self.cycle.scrubbed_nm[:] = np.inf, np.inf
        self.cycle.position[:] = np.flatnonzero(self.cycle.order[0] == dish)[0]
        self.cycle.dish[:] = dish
        self.workcell.reset(np.arange(num_cells), self.cycle.source_xy_m)
        self.dish, self.cells = dish, num_cells

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.cycle.outcome[0, self.dish])

    def watch(self, traces: Traces, working: np.ndarray | None = None) -> None:
        progress = np.repeat(self.cycle.progress[:, None], traces.record.shape[1], axis=1)
        self.referee.watch(traces, progress, np.ones(self.cells, bool) if working is None else working)

    def wait(self, seconds: float, substeps: int = 100) -> list[dict]:
        """Let physics run with the robot home; return the events."""
        events = []
        for _ in range(round(seconds / DT_S / substeps)):
            self.watch(self.workcell.step(np.zeros((self.cells, substeps, 4))))
            events += self.referee.events[0]
        return events

    def place(self, offset_m=(0.0, 0.0)) -> None:
        slot_m = SCENE.rack_slots_m[self.cycle.rack_slot[0, self.dish]]
        self.workcell.stand(0, np.array([self.dish]), (slot_m + offset_m)[None])

    def raise_dish(self, height_m: float) -> None:
        self.workcell.qpos[0, SCENE.dish_qpos[self.dish] + 2] = height_m
