"""Tests for _cli.py: exit statuses, multirun, one line on standard error, nothing left on disk."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tomllib

import pytest
from pydantic import BaseModel, ConfigDict

from scripts._cli import configs_dir, entry_point, guarded, load_arguments, run_with_hydra
from scripts._explain import UsageError
from scripts.train import run

TRAIN = configs_dir().parent / "scripts" / "train.py"


def refuse(settings):
    raise AssertionError("no job may start")


@pytest.fixture(autouse=True)
def empty_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["episodes=-1"], "episodes"),
        (["encoder=foo"], "encoder"),
        (["agent.lr=nan"], "agent.lr"),
        (["task=foo"], "task"),
        (["foo=1"], "foo"),
        (["task.observation=state", "encoder=simple2dcnn"], "encoder"),
        (["resume=nowhere"], "resume"),
        (["-m", "seed=1,2", "episodes=3,-1"], "episodes"),
        (["-m", "encoder=mlp,foo"], "encoder"),
        (["-m", "seed=1,2", "run_dir=same"], "run_dir"),
        (["agent.lr"], "agent.lr"),
    ],
)
def test_bad_input_is_one_line_status_two_and_no_folder(argv, said, capsys, tmp_path):
    assert run_with_hydra(refuse, argv) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert f": {said}:" in line
    assert list(tmp_path.iterdir()) == []


def test_multirun_runs_each_job_and_stops_at_the_first_that_fails(tmp_path):
    seeds = []

    def work(settings):
        seeds.append(settings.seed)
        return 130 if settings.seed == 2 else 0

    with pytest.raises(SystemExit) as caught:
        run_with_hydra(work, ["-m", "seed=1,2,3", "task=dishwashing"])
    assert (seeds, caught.value.code) == ([1, 2], 130)


def test_a_single_job_gets_its_settings_and_leaves_no_hydra_files(tmp_path):
    seen = []
    assert run_with_hydra(lambda settings: seen.append(settings) or 0, ["seed=5", "task=dishwashing"]) == 0
    assert seen[0].seed == 5
    assert list(tmp_path.iterdir()) == []


def test_guarded_lets_a_fault_of_ours_through():
    def fault() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        guarded(fault)


def test_an_entry_point_hands_on_the_arguments_and_exits_with_the_status(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["some.py", "a=1", "b=2"])
    seen = []

    def work(argv):
        seen.extend(argv)
        return 7

    def wrong(argv):
        raise UsageError("a: wrong")

    with pytest.raises(SystemExit) as caught:
        entry_point(work)()
    assert (seen, caught.value.code) == (["a=1", "b=2"], 7)
    with pytest.raises(SystemExit) as caught:
        entry_point(wrong)()
    assert (caught.value.code, capsys.readouterr().err) == (2, "some.py: a: wrong\n")


def test_every_console_command_has_a_main():
    commands = tomllib.loads((configs_dir().parent / "pyproject.toml").read_text())["project"]["scripts"]
    assert len(commands) > 15
    for place in commands.values():
        module, _, name = place.partition(":")
        assert callable(getattr(importlib.import_module(module), name))


class Arguments(BaseModel):
    """A small schema."""

    model_config = ConfigDict(extra="forbid", strict=True)

    run_dir: str
    shifts: int = 20


def test_load_arguments_reads_key_value_pairs():
    assert load_arguments(["run_dir=a", "shifts=3"], Arguments, "usage").shifts == 3


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "run_dir: missing"),
        (["run_dir=a", "shfts=3"], "shfts: unknown key; nearest valid: shifts"),
        (["run_dir=a", "shifts=x"], "shifts: must be a whole number"),
        (["run"], "run: not of the form key=value; nearest valid: run_dir=..."),
    ],
)
def test_load_arguments_says_what_is_wrong(argv, said):
    with pytest.raises(UsageError) as caught:
        load_arguments(argv, Arguments, "usage")
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("override", "variable", "said"),
    [("device=cuda:99", "UNUSED", "device: cuda:99"), ("video=true", "IMAGEIO_FFMPEG_EXE", "video: no ffmpeg")],
)
def test_missing_equipment_is_one_line_and_no_folder(override, variable, said, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv(variable, "/nonexistent")
    with pytest.raises(SystemExit) as caught:
        run_with_hydra(run, ["task=dishwashing", override, "run_dir=run"])
    assert caught.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert list(tmp_path.iterdir()) == []


def test_without_gl_the_real_command_names_the_cure_and_leaves_no_folder(tmp_path):
    command = [sys.executable, str(TRAIN), "task=dishwashing_mujoco", "run_dir=run"]
    variables = os.environ | {"PYTHONPATH": str(TRAIN.parent.parent), "MUJOCO_GL": "glfw"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=variables, timeout=120)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "MUJOCO_GL" in line
    assert list(tmp_path.iterdir()) == []
