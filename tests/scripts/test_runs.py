"""Tests for _runs.py: folders, CSV files that neither double nor lose a row, JSON without NaN."""

from __future__ import annotations

import json
import math

import pytest
import yaml

from scripts._cli import compose_settings
from scripts._explain import UsageError
from scripts._runs import (
    CsvLog,
    RunPlan,
    check_same_run,
    keep_rows,
    make_folder,
    plan_run,
    read_config,
    read_rows,
    write_json,
)
from scripts._settings import load_settings
from scripts.train import settle_overlap

COLUMNS = ("episode", "profit")


def settings_for(*overrides):
    return compose_settings(["task=dishwashing", *overrides])


def test_default_folders_name_task_and_seed_and_never_collide(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = plan_run(settings_for("seed=3"))
    assert first.root.parent.as_posix() == "runs/dishwashing"
    assert first.root.name.endswith("_seed3")
    make_folder(first, settings_for("seed=3"))
    assert plan_run(settings_for("seed=3")).root != first.root


def test_a_folder_in_use_is_refused(tmp_path):
    (tmp_path / "train.csv").write_text("x")
    with pytest.raises(UsageError, match="resume=auto"):
        plan_run(settings_for(f"run_dir={tmp_path}"))


def test_resume_auto_without_a_checkpoint_starts_afresh(tmp_path):
    plan = plan_run(settings_for(f"run_dir={tmp_path / 'new'}", "resume=auto"))
    assert plan.checkpoint is None
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("x")
    settings = settings_for(f"run_dir={tmp_path / 'file' / 'run'}")
    with pytest.raises(UsageError, match="run_dir: cannot write"):
        make_folder(plan_run(settings), settings)


def test_config_reads_back_as_the_same_settings(tmp_path):
    settings = settings_for(f"run_dir={tmp_path / 'run'}")
    make_folder(plan_run(settings), settings)
    assert load_settings(read_config(tmp_path / "run")) == settings


def test_read_config_of_nothing_names_the_cure(tmp_path):
    with pytest.raises(UsageError, match=r"run_dir: .* holds no run"):
        read_config(tmp_path)


def test_rows_survive_reopening_and_keep_every_digit(tmp_path):
    path = tmp_path / "train.csv"
    for episode in (1, 2):
        log = CsvLog(path, COLUMNS)
        log.write({"episode": episode, "profit": 0.1 + 0.2})
        log.close()
    rows = read_rows(path)
    assert [row["episode"] for row in rows] == ["1", "2"]
    assert float(rows[0]["profit"]) == 0.1 + 0.2


def test_keep_rows_drops_later_rows_and_a_torn_last_line(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text("episode,profit\n1,1.0\n2,2.0\n3,3.0\n4")
    keep_rows(path, path, COLUMNS, last_episode=2)
    assert path.read_text() == "episode,profit\n1,1.0\n2,2.0\n"


def test_rows_of_an_older_version_keep_their_columns_and_get_nan_in_the_new_ones(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text("episode,profit\n1,1.0\n")
    keep_rows(path, path, ("episode", "rebate", "profit"), last_episode=1)
    assert path.read_text() == "episode,rebate,profit\n1,nan,1.0\n"


def test_json_turns_nan_into_null(tmp_path):
    write_json(tmp_path / "a.json", {"a": {"low": math.nan, "value": 1.0, "list": [math.inf]}})
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": {"low": None, "value": 1.0, "list": [None]}}


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ({"seed": 4}, "seed: the run to resume has 0, not 4; nearest valid: seed=0"),
        ({"episodes": 9}, None),
        ({"threads": 2}, None),
        ({"overlap": True}, "overlap: the run to resume has False, not True; nearest valid: overlap=False"),
        ({"novelty": {"name": "none"}}, "novelty: the run to resume has diffusion, not none"),
    ],
)
def test_only_what_decides_the_numbers_must_be_as_before(tiny_run, override, said):
    settings = load_settings(read_config(tiny_run) | {"resume": str(tiny_run)} | override)
    plan = plan_run(settings)
    assert plan.root.samefile(tiny_run)
    if said is None:
        check_same_run(settings, plan)
    else:
        with pytest.raises(UsageError, match=said):
            check_same_run(settings, plan)


def test_a_run_from_before_a_setting_is_still_the_same_run(tiny_run, tmp_path):
    values = read_config(tiny_run)
    settings = load_settings(values)
    del values["encoder"]["freeze_episodes"], values["agent"]["constraint_form"]
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(values))
    plan = RunPlan(tmp_path, tmp_path / "checkpoints" / "checkpoint_000001")
    check_same_run(settings, plan)
    frozen = settings.model_copy(update={"encoder": settings.encoder.model_copy(update={"freeze_episodes": 3})})
    with pytest.raises(UsageError, match=r"encoder\.freeze_episodes: the run to resume has 0, not 3"):
        check_same_run(frozen, plan)


def test_a_run_goes_on_with_the_overlap_that_it_was_begun_with(tiny_run, tmp_path):
    values = read_config(tiny_run)
    plan = RunPlan(tmp_path, tmp_path / "checkpoints" / "checkpoint_000001")
    wanted = load_settings(values | {"overlap": "auto"})
    for known, begun in (({}, False), ({"overlap": True}, True)):
        older = {key: value for key, value in values.items() if key != "overlap"}
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(older | known))
        settings = settle_overlap(wanted, plan)
        assert settings.overlap is begun
        check_same_run(settings, plan)
