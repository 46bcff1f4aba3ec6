"""Novelty from neighbours: what lies far from everything kept has not been seen."""

from typing import Any

import torch
from torch import Tensor

from agents.novelty.base import GapNovelty
from agents.novelty.config import KNNConfig


class KNNNovelty(GapNovelty):
    """Keeps a bounded sample of latents; its gap is the mean distance to the k nearest of them, both whitened.

    Once full, every latent that is added takes the place of a random one, so that old encoders are forgotten: a kept
    latent's age is exponentially distributed with a mean of `capacity` additions.

    Reference: Sun et al., "Out-of-distribution detection with deep nearest neighbors",
        https://arxiv.org/abs/2204.06507; Aggarwal, "On biased reservoir sampling in the presence of stream evolution",
        VLDB 2006
    """

    def __init__(self, latent_dim: int = 128, device: str = "cpu", seed: int = 0, config: KNNConfig | None = None):
        self.config = KNNConfig() if config is None else config
        super().__init__(latent_dim, device, seed, (self.config.train_every, self.config.train_rows))
        self.reservoir = torch.zeros((self.config.capacity, latent_dim), device=self.device)
        self.size = 0

    def _measure(self, latents: Tensor) -> Tensor:
        if self.size == 0:
            return torch.zeros((len(latents), 1), device=self.device)
        kept, count = self.scale(self.reservoir[: self.size]), min(self.config.neighbours, self.size)
        chunks = [
            torch.cdist(rows, kept).topk(count, largest=False, sorted=False).values.mean(dim=1)
            for rows in self.scale(latents).split(self.config.chunk_rows)
        ]
        return torch.cat(chunks).unsqueeze(1)

    def _learn(self, latents: Tensor) -> Tensor:
        loss = self._measure(latents).mean()
        # What is NaN or infinite is not kept: the usual latent takes its place.
        latents = torch.where(latents.isfinite().all(dim=1, keepdim=True), latents, self.scale.mean)
        free = min(self.config.capacity - self.size, len(latents))
        self.reservoir[self.size : self.size + free] = latents[:free]
        self.size += free
        rest = latents[free:][-self.config.capacity :]
        # Distinct places: two rows for one would leave it to the device which of them stays.
        places = torch.randperm(self.config.capacity, generator=self.generator, device=self.device)[: len(rest)]
        self.reservoir[places] = rest
        return loss

    def _learned(self) -> dict[str, Any]:
        return {"reservoir": self.reservoir, "size": self.size}

    def _relearn(self, learned: dict[str, Any]) -> None:
        self.reservoir = learned["reservoir"].to(self.device).clone()
        self.size = int(learned["size"])
