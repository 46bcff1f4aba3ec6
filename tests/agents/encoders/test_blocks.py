"""Tests for blocks.py: convolutions of blocks are those of the pixels."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import conv2d

from agents.encoders.blocks import convolve_blocks, fold


@pytest.mark.parametrize("channels_last", [True, False])
@pytest.mark.parametrize(("count", "channels", "height", "width", "size"), [(5, 3, 64, 64, 4), (3, 1, 37, 41, 3)])
def test_a_convolution_of_blocks_is_that_of_the_pixels(count, channels, height, width, size, channels_last):
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (count, channels, height, width), dtype=torch.uint8, generator=generator)
    if channels_last:
        pixels = pixels.contiguous(memory_format=torch.channels_last)
    weight = torch.randn((7, channels, 2 * size, 2 * size), dtype=torch.float64, generator=generator)
    bias = torch.randn(7, dtype=torch.float64, generator=generator)
    expected = conv2d(pixels.double(), weight, bias, size)
    found = convolve_blocks(fold(pixels, size).double(), weight, bias, size)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-9)


def test_no_frames_are_folded_to_none():
    assert fold(torch.zeros((0, 3, 8, 8), dtype=torch.uint8), 4).shape == (0, 48, 2, 2)
