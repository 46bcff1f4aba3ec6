"""Tests for the encoders."""

import pytest
import torch

from agents import ENCODERS, build_encoder
from agents.encoders import Simple2DCNN, VideoEncoder

VIDEO = (8, 3, 64, 64)
VIDEO_NAMES = [name for name, cls in ENCODERS.items() if cls.modality == "video"]


def frames(count: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, *VIDEO[1:]), generator=generator, dtype=torch.uint8)


@pytest.mark.parametrize(
    ("name", "low", "high"), [("simple2dcnn", 600_000, 700_000), ("simple3dcnn", 800_000, 880_000)]
)
def test_parameter_counts(name, low, high):
    count = sum(parameter.numel() for parameter in build_encoder(name, VIDEO).parameters())
    assert low <= count <= high


@pytest.mark.parametrize("name", sorted(ENCODERS))
def test_latents_are_normalised(name):
    encoder = build_encoder(name, VIDEO if name in VIDEO_NAMES else (4,))
    observations = frames(16).view(2, *VIDEO) if name in VIDEO_NAMES else torch.rand(2, 4)
    latents = encoder(observations)
    assert latents.shape == (2, 128)
    assert torch.allclose(latents.mean(1), torch.zeros(2), atol=1e-5)
    assert torch.allclose(latents.var(1, unbiased=False), torch.ones(2), atol=1e-2)


@pytest.mark.parametrize("name", VIDEO_NAMES)
def test_shared_frames_give_the_latents_of_their_stacks(name):
    encoder = build_encoder(name, VIDEO)
    assert isinstance(encoder, VideoEncoder)
    shown, index = frames(12), torch.stack([torch.arange(8), torch.arange(4, 12)])
    torch.testing.assert_close(encoder.encode_shared(shown, index), encoder(shown[index]), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", VIDEO_NAMES)
def test_pairs_carry_gradients_for_current_stacks_only(name):
    encoder = build_encoder(name, VIDEO)
    assert isinstance(encoder, VideoEncoder)
    shown, index, following = frames(10), torch.arange(8)[None], torch.arange(2, 10)[None]
    latents, next_latents = encoder.encode_pair(shown, 8, index, following)
    assert latents.requires_grad
    assert not next_latents.requires_grad
    torch.testing.assert_close(next_latents, encoder(shown[following]).detach(), atol=1e-5, rtol=1e-4)


def test_each_frame_is_encoded_once(monkeypatch):
    encoder = build_encoder("simple2dcnn", VIDEO)
    assert isinstance(encoder, Simple2DCNN)
    seen = []
    encode = encoder.encode_frames
    monkeypatch.setattr(encoder, "encode_frames", lambda shown: (seen.append(len(shown)), encode(shown))[1])
    index = torch.stack([torch.arange(8), torch.arange(1, 9)])
    encoder.encode_pair(frames(10), 9, index, index + 1)
    assert seen == [9, 1]


@pytest.mark.parametrize("name", VIDEO_NAMES)
def test_the_order_of_frames_matters(name):
    encoder = build_encoder(name, VIDEO)
    stack = frames(8).view(1, *VIDEO)
    assert not torch.allclose(encoder(stack), encoder(stack.flip(1)), atol=1e-3)


def test_encoding_leaves_its_input_alone():
    encoder = build_encoder("simple2dcnn", VIDEO)
    stack = frames(8).view(1, *VIDEO)
    before = stack.clone()
    encoder(stack)
    assert torch.equal(stack, before)


def test_the_same_seed_gives_the_same_weights_and_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, second, other = (build_encoder("mlp", (4,), seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), expected)
    weights = [next(encoder.parameters()) for encoder in (first, second, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_errors_name_the_nearest_and_the_shape():
    with pytest.raises(ValueError, match="unknown encoder 'simple2dcn'; nearest is 'simple2dcnn'"):
        build_encoder("simple2dcn", VIDEO)
    with pytest.raises(ValueError, match=r"simple2dcnn needs observations \(T, C, H, W\), got shape \(4,\)"):
        build_encoder("simple2dcnn", (4,))
