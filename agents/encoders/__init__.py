"""Encoders: one interface from observations to a latent, chosen by name."""

from agents._checks import check_int, seeded, unknown_name
from agents.encoders.base import Encoder, VideoEncoder
from agents.encoders.mlp import MLPEncoder
from agents.encoders.simple2dcnn import Simple2DCNN
from agents.encoders.simple3dcnn import Simple3DCNN

ENCODERS: dict[str, type[Encoder]] = {cls.name: cls for cls in (MLPEncoder, Simple2DCNN, Simple3DCNN)}

__all__ = ["ENCODERS", "Encoder", "MLPEncoder", "Simple2DCNN", "Simple3DCNN", "VideoEncoder", "build_encoder"]


def build_encoder(name: str, observation_shape: tuple[int, ...], latent_dim: int = 128, seed: int = 0) -> Encoder:
    """Make the encoder of that name with weights drawn from `seed`.

    Args:
        name: A key of ENCODERS.
        observation_shape: Shape of one observation.
        latent_dim: Width of the latent.
        seed: Seed of the initial weights.

    Returns:
        The encoder, on the CPU.

    Raises:
        ValueError: The name is unknown, or the observation does not fit the encoder.
    """
    if name not in ENCODERS:
        raise unknown_name("encoder", name, ENCODERS)
    check_int("latent_dim", latent_dim, 1)
    with seeded(seed):
        return ENCODERS[name](tuple(observation_shape), latent_dim)
