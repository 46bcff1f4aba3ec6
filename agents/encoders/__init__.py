"""Encoders: one interface from observations to a latent, chosen by name."""

import inspect
from typing import Any

from agents._checks import check_int, seeded, unknown_name
from agents.encoders.backbone import BackboneError
from agents.encoders.base import Encoder, VideoEncoder, as_video
from agents.encoders.latent import LatentEncoder
from agents.encoders.mlp import MLPEncoder
from agents.encoders.r3d18 import R3D18
from agents.encoders.simple2dcnn import Simple2DCNN
from agents.encoders.simple3dcnn import Simple3DCNN
from agents.encoders.timesformer import TimeSformer

ENCODERS: dict[str, type[Encoder]] = {
    cls.name: cls for cls in (MLPEncoder, Simple2DCNN, Simple3DCNN, R3D18, TimeSformer, LatentEncoder)
}

__all__ = [
    "ENCODERS",
    "R3D18",
    "BackboneError",
    "Encoder",
    "LatentEncoder",
    "MLPEncoder",
    "Simple2DCNN",
    "Simple3DCNN",
    "TimeSformer",
    "VideoEncoder",
    "as_video",
    "build_encoder",
]


def build_encoder(
    name: str, observation_shape: tuple[int, ...], latent_dim: int = 128, seed: int = 0, **options: Any
) -> Encoder:
    """Make the encoder of that name with weights drawn from `seed`.

    Args:
        name: A key of ENCODERS.
        observation_shape: Shape of one observation.
        latent_dim: Width of the latent.
        seed: Seed of the initial weights.
        options: What only this encoder knows: `pretrained` of r3d18 and timesformer, `size` of timesformer.

    Returns:
        The encoder, on the CPU.

    Raises:
        ValueError: The name or an option is unknown, or the observation does not fit the encoder.
        BackboneError: The package that the encoder needs cannot be imported.
    """
    if name not in ENCODERS:
        raise unknown_name("encoder", name, ENCODERS)
    check_int("latent_dim", latent_dim, 1)
    make: Any = ENCODERS[name]
    known = set(inspect.signature(make).parameters) - {"observation_shape", "latent_dim"}
    for option in options.keys() - known:
        raise ValueError(f"encoder {name} has no setting {option!r}, it has {', '.join(sorted(known)) or 'none'}")
    with seeded(seed):
        return make(tuple(observation_shape), latent_dim, **options)
