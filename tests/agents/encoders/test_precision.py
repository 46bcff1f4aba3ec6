"""Tests for encoders that learn in bfloat16."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from agents import build_encoder
from agents.encoders import timesformer


@pytest.mark.parametrize("name", ["simple2dcnn", "simple3dcnn", "timesformer"])
def test_pairs_and_targets_are_encoded_in_bfloat16_and_everything_else_in_float32(name, monkeypatch):
    if name == "timesformer":
        pytest.importorskip("transformers")
    monkeypatch.setitem(timesformer.SIZES["small"], "num_hidden_layers", 1)
    encoder: Any = build_encoder(name, (8, 3, 64, 64), seed=0)
    frames = torch.randint(0, 256, (12, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    index = torch.arange(8).expand(2, -1) + torch.tensor([[0], [2]])
    exact = encoder.encode_pair(frames, 10, index, index + 2)
    seen = encoder(frames[index])
    encoder.learns_in_bfloat16 = True
    rough = encoder.encode_pair(frames, 10, index, index + 2)
    torch.testing.assert_close(encoder.encode_targets(frames, index + 2), rough[1], rtol=0.0, atol=0.02)
    assert not encoder.encode_targets(frames, index).requires_grad
    for one, other in zip(exact, rough, strict=True):
        assert other.dtype == torch.float32
        assert 1e-4 < (one - other).abs().max() < 0.1
    assert rough[0].requires_grad and not rough[1].requires_grad
    rough[0].square().sum().backward()
    assert all(weight.dtype == weight.grad.dtype == torch.float32 for weight in encoder.parameters())
    torch.testing.assert_close(encoder(frames[index]), seen, rtol=0.0, atol=0.0)
