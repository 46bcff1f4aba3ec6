"""Latents that the tests of the measures share."""

import pytest
import torch

LATENT = 16


def usual(count: int, seed: int) -> torch.Tensor:
    """Latents on a circle, of norm about that of a LayerNorm's output, with a little noise."""
    generator = torch.Generator().manual_seed(seed)
    basis = torch.linalg.qr(torch.randn(LATENT, 2, generator=torch.Generator().manual_seed(0)))[0]
    angles = torch.rand(count, generator=generator) * 6.28
    circle = 4.0 * torch.stack([angles.cos(), angles.sin()], 1) @ basis.T
    return circle + 0.1 * torch.randn(count, LATENT, generator=generator)


@pytest.fixture(scope="package", autouse=True)
def _one_thread():
    torch.set_num_threads(1)
