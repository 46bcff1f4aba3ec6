"""Slow proofs, run by `make soak`: whole default runs against their bars."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TRAIN = Path(__file__).parents[1] / "scripts" / "train.py"

BEST_CONSTANT = 29.69  # $/h of the best action that never changes (docs/measurements.md)
ERROR_TARGET = 0.06

pytestmark = pytest.mark.soak


def trained(folder: Path, *overrides: str) -> dict[str, Any]:
    subprocess.run([sys.executable, str(TRAIN), f"run_dir={folder}", *overrides], check=True)
    return json.loads((folder / "summary.json").read_text())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_abstract_task_is_learnt(tmp_path: Path, seed: int):
    summary = trained(tmp_path / "run", "task=dishwashing", f"seed={seed}")
    assert summary["episodes"] <= 100
    assert summary["eval"]["optimum_fraction"]["value"] >= 0.98


def test_the_default_run_beats_what_does_not_see(tmp_path: Path):
    summary = trained(tmp_path / "run", "task=dishwashing_mujoco")
    others = [summary["untrained"], *summary["baselines"].values()]
    earned = summary["eval"]["profit_usd_per_hour"]["value"]
    assert summary["eval"]["shifts"] >= 16
    assert earned > max(BEST_CONSTANT, *(other["profit_usd_per_hour"]["value"] for other in others))
    assert summary["eval"]["err_rate"]["high"] < ERROR_TARGET


def script(name: str, *argv: str) -> int:
    return subprocess.run([sys.executable, str(TRAIN.parent / name), "task=dishwashing_mujoco", *argv]).returncode


def test_the_frontier_emerges(tmp_path: Path):
    assert script("sweep_frontier.py", f"output={tmp_path / 'frontier'}") == 0
    summary = json.loads((tmp_path / "frontier" / "summary.json").read_text())
    assert all(check["holds"] for check in summary["checks"])


def test_the_surrogate_fits(tmp_path: Path):
    assert script("calibrate.py", f"output={tmp_path / 'fitted.yaml'}") == 0
    assert (tmp_path / "fitted.yaml").read_text().startswith("#")


def test_seeing_pays(tmp_path: Path):
    assert script("sweep_frontier.py", f"output={tmp_path / 'frontier'}") == 0
    frontier = tmp_path / "frontier" / "frontier.csv"
    assert script("baselines.py", f"output={tmp_path / 'baselines'}", f"frontier={frontier}") == 0
    premium = json.loads((tmp_path / "baselines" / "premium.json").read_text())["vision_premium_available"]
    assert [ratio["asked"] for ratio in premium.values()] == [1.12, 1.06]
    assert [ratio["asked_low"] for ratio in premium.values()] == [1.08, 1.03]
    assert all(ratio["holds"] for ratio in premium.values())


@pytest.mark.parametrize("env", ["Pendulum-v1", "Reacher-v5"])
@pytest.mark.parametrize("algorithm", ["sac", "ppo"])
def test_ours_learns_as_well_as_stable_baselines3(tmp_path: Path, algorithm: str, env: str):
    if not (TRAIN.parents[1] / ".venv-parity").is_dir():
        pytest.skip("make parity-setup")
    command = [sys.executable, str(TRAIN.parent / "parity.py"), f"algorithm={algorithm}", f"env={env}"]
    subprocess.run([*command, f"output={tmp_path / 'parity'}"], check=True)
    (verdict,) = json.loads((tmp_path / "parity" / "parity.json").read_text())["verdicts"]
    assert verdict["seeds"] == [0, 1, 2, 3, 4]
    assert verdict["holds"]


def test_the_sla_is_kept_where_it_binds(tmp_path: Path):
    command = [sys.executable, str(TRAIN.parent / "prove_sla.py"), f"output={tmp_path / 'sla'}"]
    assert subprocess.run(command).returncode == 0
    verdicts = json.loads((tmp_path / "sla" / "sla.json").read_text())["verdicts"]
    assert set(verdicts) == {"penalty", "cost_critic"}
    assert all(verdicts.values())
