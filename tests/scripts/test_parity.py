"""Tests for parity.py: the same hyper-parameters on both sides, jobs that are kept, verdicts."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts import _parity, _parity_server, parity
from scripts._cli import guarded
from scripts._interrupts import Interrupted, Interrupts
from scripts._parity import EVAL_SEEDS, MATCHED, OURS, SETTINGS, STEPS, THEIRS, Job, Point
from scripts._parity_report import COLUMNS, verdicts, write_job
from scripts._runs import read_rows

THEIRS_ANSWERS = """
import json, sys
job = json.loads(sys.stdin.readline())
print(json.dumps({"versions": {}}), flush=True)
for steps in job["points"]:
    print(json.dumps({"at": steps}), flush=True)
    returns = [job["seed"] - 1000.0] * len(job["eval_seeds"])
    print(json.dumps({"steps": steps, "returns": returns, "wall_s": 1.0}), flush=True)
"""
TINY = ["algorithm=ppo", "env=Pendulum-v1", "seeds=2", "steps=400"]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for Stable-Baselines3."""
    path = tmp_path / "server.py"
    path.write_text(THEIRS_ANSWERS)
    monkeypatch.setattr(_parity, "SERVER", path)
    monkeypatch.setattr(_parity, "their_python", lambda: Path(sys.executable))
    return path


def row(side: str, seed: int, value: float, steps: int = 400, env: str = "Pendulum-v1") -> dict[str, Any]:
    return {"algorithm": "ppo", "env": env, "side": side, "seed": str(seed), "steps": str(steps), "return_mean": value}


def test_the_usual_jobs_are_those_of_the_gate():
    jobs = parity.plan(parity.ParityArguments())
    assert len(jobs) == 2 * 2 * 5 * 2
    assert {(job.algorithm, job.env, job.steps) for job in jobs} == {
        *[("sac", "Pendulum-v1", 20_000), ("sac", "Reacher-v5", 50_000)],
        *[("ppo", "Pendulum-v1", 100_000), ("ppo", "Reacher-v5", 100_000)],
    }
    for job in jobs:
        assert len(job.points) >= 20
        assert job.points[-1] == job.steps
        assert all(point % _parity.EPISODE_STEPS[job.env] == 0 for point in job.points)
    assert [job.name for job in parity.plan(parity.ParityArguments(algorithm="sac", env="Reacher-v5", seeds=1))] == [
        *("sac_Reacher-v5_seed0_v2p", "sac_Reacher-v5_seed0_stable_baselines3")
    ]


@pytest.mark.parametrize("env", ["Pendulum-v1", "Reacher-v5"])
@pytest.mark.parametrize("algorithm", ["sac", "ppo"])
def test_both_sides_get_the_same_hyper_parameters(algorithm, env, monkeypatch):
    given = {}

    class Module:
        @staticmethod
        def SAC(policy, env, **settings):  # noqa: N802
            given.update(settings)

        PPO = SAC

    monkeypatch.setattr(_parity_server, "import_module", lambda name: Module)
    shared = SETTINGS[algorithm][env]
    _parity_server.MAKERS[algorithm](shared, None, 7)
    cells = _parity._cells(env, 1)
    config = _parity.make_learner(Job(algorithm, env, 7, OURS, 200), cells).config
    cells.close()
    renamed = {"warmup_steps": "learning_starts", "replay_capacity": "buffer_size", "rollout_steps": "n_steps"}
    renamed |= {"epochs": "n_epochs", "entropy_coefficient": "ent_coef", "value_coefficient": "vf_coef"}
    for name, value in shared.items():
        assert getattr(config, name) == value
        if name == "initial_temperature":
            assert given["ent_coef"] == f"auto_{value}"
        else:
            assert given[renamed.get(name, name)] == value
    assert given["seed"] == 7
    for name, value in MATCHED[algorithm].items():
        assert getattr(config, name) == value


def test_a_comparison_leaves_table_verdict_and_picture_and_goes_on_where_it_was(server, tmp_path, capsys):
    root = tmp_path / "parity"
    assert parity.run([*TINY, "seeds=1", f"output={root}"]) == 0
    first = read_rows(root / "parity.csv")
    assert parity.run([*TINY, f"output={root}"]) == 0
    said = capsys.readouterr().out
    assert "2 of 4 trainings are to be done" in said
    rows = read_rows(root / "parity.csv")
    assert tuple(rows[0]) == COLUMNS
    assert [(row["side"], row["seed"], row["steps"]) for row in rows] == [
        (side, seed, steps) for seed in "01" for side in (THEIRS, OURS) for steps in ("200", "400")
    ]
    assert [row for row in rows if row["seed"] == "0"] == first
    (verdict,) = json.loads((root / "parity.json").read_text())["verdicts"]
    assert (verdict["steps"], verdict["seeds"], verdict[THEIRS]["iqm"]) == (400, [0, 1], -999.5)
    ours = [float(row["return_mean"]) for row in rows if row["side"] == OURS and row["steps"] == "400"]
    assert verdict[OURS]["iqm"] == pytest.approx(sum(ours) / 2)
    assert all(-2000.0 < value < -500.0 for value in ours)
    assert (root / "parity.png").stat().st_size > 10_000
    server.write_text("raise SystemExit(1)")
    assert parity.run([*TINY, f"output={root}"]) == 0


