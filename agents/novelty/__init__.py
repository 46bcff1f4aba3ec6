"""Novelty on latents, chosen by name."""

from typing import Any

from agents._checks import unknown_name
from agents.novelty.base import GapNovelty, NoNovelty, Novelty
from agents.novelty.config import DiffusionConfig, KNNConfig, RNDConfig
from agents.novelty.diffusion import DiffusionNovelty
from agents.novelty.knn import KNNNovelty
from agents.novelty.rnd import RNDNovelty

NOVELTIES: dict[str, type] = {
    "diffusion": DiffusionNovelty,
    "rnd": RNDNovelty,
    "knn": KNNNovelty,
    "none": NoNovelty,
}
_CONFIGS: dict[str, type] = {"diffusion": DiffusionConfig, "rnd": RNDConfig, "knn": KNNConfig}

__all__ = [
    "NOVELTIES",
    "DiffusionConfig",
    "DiffusionNovelty",
    "GapNovelty",
    "KNNConfig",
    "KNNNovelty",
    "NoNovelty",
    "Novelty",
    "RNDConfig",
    "RNDNovelty",
    "build_novelty",
]


def build_novelty(name: str, latent_dim: int = 128, device: str = "cpu", seed: int = 0, **options: Any) -> Novelty:
    """Make the novelty measure of that name.

    Args:
        name: A key of NOVELTIES.
        latent_dim: Width of the latents.
        device: Torch device of the latents.
        seed: Seed of initial weights and noise.
        **options: Fields of the measure's config, as in DiffusionConfig, RNDConfig and KNNConfig.

    Returns:
        The novelty measure.

    Raises:
        ValueError: The name or an option is unknown, or an option has a bad value.
    """
    if name not in NOVELTIES:
        raise unknown_name("novelty", name, NOVELTIES)
    fields = _CONFIGS[name].__dataclass_fields__ if name in _CONFIGS else {}
    for option in options:
        if not fields:
            raise ValueError(f"novelty {name!r} has no options, got {option}={options[option]!r}")
        if option not in fields:
            raise unknown_name(f"option of novelty {name!r}", option, fields)
    return NoNovelty() if name == "none" else NOVELTIES[name](latent_dim, device, seed, _CONFIGS[name](**options))
