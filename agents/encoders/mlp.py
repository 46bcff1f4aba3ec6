"""The encoder of state vectors."""

import math

from torch import Tensor, nn

from agents.encoders.base import Encoder


class MLPEncoder(Encoder):
    """obs -> 256 -> ReLU -> 256 -> ReLU -> latent -> LayerNorm."""

    name = "mlp"
    modality = "state"

    def __init__(self, observation_shape: tuple[int, ...], latent_dim: int = 128, hidden: int = 256):
        super().__init__(observation_shape, latent_dim)
        self.network = nn.Sequential(
            nn.Linear(math.prod(observation_shape), hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, latent_dim),
            nn.LayerNorm(latent_dim),
        )

    def forward(self, observations: Tensor) -> Tensor:
        """Encode states.

        Args:
            observations: States (B, ...) of floats; dimensions after the first are flattened.

        Returns:
            Latents (B, latent_dim).
        """
        self.check(observations)
        return self.network(observations.flatten(1).float())
