"""The faces of a task: `CellEnv` is one cell as a Gymnasium environment, `CellsVectorEnv` all cells as a batch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space

from economics import Prices
from v2p_sim._checks import RENDER_MODES, checked_action, checked_actions, checked_render_mode
from v2p_sim.core import ACTION_SPACE, CellsTask, share_bounds

RENDER_FPS = 10

_CELL = np.zeros(1, np.int64)
_ACTIVE = np.ones(1, np.bool_)


class CellEnv(gym.Env[npt.NDArray[Any], npt.NDArray[np.float32]]):
    """One cell of a task. A step pays its dollars; a shift is truncated at its end, terminated only by divergence."""

    metadata = {"render_modes": list(RENDER_MODES), "render_fps": RENDER_FPS}  # noqa: RUF012

    def __init__(self, task: CellsTask, render_mode: str | None = None) -> None:
        if task.num_cells != 1:
            raise ValueError(f"CellEnv shows one cell, the task has {task.num_cells}: use CellsVectorEnv")
        self.task = task
        self.render_mode = checked_render_mode(render_mode)
        self.observation_space = task.observation_space
        share_bounds(self.observation_space)
        self.action_space = ACTION_SPACE
        self._elapsed = task.steps_per_shift

    @property
    def prices(self) -> Prices:
        """What the work is worth."""
        return self.task.counters.prices

    @property
    def observation_layout(self) -> dict[str, dict[str, object]]:
        """Names, slices and units of a flat observation; empty for video."""
        return getattr(self.task, "observation_layout", {})

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[npt.NDArray[Any], dict[str, Any]]:
        """Start a shift.

        Args:
            seed: restarts the cell's generator; None continues it
            options: unused

        Returns:
            First observation, and info with the keys of every step.
        """
        super().reset(seed=seed)
        self._elapsed = 0
        self.task.reset(_CELL, [self.np_random])
        return self.task.observe()[0], self._info()

    def step(self, action: npt.NDArray[np.float32]) -> tuple[npt.NDArray[Any], float, bool, bool, dict[str, Any]]:
        """Work one control step.

        Args:
            action: [speed, care], clipped to [0, 1], shape (2,)

        Returns:
            Observation, dollars of the step, terminated (the physics diverged), truncated (the shift ended), info.

        Raises:
            ValueError: the action has another shape or is not finite.
            ResetNeeded: the shift is over or was never started.
        """
        task, steps = self.task, self._elapsed + 1
        if steps > task.steps_per_shift:
            raise ResetNeeded("the shift is over or was never started: call reset() before step()")
        terminated = bool(task.step(checked_action(action), _ACTIVE)[0])
        self._elapsed = task.steps_per_shift if terminated else steps
        truncated = steps == task.steps_per_shift and not terminated
        reward = 0.0 if terminated else task.counters.cell_step_profit_usd(0)
        info = self._info()  # before the frame is drawn: drawing clears the caches
        return task.observe()[0], reward, terminated, truncated, info

    def render(self) -> npt.NDArray[np.uint8] | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return a picture of the cell for people, shape (H, W, 3), or None without a render mode."""
        return None if self.render_mode is None else self.task.render(0)

    def close(self) -> None:
        """Free the task's resources."""
        self.task.close()

    def _info(self) -> dict[str, Any]:
        info: dict[str, Any] = self.task.counters.cell_info(0)
        info.update(self.task.cell_extra_info(0))
        info["contacts"] = self.task.contacts(0)
        return info


