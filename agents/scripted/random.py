"""The policy that neither looks nor cares."""

import numpy as np

from agents.spec import EnvSpec


class RandomPolicy:
    """Draws every action evenly within the bounds."""

    def __init__(self, spec: EnvSpec, seed: int):
        self._low = np.asarray(spec.action_low)
        self._high = np.asarray(spec.action_high)
        self._rng = np.random.default_rng(seed)

    def __call__(self, observations: np.ndarray) -> np.ndarray:
        """Return actions (N, A) for observations (N, ...)."""
        return self._rng.uniform(self._low, self._high, (len(observations), len(self._low))).astype(np.float32)
