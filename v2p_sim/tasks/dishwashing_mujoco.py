"""Dishwashing in a MuJoCo workcell: contact forces decide what breaks, and a camera is all that a policy sees.

A shift is ten simulated minutes in control steps of half a second. In each step the action [speed, care] sets the pace
of the skills, one native rollout moves the cells, and the contact traces decide what happened to the dishes. A dish
counts as completed when it stands unbroken, scrubbed and at rest in its slot; otherwise it is one error with a cause.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces

from v2p_sim._shift_kernels import count_step
from v2p_sim.breakage import Outcome
from v2p_sim.cameras import PEOPLE, POLICY
from v2p_sim.cycle import CycleState
from v2p_sim.faces import CellEnv, CellsVectorEnv
from v2p_sim.looks import add_noise, to_planes
from v2p_sim.randomization import DrawnCells, Randomization, SetPointDelay
from v2p_sim.referee import Referee
from v2p_sim.scene import HOME_TIP_M, build_scene
from v2p_sim.shift import STATE_SPACE, ShiftCounters
from v2p_sim.skills import NUM_SEGMENTS, RETREAT, work_out
from v2p_sim.tasks.mujoco_config import MujocoConfig
from v2p_sim.views import CellCamera, hidden_numbers, privileged_layout, privileged_observation
from v2p_sim.workcell import Workcell
from v2p_sim.wrappers import FrameStack

CONTROL_STEP_S = 0.5
HOME_M = np.array([0.0, 0.0, HOME_TIP_M])


class DishwashingMujoco:
    """N physical cells behind the `CellsTask` interface."""

    render_size = (PEOPLE.width, PEOPLE.height)

    def __init__(self, num_cells: int, config: MujocoConfig) -> None:
        self.config = config
        self.num_cells = num_cells
        self.scene = build_scene(tuple(config.tray_mix))
        dishes, slots = len(config.tray_mix), len(self.scene.tray_slots_m)
        if dishes > slots:
            raise ValueError(f"tray_mix names {dishes} dishes, the tray has {slots} slots")
        self.workcell = Workcell(self.scene, num_cells, config.threads)
        self._set_clock()
        self._widths = config.widths
        self.drawn = None if self._widths == Randomization() else DrawnCells(self.scene, num_cells)
        self._delay = SetPointDelay(num_cells, HOME_M, self._dt_s)
        self.counters = ShiftCounters(num_cells, config.prices, config.shift_minutes / 60.0)
        self.cycle = CycleState(self.scene, num_cells)
        self.referee = Referee(self.workcell, self.cycle)
        self._rngs: list[np.random.Generator] = [np.random.default_rng(cell) for cell in range(num_cells)]
        self._everyone = range(num_cells)
        self._elapsed = np.zeros(num_cells)
        self._physics_error = np.zeros(num_cells)
        self._unfilmed: Sequence[int] | np.ndarray = ()
        self._people: CellCamera | None = None
        self._open_observation()
        size = hidden_numbers(self.workcell, self.cycle).shape[1:]
        self.privileged_space = spaces.Box(-np.inf, np.inf, size) if self.config.privileged_info else None

    def _set_clock(self) -> None:
        self._dt_s = self.workcell.timestep_s
        self.substeps = round(CONTROL_STEP_S / self._dt_s) if self.config.substeps is None else self.config.substeps
        self._step_hours = self.substeps * self._dt_s / 3600.0
        self.steps_per_shift = max(1, round(self.config.shift_minutes / 60.0 / self._step_hours))
        self._times_s = self._dt_s * np.arange(1, self.substeps + 1)
        self._progress = np.empty((self.num_cells, self.substeps))
        self._control = np.empty((self.num_cells, self.substeps, 4))

    def _open_observation(self) -> None:
        self.observation_layout: dict[str, dict[str, object]] = {}
        self.camera: CellCamera | None = None
        if self.config.observation == "video":
            shape = (3, POLICY.height, POLICY.width)
            self.camera = CellCamera(self.scene, "policy", POLICY)
            self._stack = FrameStack(self.num_cells, self.config.frames, shape)
            self.observation_space = spaces.Box(0, 255, (self.config.frames, *shape), np.uint8)
        elif self.config.observation == "privileged":
            self.observation_layout = privileged_layout(sorted({kind.name for kind in self.scene.kinds}))
            size = len(self.observe()[0])
            self.observation_space = spaces.Box(-np.inf, np.inf, (size,), np.float32)
        else:
            self.observation_space = STATE_SPACE

    def reset(self, cells: np.ndarray, rngs: Sequence[np.random.Generator]) -> None:
        """Start new shifts: a fresh tray, an empty rack, the robot home.

        Args:
            cells: indices of the cells.
            rngs: rngs[i] becomes the generator of cells[i].
        """
        self._film()
        self.counters.reset(cells)
        self.referee.reset(cells)
        self._elapsed[cells] = self._physics_error[cells] = 0.0
        for cell, rng in zip(cells, rngs, strict=True):
            self._rngs[cell] = rng
            if self.drawn is not None:
                self.drawn.draw(cell, self._widths, rng)
            self._start_tray(cell)
            self.cycle.start_dish(cell, 0, HOME_M, rng)
        self.workcell.reset(cells, self.cycle.source_xy_m[cells])
        if self.drawn is not None:
            for part in (self.workcell, self.referee):
                part.set_parameters(cells, self.drawn)
            self._delay.reset(cells)
            for cell in cells:
                self._stand_tray(cell)
        if self.camera is not None:
            frames = np.empty((self.num_cells, 3, POLICY.height, POLICY.width), np.uint8)
            self._draw(cells, frames)
            self._stack.reset(cells, frames[cells])

    def step(self, actions: np.ndarray, active: np.ndarray) -> np.ndarray:
        """Work one control step.

        Args:
            actions: [speed, care] of each cell, (N, 2).
            active: cells that work, (N,); the others are reset next.

        Returns:
            Cells whose physics failed in this step, (N,).
        """
        self._film()
        path = (self.cycle.knots, self.cycle.seal, HOME_TIP_M)
        progress, control = self._progress, self._control
        finished = work_out(self.cycle.progress, path, actions, self._times_s, progress, control)
        arriving = control if self.drawn is None else self._delay.apply(control, self.drawn.latency_s)
        traces = self.workcell.step(arriving)
        working = active & ~traces.diverged if traces.failed else active
        everyone = count_step(active, working, self._elapsed)
        self.referee.watch(traces, progress, working)
        if finished or self.referee.concluded:
            self._settle_cycles(control, working)
        hours = self._step_hours if everyone else self._step_hours * working
        self.counters.add(self.referee.completed, self.referee.errors, hours)
        if self.camera is not None:
            self._unfilmed = self._everyone if everyone else np.flatnonzero(working)
        diverged = active & traces.diverged if traces.failed else traces.diverged
        if traces.failed:
            self._physics_error += diverged
        return diverged

    def observe(self) -> np.ndarray:
        """Return observations that are never written again, (N, ...)."""
        self.workcell.check_open()
        if self.camera is not None:
            self._film()
            return self._stack.observe()
        elapsed = self._elapsed.item() if self.num_cells == 1 else self._elapsed
        state = self.counters.state_observation(elapsed / self.steps_per_shift)
        if self.config.observation == "state":
            return state
        return privileged_observation(state, self.workcell, self.cycle)

    def render(self, cell: int = 0) -> np.ndarray:
        """Draw a cell for people, (480, 640, 3) uint8."""
        self.workcell.check_open()
        if self._people is None:
            self._people = CellCamera(self.scene, "people", PEOPLE)
        return self._people.draw(self.workcell, self.cycle, cell, self.drawn).copy()

    def contacts(self, cell: int) -> list[dict[str, Any]]:
        """List a cell's contact events of the last step; `ContactEvent` says what the numbers are."""
        return list(self.referee.events[cell])

    def extra_info(self) -> dict[str, np.ndarray]:
        """Return the task's own info, each (N,); with `privileged_info`, `privileged` too: `hidden_numbers`, (N, P).

        `physics_error`: whether the physics failed. Since reset, errors by cause: `broken_impact, crushed, dropped,
        misplaced, unclean`; and `replacement_usd`, what replacing the dishes of the first three would cost [$].
        """
        info = self.referee.info() | {"physics_error": self._physics_error.copy()}
        return info | {"privileged": hidden_numbers(self.workcell, self.cycle)} if self.config.privileged_info else info

    def cell_extra_info(self, cell: int) -> dict[str, Any]:
        """Return `extra_info` of one cell, numbers as plain floats."""
        info: dict[str, Any] = self.referee.cell_info(cell)
        info["physics_error"] = self._physics_error.item(cell)
        return (
            info | {"privileged": hidden_numbers(self.workcell, self.cycle)[cell]}
            if self.config.privileged_info
            else info
        )

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return the whole state, the generators apart. Resting dishes that sleep wake on loading."""
        self._film()
        parts = {"elapsed": self._elapsed.copy(), "physics_error": self._physics_error.copy()}
        for prefix, part in self._stateful().items():
            parts |= {f"{prefix}.{name}": values for name, values in part.state_dict().items()}
        return parts

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Restore what state_dict returned."""
        self._unfilmed = ()
        self._elapsed[:], self._physics_error[:] = state["elapsed"], state["physics_error"]
        for prefix, part in self._stateful().items():
            start = len(prefix) + 1
            part.load_state_dict({name[start:]: v for name, v in state.items() if name.startswith(f"{prefix}.")})
        if self.drawn is not None:
            for part in (self.workcell, self.referee):
                part.set_parameters(np.arange(self.num_cells), self.drawn)

    def _stateful(self) -> dict[str, Any]:
        parts = {"counters": self.counters, "referee": self.referee, "cycle": self.cycle, "workcell": self.workcell}
        if self.drawn is not None:
            parts |= {"drawn": self.drawn, "delay": self._delay}
        return parts | ({"stack": self._stack} if self.camera is not None else {})

    def close(self) -> None:
        """Free the cameras and the physics with its threads; a second call does nothing."""
        self._unfilmed = ()
        for camera in (self.camera, self._people):
            if camera is not None:
                camera.close()
        self.camera = self._people = None
        self._stack = FrameStack(0, self.config.frames, (3, POLICY.height, POLICY.width))
        self.workcell.close()

    def _film(self) -> None:
        """Push the frames of the last step, if that is still to be done; cells that did not work repeat their last."""
        cells = self._unfilmed
        if len(cells) == 0:
            return
        self._unfilmed = ()
        last, frames = self._stack.newest(), self._stack.advance()
        if len(cells) < self.num_cells:
            frames[:] = last
        self._draw(cells, frames)

    def _draw(self, cells: Sequence[int] | np.ndarray, frames: np.ndarray) -> None:
        """Draw these cells into frames, (N, 3, H, W)."""
        assert self.camera is not None
        for cell in cells:
            frame = self.camera.draw(self.workcell, self.cycle, cell, self.drawn)
            if self.drawn is not None:
                seed, step = int(self.drawn.noise_seed[cell]), int(self._elapsed[cell])
                frame = add_noise(frame, self._widths.noise, seed, step)
            to_planes(np.ascontiguousarray(frame[::-1]), frames[cell])

    def _start_tray(self, cell: int) -> None:
        """Draw a fresh tray; what domain randomisation drew for the cell holds for all its trays."""
        self.cycle.start_tray(cell, self._rngs[cell])
        if self.drawn is not None:
            self.cycle.strength_j[cell] *= self.drawn.strength[cell]
            self.cycle.source_xy_m[cell] += self.drawn.place_m[cell]

    def _stand_tray(self, cell: int) -> None:
        yaw_rad = 0.0 if self.drawn is None else self.drawn.yaw_rad[cell]
        self.workcell.stand(cell, np.arange(len(self.scene.kinds)), self.cycle.source_xy_m[cell], yaw_rad)

    def _settle_cycles(self, control: np.ndarray, working: np.ndarray) -> None:
        """Give up failed dishes at hand, have placed ones inspected, and turn to the next."""
        at_hand = zip(self.cycle.progress.tolist(), self.cycle.dish.tolist(), working.tolist(), strict=True)
        for cell, (progress, dish, works) in enumerate(at_hand):
            if not works:
                continue
            if progress < RETREAT and self.cycle.outcome[cell, dish] != Outcome.PENDING:
                self.cycle.abort(cell, control[cell, -1, :3] + HOME_M)
            elif progress >= NUM_SEGMENTS:
                self.referee.inspect(cell, dish)
                self._turn_to_next(cell, control[cell, -1, :3] + HOME_M)

    def _turn_to_next(self, cell: int, tip_m: np.ndarray) -> None:
        """Clear failed dishes away and start the next dish, on a fresh tray when this one is done."""
        for dish in np.flatnonzero(self.cycle.outcome[cell] > Outcome.DONE):
            self.workcell.discard(cell, int(dish))
        position = self.cycle.next_position(cell)
        if position is None:
            self._start_tray(cell)
            self._stand_tray(cell)
            position = 0
        self.cycle.start_dish(cell, position, tip_m, self._rngs[cell])


def make_env(render_mode: str | None = None, **settings: Any) -> CellEnv:
    """Make one physical cell, as a Gymnasium environment.

    Args:
        render_mode: None or "rgb_array".
        **settings: see `MujocoConfig`.
    """
    return CellEnv(DishwashingMujoco(1, MujocoConfig(**settings)), render_mode)


def make_vector_env(num_envs: int = 1, render_mode: str | None = None, **settings: Any) -> CellsVectorEnv:
    """Make a batch of physical cells, as a Gymnasium vector environment.

    Args:
        num_envs: number of cells, N.
        render_mode: None or "rgb_array".
        **settings: see `MujocoConfig`.
    """
    return CellsVectorEnv(DishwashingMujoco(num_envs, MujocoConfig(**settings)), render_mode)
