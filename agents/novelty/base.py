"""What a novelty measure offers, and the one that finds everything equally new."""

from typing import Any, Protocol

import torch
from torch import Tensor


class Novelty(Protocol):
    """Scores how new latents are, and learns what is usual."""

    def score(self, latents: Tensor) -> Tensor:
        """Return novelty in (0, 1] of latents (B, L), shape (B,), no gradients."""
        ...

    def update(self, latents: Tensor) -> dict[str, Tensor]:
        """Learn from latents (B, L) and return scalar metrics."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return everything that changes."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        ...


class NoNovelty:
    """Scores everything 1: priorities and loss weights stay as they are."""

    def score(self, latents: Tensor) -> Tensor:
        """Return ones (B,)."""
        return torch.ones(len(latents), device=latents.device)

    def update(self, latents: Tensor) -> dict[str, Tensor]:
        """Learn nothing."""
        return {}

    def state_dict(self) -> dict[str, Any]:
        """Return an empty state."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back the empty state."""
