"""Tests for the encoders."""

from importlib.util import find_spec

import pytest
import torch

from agents import ENCODERS, build_encoder
from agents.encoders import Simple2DCNN, VideoEncoder

VIDEO = (8, 3, 64, 64)
PACKAGES = {"r3d18": "torchvision", "timesformer": "transformers"}
VIDEO_NAMES = [
    pytest.param(name, marks=pytest.mark.skipif(find_spec(PACKAGES.get(name, "torch")) is None, reason="no backbones"))
    for name, cls in ENCODERS.items()
    if cls.modality == "video"
]


def frames(count: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, *VIDEO[1:]), generator=generator, dtype=torch.uint8)


@pytest.mark.parametrize(
    ("name", "low", "high"), [("simple2dcnn", 600_000, 700_000), ("simple3dcnn", 800_000, 880_000)]
)
def test_parameter_counts(name, low, high):
    count = sum(parameter.numel() for parameter in build_encoder(name, VIDEO).parameters())
    assert low <= count <= high


@pytest.mark.parametrize("name", ["mlp", *VIDEO_NAMES])
def test_latents_are_normalised(name):
    is_video = ENCODERS[name].modality == "video"
    encoder = build_encoder(name, VIDEO if is_video else (4,))
    latents = encoder(frames(16).view(2, *VIDEO) if is_video else torch.rand(2, 4))
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
    with pytest.raises(ValueError, match="encoder mlp has no setting 'pretrained', it has hidden"):
        build_encoder("mlp", (4,), pretrained=True)


@pytest.mark.parametrize("name", ["simple2dcnn", "simple3dcnn"])
def test_the_smallest_frames_fit_and_smaller_ones_are_one_line(name):
    cls = ENCODERS[name]
    assert issubclass(cls, VideoEncoder)
    least = cls.smallest
    stack = torch.zeros((1, 2, 3, least, least), dtype=torch.uint8)
    assert build_encoder(name, (2, 3, least, least), 16)(stack).shape == (1, 16)
    with pytest.raises(ValueError, match=rf"{name} needs observations of at least \(1, 1, {least}, {least}\), got"):
        build_encoder(name, (2, 3, least, least - 1), 16)


@pytest.mark.parametrize("name", VIDEO_NAMES)
def test_what_does_not_fit_names_the_expected_and_the_given(name):
    encoder = build_encoder(name, VIDEO)
    assert isinstance(encoder, VideoEncoder)
    wanted = rf"{name} needs \(B, 8, 3, 64, 64\) of uint8"
    with pytest.raises(ValueError, match=wanted + r", got \(2, 8, 3, 64, 32\) of uint8"):
        encoder(torch.zeros((2, 8, 3, 64, 32), dtype=torch.uint8))
    with pytest.raises(ValueError, match=wanted + r", got \(1, 8, 3, 64, 64\) of float32"):
        encoder(torch.zeros((1, 8, 3, 64, 64)))
    with pytest.raises(ValueError, match=wanted + r", got \(8, 3, 64, 64\) of uint8"):
        encoder(torch.zeros(VIDEO, dtype=torch.uint8))
    with pytest.raises(ValueError, match=rf"{name} needs \(M, 3, 64, 64\) of uint8, got \(9, 1, 64, 64\) of uint8"):
        encoder.encode_pair(torch.zeros((9, 1, 64, 64), dtype=torch.uint8), 9, *[torch.arange(8)[None]] * 2)


def test_states_that_do_not_fit_are_one_line_and_whole_numbers_do():
    encoder = build_encoder("mlp", (4,))
    assert encoder(torch.ones((2, 4), dtype=torch.int64)).shape == (2, 128)
    with pytest.raises(ValueError, match=r"mlp needs \(B, 4\) of real numbers, got \(2, 5\) of float32"):
        encoder(torch.zeros(2, 5))


def test_latents_pass_through_an_encoder_without_weights():
    encoder = build_encoder("latent", (16,), 16)
    latents = torch.randn(3, 16)
    assert torch.equal(encoder(latents), latents)
    assert list(encoder.parameters()) == []
    with pytest.raises(ValueError, match=r"latent needs observations \(128,\), got shape \(16,\)"):
        build_encoder("latent", (16,))
    with pytest.raises(ValueError, match=r"latent needs \(B, 16\) of real numbers, got \(3, 4\) of float32"):
        encoder(torch.zeros(3, 4))
