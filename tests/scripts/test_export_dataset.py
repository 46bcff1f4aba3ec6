"""Tests for export_dataset.py and its modules: each format is read back and compared with the shifts themselves."""

from __future__ import annotations

import json
import shutil
from importlib import util
from pathlib import Path
from typing import Any

import minari
import numpy as np
import pyarrow as pa
import pytest
from minari.dataset.minari_storage import MinariStorage
from pyarrow import parquet

from agents import ConstantPolicy, save_policy
from scripts import _export_minari
from scripts._build import make_agent, make_cells
from scripts._cli import compose_settings, guarded
from scripts._episodes import Episode, roll_episodes
from scripts._export import VALUES_NOTE
from scripts._runs import RunPlan, make_folder
from scripts._settings import MAX_SEED
from scripts.export_dataset import run

from .test_export_files import decoded

ACTION = (1.0, 0.25)
VIDEO_KEY = "observation.images.policy"
NUMBERS = {"mp_per_hour", "err_rate", "profit_usd_per_hour", "wage_parity", "hours", "attempts", "completed", "errors"}


def exported(root: Path, form: str, output: Path, *arguments: str) -> Path:
    assert guarded(lambda: run([f"run_dir={root}", f"format={form}", f"output={output}", *arguments])) == 0
    return output


def refused(capsys: Any, *arguments: str) -> str:
    assert guarded(lambda: run(arguments)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.fixture(scope="module")
def state_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder of the abstract task with an untrained policy and a short ledger."""
    root = tmp_path_factory.mktemp("state") / "run"
    settings = compose_settings(["task=dishwashing", "agent.hidden=16", "threads=1", "device=cpu"])
    make_folder(RunPlan(root, None), settings)
    env = make_cells(settings, 1)
    save_policy(root, make_agent(settings, env))
    env.close()
    (root / "train.csv").write_text("episode,profit\n1,0.5\n2,0.75\n")
    return root


@pytest.fixture(scope="module")
def video_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder of the physical task with a configuration alone: enough for a constant policy."""
    root = tmp_path_factory.mktemp("video") / "run"
    make_folder(RunPlan(root, None), compose_settings(["task=dishwashing_mujoco", "task.shift_minutes=0.1"]))
    return root


@pytest.fixture(scope="module")
def video_shifts() -> list[Episode]:
    """What the exports of `video_run` are compared with."""
    env = make_cells(compose_settings(["task=dishwashing_mujoco", "task.shift_minutes=0.1"]), 1)
    shifts = list(roll_episodes(ConstantPolicy(ACTION), env, range(5, 8)))
    env.close()
    return shifts


@pytest.fixture(scope="module")
def lerobot_video(video_run: Path) -> Path:
    return exported(video_run, "lerobot", video_run / "a", "episodes=3", "seed=5", "policy=constant(1.0,0.25)")


def rows_of(root: Path, part: str) -> list[dict[str, Any]]:
    return parquet.read_table(root / part / "chunk-000" / "file-000.parquet").to_pylist()


def minari_storage(root: Path) -> MinariStorage:
    return MinariStorage.read(root / "v2p" / "dishwashing-v0" / "data")


@pytest.mark.filterwarnings("error")
def test_minari_reads_back_the_shifts_of_the_trained_policy(state_run, tmp_path, monkeypatch):
    root = exported(state_run, "minari", tmp_path / "datasets", "episodes=2", "seed=3")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(root))
    assert list(minari.list_local_datasets()) == ["v2p/dishwashing-v0"]
    dataset = minari.load_dataset("v2p/dishwashing-v0")
    assert (dataset.total_episodes, dataset.total_steps) == (2, 120)
    assert dataset.storage.metadata["algorithm_name"] == "checkpoint"
    env = dataset.recover_environment()
    assert dataset.observation_space == env.observation_space and dataset.action_space == env.action_space
    for episode, metadata in zip(dataset, dataset.storage.get_episode_metadata(range(2)), strict=True):
        observation, info = env.reset(seed=metadata["seed"])
        assert metadata["seed"] == 3 + episode.id
        for step, action in enumerate(episode.actions):
            np.testing.assert_array_equal(episode.observations[step], observation)
            observation, reward, _, truncated, info = env.step(action)
            assert (episode.rewards[step], episode.truncations[step]) == (reward, truncated)
            assert episode.infos["cost"][step + 1] == info["cost"]
        np.testing.assert_array_equal(episode.observations[60], observation)
        assert not episode.terminations.any() and len(episode) == 60
        assert set(metadata) >= NUMBERS
        assert metadata["mp_per_hour"] == pytest.approx(info["completed"] / info["hours"])
        assert metadata["err_rate"] == pytest.approx(info["errors"] / info["attempts"])
    env.close()