def test_another_measurement_in_the_folder_is_refused(server, tmp_path, capsys):
    root = tmp_path / "parity"
    root.mkdir()
    (root / "measurement.json").write_text(json.dumps({"measurement": "parity", "task": "parity", "steps": 600}))
    assert guarded(lambda: parity.run([*TINY, f"output={root}"])) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "was measured with steps=600, not 400; choose another output" in line


def test_an_interrupt_keeps_the_finished_trainings(server, tmp_path, monkeypatch, capsys):
    work, root = _parity.work, tmp_path / "parity"

    def interrupted(job, stop, hear):
        if job.seed == 1:
            signal.raise_signal(signal.SIGINT)
        return work(job, stop, hear)

    monkeypatch.setattr(_parity, "work", interrupted)
    assert parity.run([*TINY, f"output={root}"]) == 130
    assert "go on with the same command" in capsys.readouterr().out
    assert {path.stem for path in (root / "jobs").iterdir()} == {
        f"ppo_Pendulum-v1_seed0_{side}" for side in (OURS, THEIRS)
    }
    assert not (root / "parity.json").exists()


def test_an_interrupt_ends_their_process_between_two_answers(server):
    server.write_text(THEIRS_ANSWERS + "import time; time.sleep(600)\n")
    with Interrupts() as stop, pytest.raises(Interrupted):
        _parity.work(Job("ppo", "Pendulum-v1", 0, THEIRS, 400), stop, lambda steps: signal.raise_signal(signal.SIGTERM))


@pytest.mark.parametrize(
    "broken", ["raise SystemExit(1)", THEIRS_ANSWERS.replace('job["points"]', 'job["points"][:1]')]
)
def test_a_server_that_breaks_is_one_line(server, tmp_path, capsys, broken):
    server.write_text(broken)
    arguments = ["algorithm=ppo", "env=Pendulum-v1", "seeds=1", "steps=400", f"output={tmp_path / 'parity'}"]
    assert guarded(lambda: parity.run(arguments)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "Stable-Baselines3 does not work; see what it says: echo" in line


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["steps=300"], "steps: input should be a multiple of 200, got 300"),
        (["env=Pendulum"], "env: 'Pendulum' is not one of Pendulum-v1, Reacher-v5, both; nearest valid: Pendulum-v1"),
        (["seed=1"], "seed: unknown key; nearest valid: seeds"),
        ([], "Stable-Baselines3 is not installed (.venv-parity is missing); run: make parity-setup"),
    ],
)
def test_bad_input_is_one_line(argv, said, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(_parity, "VENV", tmp_path / ".venv-parity")
    monkeypatch.chdir(tmp_path)
    assert guarded(lambda: parity.run(argv)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert list(tmp_path.iterdir()) == []


def test_ours_holds_within_or_above_their_interval():
    theirs = [row(THEIRS, seed, value) for seed, value in enumerate([-10.0, -9.0, -8.0, -7.0, -6.0])]
    for shift, holds in ((3.0, True), (-1.0, True), (-5.0, False)):
        ours = [row(OURS, seed, value + shift) for seed, value in enumerate([-10.0, -9.0, -8.0, -7.0, -6.0])]
        (verdict,) = verdicts([*theirs, *ours])
        assert verdict[THEIRS]["iqm"] == -8.0
        assert verdict[OURS]["iqm"] == -8.0 + shift
        assert -10.0 <= verdict[THEIRS]["low"] < -8.0 < verdict[THEIRS]["high"] <= -6.0
        assert verdict["holds"] is holds


def test_only_seeds_that_both_have_are_compared_at_the_last_common_point():
    rows = [row(OURS, 0, -5.0), row(OURS, 1, -7.0), row(THEIRS, 0, -6.0), row(THEIRS, 0, -1.0, steps=600)]
    (verdict,) = verdicts([*rows, row(OURS, 0, 0.0, env="Reacher-v5")])
    assert (verdict["env"], verdict["steps"], verdict["seeds"]) == ("Pendulum-v1", 400, [0])
    assert verdict["holds"] is False  # one seed has no interval


def test_a_job_is_written_whole(tmp_path):
    job = Job("sac", "Reacher-v5", 3, OURS, STEPS["sac"]["Reacher-v5"])
    write_job(tmp_path, job, [Point(400, [1.0] * 5 + [3.0] * 5, 2.5)])
    (written,) = read_rows(tmp_path / "jobs" / f"{job.name}.csv")
    assert (written["return_mean"], written["return_std"], written["episodes"]) == ("2.0", "1.0", "10")
    assert len(EVAL_SEEDS) == 10
