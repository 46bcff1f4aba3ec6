"""Tests for checkpoint.py."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from agents import CheckpointError, checkpoint, latest_checkpoint, load_checkpoint, save_checkpoint

STATE = {
    "weights": {"layer": torch.arange(6.0).view(2, 3).t(), "scalar": torch.tensor(2.5)},
    "frames": np.arange(24, dtype=np.uint8).reshape(2, 3, 4)[:, ::2],
    "empty": np.zeros((0, 3), np.float32),
    "flags": np.array([True, False]),
    "rng": np.random.default_rng(3).bit_generator.state,
    "numbers": [1, 0.1, None, True, "text", math.inf],
    "numpy_number": np.float64(0.1),
    "nothing": {},
}


def test_a_state_comes_back_as_it_was(tmp_path):
    loaded = load_checkpoint(save_checkpoint(tmp_path, STATE))
    assert isinstance(loaded["weights"]["layer"], torch.Tensor)
    assert torch.equal(loaded["weights"]["layer"], STATE["weights"]["layer"])
    assert loaded["weights"]["scalar"].shape == ()
    assert isinstance(loaded["frames"], np.ndarray)
    for name in ("frames", "empty", "flags"):
        np.testing.assert_array_equal(loaded[name], STATE[name])
        assert loaded[name].dtype == STATE[name].dtype
    assert loaded["rng"] == STATE["rng"]
    assert loaded["numbers"] == STATE["numbers"]
    assert loaded["numpy_number"] == 0.1
    assert loaded["nothing"] == {}


def test_one_branch_can_be_read(tmp_path):
    path = save_checkpoint(tmp_path, STATE)
    assert set(load_checkpoint(path, only=("weights",))) == {"layer", "scalar"}
    with pytest.raises(CheckpointError, match="holds no weights/other"):
        load_checkpoint(path, only=("weights", "other"))


def test_only_the_newest_are_kept(tmp_path):
    for number in range(4):
        save_checkpoint(tmp_path, {"number": number}, keep=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint_000003", "checkpoint_000004"]
    newest = latest_checkpoint(tmp_path)
    assert newest is not None
    assert load_checkpoint(newest) == {"number": 3}


@pytest.mark.parametrize("name", ["tensors.safetensors", "state.json", "manifest.json"])
@pytest.mark.parametrize("damage", ["cut", "flip", "remove"])
def test_damage_is_found_and_the_nearest_valid_one_named(tmp_path, name, damage):
    good, bad = save_checkpoint(tmp_path, STATE), save_checkpoint(tmp_path, STATE)
    file = bad / name
    content = bytearray(file.read_bytes())
    if damage == "remove":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(content[: len(content) // 2])
    else:
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    with pytest.raises(CheckpointError) as error:
        load_checkpoint(bad)
    assert str(error.value).endswith(f"nearest valid one is {good}")
    assert "\n" not in str(error.value)
    assert latest_checkpoint(tmp_path) == good


def test_a_missing_checkpoint_is_one_line(tmp_path):
    with pytest.raises(CheckpointError, match=r"no checkpoint at .*; no valid checkpoint beside it"):
        load_checkpoint(tmp_path / "checkpoint_000007")
    assert latest_checkpoint(tmp_path / "absent") is None


def test_a_failed_write_leaves_nothing_and_keeps_the_old(tmp_path, monkeypatch):
    good = save_checkpoint(tmp_path, STATE)

    def fail(*args):
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save_file", fail)
        with pytest.raises(OSError, match="disk full"):
            save_checkpoint(tmp_path, STATE)
    assert list(tmp_path.iterdir()) == [good]


def test_a_write_cut_short_is_never_seen_and_cleared_next_time(tmp_path):
    hidden = tmp_path / ".checkpoint_000001.part"
    hidden.mkdir()
    (hidden / "state.json").write_text("{")
    assert latest_checkpoint(tmp_path) is None
    save_checkpoint(tmp_path, STATE)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint_000001"]


def test_the_manifest_is_written_last(tmp_path, monkeypatch):
    written = []
    sync = checkpoint._sync
    monkeypatch.setattr(checkpoint, "_sync", lambda path: (written.append(Path(path).name), sync(path))[1])
    path = save_checkpoint(tmp_path, STATE)
    assert written == ["state.json", "tensors.safetensors", "manifest.json", ".checkpoint_000001.part", tmp_path.name]
    assert set(json.loads((path / "manifest.json").read_text())["sha256"]) == {"state.json", "tensors.safetensors"}


@pytest.mark.parametrize("value", [{1: 2}, {"a": {1, 2}}, {"path": Path("x")}])
def test_what_cannot_be_saved_is_refused(tmp_path, value):
    with pytest.raises(TypeError, match="a checkpoint cannot hold"):
        save_checkpoint(tmp_path, {"value": value})
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="keep must be >= 1"):
        save_checkpoint(tmp_path, {}, keep=0)
