"""Tests for sweep_frontier.py: who works next, what a table says, interrupts, and small sweeps of both tasks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from economics import Prices
from scripts import _frontier
from scripts._cli import configs_dir, guarded
from scripts._explain import UsageError
from scripts._frontier import Sweep, grid_points, next_points
from scripts._frontier_checks import (
    best_row,
    formula_checks,
    formula_report,
    frontier_checks,
    frontier_report,
)
from scripts._frontier_plots import draw_heat_maps, efficient, mark
from scripts._frontier_table import FRONTIER_COLUMNS, priced_row, read_frontier
from scripts._interrupts import Interrupted
from scripts._runs import read_rows
from scripts.sweep_frontier import run
from v2p_sim.tasks.dishwashing import DishwashingConfig, attempts_per_hour, error_probability

SWEEP = configs_dir().parent / "scripts" / "sweep_frontier.py"


def measured(grid: int, dishes: int = 1000, seed: int = 0, config: DishwashingConfig | None = None) -> list:
    """Rows of a grid whose counts are drawn from the formula."""
    formula, rng = DishwashingConfig() if config is None else config, np.random.default_rng(seed)
    rows = []
    for action in grid_points(grid):
        hours = dishes / float(attempts_per_hour(action[0], action[1], formula))
        errors = float(rng.binomial(dishes, error_probability(action[0], action[1], formula)))
        rows.append(priced_row(action, np.array([dishes, dishes - errors, errors, hours]), Prices()))
    return rows


def test_the_grid_has_every_speed_with_every_care():
    points = grid_points(7)
    assert points.shape == (49, 2)
    assert np.unique(points[:, 0]) == pytest.approx(np.linspace(0.4, 1.0, 7))
    assert points[-7:].tolist() == [[1.0, care] for care in np.linspace(0.0, 1.0, 7)]


def test_the_first_round_works_every_point_once():
    assert sorted(next_points(np.zeros(9), np.zeros(9), 200, 9)) == list(range(9))


def test_points_that_have_enough_hand_their_cells_over():
    shifts, attempts = np.array([4, 4, 4]), np.array([400.0, 100.0, 40.0])
    chosen = next_points(shifts, attempts, dishes=200, cells=20)
    assert 0 not in chosen
    assert (chosen.count(1), chosen.count(2)) == (4, 16)
    assert next_points(shifts, attempts, dishes=40, cells=3) == []


def test_spare_cells_narrow_the_widest_interval_and_hopeless_points_are_given_up():
    shifts, attempts = np.array([2, 2, 2]), np.array([0.0, 190.0, 400.0])
    assert next_points(shifts, attempts, dishes=200, cells=4) == [1, 1, 1, 2]
    assert next_points(shifts, np.array([0.0, 200.0, 400.0]), dishes=200, cells=3) == []


def test_a_row_is_priced_in_the_rate_form_with_its_wilson_interval():
    row = priced_row(np.array([1.0, 0.5]), np.array([100.0, 90.0, 10.0, 0.5]), Prices())
    assert (row.mp, row.err, row.attempts_per_hour) == (180.0, 0.1, 200.0)
    assert row.profit == pytest.approx(0.3 * 180.0 - 1.0 * 0.1 * 180.0 - 0.1)
    assert (row.err_low, row.err_high) == pytest.approx((0.0552, 0.1744), abs=1e-4)


def test_checks_hold_for_a_frontier_that_is_as_asked_and_fail_for_one_that_is_not():
    good = measured(7, 20_000, config=DishwashingConfig(p_min=0.01, k=0.18, q_c=2.0))
    assert [check.holds for check in frontier_checks(good)] == [True] * 6
    flat = [replace(row, err=0.05, attempts_per_hour=100.0) for row in good]
    assert not any(check.holds for check in frontier_checks(flat))
    backwards = [replace(row, err=row.care) for row in good]
    assert [check.holds for check in frontier_checks(backwards)][1:4] == [False] * 3


def test_the_formula_is_found_near_and_a_wrong_one_far():
    rows = measured(7)
    near = formula_report(rows, DishwashingConfig(), Prices(), 0.06)
    far = formula_report(rows, DishwashingConfig(k=0.5), Prices(), 0.06)
    assert near["err_inside_interval_share"] > 0.85 > 0.5 > far["err_inside_interval_share"]
    assert near["attempts_relative_error_max"] < 1e-9
    assert near["optimum_usd_per_hour"] == pytest.approx(30.03, abs=0.01)
    assert near["feasible_agreement_share"] > 0.9
    assert frontier_report(rows, 0.06)["feasible_points"] == pytest.approx(near["feasible_points_formula"], abs=4)


@pytest.mark.parametrize(("grid", "dishes", "clear"), [(7, 200, 20), (7, 1000, 30)])
def test_the_feasible_set_is_validated_where_the_formula_is_right_and_not_where_it_is_wrong(grid, dishes, clear):
    for seed in range(5):
        rows = measured(grid, dishes, seed)
        (right,) = formula_checks(rows, DishwashingConfig(), Prices(), 0.06)
        assert right.holds and right.value == 1.0
        assert int(right.name.split(", ")[1].split()[0]) >= clear
        (wrong,) = formula_checks(rows, DishwashingConfig(k=0.5), Prices(), 0.06)
        assert not wrong.holds and 0.5 < wrong.value < 1.0


@pytest.mark.parametrize(
    ("more_errors", "margin", "share"),
    [(0, 0.2, 1.0), (60, 0.2, 0.0), (0, 0.01, np.nan), (5, 0.01, np.nan), (0, -0.05, 1.0)],
)
def test_points_within_noise_of_a_limit_decide_nothing(more_errors, margin, share):
    action, formula = np.array([1.0, 0.5]), DishwashingConfig()
    pace, err = (float(rate(action[0], action[1], formula)) for rate in (attempts_per_hour, error_probability))
    errors = round(200 * err) + more_errors
    row = priced_row(action, np.array([200.0, 200.0 - errors, errors, 200.0 / pace]), Prices())
    (check,) = formula_checks([row], formula, Prices(), err + margin)
    np.testing.assert_equal(check.value, share)
    assert check.holds == (share == 1.0)


def test_the_closed_form_optimum_and_the_feasible_set_are_marked_at_their_places():
    axis, formula = Figure().subplots(), DishwashingConfig()
    mark(axis, measured(7), 0.06, (formula, Prices()))
    lines = {line.get_label(): np.asarray(line.get_xydata()) for line in axis.lines}
    assert lines["closed-form optimum"] == pytest.approx(np.array([[0.86, 1.0]]), abs=0.005)
    assert len(lines["feasible"]) == frontier_report(measured(7), 0.06)["feasible_points"]
    best = best_row(measured(7))
    assert lines[f"best: {best.profit:.2f} $/h"].tolist() == [[best.care, best.speed]]
    (contour,) = axis.collections
    edge = np.concatenate([path.vertices for path in contour.get_paths()])
    err = error_probability(edge[:, 1], edge[:, 0], formula)
    mp = attempts_per_hour(edge[:, 1], edge[:, 0], formula) * (1.0 - err)
    # On the contour one of the two limits is met, to the resolution of the picture.
    assert len(edge) > 50 and np.minimum(abs(mp - 80.0), 100 * abs(err - 0.06)).max() < 1.0
    axis = Figure().subplots()
    mark(axis, measured(7), 0.06, None)
    assert "closed-form optimum" not in {line.get_label() for line in axis.lines} and not axis.collections


def test_every_heat_map_is_marked(tmp_path, monkeypatch):
    figures, save = [], Figure.savefig

    def kept(figure, *arguments, **keywords):
        figures.append(figure)
        save(figure, *arguments, **keywords)

    monkeypatch.setattr(Figure, "savefig", kept)
    draw_heat_maps(tmp_path / "maps.png", measured(3), "maps", 0.06, (DishwashingConfig(), Prices()))
    maps = [axis for axis in figures[0].axes if axis.get_xlabel() == "care"]
    labels = [{line.get_label() for line in axis.lines} for axis in maps]
    assert len(labels) == 4 and all({"closed-form optimum", "feasible"} <= found for found in labels)
    assert "closed-form optimum" in {text.get_text() for text in maps[-1].get_legend().get_texts()}


def test_efficient_points_are_beaten_by_none():
    mp, err = np.array([50.0, 80.0, 80.0, 110.0, 100.0]), np.array([0.01, 0.02, 0.05, 0.04, 0.04])
    assert efficient(mp, err).tolist() == [0, 1, 3]


def test_a_sweep_of_the_abstract_task_finds_the_optimum_and_says_how_far_the_formula_is(tmp_path, capsys):
    folder = tmp_path / "sweep"
    argv = ["task=dishwashing", "grid=4", "dishes=400", f"output={folder}"]
    assert run(argv) == 0
    printed = capsys.readouterr().out
    assert "closed-form optimum: 30.03 $/h at speed 1.00, care 0.86" in printed
    rows = read_frontier(folder / "frontier.csv")
    assert tuple(read_rows(folder / "frontier.csv")[0]) == FRONTIER_COLUMNS
    assert len(rows) == 16 and min(row.attempts for row in rows) >= 400
    seeds = [row["seed"] for row in read_rows(folder / "shifts.csv")]
    assert len(set(seeds)) == len(seeds) > 16
    assert best_row(rows).speed == 1.0 and best_row(rows).care > 0.0
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["formula"]["err_inside_interval_share"] >= 0.75
    (check,) = summary["checks"]
    assert check["holds"] is True and check["value"] == 1.0
    assert any(line.startswith(check["name"]) and line.endswith("holds") for line in printed.splitlines())
    assert {path.name for path in folder.iterdir()} >= {"heat_maps.png", "frontier.png", "shifts.csv"}
    before = (folder / "frontier.csv").read_bytes()
    assert run(argv) == 0
    assert "goes on after" in capsys.readouterr().out
    assert (folder / "frontier.csv").read_bytes() == before


@pytest.mark.soak
def test_an_interrupted_sweep_goes_on_to_the_same_table(tmp_path, monkeypatch, capsys):
    whole, halved = tmp_path / "whole", tmp_path / "halved"
    argv = ["task=dishwashing", "grid=3", "dishes=150"]
    assert run([*argv, f"output={whole}"]) == 0
    work_round = Sweep.work_round
    rounds = []

    def interrupted(self, *args):
        if rounds:
            raise Interrupted
        rounds.append(1)
        work_round(self, *args)

    monkeypatch.setattr(_frontier.Sweep, "work_round", interrupted)
    run([*argv, f"output={halved}"])
    assert "interrupted; finished rounds are kept" in capsys.readouterr().out
    assert len(read_rows(halved / "shifts.csv")) == len(read_rows(halved / "frontier.csv")) == 9
    monkeypatch.setattr(_frontier.Sweep, "work_round", work_round)
    assert run([*argv, f"output={halved}"]) == 0
    assert (halved / "frontier.csv").read_bytes() == (whole / "frontier.csv").read_bytes()


def test_ctrl_c_ends_the_real_command_with_status_130(tmp_path):
    command = [sys.executable, str(SWEEP), "task=dishwashing", "grid=20", "dishes=1000000", f"output={tmp_path / 's'}"]
    variables = os.environ | {"PYTHONPATH": str(SWEEP.parent.parent)}
    with subprocess.Popen(command, cwd=tmp_path, env=variables, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while not process.stdout.readline().startswith(b"round done"):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"interrupted; finished rounds are kept" in rest
    assert len(read_rows(tmp_path / "s" / "frontier.csv")) > 0


def test_the_physical_task_is_swept_and_held_against_its_bars(tmp_path, capsys):
    folder = tmp_path / "sweep"
    argv = ["task=dishwashing_mujoco", "grid=2", "dishes=1", "task.shift_minutes=1.5", "threads=1", f"output={folder}"]
    assert run(argv) == 0
    printed = capsys.readouterr().out
    assert "attempts an hour at speed 1, care 0" in printed and "formula" not in printed
    summary = json.loads((folder / "summary.json").read_text())
    assert len(summary["checks"]) == 6
    assert {row["point"] for row in read_rows(folder / "shifts.csv")} == {"0", "1", "2", "3"}


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["grid=1"], "grid: must be at least 2, got 1; nearest valid: 2"),
        (["dishs=5"], "dishs: unknown key; nearest valid: dishes"),
        (["task=dishwashing", "seeed=1"], "seeed: unknown key; nearest valid: seed"),
        (["nonsense"], "nonsense: not of the form key=value"),
        (["task=dishwashing", "task.shift_minutes=5"], "task.shift_minutes: "),
    ],
)
def test_wrong_input_is_one_line_and_no_folder(argv, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert guarded(lambda: run(argv)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_another_measurement_is_refused(tmp_path):
    argv = ["task=dishwashing", "dishes=1", f"output={tmp_path / 'sweep'}"]
    assert run([*argv, "grid=2"]) == 0
    with pytest.raises(UsageError, match="was measured with grid=2, not 3; choose another output"):
        run([*argv, "grid=3"])
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(UsageError, match="is not empty and holds no measurement"):
        run(["task=dishwashing", f"output={tmp_path / 'other'}"])
