"""Cells seen through a frozen encoder, and the proof that a policy acts the same on pixels and on their latents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.vector import VectorEnv, VectorObservationWrapper
from gymnasium.vector.utils import batch_space

from agents import Encoder, EnvSpec, LatentEncoder, TrainedPolicy, with_encoder
from scripts._novelty_latents import encode

TOLERANCE = 1e-5
COMPARED = 64


class LatentCells(VectorObservationWrapper):
    """Shows latents (N, L) in place of observations.

    Attributes:
        seen: the observations behind the newest latents, (N, ...).

    Args:
        env: vector environment
        encoder: observations to latents; its weights stay
    """

    def __init__(self, env: VectorEnv, encoder: Encoder) -> None:
        super().__init__(env)
        self._encoder = encoder
        self.seen: npt.NDArray[Any] = np.zeros(0, np.uint8)
        self.single_observation_space = spaces.Box(-np.inf, np.inf, (encoder.latent_dim,), np.float32)
        self.observation_space = batch_space(self.single_observation_space, env.num_envs)

    def observations(self, observations: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Encode what all cells see."""
        self.seen = np.array(observations)
        return encode(self._encoder, self.seen)


def on_latents(policy: TrainedPolicy) -> TrainedPolicy:
    """Return the policy that acts on the latents of a policy's own encoder."""
    width, spec = policy.encoder.latent_dim, policy.spec
    latents = EnvSpec((width,), "float32", spec.action_low, spec.action_high)
    return with_encoder(policy.agent, latents, LatentEncoder((width,), width))


@dataclass
class Comparison:
    """Actions of one actor, from observations by way of the encoder, and from latents.

    Attributes:
        from_pixels: observations (N, ...) -> actions (N, A).
        from_latents: latents (N, L) -> actions (N, A).
        count: observations compared so far.
        gap: largest difference of an action's component.
    """

    from_pixels: TrainedPolicy
    from_latents: TrainedPolicy
    count: int = 0
    gap: float = 0.0

    def act(self, seen: npt.NDArray[Any], latents: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Act on latents; compare, until `COMPARED` observations were.

        Args:
            seen: the observations behind them, (N, ...)
            latents: (N, L)

        Returns:
            Actions (N, A).
        """
        actions = self.from_latents(latents)
        if self.count < COMPARED:
            self.count += len(latents)
            # One at a time, as a single cell acts: latents are written in batches, whose sums round differently.
            alone = np.stack([self.from_pixels(observation) for observation in seen])
            self.gap = max(self.gap, float(np.abs(alone - actions).max()))
        return actions

    @property
    def holds(self) -> bool:
        """Whether the actions are the same within the tolerance, of one observation at least."""
        return self.count > 0 and self.gap <= TOLERANCE

    def __str__(self) -> str:
        """Say it in a line."""
        verdict = "as promised" if self.holds else "MORE THAN PROMISED"
        return (
            f"actions from pixels and from latents differ by at most {self.gap:.1e} over {self.count} observations"
            f" ({verdict}: {TOLERANCE:.0e})"
        )
