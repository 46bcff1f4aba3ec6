"""Tests for _recorded.py and precompute_embeddings.py recorded=: the latents are those of rolling the same shifts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import fields, replace
from importlib import util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents import EnvSpec, SACAgent, SACConfig, build_encoder, load_policy, save_policy
from scripts import _recorded, export_dataset, precompute_embeddings
from scripts._build import make_cells
from scripts._cli import compose_settings
from scripts._embeddings import Embeddings, load_embeddings
from scripts._novelty_latents import encode
from scripts._recorded import stacked

from .test_embeddings import SMALL, make_run, said

STEPS = 60
DATASET = "v2p/dishwashing-v0"
CONSTANT = "policy=constant(1.0,0.25)"
ROUNDING = 5e-6
"""Of latents of size 1 that were encoded in batches of another size."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("recorded") / "run")


@pytest.fixture(scope="module")
def state_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("state") / "run", "task.observation=state")


def export(root: Path, folder: Path, *words: str) -> Path:
    """Write shifts of a run to a folder."""
    assert export_dataset.run([f"run_dir={root}", "format=minari", f"output={folder}", *words]) == 0
    return folder


@pytest.fixture(scope="module")
def recorded(root: Path) -> Path:
    """Two shifts of a constant policy."""
    return export(root, root / "datasets" / "minari", "episodes=2", "seed=5", CONSTANT)


def precompute(root: Path, path: Path, *words: str) -> Embeddings:
    assert precompute_embeddings.run([f"run_dir={root}", f"output={path}", *words]) == 0
    return load_embeddings(path)


def refused(capsys: pytest.CaptureFixture[str], root: Path, folder: Path, *words: str) -> str:
    """The one line about a recording that cannot be used; nothing is written."""
    output = root / "none.npz"
    line = said(capsys, precompute_embeddings, f"run_dir={root}", f"recorded={folder}", f"output={output}", *words)
    assert not output.exists()
    return line


def assert_same(found: Embeddings, expected: Embeddings, rounding: float = ROUNDING) -> None:
    for field in fields(Embeddings):
        mine, other = getattr(found, field.name), getattr(expected, field.name)
        assert (mine.shape, mine.dtype) == (other.shape, other.dtype)
        if field.name in ("latents", "actions"):
            np.testing.assert_allclose(mine, other, rtol=0.0, atol=rounding)
        else:
            np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("policy", ["checkpoint", "random", "constant(1.0,0.25)"])
def test_recorded_shifts_give_what_rolling_them_gives(policy, root, tmp_path, capsys):
    words = ("episodes=3", "seed=5", f"policy={policy}")
    folder = export(root, tmp_path / "minari", *words)
    rolled = precompute(root, tmp_path / "rolled.npz", *words)
    capsys.readouterr()
    read = precompute(root, tmp_path / "read.npz", f"recorded={folder}")
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{3 * STEPS} steps of 3 shifts written to {tmp_path / 'read.npz'} in ")
    assert second.startswith("actions from pixels and from latents differ by at most ")
    assert second.endswith(" observations (as promised: 1e-05)")
    assert (str(read.policy), read.seeds.tolist()) == (policy, [5, 6, 7])
    assert read.latents.std(axis=0).min() > 1e-3
    assert_same(read, rolled)


def test_one_at_a_time_they_are_the_same_bit_for_bit(root, tmp_path, monkeypatch):
    words = ("episodes=1", "seed=9", CONSTANT)
    export(root, tmp_path, *words)
    monkeypatch.setattr(_recorded, "BATCH", 1)
    read = precompute(root, tmp_path / "read.npz", f"recorded={tmp_path}")
    assert_same(read, precompute(root, tmp_path / "rolled.npz", *words), rounding=0.0)


def test_states_are_encoded_as_they_are(state_root, tmp_path):
    words = ("episodes=2", "seed=3", "policy=random")
    folder = export(state_root, tmp_path, *words)
    rolled = precompute(state_root, tmp_path / "rolled.npz", *words)
    assert_same(precompute(state_root, tmp_path / "read.npz", f"recorded={folder}"), rolled)
    assert str(rolled.encoder) == "mlp"


def test_stacks_repeat_the_first_frame_and_end_with_the_newest():
    frames = np.arange(10, 16, dtype=np.uint8).reshape(6, 1, 1, 1)
    found = stacked(frames, np.array([0, 1, 3, 5]), 3)
    assert found.shape == (4, 3, 1, 1, 1)
    assert found.squeeze().tolist() == [[10, 10, 10], [10, 10, 11], [11, 12, 13], [13, 14, 15]]


def test_the_policy_would_have_seen_these_stacks(root, recorded, tmp_path):
    found, env = precompute(root, tmp_path / "a.npz", f"recorded={recorded}"), make_cells(compose_settings(SMALL), 1)
    encoder, (seen, _) = load_policy(root).encoder, env.reset(seed=[6])
    for row in range(STEPS + 1, 2 * STEPS + 2):
        np.testing.assert_allclose(found.latents[[row]], encode(encoder, seen), rtol=0.0, atol=ROUNDING)
        seen = env.step(np.array([[1.0, 0.25]], np.float32))[0]
    env.close()


