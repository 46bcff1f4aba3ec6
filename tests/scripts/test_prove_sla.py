"""Tests for prove_sla.py: what is trained, what violates the SLA, verdicts, and that finished trainings are kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scripts import _sla, prove_sla
from scripts._build import make_cells, make_constraint
from scripts._cli import compose_settings, guarded
from scripts._runs import read_rows
from scripts._sla import ActionRecorder, Training, late

GOOD = {"err_rate": 0.058, "err_high": 0.065, "profit": 34.0, "optimum_fraction": 0.98, "late_expected": 0.05}
GOOD |= {"late_counted": 0.3, "lambda_dual": 0.2, "wall_s": 1.0}


def row(training: Training, **other: float) -> dict[str, Any]:
    return {"form": training.form, "seed": training.seed, "episodes": training.episodes, **GOOD, **other, "shifts": []}


def test_a_training_is_under_the_sla_from_the_first_shift_with_cheap_damage():
    settings = compose_settings(Training("cost_critic", 3, 300).overrides())
    constraint = make_constraint(settings.economics)
    assert settings.agent.model_dump()["constraint_form"] == "cost_critic"
    assert (settings.seed, settings.episodes) == (3, 300)
    assert settings.economics.damage_usd == 0.10
    assert settings.novelty == compose_settings(["task=dishwashing"]).novelty
    assert constraint.error_target == 0.055
    assert constraint.value == 0.30
    assert constraint.config.pi is not None


def test_the_recorder_keeps_each_cells_actions_of_its_own_shift():
    env = ActionRecorder(make_cells(compose_settings(["task=dishwashing"]), 2))
    env.reset(seed=0)
    for step in range(130):  # 60 steps and a reset row, twice
        if step in (60, 121):
            assert env.take(1).shape == (60, 2)
            np.testing.assert_array_equal(env.take(0)[:, 0], np.linspace(0.0, 1.0, 130)[step - 60 : step])
        env.step(np.full((2, 2), np.linspace(0.0, 1.0, 130)[step]))
    assert len(env.take(0)) == 8


def test_only_late_shifts_above_the_tolerance_are_violations():
    def shifts(expected: float, count: int) -> list[dict[str, float]]:
        return [{"expected": expected, "counted": 0.0, "lambda_dual": 1.0}] * count

    found = late(shifts(0.5, 200) + shifts(0.0659, 95) + shifts(0.0661, 5))
    assert found == {"late_expected": 0.05, "late_counted": 0.0, "lambda_dual": 1.0}


@pytest.mark.parametrize(
    ("other", "kept"),
    [
        ({}, True),
        ({"err_high": 0.0661}, False),
        ({"optimum_fraction": 0.969}, False),
        ({"late_expected": 0.1}, False),
        ({"late_counted": 0.9}, True),
    ],
)
def test_the_bar(other, kept):
    assert prove_sla.keeps(row(Training("penalty", 0, 300), **other)) == kept


def test_a_form_holds_where_four_of_five_seeds_do_and_finished_trainings_are_kept(tmp_path, monkeypatch, capsys):
    trained = []

    def measure(training: Training, _stop: Any) -> dict[str, Any]:
        trained.append(training)
        bad = training.seed == 0 or (training.form == "penalty" and training.seed == 1)
        return row(training, optimum_fraction=0.5 if bad else 0.98)

    monkeypatch.setattr(_sla, "measure", measure)
    output = tmp_path / "sla"
    assert prove_sla.run([f"output={output}", "form=cost_critic", "seeds=[0,1]"]) == 1
    assert prove_sla.run([f"output={output}"]) == 1
    assert prove_sla.run([f"output={output}", "form=cost_critic"]) == 0
    assert len(trained) == len(set(trained)) == 10
    assert "cost_critic: 4 of 5 seeds keep the bar: holds" in capsys.readouterr().out
    assert json.loads((output / "sla.json").read_text())["verdicts"] == {"cost_critic": True}
    assert len(read_rows(output / "sla.csv")) == 5


def test_a_short_training_leaves_its_row(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(_sla, "EVAL_SHIFTS", 2)
    output = tmp_path / "sla"
    assert prove_sla.run([f"output={output}", "form=cost_critic", "seeds=[0]", "episodes=4"]) == 1
    (training,) = (output / "trainings").iterdir()
    found = json.loads(training.read_text())
    assert [shift["episode"] for shift in found["shifts"]] == [1.0, 2.0, 3.0, 4.0]
    assert all(abs(shift["expected"] - shift["counted"]) < 0.08 for shift in found["shifts"])
    assert found["err_rate"] < found["err_high"]


@pytest.mark.parametrize(
    ("argv", "said"),
    [(["seeds=[]"], "seeds: "), (["form=hinge"], "form: 'hinge' is not one of"), (["epochs=3"], "epochs: unknown key")],
)
def test_bad_arguments_are_one_line(argv, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert guarded(lambda: prove_sla.run(argv)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
