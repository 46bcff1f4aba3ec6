"""The one interface between a task and the faces that people use: N cells, stepped together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from v2p_sim.shift import ShiftCounters

ACTION_SPACE = spaces.Box(0.0, 1.0, (2,), np.float32)
"""Action of every task: [speed, care]."""


def share_bounds(space: spaces.Space[Any]) -> None:
    """Let a space of frames keep each of its bounds once: Gymnasium stores four numbers a pixel, 0.4 MB a cell.

    Args:
        space: changed in place where it is a box of uint8; its bounds are the same everywhere
    """
    if isinstance(space, spaces.Box) and space.dtype == np.uint8:
        for name in ("low", "high", "bounded_below", "bounded_above"):
            bounds = getattr(space, name)
            setattr(space, name, np.broadcast_to(bounds.flat[0], bounds.shape))


class CellsTask(Protocol):
    """N cells of one task. A face resets cells, steps all of them, and reads observations and counters.

        task.reset(cells, rngs)
        diverged = task.step(actions, active)
        observations, dollars = task.observe(), task.counters.step_profit_usd

    Plain attributes serve for the properties.
    """

    @property
    def num_cells(self) -> int:
        """Number of cells, N."""
        ...

    @property
    def steps_per_shift(self) -> int:
        """Control steps of a shift; the face truncates there."""
        ...

    @property
    def observation_space(self) -> spaces.Box[Any]:
        """Space of one cell's observation."""
        ...

    @property
    def counters(self) -> ShiftCounters:
        """What the cells have done since their resets."""
        ...

    @property
    def render_size(self) -> tuple[int, int]:
        """Width and height of a picture for people [pixels]."""
        ...

    def reset(self, cells: npt.NDArray[np.int64], rngs: Sequence[np.random.Generator]) -> None:
        """Start new shifts in some cells.

        Args:
            cells: indices of the cells to reset
            rngs: rngs[i] belongs to cells[i]; the task keeps it and draws all of that cell's chance from it
        """
        ...

    def step(self, actions: npt.NDArray[np.float64], active: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Work one control step.

        Args:
            actions: [speed, care] of each cell, in [0, 1], shape (N, 2)
            active: shape (N,); an inactive cell is reset next, and its counters stand still

        Returns:
            Which cells diverged numerically, shape (N,).
        """
        ...

    def observe(self) -> npt.NDArray[Any]:
        """Return all observations, shape (N, *observation_space.shape); they are never written again."""
        ...

    def render(self, cell: int = 0) -> npt.NDArray[np.uint8]:
        """Draw a cell for people, shape (H, W, 3)."""
        ...

    def contacts(self, cell: int) -> list[dict[str, Any]]:
        """List the contact events of a cell's last step; empty where the task has no contacts."""
        ...

    def extra_info(self) -> dict[str, npt.NDArray[Any]]:
        """Return the task's own info: fresh float arrays of shape (N, ...), the same keys always."""
        ...

    def cell_extra_info(self, cell: int) -> dict[str, Any]:
        """Return `extra_info` of one cell, numbers as plain floats."""
        ...

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return all that a bit-identical continuation needs, the generators apart."""
        ...

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue from a `state_dict`; every cell has been reset before."""
        ...

    def close(self) -> None:
        """Free what the task holds; a second call does nothing."""
        ...