class CellsVectorEnv(gym.vector.VectorEnv[npt.NDArray[Any], npt.NDArray[np.float32], npt.NDArray[Any]]):
    """All cells of a task, batched, with Gymnasium's NEXT_STEP autoreset.

    Cell i seeded with s + i goes through the same numbers, bit for bit, as a `CellEnv` seeded with s + i.

    Attributes:
        single_privileged_space: Space of what infos tell a cell's critic as `privileged`; None where they do not.
    """

    def __init__(self, task: CellsTask, render_mode: str | None = None) -> None:
        self.task = task
        self.num_envs = task.num_cells
        self.render_mode = checked_render_mode(render_mode)
        self.metadata = CellEnv.metadata | {"autoreset_mode": AutoresetMode.NEXT_STEP}
        self.single_observation_space = task.observation_space
        self.single_action_space = ACTION_SPACE
        self.observation_space = batch_space(task.observation_space, task.num_cells)
        self.single_privileged_space: gym.spaces.Box | None = getattr(task, "privileged_space", None)
        for space in (self.single_observation_space, self.observation_space):
            share_bounds(space)
        self.action_space = batch_space(ACTION_SPACE, task.num_cells)
        self._rngs = [seeding.np_random(None)[0] for _ in range(task.num_cells)]
        self._elapsed = np.zeros(task.num_cells, np.int64)
        self._pending = np.zeros(task.num_cells, np.bool_)
        self._started = False
        self._all = np.ones(task.num_cells, np.bool_)
        self._all.flags.writeable = False
        self._masks: dict[str, npt.NDArray[np.bool_]] = {}

    @property
    def prices(self) -> Prices:
        """What the work is worth."""
        return self.task.counters.prices

    @property
    def observation_layout(self) -> dict[str, dict[str, object]]:
        """Names, slices and units of a flat observation; empty for video."""
        return getattr(self.task, "observation_layout", {})

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[npt.NDArray[Any], dict[str, Any]]:
        """Start a shift in every cell.

        Args:
            seed: s seeds cell i with s + i; a list names each cell's seed; None continues the generators
            options: `{"reset_mask": mask}` after the first reset, resets only where the mask of shape (N,) is True

        Returns:
            First observations, shape (N, ...), and info with the keys of every step.

        Raises:
            ValueError: the list of seeds or the mask has not one entry a cell.
        """
        cells = self._chosen_cells(options)
        seeds = self._cell_seeds(seed)
        for cell in cells.tolist():
            cell_seed = seeds[cell]
            if cell_seed is not None:
                self._rngs[cell] = seeding.np_random(cell_seed)[0]
        self._reset_cells(cells)
        self._started = True
        return self.task.observe(), self._info()

    def step(
        self, actions: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], dict[str, Any]]:
        """Work one control step in every cell; a cell whose shift had ended is reset instead and earns nothing.

        Args:
            actions: [speed, care] of each cell, clipped to [0, 1], shape (N, 2)

        Returns:
            Observations, dollars of the step, terminated, truncated (each of shape (N, ...)), info.

        Raises:
            ValueError: the actions have another shape or are not finite.
            ResetNeeded: no shift was started.
        """
        if not self._started:
            raise ResetNeeded("no shift was started: call reset() before step()")
        checked = checked_actions(actions, (self.num_envs, 2))
        waiting = self._pending.nonzero()[0]
        if waiting.size == 0:
            terminated = self.task.step(checked, self._all)
        elif waiting.size < self.num_envs:
            terminated = self.task.step(checked, ~self._pending) & ~self._pending
        else:
            terminated = np.zeros(self.num_envs, np.bool_)
        self._elapsed += 1
        if waiting.size > 0:
            self._reset_cells(waiting)
        rewards = self.task.counters.step_profit_usd
        rewards[terminated] = 0.0
        truncated = (self._elapsed >= self.task.steps_per_shift) & ~terminated
        self._pending = terminated | truncated
        info = self._info()
        return self.task.observe(), rewards, terminated, truncated, info

    def render(self) -> tuple[npt.NDArray[np.uint8], ...] | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return a picture of each cell for people, or None without a render mode."""
        return None if self.render_mode is None else tuple(self.task.render(cell) for cell in range(self.num_envs))

    def contacts(self, cell: int) -> list[dict[str, Any]]:
        """List the contact events of a cell's last step.

        Args:
            cell: index of the cell

        Returns:
            One dictionary an event; empty where the task has no contacts.
        """
        return self.task.contacts(cell)

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return all that a bit-identical continuation needs: the task, the generators, the position in the shift."""
        rngs = json.dumps([rng.bit_generator.state for rng in self._rngs])
        state = {f"task.{name}": values for name, values in self.task.state_dict().items()}
        state["rngs"] = np.frombuffer(rngs.encode(), np.uint8).copy()
        state["elapsed_steps"] = self._elapsed.copy()
        state["pending_reset"] = self._pending.copy()
        return state

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue from a `state_dict`, in a fresh environment as well.

        Args:
            state: what `state_dict` of an environment of the same task and number of cells returned

        Raises:
            ValueError: the state is that of another number of cells.
        """
        rng_states = json.loads(bytes(state["rngs"]).decode())
        if len(rng_states) != self.num_envs:
            raise ValueError(f"the state holds {len(rng_states)} cells, this environment has {self.num_envs}")
        self._reset_cells(np.arange(self.num_envs))
        self.task.load_state_dict(
            {name.removeprefix("task."): values for name, values in state.items() if name.startswith("task.")}
        )
        for rng, rng_state in zip(self._rngs, rng_states, strict=True):
            rng.bit_generator.state = rng_state
        self._elapsed[:] = state["elapsed_steps"]
        self._pending = np.array(state["pending_reset"], np.bool_)
        self._started = True

    def close_extras(self, **kwargs: Any) -> None:
        """Free the task's resources."""
        self.task.close()

    def _cell_seeds(self, seed: int | Sequence[int | None] | None) -> Sequence[int | None]:
        if seed is None:
            return [None] * self.num_envs
        if isinstance(seed, (int, np.integer)):
            return [int(seed) + cell for cell in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise ValueError(f"seed has {len(seed)} entries for {self.num_envs} cells: give one each, or one number")
        return seed

    def _chosen_cells(self, options: Mapping[str, Any] | None) -> npt.NDArray[np.int64]:
        if options is None or "reset_mask" not in options or not self._started:
            return np.arange(self.num_envs)
        mask = np.asarray(options["reset_mask"], np.bool_)
        if mask.shape != (self.num_envs,):
            raise ValueError(f"reset_mask has shape {mask.shape}, expected ({self.num_envs},)")
        return np.flatnonzero(mask)

    def _reset_cells(self, cells: npt.NDArray[np.int64]) -> None:
        everyone = len(cells) == self.num_envs
        self.task.reset(cells, self._rngs if everyone else [self._rngs[cell] for cell in cells.tolist()])
        self._elapsed[cells] = 0
        self._pending[cells] = False

    def _info(self) -> dict[str, Any]:
        info = self.task.counters.info() | self.task.extra_info()
        if not self._masks:
            self._masks = {f"_{key}": self._all for key in info}
        return info | self._masks
