"""Tests of what the scripts about money share: one-line errors, files, gaps in a ledger, how numbers are written."""

from __future__ import annotations

import csv
import importlib
import math
import shutil

import matplotlib.image
import numpy as np
import pytest

from economics import check_ledger
from scripts._cli import guarded
from scripts._explain import UsageError
from scripts._ledger_file import SPREAD, gap_note, measured, open_source
from scripts._money import MoneyArguments, reported
from scripts._report import Report, Table, shown

FILES = {
    "summary": {"results.csv", "fleet.csv", "customer.csv", "summary.png"},
    "plot_spread": {"stretches.csv", "spread.csv", "spread.png"},
    "elasticity": {"elasticity.csv", "optimum.csv", "optimum.png"},
    "validate_deflation": {"claims.csv", "sensitivity.csv", "paths.csv", "claims_ledger.png", "claims_macro.png"},
    "market": {"market.csv", "rounds.csv", "costs.csv", "market.png"},
    "cash_flow": {"fleet.csv", "cash.csv", "value.csv", "pool.csv", "tranches.csv", "risks.csv", "cash_flow.png"},
}
QUICK = {"market": ["rounds=8", "draws=1"], "cash_flow": ["scenarios=50"], "elasticity": ["points=3"]}


def call(script: str, *argv: str) -> int:
    return guarded(lambda: importlib.import_module(f"scripts.{script}").run(list(argv)))


