"""What the agents of all algorithms have in common."""

from dataclasses import asdict
from typing import Any, Protocol

import numpy as np
import torch

from agents.checkpoint import CheckpointError
from agents.encoders import Encoder
from agents.spec import EnvSpec


class Agent(Protocol):
    """Acts, and can be written down."""

    spec: EnvSpec
    encoder: Encoder
    device: torch.device

    def act(self, observations: np.ndarray, deterministic: bool = False, noise: np.ndarray | None = None) -> np.ndarray:
        """Choose actions (N, A) within the bounds for observations (N, ...)."""
        ...

    def architecture(self) -> dict[str, Any]:
        """Return what fixes the shapes of all weights, as plain numbers and names."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return everything that changes."""
        ...


def check_encoder(spec: EnvSpec, encoder: Encoder) -> None:
    """Raise a ValueError unless the encoder reads the observations of the spec."""
    if (encoder.modality == "video") != spec.is_video or encoder.observation_shape != spec.observation_shape:
        raise ValueError(
            f"encoder {encoder.name!r} for {encoder.modality} of shape {encoder.observation_shape} does not fit "
            f"observations of shape {spec.observation_shape} and type {spec.observation_dtype}"
        )


def check_told(spec: EnvSpec, wanted: bool) -> None:
    """Raise a ValueError if critics are to be told something, and infos tell nothing."""
    if wanted and spec.privileged_dim == 0:
        raise ValueError("privileged_critic needs infos that tell privileged numbers, got none; nearest valid: false")


def describe(algorithm: str, spec: EnvSpec, encoder: Encoder, hidden: int) -> dict[str, Any]:
    """Describe an agent's shapes.

    Args:
        algorithm: Name of the algorithm.
        spec: Spaces of the task.
        encoder: Its encoder.
        hidden: Width of the hidden layers.

    Returns:
        Plain numbers, names and lists.
    """
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(spec).items()}
    latent = {"encoder": encoder.name, "latent_dim": encoder.latent_dim, "hidden": hidden}
    return {"algorithm": algorithm, **plain, **latent, "encoder_options": encoder.options}


def check_architecture(saved: dict[str, Any], own: dict[str, Any]) -> None:
    """Raise a CheckpointError that names the first difference between a saved agent and this one."""
    for name, value in saved.items():
        if value != own.get(name):
            raise CheckpointError(f"saved agent has {name} {value}, this one has {own.get(name)}")