def test_minari_keeps_single_frames_without_loss(video_run, video_shifts, tmp_path):
    root = exported(video_run, "minari", tmp_path / "d", "episodes=3", "seed=5", "policy=constant(1.0,0.25)")
    dataset = minari.MinariDataset(root / "v2p" / "dishwashing_mujoco-v0" / "data")
    assert dataset.observation_space.shape == (3, 64, 64)
    for episode, shift in zip(dataset, video_shifts, strict=True):
        np.testing.assert_array_equal(episode.observations, shift.observations)
        np.testing.assert_array_equal(episode.actions, shift.actions)
        np.testing.assert_array_equal(episode.rewards, shift.rewards_usd)


def test_lerobot_has_every_file_and_says_what_is_in_them(lerobot_video):
    files = {str(path.relative_to(lerobot_video)) for path in lerobot_video.rglob("*") if path.is_file()}
    assert files == {
        "meta/info.json",
        "meta/stats.json",
        "meta/tasks.parquet",
        "meta/episodes/chunk-000/file-000.parquet",
        "data/chunk-000/file-000.parquet",
        f"videos/{VIDEO_KEY}/chunk-000/file-000.mp4",
    }
    info = json.loads((lerobot_video / "meta" / "info.json").read_text())
    assert (info["codebase_version"], info["fps"], info["splits"]) == ("v3.0", 2, {"train": "0:3"})
    assert (info["total_episodes"], info["total_frames"], info["total_tasks"]) == (3, 36, 1)
    for template in ("data_path", "video_path"):
        path = info[template].format(video_key=VIDEO_KEY, chunk_index=0, file_index=0)
        assert (lerobot_video / path).is_file()
    table = parquet.read_table(lerobot_video / "data" / "chunk-000" / "file-000.parquet")
    features = {name: feature for name, feature in info["features"].items() if feature["dtype"] != "video"}
    assert set(table.column_names) == set(features)
    for name, feature in features.items():
        kind = table.schema.field(name).type
        length = kind.list_size if pa.types.is_fixed_size_list(kind) else 1
        plain = kind.value_type if pa.types.is_fixed_size_list(kind) else kind
        assert ([length], pa.from_numpy_dtype(feature["dtype"])) == (feature["shape"], plain)
    tasks = parquet.read_table(lerobot_video / "meta" / "tasks.parquet")
    assert json.loads((tasks.schema.metadata or {})[b"pandas"])["index_columns"] == ["task"]
    assert tasks.to_pydict() == {
        "task_index": [0],
        "task": ["Pick each dish off the tray, scrub it and set it down in the rack."],
    }


def test_lerobot_indices_times_and_frames_agree_with_the_shifts(lerobot_video, video_shifts):
    rows, episodes = rows_of(lerobot_video, "data"), rows_of(lerobot_video, "meta/episodes")
    frames, about = decoded(lerobot_video / f"videos/{VIDEO_KEY}/chunk-000/file-000.mp4")
    assert (len(frames), len(rows), about["fps"]) == (36, 36, 2.0)
    assert [row["index"] for row in rows] == list(range(36))
    for number, (episode, shift) in enumerate(zip(episodes, video_shifts, strict=True)):
        start, stop = episode["dataset_from_index"], episode["dataset_to_index"]
        assert (episode["episode_index"], episode["length"], episode["seed"]) == (number, 12, 5 + number)
        assert (start, stop) == (12 * number, 12 * number + 12)
        times_s = [episode[f"videos/{VIDEO_KEY}/{end}_timestamp"] for end in ("from", "to")]
        assert times_s == [start / 2.0, stop / 2.0]
        np.testing.assert_array_equal(frames[start:stop], shift.observations[:-1])
        mine = rows[start:stop]
        assert {row["episode_index"] for row in mine} == {number}
        assert [row["frame_index"] for row in mine] == list(range(12))
        np.testing.assert_allclose([row["timestamp"] for row in mine], np.arange(12) / 2.0)
        np.testing.assert_array_equal([row["action"] for row in mine], shift.actions)
        np.testing.assert_allclose([row["next.reward"] for row in mine], shift.rewards_usd, rtol=1e-6)
        assert [row["next.cost"] for row in mine] == shift.costs.tolist()
        assert [row["next.done"] for row in mine] == [step == 11 for step in range(12)]
        assert episode["mp_per_hour"] == shift.info["completed"] / shift.info["hours"]
        assert set(episode) >= NUMBERS


