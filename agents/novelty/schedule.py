"""The forward process of a diffusion model."""

import math

import torch
from torch import Tensor

COSINE_OFFSET = 0.008
LARGEST_BETA = 0.999


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
