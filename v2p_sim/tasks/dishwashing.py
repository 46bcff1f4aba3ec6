"""Abstract dishwashing: a formula maps speed and care to attempts and errors, so its optimum is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from economics import Prices
from v2p_sim._checks import checked_choice
from v2p_sim.faces import CellEnv, CellsVectorEnv
from v2p_sim.shift import STATE_LAYOUT, STATE_SPACE, ShiftCounters
from v2p_sim.tasks._dishwashing_kernel import work
from v2p_sim.tasks.dishwashing_formula import (
    DishwashingConfig,
    attempts_per_hour,
    error_probability,
    expected_flow_profit,
    expected_rate_profit,
    optimal_action,
    optimum_usd_per_hour,
)
from v2p_sim.tasks.dishwashing_picture import PICTURE_SIZE, draw_shift
from v2p_sim.wrappers import FrameStack, SyntheticVideo

__all__ = [
    "OBSERVATIONS",
    "Dishwashing",
    "DishwashingConfig",
    "attempts_per_hour",
    "error_probability",
    "expected_flow_profit",
    "expected_rate_profit",
    "make_env",
    "make_vector_env",
    "optimal_action",
    "optimum_usd_per_hour",
]

OBSERVATIONS = ("state", "video")
STACKED_FRAMES = 8


class Dishwashing:
    """N abstract cells. Attempt j of a shift fails when draw j of the shift's key lies below p_err."""

    render_size = PICTURE_SIZE

    def __init__(
        self,
        num_cells: int = 1,
        observation: str = "state",
        config: DishwashingConfig | None = None,
        prices: Prices | None = None,
    ) -> None:
        if num_cells < 1:
            raise ValueError(f"num_envs must be >= 1, got {num_cells}")
        self.config = DishwashingConfig() if config is None else config
        self.num_cells = num_cells
        self.steps_per_shift = self.config.steps
        self.counters = ShiftCounters(num_cells, Prices() if prices is None else prices, self.config.shift_hours)
        self._video = checked_choice("observation", observation, OBSERVATIONS) == "video"
        self._draw = SyntheticVideo()
        self._stack = FrameStack(num_cells, STACKED_FRAMES, self._draw.frame_shape)
        video_space = spaces.Box(0, 255, (STACKED_FRAMES, *self._draw.frame_shape), np.uint8)
        self.observation_space = video_space if self._video else STATE_SPACE
        self.observation_layout = {} if self._video else STATE_LAYOUT
        self._keys = np.zeros(num_cells, np.uint64)
        self._begun = np.zeros(num_cells, np.int64)
        self._fractions = np.zeros(num_cells)
        self._steps = np.zeros(num_cells)
        self._actions = np.zeros((2, num_cells))

    def reset(self, cells: npt.NDArray[np.int64], rngs: Sequence[np.random.Generator]) -> None:
        """Start new shifts in some cells.

        Args:
            cells: indices of the cells to reset
            rngs: the generator of each; it gives the key from which the shift's draws are computed
        """
        self._keys[cells] = [rng.bit_generator.random_raw() for rng in rngs]
        self._actions[:, cells] = 0.0
        for values in (self._begun, self._fractions, self._steps):
            values[cells] = 0
        self.counters.reset(cells)
        if self._video:
            self._stack.reset(cells, self._draw.draw(self._state()[cells]))

    def step(self, actions: npt.NDArray[np.float64], active: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Work one control step.

        Args:
            actions: [speed, care] of each cell, in [0, 1], shape (N, 2)
            active: shape (N,); the counters of inactive cells stand still

        Returns:
            False for every cell: a formula does not diverge.
        """
        self._actions = np.array(actions.T, order="C")  # rows: formulas of whole rows are faster than of columns
        speed, care = self._actions
        pace, p_err = attempts_per_hour(speed, care, self.config), error_probability(speed, care, self.config)
        shifts = (self._keys, self._begun, self._fractions, self._steps)
        completed, errors, hours = work(pace, p_err, active, self.config.step_hours, shifts)
        self.counters.add(completed, errors, hours)
        if self._video:
            self._stack.push(self._draw.draw(self._state()))
        return np.zeros(self.num_cells, np.bool_)

    def observe(self) -> npt.NDArray[Any]:
        """Return observations that are never written again: states (N, 4) float32 or videos (N, 8, 3, 64, 64) uint8."""
        return self._stack.observe() if self._video else self._state()

    def render(self, cell: int = 0) -> npt.NDArray[np.uint8]:
        """Draw a cell for people, shape (480, 640, 3)."""
        info = {key: float(values[cell]) for key, values in self.counters.info().items()}
        progress = float(self._steps[cell]) / self.steps_per_shift
        return draw_shift(info, self._actions[:, cell], progress, self.counters.prices)

    def contacts(self, cell: int) -> list[dict[str, Any]]:
        """Return no events: nothing touches anything here."""
        return []

    def cell_extra_info(self, cell: int) -> dict[str, float]:
        """Return nothing beside the counters."""
        return {}

    def extra_info(self) -> dict[str, npt.NDArray[np.float64]]:
        """Return nothing beside the counters."""
        return {}

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return all that a bit-identical continuation needs, the generators apart."""
        state = {f"counters.{name}": values for name, values in self.counters.state_dict().items()}
        if self._video:
            state |= {f"stack.{name}": values for name, values in self._stack.state_dict().items()}
        own = {"keys": self._keys, "fractions": self._fractions, "steps": self._steps, "actions": self._actions.T}
        return state | {name: values.copy() for name, values in own.items()}

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue from a `state_dict`.

        Args:
            state: what `state_dict` of a task of the same settings returned
        """
        self.counters.load_state_dict(_part(state, "counters."))
        if self._video:
            self._stack.load_state_dict(_part(state, "stack."))
        self._keys[:], self._fractions[:] = state["keys"], state["fractions"]
        self._steps[:], self._actions = state["steps"], np.array(state["actions"].T, order="C")
        self._begun[:] = self.counters.attempts

    def close(self) -> None:
        """Hold nothing, free nothing."""

    def _state(self) -> npt.NDArray[np.float32]:
        return self.counters.state_observation(self._steps / self.steps_per_shift)


def _part(state: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): values for name, values in state.items() if name.startswith(prefix)}


def make_env(render_mode: str | None = None, **settings: Any) -> CellEnv:
    """Make one cell.

    Args:
        render_mode: None or "rgb_array"
        **settings: `observation` ("state" or "video"), `config`, `prices`: see `Dishwashing`

    Returns:
        The Gymnasium environment.
    """
    return CellEnv(Dishwashing(1, **settings), render_mode)


def make_vector_env(num_envs: int = 1, render_mode: str | None = None, **settings: Any) -> CellsVectorEnv:
    """Make a batch of cells.

    Args:
        num_envs: number of cells, N
        render_mode: None or "rgb_array"
        **settings: `observation` ("state" or "video"), `config`, `prices`: see `Dishwashing`

    Returns:
        The Gymnasium vector environment.
    """
    return CellsVectorEnv(Dishwashing(num_envs, **settings), render_mode)
