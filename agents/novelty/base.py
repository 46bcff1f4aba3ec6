"""What a novelty measure offers, the one that finds everything equally new, and what the measures on gaps share."""

from abc import ABC, abstractmethod
from typing import Any, Protocol

import torch
from torch import Tensor

from agents._checks import check_int
from agents.checkpoint import CheckpointError
from agents.novelty.scale import LatentScale
from agents.novelty.tracker import NoveltyTracker, combine_novelty, normalise_gaps
from agents.transfer import load_generator

TRACKER_DECAY = 0.99
SETTLING = 8  # batches learned from; before, whitening is a guess, and gaps are larger than ever after
NEUTRAL = 0.5


class Novelty(Protocol):
    """Scores how new latents are, and learns what is usual."""

    def score(self, latents: Tensor) -> Tensor:
        """Return novelty in (0, 1] of latents (B, L), shape (B,), no gradients; running statistics move."""
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


class GapNovelty(ABC):
    """Novelty from K gaps between what is seen and what was learned, on whitened latents, normalised by their history.

    A subclass says what its gaps are and how it learns. One call of `update` in `train_every` learns, from at most
    `train_rows` latents.

    Args:
        latent_dim: Width L of the latents.
        device: Torch device of the latents.
        seed: Seed of everything random.
        cadence: `train_every` and `train_rows`.
        num_gaps: Number of gaps K.
    """

    def __init__(self, latent_dim: int, device: str, seed: int, cadence: tuple[int, int], num_gaps: int = 1):
        self.latent_dim, self.device = latent_dim, torch.device(device)
        self.train_every, self.train_rows = cadence
        check_int("train_every", self.train_every, 1)
        check_int("train_rows", self.train_rows, 2)
        self.scale = LatentScale(latent_dim, self.device)
        self.tracker = NoveltyTracker(TRACKER_DECAY, self.device, num_gaps)
        self.generator = torch.Generator(self.device).manual_seed(seed)
        self.calls = 0

    def gaps(self, latents: Tensor) -> Tensor:
        """Return raw gaps (B, K) of latents (B, L): a function of the state alone."""
        if latents.ndim != 2 or latents.shape[1] != self.latent_dim:
            raise ValueError(f"latents must have shape (B, {self.latent_dim}), got {tuple(latents.shape)}")
        with torch.no_grad():
            return self._measure(latents)

    def score(self, latents: Tensor) -> Tensor:
        """Return novelty in (0, 1) of latents (B, L), shape (B,), and move the running statistics.

        Until `SETTLING` batches were learned from every latent is a half, and the statistics stay.
        """
        gaps = self.gaps(latents)
        if self.scale.count < SETTLING:
            return torch.full((len(gaps),), NEUTRAL, device=self.device)
        self.tracker.update(gaps)
        return combine_novelty(gaps, self.tracker.mean, self.tracker.variance)

    def deviation(self, latents: Tensor) -> Tensor:
        """Return what `score` squashes (B,), by the statistics as they are: it tells apart what is far out too."""
        return normalise_gaps(self.gaps(latents), self.tracker.mean, self.tracker.variance)

    def update(self, latents: Tensor) -> dict[str, Tensor]:
        """Learn from latents (B, L) where that is due.

        Args:
            latents: Latents of a batch, detached here.

        Returns:
            novelty_raw, the running mean gap, and novelty_loss where something was learned.
        """
        metrics = {"novelty_raw": self.tracker.mean.mean()}
        if self.calls % self.train_every == 0:
            rows = latents.detach()[: self.train_rows]
            self.scale.update(rows)
            metrics["novelty_loss"] = self._learn(rows)
        self.calls += 1
        return metrics

    def state_dict(self) -> dict[str, Any]:
        """Return what was learned, the moments of latents and of gaps, and the generator."""
        return {
            "learned": self._learned(),
            "scale": self.scale.state_dict(),
            "tracker": self.tracker.state_dict(),
            "generator": self.generator.get_state(),
            "calls": self.calls,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned.

        Raises:
            CheckpointError: The state is that of another measure, of other sizes or of another version.
        """
        _check_same(self._learned(), state.get("learned", {}), type(self).__name__)
        self._relearn(state["learned"])
        self.scale.load_state_dict(state["scale"])
        self.tracker.load_state_dict(state["tracker"])
        load_generator(self.generator, state["generator"])
        self.calls = int(state["calls"])

    @abstractmethod
    def _measure(self, latents: Tensor) -> Tensor:
        """Return raw gaps (B, K) of latents (B, L)."""

    @abstractmethod
    def _learn(self, latents: Tensor) -> Tensor:
        """Learn from latents (B, L) and return a scalar loss."""

    @abstractmethod
    def _learned(self) -> dict[str, Any]:
        """Return what was learned."""

    @abstractmethod
    def _relearn(self, learned: dict[str, Any]) -> None:
        """Take back what `_learned` returned."""


def _check_same(own: dict[str, Any], given: dict[str, Any], measure: str) -> None:
    """Raise a CheckpointError that names the first difference between what is learned here and what was saved."""
    if own.keys() != given.keys():
        raise CheckpointError(
            f"saved novelty holds {', '.join(given) or 'nothing'}, {measure} needs {', '.join(own)}: "
            "it was saved by another measure or version"
        )
    needed, saved = _shapes(own), _shapes(given)
    for name, shape in needed.items():
        if saved.get(name) != shape:
            raise CheckpointError(f"saved novelty has {name} of shape {saved.get(name)}, {measure} needs {shape}")


def _shapes(learned: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all weights by name; an optimiser, empty before its first step, is left out."""
    found: dict[str, tuple[int, ...]] = {}
    for name, value in learned.items():
        if isinstance(value, Tensor):
            found[name] = tuple(value.shape)
        elif isinstance(value, dict) and name != "optimizer":
            found |= {f"{name} {part}": tuple(weight.shape) for part, weight in value.items()}
    return found