@pytest.mark.parametrize("script", FILES)
@pytest.mark.parametrize("run", ["none", "made", "trained"])
def test_each_script_prints_its_tables_and_writes_them_with_pictures(
    script, run, made_run, tiny_run, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    run_dir = {"none": [], "made": [f"run_dir={made_run}"], "trained": [f"run_dir={tiny_run}"]}[run]
    assert call(script, *QUICK.get(script, []), *run_dir) == 0
    printed = capsys.readouterr().out
    (folder,) = (tmp_path / "runs" / script).iterdir()
    names = {path.name for path in folder.iterdir()}
    expected = FILES[script]
    if (script, run) == ("cash_flow", "trained"):  # four shifts capture nothing: no pool
        expected = expected - {"pool.csv", "tranches.csv", "risks.csv"}
        assert "pool: not simulated" in printed
    assert names == expected
    assert all(name in printed for name in names)
    for name in names:
        if name.endswith(".png"):
            picture = matplotlib.image.imread(folder / name)
            assert picture.shape[1] > 1000 and picture[..., :3].std() > 0.05
        else:
            header, *rows = csv.reader((folder / name).open())
            assert rows and all(len(row) == len(header) for row in rows)
    if run == "none":
        assert any(
            word in printed for word in ("ILLUSTRATIVE", "reference constants", "reference figures", "PLACEHOLD")
        )


@pytest.mark.parametrize("script", FILES)
def test_wrong_input_is_one_line_and_no_folder(script, made_run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    empty, headless = tmp_path / "empty", tmp_path / "headless"
    shutil.copytree(made_run, headless)
    shutil.copytree(made_run, empty)
    (headless / "train.csv").unlink()
    (empty / "train.csv").write_text((made_run / "train.csv").read_text().splitlines()[0] + "\n")
    before = set(tmp_path.rglob("*"))
    no_ledger = f"run_dir: {headless} has no train.csv; train one first: python scripts/train.py"
    cases = {
        "run_dri=x": "run_dri: unknown key; nearest valid: run_dir",
        "nonsense": "nonsense: not of the form key=value; nearest valid: ",
        "seed=-1": "seed: must be at least 0, got -1; nearest valid: 0",
        f"output={made_run}/train.csv/deeper": f"output: cannot write {made_run}/train.csv/deeper (Not a directory)",
    }
    if script != "elasticity":  # which needs prices alone
        cases |= {f"run_dir={headless}": no_ledger, f"run_dir={empty}": f"run_dir: {empty}/train.csv has no rows; "}
    else:
        cases["run_dir=nowhere"] = "run_dir: nowhere holds no run (config.yaml is missing or damaged)"
    for word, said in cases.items():
        assert call(script, word, *QUICK.get(script, [])) == 2
        captured = capsys.readouterr()
        (line,) = captured.err.splitlines()
        assert said in line
        assert captured.out == ""
    assert set(tmp_path.rglob("*")) == before


def test_a_file_that_cannot_be_written_is_one_line(tmp_path, capsys):
    (tmp_path / "optimum.png").mkdir()
    assert call("elasticity", "points=3", f"output={tmp_path}") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"output: cannot write {tmp_path}/optimum.png" in line


def test_a_report_has_no_folder_before_it_says_something_and_an_end_only_where_all_went_well(tmp_path, capsys):
    arguments = MoneyArguments(output=str(tmp_path / "new"))
    with pytest.raises(UsageError, match=r"^mp_r: refused$"), reported(arguments, "test") as report:
        assert not (tmp_path / "new").exists()
        report.say("begun")
        assert (tmp_path / "new").is_dir()
        raise ValueError("mp_r: refused\nin detail")
    assert capsys.readouterr().out == "begun\n"
    with reported(arguments, "test") as report:
        report.table(Table("numbers", "Numbers", ("value",), [[1.0]]), printed=False)
    assert capsys.readouterr().out == f"\nwritten to {tmp_path}/new: numbers.csv\n"


def test_a_damaged_ledger_or_config_is_one_line(make_run, made_run, tmp_path, capsys):
    damaged = make_run(lambda row: row | {"mp_r": "much" if row["episode"] == 3 else row["mp_r"]}, 5)
    assert call("summary", f"run_dir={damaged}", f"output={tmp_path}") == 2
    assert f"{damaged}/train.csv has no number for mp_r in row 3" in capsys.readouterr().err
    priceless = tmp_path / "priceless"
    shutil.copytree(made_run, priceless)
    (priceless / "config.yaml").write_text("economics: {price_usd: -1}\n")
    assert call("summary", f"run_dir={priceless}", f"output={tmp_path}") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "config.yaml names no valid prices under economics" in line


def test_gaps_are_told_and_left_out_and_the_other_view_is_whole(make_run):
    old = make_run(lambda row: row | (dict.fromkeys(SPREAD, math.nan) if row["episode"] <= 20 else {}), 60)
    source = open_source(str(old), 0)
    note = gap_note(source.recorded, SPREAD)
    assert note is not None and note.strip().startswith(
        "not measured, left out: spread in 20 of 60, spread_value in 20"
    )
    assert measured(source.recorded, SPREAD).sum() == 40
    assert measured(source.valued, SPREAD).all() and gap_note(source.valued, SPREAD) is None

    partly = make_run(lambda row: row | ({"rebate": math.nan} if row["episode"] <= 5 else {}), 12)
    assert measured(open_source(str(partly), 0).recorded, SPREAD).sum() == 7


def test_the_second_view_says_that_it_is_an_assumption_and_how_good_the_forecasts_are(made_run):
    recorded, as_if = open_source(str(made_run), 0).notes[1:]
    assert recorded == "recorded: no customer's data came in, so the platform keeps all of the spread"
    assert "which they were not" in as_if and "in 49 of 60 shifts, prequential R2 " in as_if


def test_without_novelty_nothing_is_forecast_and_nothing_given_back(make_run):
    source = open_source(str(make_run(lambda row: row | {"novelty_norm": math.nan}, 30)), 0)
    assert "no shift's gain could be forecast" in source.notes[2]
    assert source.valued["rebate"].tolist() == [0.0] * 30


def test_the_illustrative_ledger_is_consistent_and_follows_its_seed():
    one, again, other = (open_source(None, seed) for seed in (1, 1, 2))
    assert "ILLUSTRATIVE" in one.title and "no measurement" in one.title
    assert one.recorded["completed"].tolist() == again.recorded["completed"].tolist()
    assert one.recorded["completed"].tolist() != other.recorded["completed"].tolist()
    assert check_ledger(one.valued)[1].holds and np.isfinite(one.valued["rebate"]).all()


def test_numbers_are_written_with_four_digits_and_all_digits_before_the_point():
    values = (0.123456, 18.0, 29.6789, 5_930_000.4, float("nan"), float("inf"), True, "senior", 3)
    assert [shown(value) for value in values] == [
        "0.1235",
        "18",
        "29.68",
        "5,930,000",
        "nan",
        "inf",
        "yes",
        "senior",
        "3",
    ]


def test_a_table_keeps_every_digit_in_its_file(tmp_path, capsys):
    report = Report(str(tmp_path), "test")
    report.table(Table("numbers", "Numbers", ("name", "value"), [["third", 1.0 / 3.0], ["none", math.nan]]))
    assert capsys.readouterr().out == "\nNumbers\nname    value\nthird  0.3333\nnone      nan\n"
    assert (tmp_path / "numbers.csv").read_text() == f"name,value\nthird,{1 / 3!r}\nnone,nan\n"
