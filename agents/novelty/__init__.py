"""Novelty on latents, chosen by name."""

from agents._checks import unknown_name
from agents.novelty.base import NoNovelty, Novelty
from agents.novelty.diffusion import DiffusionNovelty

NOVELTIES: dict[str, type] = {"diffusion": DiffusionNovelty, "none": NoNovelty}

__all__ = ["NOVELTIES", "DiffusionNovelty", "NoNovelty", "Novelty", "build_novelty"]


def build_novelty(name: str, latent_dim: int = 128, device: str = "cpu", seed: int = 0) -> Novelty:
    """Make the novelty measure of that name.

    Args:
        name: A key of NOVELTIES.
        latent_dim: Width of the latents.
        device: Torch device of the latents.
        seed: Seed of initial weights and noise.

    Returns:
        The novelty measure.

    Raises:
        ValueError: The name is unknown.
    """
    if name not in NOVELTIES:
        raise unknown_name("novelty", name, NOVELTIES)
    return NoNovelty() if name == "none" else DiffusionNovelty(latent_dim, device, seed)
