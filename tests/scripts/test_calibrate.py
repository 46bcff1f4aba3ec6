"""Tests for calibrate.py: known constants come back, and the fitted task can be run."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from scripts import _cli
from scripts._build import make_cells
from scripts._calibration import fit_constants, judge_fit, rounded, task_yaml
from scripts._cli import compose_settings, configs_dir
from scripts._explain import UsageError
from scripts._frontier_table import FrontierRow, read_frontier, write_table
from scripts.calibrate import run
from v2p_sim.tasks.dishwashing import DishwashingConfig

from .test_sweep_frontier import measured

FRONTIER = Path(__file__).parents[2] / "docs" / "frontier.csv"
KNOWN = DishwashingConfig(p_min=0.012, k=0.2, q_s=2.0, q_c=2.5, attempts_per_minute=2.2, care_cost=0.3)


def test_known_constants_are_recovered_from_counts():
    fitted = fit_constants(measured(7, 20_000, config=KNOWN))
    assert fitted.p_min == pytest.approx(KNOWN.p_min, rel=0.1)
    assert fitted.k == pytest.approx(KNOWN.k, rel=0.05)
    assert fitted.q_s == pytest.approx(KNOWN.q_s, rel=0.1)
    assert fitted.q_c == pytest.approx(KNOWN.q_c, rel=0.1)
    assert fitted.attempts_per_minute == pytest.approx(KNOWN.attempts_per_minute, rel=1e-6)
    assert fitted.care_cost == pytest.approx(KNOWN.care_cost, rel=1e-6)


def test_distances_count_in_units_of_what_is_allowed():
    # Hasty points err 2.2 points more than the formula can say; maximum likelihood keeps to the many others too well.
    rows = measured(7, 100_000, config=KNOWN)
    odd = [
        replace(row, err=row.err + 0.022, errors=(row.err + 0.022) * row.attempts)
        if row.speed == 1.0 and row.care < 0.6
        else row
        for row in rows
    ]
    assert judge_fit(odd, fit_constants(odd)).err_share == 1.0


def test_the_fit_is_judged_point_by_point():
    rows = measured(7, 1000, config=KNOWN)
    good = judge_fit(rows, fit_constants(rows))
    assert good.holds and good.attempts_share == 1.0 and good.err_share >= 0.9
    slow = judge_fit(rows, replace(KNOWN, attempts_per_minute=2.0))
    assert slow.attempts_share == slow.joint_share == 0.0 and not slow.holds
    assert slow.attempts_worst == pytest.approx(0.2 / 2.2, abs=1e-6)
    careless = judge_fit(rows, replace(KNOWN, k=0.6))
    assert careless.err_share < 0.7 and not careless.holds


def test_the_tolerance_is_the_wider_of_1_5_points_and_the_interval():
    (row, *_) = measured(2, 10)
    few = FrontierRow(**(row.__dict__ | {"attempts": 10.0, "errors": 0.0, "err": 0.0}))
    many = FrontierRow(**(row.__dict__ | {"attempts": 1e6, "errors": 0.0, "err": 0.0}))
    near, far = (replace(DishwashingConfig(), k=0.0, p_min=value) for value in (0.0149, 0.0151))
    assert [judge_fit([many], config).err_share for config in (near, far)] == [1.0, 0.0]
    high = replace(many, errors=1e5, err=0.1)
    below = [replace(near, p_min=value) for value in (0.0851, 0.0849)]
    assert [judge_fit([high], config).err_share for config in below] == [1.0, 0.0]
    assert judge_fit([few], replace(near, p_min=0.2)).err_share == 1.0


def test_the_command_measures_fits_and_writes(tmp_path, capsys):
    output = tmp_path / "fitted.yaml"
    argv = ["task=dishwashing", "grid=5", "dishes=3000", f"frontier={tmp_path / 'sweep'}", f"output={output}"]
    assert run(argv) == 0
    printed = capsys.readouterr().out
    assert "fitted to 25 points of at least 3" in printed and "holds" in printed
    fitted = yaml.safe_load(output.read_text())["constants"]
    reference = DishwashingConfig()
    assert fitted["p_min"] == pytest.approx(reference.p_min, abs=0.004)
    assert fitted["k"] == pytest.approx(reference.k, rel=0.15)
    assert fitted["q_s"] == pytest.approx(reference.q_s, abs=0.3)
    assert fitted["q_c"] == pytest.approx(reference.q_c, abs=0.3)
    assert fitted["attempts_per_minute"] == pytest.approx(reference.attempts_per_minute, rel=0.015)
    assert fitted["care_cost"] == pytest.approx(reference.care_cost, abs=0.01)


def test_the_calibrated_task_that_ships_fits_the_frontier_that_ships():
    settings = compose_settings(["task=dishwashing_calibrated"])
    assert settings.task.constants is not None
    config = DishwashingConfig(**settings.task.constants.model_dump())
    rows = read_frontier(FRONTIER)
    assert len(rows) == 49 and min(row.attempts for row in rows) >= 1000
    assert judge_fit(rows, config).holds
    assert rounded(fit_constants(rows)) == config
    env = make_cells(settings, 1)
    assert env.unwrapped.task.config == config
    env.close()


def test_the_fitted_task_can_be_chosen_and_worked(tmp_path, monkeypatch):
    shutil.copytree(configs_dir(), tmp_path / "configs")
    rows = measured(4, config=KNOWN)
    text = task_yaml("dishwashing_fitted", "dishwashing_mujoco", KNOWN, judge_fit(rows, KNOWN))
    (tmp_path / "configs" / "task" / "dishwashing_fitted.yaml").write_text(text)
    monkeypatch.setattr(_cli, "configs_dir", lambda: tmp_path / "configs")
    settings = compose_settings(["task=dishwashing_fitted", "task.constants.k=0.25"])
    assert settings.task.name == "dishwashing_fitted"
    env = make_cells(settings, 2)
    assert env.unwrapped.task.config == replace(KNOWN, k=0.25)
    with pytest.raises(UsageError, match=r"task: p_min \+ k must be <= 1"):
        make_cells(
            compose_settings(["task=dishwashing_fitted", "task.constants.k=0.99", "task.constants.p_min=0.1"]), 1
        )
    with pytest.raises(UsageError, match=r"task\.constants\.care_cost: must be at most 1"):
        compose_settings(["task=dishwashing_fitted", "task.constants.care_cost=2"])


def test_a_fit_that_is_worse_than_asked_is_status_1(tmp_path):
    rows = [replace(row, attempts_per_hour=row.attempts_per_hour * (2.0 - row.care)) for row in measured(5)]
    bent = [replace(row, attempts_per_hour=row.attempts_per_hour * (1.5 if row.speed < 0.6 else 1.0)) for row in rows]
    write_table(tmp_path / "bent.csv", bent, FrontierRow)
    argv = ["task=dishwashing_mujoco", f"frontier={tmp_path / 'bent.csv'}", f"output={tmp_path / 'fitted.yaml'}"]
    assert run(argv) == 1


def test_a_folder_of_another_sweep_is_refused_by_its_own_name(tmp_path):
    argv = ["task=dishwashing", "dishes=1", f"frontier={tmp_path / 'sweep'}", f"output={tmp_path / 'fitted.yaml'}"]
    assert run([*argv, "grid=3"]) in (0, 1)
    with pytest.raises(UsageError, match=r"frontier: .* was measured with grid=3, not 4; choose another frontier"):
        run([*argv, "grid=4"])


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["frontier=nowhere.csv"], "frontier: nowhere.csv has no rows; make one"),
        (["frontier=wrong.csv"], "frontier: wrong.csv lacks the column speed"),
        (["output=fitted.json"], "output: must end in .yaml, got 'fitted.json'; nearest valid: output=fitted.yaml"),
    ],
)
def test_wrong_input_is_explained(argv, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError) as caught:
        run(["task=dishwashing", "output=out.yaml", *argv])
    assert str(caught.value).startswith(said)
