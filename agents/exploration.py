"""Noise that is held, so that what it causes can be seen before it changes."""

from typing import Any

import numpy as np


class HeldNoise:
    """Keeps each cell's draw for a geometric number of steps."""

    def __init__(self, num_cells: int, dim: int):
        self.values = np.zeros((num_cells, dim), np.float32)
        self.is_fresh = True

    def hold(self, drawn: np.ndarray, mean_steps: float, rng: np.random.Generator) -> np.ndarray:
        """Take new draws for the cells whose turn it is, with probability 1 / mean_steps each.

        Args:
            drawn: New draws of all cells (N, D).
            mean_steps: Mean number of steps that a draw is held, at least 1.
            rng: Source of randomness.

        Returns:
            What the cells hold now (N, D) float32.
        """
        renew = rng.random(len(self.values)) < 1.0 / mean_steps
        if self.is_fresh:
            renew[:] = True
            self.is_fresh = False
        self.values = np.where(renew[:, None], drawn, self.values).astype(np.float32)
        return self.values

    def state_dict(self) -> dict[str, Any]:
        """Return what is held."""
        return {"held": self.values, "fresh": self.is_fresh}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned; other keys are left aside."""
        self.values, self.is_fresh = np.array(state["held"], np.float32), bool(state["fresh"])
