"""Tests for the encoders on published networks: late imports, weights that can or cannot be had, batch norm, pixels."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from agents import BackboneError, CheckpointError, EnvSpec, SACAgent, SACConfig, build_encoder, load_policy, save_policy
from agents.encoders import R3D18, TimeSformer, backbone, r3d18, timesformer
from agents.optimizers import Average

VIDEO = (8, 3, 64, 64)
ROOT = Path(__file__).parents[3]
TINY = {
    "image_size": 16,
    "patch_size": 8,
    "hidden_size": 12,
    "num_hidden_layers": 1,
    "num_attention_heads": 3,
    "intermediate_size": 12,
}
OFFLINE = """
from agents import build_encoder
from agents.encoders import timesformer
timesformer.SIZES["base"] = timesformer.SIZES["small"]
for _ in range(2):
    build_encoder("r3d18", (8, 3, 64, 64), pretrained=True)
build_encoder("timesformer", (8, 3, 64, 64), size="base", pretrained=True)
"""


@pytest.fixture
def torchvision():
    return pytest.importorskip("torchvision")


@pytest.fixture
def transformers():
    return pytest.importorskip("transformers")


@pytest.fixture
def tiny_base(monkeypatch, transformers):
    monkeypatch.setitem(timesformer.SIZES, "base", TINY)


def stacks(count: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, *VIDEO), generator=generator, dtype=torch.uint8)


def test_agents_import_neither_package_until_an_encoder_needs_it():
    code = "import sys, agents; print({'torchvision', 'transformers'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(("name", "package"), [("r3d18", "torchvision"), ("timesformer", "transformers")])
def test_a_missing_package_is_one_line_with_the_cure(monkeypatch, name, package):
    for module in [module for module in sys.modules if module.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(BackboneError) as found:
        build_encoder(name, VIDEO)
    text = str(found.value)
    assert text.startswith(f"encoder {name}: {package} cannot be imported (")
    assert text.endswith("); cure: pip install 'v2p[backbones]'")
    assert "\n" not in text


@pytest.mark.soak
def test_without_a_network_one_line_each_says_that_weights_are_random(tmp_path, torchvision, transformers):
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    empty = {"TORCH_HOME": str(tmp_path), "HF_HOME": str(tmp_path), "no_proxy": "", "NO_PROXY": ""}
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE], cwd=ROOT, env=os.environ | nowhere | empty, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    why = "Kinetics weights could not be loaded ({} cannot be reached: Connection refused); random weights"
    assert done.stderr.splitlines() == [
        "encoder r3d18: " + why.format("download.pytorch.org"),
        "encoder timesformer: " + why.format("huggingface.co"),
    ]


def test_published_weights_are_taken_from_the_cache(tmp_path, monkeypatch, torchvision):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(r3d18, "check_reachable", lambda url: pytest.fail(url))
    torch.manual_seed(3)
    weights = torchvision.models.video.r3d_18().state_dict()
    (tmp_path / "checkpoints").mkdir()
    torch.save(weights, tmp_path / "checkpoints" / "r3d_18-b3b3357e.pth")
    encoder = build_encoder("r3d18", VIDEO, pretrained=True)
    assert isinstance(encoder, R3D18)
    own = encoder.backbone.state_dict()
    assert own.keys() == weights.keys() - {"fc.weight", "fc.bias"}
    assert all(torch.equal(value, weights[name]) for name, value in own.items())


def test_published_transformers_are_taken_whole(tmp_path, monkeypatch, transformers, tiny_base):
    config = transformers.TimesformerConfig(num_labels=5, **TINY)
    published = transformers.TimesformerForVideoClassification(config)
    published.save_pretrained(tmp_path)
    monkeypatch.setattr(timesformer, "KINETICS", str(tmp_path))
    encoder = build_encoder("timesformer", VIDEO, size="base", pretrained=True)
    assert isinstance(encoder, TimeSformer)
    weights = published.timesformer.state_dict()
    assert encoder.backbone.state_dict().keys() == weights.keys()
    assert all(torch.equal(value, weights[name]) for name, value in encoder.backbone.state_dict().items())


def test_weights_for_other_clips_are_not_forced_on_these(capsys, transformers, tiny_base):
    backbone._say_once.cache_clear()
    for _ in range(2):
        build_encoder("timesformer", (4, 3, 64, 64), size="base", pretrained=True)
    why = "(they read 8 frames of 3 channels, not 4 of 3); random weights"
    assert capsys.readouterr().err == f"encoder timesformer: Kinetics weights could not be loaded {why}\n"


def test_errors_name_what_fits(torchvision, transformers):
    with pytest.raises(ValueError, match=r"r3d18 needs 3 channels, got shape \(8, 1, 64, 64\)"):
        build_encoder("r3d18", (8, 1, 64, 64))
    with pytest.raises(ValueError, match="size must be one of small, base, got 'large'"):
        build_encoder("timesformer", VIDEO, size="large")
    with pytest.raises(ValueError, match="pretrained weights are there for size=base only, got size=small"):
        build_encoder("timesformer", VIDEO, pretrained=True)


@pytest.mark.parametrize(
    ("name", "low", "high"), [("r3d18", 33_100_000, 33_400_000), ("timesformer", 2_500_000, 2_700_000)]
)
def test_parameter_counts(name, low, high, torchvision, transformers):
    assert low <= sum(weight.numel() for weight in build_encoder(name, VIDEO).parameters()) <= high


def test_batch_norm_keeps_its_statistics_and_clips_do_not_mix(torchvision):
    encoder = build_encoder("r3d18", VIDEO, latent_dim=16).train()
    before = {name: value.clone() for name, value in encoder.named_buffers()}
    both = stacks(2)
    with torch.no_grad():
        torch.testing.assert_close(encoder(both)[:1], encoder(both[:1]), atol=1e-4, rtol=1e-4)
    assert all(torch.equal(value, before[name]) for name, value in encoder.named_buffers())
    assert any(isinstance(layer, nn.BatchNorm3d) for layer in encoder.modules())


def test_an_average_copies_the_statistics(torchvision):
    average, source = (build_encoder("r3d18", VIDEO, latent_dim=16, seed=seed) for seed in (0, 1))
    layer = next(layer for layer in source.modules() if isinstance(layer, nn.BatchNorm3d))
    assert layer.running_mean is not None
    layer.running_mean.fill_(2.0)
    Average(average, source).move(0.5)
    assert torch.equal(dict(average.named_buffers())["backbone.stem.1.running_mean"], layer.running_mean)


def test_pixels_are_resized_and_normalised():
    scale = backbone.PixelScaler(4, (0.5, 0.25), (0.5, 0.25))
    clips = torch.full((1, 2, 2, 2, 2), 255, dtype=torch.uint8)
    clips[:, :, 1] = 0
    scaled = scale(clips)
    assert scaled.shape == (1, 2, 2, 4, 4)
    torch.testing.assert_close(scaled[:, :, 0], torch.ones(1, 2, 4, 4))
    torch.testing.assert_close(scaled[:, :, 1], -torch.ones(1, 2, 4, 4))
    assert clips.dtype == torch.uint8


def test_a_policy_remembers_the_size_of_its_encoder(tmp_path, transformers, tiny_base):
    spec = EnvSpec(VIDEO, "uint8", (0.0,), (1.0,))
    encoder = build_encoder("timesformer", VIDEO, 16, size="base")
    agent = SACAgent(spec, encoder, SACConfig(hidden=8))
    save_policy(tmp_path, agent)
    observations = stacks(1).numpy()
    loaded = load_policy(tmp_path)
    assert loaded.encoder.options == {"size": "base"}
    assert (loaded(observations) == agent.act(observations, deterministic=True)).all()
    small = SACAgent(spec, build_encoder("timesformer", VIDEO, 16), SACConfig(hidden=8))
    with pytest.raises(CheckpointError, match=r"saved agent has encoder_options \{'size': 'base'\}, this one has"):
        small.load_state_dict(agent.state_dict())
