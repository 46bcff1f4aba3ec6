"""Tests for train.py, evaluate.py and record_video.py on a tiny run of the abstract task."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from agents import latest_checkpoint, load_policy
from economics import LEDGER_COLUMNS, claim_decomposition, delta_mpl, read_columns
from scripts import _session, evaluate, record_video
from scripts._cli import configs_dir, guarded
from scripts._runs import read_rows

from .conftest import TINY, train_tiny

TRAIN = configs_dir().parent / "scripts" / "train.py"


def timeless(path: Path) -> list[dict[str, str]]:
    return [{name: value for name, value in row.items() if name != "wall_s"} for row in read_rows(path)]


def ended_children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_the_run_folder_is_complete(tiny_run):
    rows = read_rows(tiny_run / "train.csv")
    assert tuple(rows[0]) == LEDGER_COLUMNS
    assert [row["episode"] for row in rows] == ["1", "2", "3", "4"]
    assert [row["episode"] for row in read_rows(tiny_run / "eval.csv")] == ["2"] * 2 + ["4"] * 3
    assert latest_checkpoint(tiny_run / "checkpoints") is not None
    assert {file.name for file in (tiny_run / "videos").iterdir()} == {"episode_000002.mp4", "episode_000004.mp4"}
    assert (tiny_run / "plots" / "overview.png").stat().st_size > 10_000
    assert any((tiny_run / "tensorboard").iterdir())


def test_the_ledger_splits_the_spread_and_knows_what_each_shift_gained(tiny_run):
    ledger = read_columns(read_rows(tiny_run / "train.csv"))
    np.testing.assert_array_equal(ledger["delta_mpl_total"], delta_mpl(ledger["mp_r"]))
    assert np.isnan(ledger["price_quoted"]).all() and (ledger["s_cust"] == 0.0).all()
    assert claim_decomposition(ledger).holds


def test_the_summary_holds_intervals_and_baselines_on_the_same_seeds(tiny_run):
    summary = json.loads((tiny_run / "summary.json").read_text())
    names = ("profit_usd_per_hour", "profit_flow_usd_per_hour", "mp_per_hour", "err_rate", "wage_parity")
    for part in (summary["eval"], summary["untrained"], *summary["baselines"].values()):
        for name in (*names, "optimum_fraction"):
            assert part[name]["low"] <= part[name]["value"] <= part[name]["high"]
    assert set(summary["baselines"]) == {"random", "constant_0.5_0.5"}
    assert summary["baselines"]["constant_0.5_0.5"]["optimum_fraction"]["value"] == pytest.approx(0.52, abs=0.05)
    assert {"seed", "versions", "wall_s", "threads"} <= set(summary)


@pytest.mark.usefixtures("without_plots")
def test_the_same_seed_gives_the_same_rows_and_a_resumed_run_too(tiny_run, tmp_path):
    root = tmp_path / "run"
    assert train_tiny(root, "episodes=2", "video=false") == 0
    assert train_tiny(root, "resume=auto", "video=false") == 0
    assert timeless(root / "train.csv") == timeless(tiny_run / "train.csv")
    assert timeless(root / "eval.csv") == timeless(tiny_run / "eval.csv")


@pytest.mark.usefixtures("without_plots")
def test_an_overlapped_run_resumes_bit_for_bit_with_the_default_of_overlap(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    short = ("video=false", "eval_every=100", "final_shifts=1")
    assert train_tiny(whole, "overlap=true", *short) == 0
    assert train_tiny(parts, "overlap=true", "episodes=2", *short) == 0
    assert train_tiny(parts, "resume=auto", *short) == 0
    assert timeless(parts / "train.csv") == timeless(whole / "train.csv")
    assert json.loads((parts / "summary.json").read_text())["overlap"] is True


@pytest.mark.usefixtures("without_plots")
def test_a_failed_video_is_a_line_and_training_goes_on(tmp_path, monkeypatch, capsys):
    def fail(*_):
        raise RuntimeError("the camera fell over\nand broke")

    monkeypatch.setattr(_session, "record", fail)
    assert train_tiny(tmp_path / "run", "episodes=1", "eval_every=1") == 0
    assert "video episode_000001.mp4 failed: the camera fell over\n" in capsys.readouterr().out
    assert (tmp_path / "run" / "summary.json").exists()


def test_ctrl_c_saves_and_ends_the_real_command_within_ten_seconds(tmp_path):
    command = [sys.executable, str(TRAIN), *TINY, "episodes=100000", "eval_every=100000", "checkpoint_every=100000"]
    variables = os.environ | {"PYTHONPATH": str(TRAIN.parent.parent)}
    ended_before_s = ended_children_s()
    with subprocess.Popen([*command, "run_dir=run"], cwd=tmp_path, env=variables, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while not process.stdout.readline().startswith(b"episode"):
            assert process.poll() is None
        before_s = processor_s(process.pid)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
    assert process.returncode == 130
    # Processor time: on a busy machine ten seconds of the clock hold less.
    assert ended_children_s() - ended_before_s - before_s < 10
    assert latest_checkpoint(tmp_path / "run" / "checkpoints") is not None
    assert load_policy(tmp_path / "run")(np.zeros(4, np.float32)).shape == (2,)


@pytest.mark.usefixtures("without_plots")
def test_a_termination_during_an_evaluation_saves_and_the_run_goes_on_as_if_nothing_happened(
    tiny_run, tmp_path, monkeypatch
):
    root, evaluate_shifts = tmp_path / "run", _session.evaluate_shifts

    def terminated(*arguments):
        signal.raise_signal(signal.SIGTERM)
        return evaluate_shifts(*arguments)

    monkeypatch.setattr(_session, "evaluate_shifts", terminated)
    with pytest.raises(SystemExit) as caught:
        train_tiny(root, "video=false")
    assert caught.value.code == 143
    assert [row["episode"] for row in read_rows(root / "train.csv")] == ["1", "2"]
    assert read_rows(root / "eval.csv") == []
    monkeypatch.setattr(_session, "evaluate_shifts", evaluate_shifts)
    assert train_tiny(root, "resume=auto", "video=false") == 0
    assert timeless(root / "train.csv") == timeless(tiny_run / "train.csv")
    assert timeless(root / "eval.csv") == timeless(tiny_run / "eval.csv")


@pytest.mark.usefixtures("without_plots")
def test_a_termination_while_the_run_is_set_up_is_not_forgotten(tiny_run, tmp_path, monkeypatch):
    root, opened = tmp_path / "run", _session.Session.open

    def terminated(*arguments):
        signal.raise_signal(signal.SIGTERM)
        opened(*arguments)

    monkeypatch.setattr(_session.Session, "open", terminated)
    with pytest.raises(SystemExit) as caught:
        train_tiny(root, "video=false")
    assert caught.value.code == 143
    assert read_rows(root / "train.csv") == []
    monkeypatch.setattr(_session.Session, "open", opened)
    assert train_tiny(root, "resume=auto", "video=false") == 0
    assert timeless(root / "train.csv") == timeless(tiny_run / "train.csv")


def test_evaluate_prints_a_table_and_writes_json(tiny_run, tmp_path, capsys):
    output = tmp_path / "evaluation.json"
    assert evaluate.run([f"run_dir={tiny_run}", "shifts=3", f"output={output}"]) == 0
    assert "profit_usd_per_hour" in capsys.readouterr().out
    written, summary = (json.loads(path.read_text()) for path in (output, tiny_run / "summary.json"))
    assert written["eval"]["mp_per_hour"] == summary["eval"]["mp_per_hour"]
    assert len(written["shifts"]) == 3


def test_record_video_writes_an_mp4(tiny_run, tmp_path):
    output = tmp_path / "a.mp4"
    assert record_video.run([f"run_dir={tiny_run}", "seconds=600", f"output={output}"]) == 0
    assert output.stat().st_size > 1000


@pytest.mark.parametrize("script", [evaluate, record_video])
@pytest.mark.parametrize(
    ("argv", "said"),
    [(["run_dir=nowhere"], "run_dir: nowhere holds no run"), (["run_dir=x", "shift=3"], "shift: unknown key")],
)
def test_bad_arguments_are_one_line(script, argv, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert guarded(lambda: script.run(argv)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