def test_lerobot_statistics_are_those_of_the_data(lerobot_video, video_shifts):
    stats = json.loads((lerobot_video / "meta" / "stats.json").read_text())
    pixels = np.concatenate([shift.observations[:-1] for shift in video_shifts]) / 255.0
    found = stats[VIDEO_KEY]
    assert np.shape(found["mean"]) == (3, 1, 1) and found["count"] == [36]
    np.testing.assert_allclose(np.squeeze(found["mean"]), pixels.mean(axis=(0, 2, 3)))
    np.testing.assert_allclose(np.squeeze(found["std"]), pixels.std(axis=(0, 2, 3)))
    np.testing.assert_allclose(stats["action"]["mean"], ACTION)
    assert stats["frame_index"]["max"] == [11.0]
    first = rows_of(lerobot_video, "meta/episodes")[0]
    np.testing.assert_allclose(
        np.squeeze(first[f"stats/{VIDEO_KEY}/max"]), video_shifts[0].observations[:-1].max(axis=(0, 2, 3)) / 255.0
    )


def test_lerobot_of_a_state_has_no_video_and_keeps_the_minute_as_its_step(state_run, tmp_path):
    root = exported(state_run, "lerobot", tmp_path / "d", "episodes=1", "policy=random")
    info = json.loads((root / "meta" / "info.json").read_text())
    assert info["video_path"] is None and not (root / "videos").exists()
    assert info["fps"] == pytest.approx(1 / 60)
    assert info["features"]["observation.state"]["names"] == ["time_fraction", "completed", "attempts", "errors"]
    rows = rows_of(root, "data")
    np.testing.assert_allclose([row["observation.state"][0] for row in rows], np.arange(60) / 60.0, rtol=1e-6)
    np.testing.assert_allclose([row["timestamp"] for row in rows], 60.0 * np.arange(60))
    assert len({tuple(row["action"]) for row in rows}) == 60


def test_the_ledgers_data_value_and_price_go_with_the_checkpoints_shifts(state_run, tmp_path):
    root = shutil.copytree(state_run, tmp_path / "run")
    for number, (last, price) in enumerate((("nan", None), ("0.125", 0.125))):
        (root / "train.csv").write_text(f"episode,data_value,price_quoted\n1,0.5,0.1\n2,0.25,{last}\n")
        rows = rows_of(exported(root, "lerobot", tmp_path / f"a{number}", "episodes=2"), "meta/episodes")
        found = minari_storage(exported(root, "minari", tmp_path / f"b{number}", "episodes=2"))
        for episode in (*rows, *found.get_episode_metadata(range(2))):
            assert (episode["data_value"], episode["price_quoted"]) == (0.25, price)
        assert VALUES_NOTE in found.metadata["description"] and "the run's last shift" in VALUES_NOTE
    others = rows_of(exported(root, "lerobot", tmp_path / "c", "episodes=1", "policy=random"), "meta/episodes")
    assert "data_value" not in others[0]
    found = minari_storage(exported(root, "minari", tmp_path / "d", "episodes=1", "policy=random"))
    assert VALUES_NOTE not in found.metadata["description"]