@pytest.mark.usefixtures("other_on_latents")
def test_actions_that_differ_are_told_and_nothing_is_written(root, recorded, tmp_path, capsys):
    path = tmp_path / "none.npz"
    assert precompute_embeddings.run([f"run_dir={root}", f"recorded={recorded}", f"output={path}"]) == 1
    assert "MORE THAN PROMISED" in capsys.readouterr().out
    assert not path.exists()


@pytest.mark.parametrize("word", ["episodes=8", "policy=checkpoint", "seed=0"])
def test_what_says_which_shifts_to_roll_is_refused(word, root, recorded, capsys):
    key = word.partition("=")[0]
    assert refused(capsys, root, recorded, word) == (
        f"{key}: recorded shifts are read as they are, all of them; nearest valid: leave it out"
    )


def test_a_folder_without_the_tasks_dataset_is_one_line(root, recorded, tmp_path, capsys):
    absent = f"recorded: there is no Minari dataset in {tmp_path}; write it: python scripts/export_dataset.py run_dir="
    assert refused(capsys, root, tmp_path).startswith(absent)
    assert refused(capsys, root, tmp_path / "no").startswith(f"recorded: there is no Minari dataset in {tmp_path}/no;")
    shutil.copytree(recorded / DATASET, tmp_path / "v2p" / "dishwashing_mujoco-v0")
    assert refused(capsys, root, tmp_path) == (
        f"recorded: {tmp_path} holds v2p/dishwashing_mujoco-v0, the run's task is dishwashing;"
        " choose a folder of that task"
    )


def test_observations_that_the_encoder_does_not_read_are_one_line(root, state_root, recorded, tmp_path, capsys):
    path = recorded / DATASET
    frames, cure = "(3, 64, 64) of uint8", "choose a dataset of a run that sees the same"
    assert refused(capsys, state_root, recorded) == (
        f"recorded: {path} holds observations {frames}, the run's encoder reads (4,) of float32; {cure}"
    )
    smaller = shutil.copytree(root, tmp_path / "smaller")
    spec = EnvSpec((4, 3, 36, 36), "uint8", (0.0, 0.0), (1.0, 1.0))
    save_policy(smaller, SACAgent(spec, build_encoder("simple2dcnn", spec.observation_shape, 16), SACConfig(hidden=16)))
    assert refused(capsys, smaller, recorded) == (
        f"recorded: {path} holds observations {frames}, the run's encoder reads (3, 36, 36) of uint8; {cure}"
    )


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


def edit(path: Path, **values: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: cut(data / "metadata.json"), "(JSONDecodeError)"),
        (lambda data: (data / "metadata.json").unlink(), "(ValueError)"),
        (lambda data: edit(data / "metadata.json", total_episodes="x"), "(ValueError)"),
        (lambda data: edit(data / "metadata.json", total_episodes=3), "(FileNotFoundError)"),
        (lambda data: cut(next((data / "1").glob("*.parquet"))), "(ArrowInvalid)"),
        (lambda data: next((data / "1").glob("*.parquet")).unlink(), "(ValueError)"),
        (lambda data: (data / "0" / "metadata.json").unlink(), "(FileNotFoundError)"),
        (lambda data: edit(data / "1" / "metadata.json", total_steps=59), "(shift 1 is not whole)"),
    ],
)
def test_damaged_datasets_are_one_line(
    damage: Callable[[Path], None], reason: str, root: Path, recorded: Path, tmp_path: Path, capsys: Any
):
    folder = shutil.copytree(recorded, tmp_path / "copy")
    damage(folder / DATASET / "data")
    assert refused(capsys, root, folder) == f"recorded: {folder / DATASET} is damaged {reason}; export it again"


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        ("rewards_usd", 3, np.nan),
        ("actions", (3, 1), np.inf),
        ("observations", (3, 1), np.nan),
        ("costs", 3, 99),
        ("costs", 3, -1),
    ],
)
def test_numbers_that_teach_nothing_are_damage(name, place, value, state_root, tmp_path, monkeypatch, capsys):
    load = _recorded._load

    def spoiled(storage: Any, number: int) -> Any:
        shift, steps = load(storage, number)
        values = np.array(getattr(shift, name))
        values[place] = value
        return replace(shift, **{name: values}), steps

    folder = export(state_root, tmp_path, "episodes=1", CONSTANT)
    monkeypatch.setattr(_recorded, "_load", spoiled)
    assert refused(capsys, state_root, folder) == (
        f"recorded: {folder / DATASET} is damaged (shift 0 is not whole); export it again"
    )


def test_a_dataset_of_no_shift_is_one_line(root, recorded, tmp_path, capsys):
    folder = shutil.copytree(recorded, tmp_path / "copy")
    edit(folder / DATASET / "data" / "metadata.json", total_episodes=0)
    assert refused(capsys, root, folder) == f"recorded: {folder / DATASET} holds no shift; export it again"


def test_a_missing_library_is_one_line_with_the_cure(root, recorded, monkeypatch, capsys):
    find = util.find_spec
    monkeypatch.setattr("scripts._export.find_spec", lambda name: None if name == "minari" else find(name))
    line = refused(capsys, root, recorded)
    assert line == "recorded: minari is not installed; cure: pip install 'v2p[export]'"


def test_recordings_of_ppo_are_encoded_too(tmp_path):
    root = make_run(tmp_path / "run", "agent=ppo")
    found = precompute(root, tmp_path / "a.npz", f"recorded={export(root, tmp_path / 'd', 'episodes=1')}")
    assert (str(found.policy), len(found)) == ("checkpoint", STEPS)
