"""The backward process of a diffusion model: one step from a noisy latent to a less noisy one."""

import torch
from torch import Tensor


def denoise_step(
    noisy: Tensor,
    predicted: Tensor,
    signal: Tensor,
    next_signal: Tensor,
    eta: float = 0.0,
    noise: Tensor | None = None,
) -> Tensor:
    """Step from x_t to x_s, s < t, with the predicted noise.

    x_0 = (x_t - sqrt(1 - a_t) eps_hat) / sqrt(a_t)
    sigma = eta sqrt((1 - a_s) / (1 - a_t)) sqrt(1 - a_t / a_s)
    x_s = sqrt(a_s) x_0 + sqrt(1 - a_s - sigma^2) eps_hat + sigma z

    eta 0 is DDIM and needs no noise; eta 1 with s = t - 1 is the ancestral step of DDPM.

    Args:
        noisy: Latents x_t (B, L).
        predicted: Predicted noise eps_hat (B, L).
        signal: alpha_bar a_t of the noisy latents, a scalar.
        next_signal: alpha_bar a_s of the result, a scalar; 1 gives clean latents.
        eta: Share of DDPM's noise that is put back.
        noise: Standard normal noise z (B, L); None where eta is 0.

    Returns:
        Latents x_s (B, L).

    Raises:
        ValueError: eta is not 0 and there is no noise.

    Reference: Song et al., "Denoising diffusion implicit models", eq. 12 and 16, https://arxiv.org/abs/2010.02502
    """
    clean = (noisy - (1.0 - signal).sqrt() * predicted) / signal.sqrt()
    if eta == 0.0:
        return next_signal.sqrt() * clean + (1.0 - next_signal).sqrt() * predicted
    if noise is None:
        raise ValueError(f"a step with eta {eta:g} needs noise")
    variance = eta**2 * (1.0 - next_signal) / (1.0 - signal) * (1.0 - signal / next_signal)
    direction = (1.0 - next_signal - variance).clamp(min=0.0).sqrt() * predicted
    return next_signal.sqrt() * clean + direction + variance.sqrt() * noise


def descending_steps(first: int, count: int) -> list[int]:
    """Return `count` steps from `first` down, evenly spaced, all above 0: where a short chain evaluates its denoiser.

    Args:
        first: The noisiest step, at least `count`.
        count: Number of steps.

    Returns:
        Steps, falling.
    """
    return torch.linspace(first, first / count, count).round().to(torch.int64).tolist()
