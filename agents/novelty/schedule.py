"""The forward process of a diffusion model: noise schedules, and the three views of a noisy latent."""

import math

import torch
from torch import Tensor

from agents._checks import unknown_name

COSINE_OFFSET = 0.008
LARGEST_BETA = 0.999
LINEAR_BETAS = (1e-4, 0.02)  # of 1,000 steps
LINEAR_STEPS = 1000
SCHEDULES = ("cosine", "linear")


def make_alphas_bar(name: str, num_steps: int) -> Tensor:
    """Return the signal left after each step of a schedule: alpha_bar_t = prod_{s <= t} (1 - beta_s).

    Args:
        name: "cosine" or "linear".
        num_steps: Number of steps T.

    Returns:
        alpha_bar (T,), falling from nearly 1 to nearly 0.

    Raises:
        ValueError: The name is unknown.
    """
    if name not in SCHEDULES:
        raise unknown_name("schedule", name, SCHEDULES)
    return cosine_alphas_bar(num_steps) if name == "cosine" else linear_alphas_bar(num_steps)


def cosine_alphas_bar(num_steps: int) -> Tensor:
    """Return the signal left after each step: alpha_bar_t = prod_s min-clipped f(s) / f(s - 1).

    f(t) = cos^2((t / T + s) / (1 + s) pi / 2), s = 0.008, and no single step removes more than 0.999.

    Args:
        num_steps: Number of steps T.

    Returns:
        alpha_bar (T,), falling from nearly 1 to nearly 0.

    Reference: Nichol and Dhariwal, "Improved denoising diffusion probabilistic models",
        https://arxiv.org/abs/2102.09672
    """
    steps = torch.arange(num_steps + 1, dtype=torch.float64) / num_steps
    signal = torch.cos((steps + COSINE_OFFSET) / (1.0 + COSINE_OFFSET) * math.pi / 2.0).square()
    betas = (1.0 - signal[1:] / signal[:-1]).clamp(max=LARGEST_BETA)
    return torch.cumprod(1.0 - betas, dim=0).float()


def linear_alphas_bar(num_steps: int) -> Tensor:
    """Return the signal left after each step where beta_t grows evenly from 0.1 / T to 20 / T.

    For T = 1000 these are the 1e-4 and 0.02 of the reference; other T keep the whole process as noisy.

    Args:
        num_steps: Number of steps T.

    Returns:
        alpha_bar (T,), falling from nearly 1 to nearly 0.

    Reference: Ho et al., "Denoising diffusion probabilistic models", section 4, https://arxiv.org/abs/2006.11239
    """
    low, high = (beta * LINEAR_STEPS / num_steps for beta in LINEAR_BETAS)
    betas = torch.linspace(low, high, num_steps, dtype=torch.float64).clamp(max=LARGEST_BETA)
    return torch.cumprod(1.0 - betas, dim=0).float()


def add_noise(latents: Tensor, noise: Tensor, alphas_bar: Tensor) -> Tensor:
    """Diffuse latents: x_t = sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) eps.

    Args:
        latents: Clean latents (B, L).
        noise: Standard normal noise (B, L).
        alphas_bar: Signal left, one value a row (B,).

    Returns:
        Noisy latents (B, L).

    Reference: Ho et al., "Denoising diffusion probabilistic models", eq. 4, https://arxiv.org/abs/2006.11239
    """
    signal = alphas_bar.unsqueeze(-1)
    return signal.sqrt() * latents + (1.0 - signal).sqrt() * noise


def velocity(latents: Tensor, noise: Tensor, alphas_bar: Tensor) -> Tensor:
    """Mix noise and latents into what v-prediction learns: v = sqrt(alpha_bar) eps - sqrt(1 - alpha_bar) x_0.

    Args:
        latents: Clean latents (B, L).
        noise: Standard normal noise (B, L).
        alphas_bar: Signal left, one value a row (B,).

    Returns:
        Velocities (B, L).

    Reference: Salimans and Ho, "Progressive distillation for fast sampling of diffusion models", appendix D,
        https://arxiv.org/abs/2202.00512
    """
    signal = alphas_bar.unsqueeze(-1)
    return signal.sqrt() * noise - (1.0 - signal).sqrt() * latents


def velocity_to_noise(predicted: Tensor, noisy: Tensor, alphas_bar: Tensor) -> Tensor:
    """Read the noise off a velocity: eps = sqrt(alpha_bar) v + sqrt(1 - alpha_bar) x_t.

    Args:
        predicted: Velocities (B, L).
        noisy: Noisy latents (B, L).
        alphas_bar: Signal left, one value a row (B,).

    Returns:
        Noise (B, L).
    """
    signal = alphas_bar.unsqueeze(-1)
    return signal.sqrt() * predicted + (1.0 - signal).sqrt() * noisy
