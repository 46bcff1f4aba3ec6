"""Novelty from a denoiser trained online on latents: what it cannot denoise it has not seen."""

from typing import Any

import torch
from torch import Tensor

from agents._checks import seeded
from agents.averages import WARM_UP, moving_share
from agents.novelty.base import GapNovelty
from agents.novelty.config import DiffusionConfig
from agents.novelty.denoiser import Denoiser
from agents.novelty.sampler import denoise_step, descending_steps
from agents.novelty.schedule import add_noise, make_alphas_bar, velocity, velocity_to_noise
from agents.novelty.tracker import mse_noise_gap, recon_gap
from agents.optimizers import guarded_step, load_optimizer, make_adam, make_follower, pack_optimizer


class DiffusionNovelty(GapNovelty):
    """Trains a denoiser on whitened latents; its two gaps are the error of the noise and that of a reconstruction.

    The loss at random t, up to a largest noise level, is mean ||eps - eps_hat(x_t, t)||^2, or the same of velocities.
    Gaps come from an exponential moving average of the weights and from noise that is drawn once, each vector with both
    signs: the score of a latent is a function of the state alone, and what is linear in the noise cancels.

    With v-prediction an untrained denoiser, whose output is zero, is the best one for whitened Gaussian latents: the
    noise gap then grows with the Mahalanobis distance, and training adds what is not Gaussian.

    Reference: Ho et al., "Denoising diffusion probabilistic models", algorithm 1, https://arxiv.org/abs/2006.11239
    """

    def __init__(
        self, latent_dim: int = 128, device: str = "cpu", seed: int = 0, config: DiffusionConfig | None = None
    ):
        self.config = DiffusionConfig() if config is None else config
        super().__init__(latent_dim, device, seed, (self.config.train_every, self.config.train_rows), num_gaps=2)
        with seeded(seed):
            self.denoiser = Denoiser(latent_dim, self.config.hidden).to(self.device)
        self.average, self._following = make_follower(self.denoiser)
        self.optimizer = make_adam(self.denoiser.parameters(), self.config.learning_rate)
        self.alphas_bar = make_alphas_bar(self.config.schedule, self.config.num_steps).to(self.device)
        self.score_steps = [self._step_of(level) for level in self.config.score_levels]
        self.train_steps = self._step_of(self.config.train_level) + 1
        drawn = torch.randn((self.config.draws, latent_dim), generator=self.generator, device=self.device)
        self.noise = torch.cat([drawn, -drawn])

    def _measure(self, latents: Tensor) -> Tensor:
        """Return the error of the predicted noise and that of the reconstruction (B, 2), averaged over the draws."""
        clean = self.scale(latents).repeat(len(self.noise), 1)
        noise = self.noise.repeat_interleave(len(latents), dim=0)
        errors = torch.zeros(len(clean), device=self.device)
        noisy = predicted = clean
        for step in self.score_steps:
            noisy = add_noise(clean, noise, self.alphas_bar[step].expand(len(clean)))
            predicted = self._predict_noise(noisy, step)
            errors += mse_noise_gap(predicted, noise) / len(self.score_steps)
        reconstructed = self._reconstruct(noisy, predicted, self.score_steps[-1])
        gaps = torch.stack([errors, recon_gap(reconstructed, clean)], dim=1)
        return gaps.unflatten(0, (len(self.noise), -1)).mean(0)

    def _step_of(self, level: float) -> int:
        """Return the step whose noise is nearest to a standard deviation, late enough for a reconstruction."""
        nearest = (torch.sqrt(1.0 - self.alphas_bar) - level).abs().argmin()
        return max(int(nearest), self.config.recon_steps)

    def _reconstruct(self, noisy: Tensor, predicted: Tensor, first: int) -> Tensor:
        """Denoise latents from step `first`, where the noise is predicted already, with a few steps of DDIM."""
        steps = descending_steps(first, self.config.recon_steps)
        signals = [*(self.alphas_bar[step] for step in steps), torch.ones((), device=self.device)]
        current = denoise_step(noisy, predicted, signals[0], signals[1])
        for step, signal, following in zip(steps[1:], signals[1:-1], signals[2:], strict=True):
            current = denoise_step(current, self._predict_noise(current, step), signal, following)
        return current

    def _predict_noise(self, noisy: Tensor, step: int) -> Tensor:
        """Predict the noise (B, L) with the averaged weights."""
        predicted = self.average(noisy, torch.full((len(noisy),), step / self.config.num_steps, device=self.device))
        if self.config.prediction == "eps":
            return predicted
        return velocity_to_noise(predicted, noisy, self.alphas_bar[step].expand(len(noisy)))

    def _learn(self, latents: Tensor) -> Tensor:
        clean = self.scale(latents)
        rows = torch.randint(self.train_steps, (len(clean),), generator=self.generator, device=self.device)
        noise = torch.randn(clean.shape, generator=self.generator, device=self.device)
        signal = self.alphas_bar[rows]
        target = noise if self.config.prediction == "eps" else velocity(clean, noise, signal)
        predicted = self.denoiser(add_noise(clean, noise, signal), rows / self.config.num_steps)
        loss = mse_noise_gap(predicted, target).mean()
        verdict = guarded_step(self.optimizer, loss, list(self.denoiser.parameters()))
        self._following.move(moving_share(self.config.average_decay, self.calls // self.train_every, WARM_UP))
        return loss.detach() + verdict

    def _learned(self) -> dict[str, Any]:
        return {
            "denoiser": self.denoiser.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": pack_optimizer(self.optimizer),
            "noise": self.noise,
        }

    def _relearn(self, learned: dict[str, Any]) -> None:
        self.denoiser.load_state_dict(learned["denoiser"])
        self.average.load_state_dict(learned["average"])
        load_optimizer(self.optimizer, learned["optimizer"])
        self.noise = learned["noise"].to(self.device).clone()