def test_what_each_episode_earned_follows_from_what_its_steps_counted(state_run, tmp_path):
    arguments = ("episodes=3", "seed=5", "policy=constant(1.0,0.25)")
    lerobot = exported(state_run, "lerobot", tmp_path / "a", *arguments)
    storage = minari_storage(exported(state_run, "minari", tmp_path / "b", *arguments))
    rows, steps = rows_of(lerobot, "meta/episodes"), rows_of(lerobot, "data")
    recorded = zip(rows, storage.get_episode_metadata(range(3)), storage.get_episodes(range(3)), strict=True)
    for number, (theirs, metadata, episode) in enumerate(recorded):
        attempts, errors = sum(episode["infos"]["attempts_step"]), sum(episode["infos"]["cost"])
        assert errors == sum(step["next.cost"] for step in steps if step["episode_index"] == number) > 0
        mp, err = attempts - errors, errors / attempts  # of one hour
        for told in (theirs, metadata):
            counted = tuple(told[name] for name in ("hours", "attempts", "completed", "errors"))
            assert counted == pytest.approx((1.0, attempts, attempts - errors, errors))
            assert (told["mp_per_hour"], told["err_rate"]) == pytest.approx((mp, err))
            assert told["profit_usd_per_hour"] == pytest.approx(0.30 * mp - 1.00 * err * mp - 0.10)
            assert told["wage_parity"] == pytest.approx((0.30 * mp - 1.00 * err * mp) / 18.0)


def test_what_minari_would_cut_short_is_refused_and_leaves_nothing(state_run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(_export_minari, "MAX_ROWS", 60)
    line = refused(capsys, f"run_dir={state_run}", "format=minari", f"output={tmp_path / 'd'}")
    assert "minari reads at most 59 steps a shift, not 60; nearest valid: format=lerobot" in line
    assert not [path for path in (tmp_path / "d").rglob("*") if path.is_file()]


@pytest.mark.parametrize("form", ["minari", "lerobot"])
def test_a_second_export_does_not_overwrite_the_first(form, state_run, tmp_path, capsys):
    arguments = (f"run_dir={state_run}", f"format={form}", f"output={tmp_path / 'd'}", "episodes=1")
    assert guarded(lambda: run(arguments)) == 0
    assert "exists; remove it, or choose another output=FOLDER" in refused(capsys, *arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["format=lerobt"], "format: 'lerobt' is not one of minari, lerobot; nearest valid: lerobot"),
        (["format=minari", "policy=checkpont"], "nearest valid: policy=checkpoint"),
        (["format=minari", "policy=constant(2,0.5)"], "nearest valid: policy=constant(1,0.5)"),
        (["format=minari", "policy=constant(a,b)"], "nearest valid: policy=constant(1.0,0.86)"),
        (["format=minari", f"seed={MAX_SEED}"], f"nearest valid: {MAX_SEED - 3}"),
        (["format=minari", "episodes=0"], "episodes: must be at least 1, got 0"),
    ],
)
def test_bad_arguments_are_one_line_and_leave_nothing(arguments, said, state_run, tmp_path, capsys):
    output = tmp_path / "d"
    assert said in refused(capsys, f"run_dir={state_run}", f"output={output}", *arguments)
    assert not output.exists()


def test_a_missing_library_is_one_line_with_the_cure(state_run, monkeypatch, capsys):
    find = util.find_spec
    monkeypatch.setattr("scripts._export.find_spec", lambda name: None if name == "minari" else find(name))
    line = refused(capsys, f"run_dir={state_run}", "format=minari")
    assert "minari is not installed; cure: pip install 'v2p[export]'" in line


def test_when_every_shift_diverges_there_is_no_dataset(state_run, tmp_path, monkeypatch, capsys):
    def broken(self: Any, actions: np.ndarray, active: np.ndarray) -> np.ndarray:
        return np.ones(len(actions), np.bool_)

    monkeypatch.setattr("v2p_sim.tasks.dishwashing.Dishwashing.step", broken)
    output = tmp_path / "d"
    assert "seed: the physics of every shift diverged" in refused(
        capsys, f"run_dir={state_run}", "format=lerobot", f"output={output}", "policy=random"
    )
    assert list(tmp_path.iterdir()) == []
