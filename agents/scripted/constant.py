"""The policy that never looks."""

from collections.abc import Sequence

import numpy as np


class ConstantPolicy:
    """Takes the same action always."""

    def __init__(self, action: Sequence[float] | np.ndarray):
        self.action = np.asarray(action, np.float32)

    def __call__(self, observations: np.ndarray) -> np.ndarray:
        """Return the action (N, A) for observations (N, ...)."""
        return np.tile(self.action, (len(observations), 1))
