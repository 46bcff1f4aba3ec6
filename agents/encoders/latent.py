"""The encoder of what is encoded already."""

from torch import Tensor

from agents.encoders.base import Encoder


class LatentEncoder(Encoder):
    """Hands latents through: f(z) = z. With it, an agent learns from latents that a frozen encoder wrote down."""

    name = "latent"
    modality = "state"

    def __init__(self, observation_shape: tuple[int, ...], latent_dim: int = 128):
        if tuple(observation_shape) != (latent_dim,):
            raise ValueError(f"{self.name} needs observations ({latent_dim},), got shape {tuple(observation_shape)}")
        super().__init__(observation_shape, latent_dim)

    def forward(self, observations: Tensor) -> Tensor:
        """Return the latents (B, latent_dim) as they are, in float32."""
        self.check(observations)
        return observations.float()
