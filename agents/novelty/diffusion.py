"""Novelty from a denoiser trained online on latents: what it cannot denoise it has not seen."""

import copy
from typing import Any

import torch
from torch import Tensor

from agents._checks import seeded
from agents.novelty.denoiser import Denoiser
from agents.novelty.schedule import add_noise, cosine_alphas_bar
from agents.novelty.tracker import NoveltyTracker, combine_novelty, mse_noise_gap
from agents.optimizers import load_optimizer, move_average, pack_optimizer

NUM_STEPS = 100
SCORE_STEPS = (25, 50)
LEARNING_RATE = 1e-3
AVERAGE_DECAY = 0.995
TRACKER_DECAY = 0.99
TRAIN_EVERY = 4
TRAIN_ROWS = 128


class DiffusionNovelty:
    """Trains eps(x_t, t) on latents and scores a latent by how badly its noise is predicted.

    The loss is mean ||eps - eps_hat(sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) eps, t)||^2 at random t. Scores use
    an exponential moving average of the weights at two fixed noise levels and are normalised by running statistics.
    One call of `update` in four takes a gradient step, on at most 128 latents.

    Reference: Ho et al., "Denoising diffusion probabilistic models", algorithm 1, https://arxiv.org/abs/2006.11239
    """

    def __init__(self, latent_dim: int = 128, device: str = "cpu", seed: int = 0):
        self.device = torch.device(device)
        with seeded(seed):
            self.denoiser = Denoiser(latent_dim).to(self.device)
        self.average = copy.deepcopy(self.denoiser).requires_grad_(False)
        fused = self.device.type in ("cpu", "cuda")
        self.optimizer = torch.optim.Adam(self.denoiser.parameters(), lr=LEARNING_RATE, fused=fused)
        self.tracker = NoveltyTracker(TRACKER_DECAY, self.device)
        self.generator = torch.Generator(self.device).manual_seed(seed)
        self.alphas_bar = cosine_alphas_bar(NUM_STEPS).to(self.device)
        self.calls = 0

    @torch.no_grad()
    def gap(self, latents: Tensor) -> Tensor:
        """Return raw gaps (B,) of latents (B, L), averaged over the scoring noise levels."""
        noise = torch.randn((len(SCORE_STEPS), *latents.shape), generator=self.generator, device=self.device)
        steps = torch.tensor(SCORE_STEPS, device=self.device).repeat_interleave(len(latents))
        noise, clean = noise.flatten(0, 1), latents.repeat(len(SCORE_STEPS), 1)
        predicted = self.average(add_noise(clean, noise, self.alphas_bar[steps]), steps / NUM_STEPS)
        return mse_noise_gap(predicted, noise).view(len(SCORE_STEPS), -1).mean(0)

    def score(self, latents: Tensor) -> Tensor:
        """Return novelty in (0, 1) of latents (B, L), shape (B,), and move the running statistics."""
        gap = self.gap(latents)
        self.tracker.update(gap)
        return combine_novelty(gap, self.tracker.mean, self.tracker.variance)

    def update(self, latents: Tensor) -> dict[str, Tensor]:
        """Take a gradient step on latents (B, L) where one is due.

        Args:
            latents: Latents of a batch, detached here.

        Returns:
            novelty_raw, the running mean gap, and novelty_loss where a step was taken.
        """
        self.calls += 1
        metrics = {"novelty_raw": self.tracker.mean}
        if self.calls % TRAIN_EVERY == 1:
            metrics["novelty_loss"] = self._train(latents.detach()[:TRAIN_ROWS])
        return metrics

    def _train(self, latents: Tensor) -> Tensor:
        steps = torch.randint(NUM_STEPS, (len(latents),), generator=self.generator, device=self.device)
        noise = torch.randn(latents.shape, generator=self.generator, device=self.device)
        predicted = self.denoiser(add_noise(latents, noise, self.alphas_bar[steps]), steps / NUM_STEPS)
        loss = mse_noise_gap(predicted, noise).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        move_average(self.average, self.denoiser, 1.0 - AVERAGE_DECAY)
        return loss.detach()

    def state_dict(self) -> dict[str, Any]:
        """Return weights, averages, optimiser, running statistics and generator."""
        return {
            "denoiser": self.denoiser.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": pack_optimizer(self.optimizer),
            "tracker": self.tracker.state_dict(),
            "generator": self.generator.get_state(),
            "calls": self.calls,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        self.denoiser.load_state_dict(state["denoiser"])
        self.average.load_state_dict(state["average"])
        load_optimizer(self.optimizer, state["optimizer"])
        self.tracker.load_state_dict(state["tracker"])
        self.generator.set_state(state["generator"])
        self.calls = int(state["calls"])
