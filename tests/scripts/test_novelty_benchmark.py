"""Tests for novelty_benchmark.py: what is shown, what is kept, what is said, and that an interrupt loses nothing."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agents import build_encoder, load_policy, save_policy
from scripts import _novelty_latents, novelty_benchmark
from scripts._build import make_agent, make_cells, with_kwargs
from scripts._cli import compose_settings, guarded
from scripts._novelty_cases import (
    SLOWEST,
    Rounds,
    SteadyWork,
    _Clear,
    _shows,
    make_cases,
    mix_without,
    shift_seeds,
    watch_case,
)
from scripts._novelty_latents import _variants, derived_cases
from scripts._runs import RunPlan, make_folder, read_rows
from scripts.novelty_benchmark import run
from v2p_sim.breakage import Outcome
from v2p_sim.dishes import CATALOGUE, TRAY_MIX
from v2p_sim.randomization import Randomization
from v2p_sim.workcell import BIN_M

TINY = ["train_shifts=3", "test_shifts=2", "every=15", "updates=20", "threads=1", "encoder.latent_dim=16"]
ABSTRACT = ["task=dishwashing", *TINY]
PHYSICAL = ["task=dishwashing_mujoco", "task.observation=video", "task.substeps=2", "task.shift_minutes=0.0014"]
FILES = {"auroc.csv", "novelty.json", "auroc.png", "examples.png", "measurement.json"}


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def physical_task():
    settings = with_kwargs(compose_settings(PHYSICAL), observation="privileged", tray_mix=TRAY_MIX)
    env = make_cells(settings, 2)
    env.reset(seed=0)
    yield env.unwrapped.task
    env.close()


@pytest.mark.parametrize("kind", dict.fromkeys(TRAY_MIX))
def test_a_mix_without_a_kind_differs_in_its_places_alone(kind):
    mix = mix_without(kind)
    assert kind not in mix and len(mix) == len(TRAY_MIX)
    assert all(new == old for new, old in zip(mix, TRAY_MIX, strict=True) if old != kind)
    assert set(mix) <= set(CATALOGUE)


def test_no_two_cases_share_a_seed_and_seeds_lie_below_those_of_evaluation():
    seeds = [seed for case in range(6) for seed in shift_seeds(3, case, 500)]
    assert len(set(seeds)) == len(seeds)
    assert min(shift_seeds(2**31 - 1, 5, 9)) >= 0 and max(shift_seeds(2**31 - 1, 5, 9)) < 2**31


def test_steady_work_differs_between_shifts_and_stays_careful():
    work = SteadyWork([1, 2, 1])
    actions = work(np.zeros((3, 4)))
    assert np.array_equal(actions[0], actions[2]) and not np.array_equal(actions[0], actions[1])
    many = SteadyWork(list(range(200))).actions
    assert np.all(many >= SLOWEST.astype(np.float32)) and np.all(many <= 1.0)
    assert np.all(many.min(0) < SLOWEST + 0.05) and np.all(many.max(0) > 0.95)


def test_each_case_differs_from_normal_in_one_thing():
    cases = {case.name: case for case in make_cases(compose_settings(PHYSICAL), "mug")}
    normal = cases["normal"]
    assert "mug" not in normal.kwargs["tray_mix"] and cases["train"].kwargs == normal.kwargs
    assert cases["kind"].kwargs == {"tray_mix": TRAY_MIX}
    assert cases["broken"].fragile and cases["broken"].kwargs == normal.kwargs
    moved, lit = cases["camera"].kwargs["randomization"], cases["light"].kwargs["randomization"]
    assert moved == Randomization(camera_m=moved.camera_m, camera_rad=moved.camera_rad) and moved.camera_m > 0.0
    assert lit == Randomization(light=lit.light) and lit.light > 0.0
    mild = {case.name: case for case in make_cases(compose_settings([*PHYSICAL, "task.randomization=mild"]), "mug")}
    assert mild["camera"].kwargs["randomization"].noise > 0.0


def test_the_abstract_task_shows_the_normal_cases_alone():
    settings = compose_settings(["task=dishwashing", "task.observation=video"])
    assert [case.name for case in make_cases(settings, "glass")] == ["train", "normal"]


def test_broken_dishes_are_shown_until_they_are_cleared_away(physical_task):
    task, dish = physical_task, 1
    assert not _shows(task, "broken", "").any()
    task.cycle.outcome[0, dish] = Outcome.CRUSHED
    task.cycle.outcome[1, dish] = Outcome.DONE
    assert _shows(task, "broken", "").tolist() == [True, False]
    clear = _Clear(task, frames=3)
    assert clear.after_step().tolist() == [False, True]
    task.workcell.discard(0, dish)
    assert task.workcell.dish_position_m()[0, dish, 1] == BIN_M[1]
    assert not _shows(task, "broken", "").any()
    assert [clear.after_step()[0] for _ in range(3)] == [False, False, True]


def test_a_kind_is_shown_until_its_last_dish_is_cleared_away(physical_task):
    assert _shows(physical_task, "kind", "steel_cup").all()
    for dish in (place for place, name in enumerate(TRAY_MIX) if name == "steel_cup"):
        assert _shows(physical_task, "kind", "steel_cup")[0]
        physical_task.workcell.discard(0, dish)
    assert _shows(physical_task, "kind", "steel_cup").tolist() == [False, True]


def test_one_observation_in_every_few_steps_of_every_shift_is_watched():
    settings = compose_settings(["task=dishwashing", "task.observation=video"])
    (case, _) = make_cases(settings, "glass")
    rounds = Rounds(shift_seeds(0, 0, 18), 20, None, lambda act: act)
    seen = list(watch_case(settings, case, "glass", rounds))
    assert [len(own.shifts) for own in seen] == [16] * 3 + [2] * 3
    assert np.array_equal(seen[-1].shifts, [16, 17])
    assert seen[0].observations.shape == (16, 8, 3, 64, 64)


def test_every_dish_of_a_fragile_shift_breaks_and_only_frames_that_show_it_count():
    words = [
        "task=dishwashing_mujoco",
        "task.observation=video",
        "task.shift_minutes=1.0",
        "task.frames=8",
        "threads=1",
    ]
    settings = compose_settings(words)
    broken = next(case for case in make_cases(settings, "glass") if case.name == "broken")
    seen = list(watch_case(settings, broken, "glass", Rounds([3, 4, 5], 20, None, lambda act: act)))
    assert 2 < len(seen) < 60

    def red(frame: np.ndarray) -> int:
        return int(((frame[0] > 1.8 * frame[1].clip(1)) & (frame[0] > 1.8 * frame[2].clip(1))).sum())

    assert all(red(own.observations[0, -1]) > red(seen[0].observations[0, 0]) for own in seen)


def test_frozen_frames_repeat_the_newest_and_noise_is_all_noise():
    stacks = np.random.default_rng(0).integers(0, 256, (2, 8, 3, 4, 4), np.uint8)
    made = _variants(["normal", "frozen", "noise"], stacks, np.random.default_rng(1))
    assert np.array_equal(made["normal"], stacks)
    assert all(np.array_equal(made["frozen"][:, frame], stacks[:, -1]) for frame in range(8))
    assert 90 < made["noise"].mean() < 165 and not np.array_equal(made["noise"][0, 0], made["noise"][0, 1])
    assert set(_variants(["camera"], stacks, np.random.default_rng(1))) == {"camera"}
    single = _variants(["normal", "noise"], stacks[:, -1:], np.random.default_rng(1))
    assert list(single) == ["normal", "noise"] and 90 < single["noise"].mean() < 165


def test_a_run_says_how_many_frames_are_seen_and_one_is_never_frozen(tmp_path):
    make_folder(RunPlan(tmp_path / "run", None), compose_settings([*PHYSICAL, "task.frames=3"]))
    run_dir = str(tmp_path / "run")
    words = novelty_benchmark._run_words(novelty_benchmark.NoveltyArguments(run_dir=run_dir), [])
    assert words[0] == "task=dishwashing_mujoco" and "task.frames=3" in words
    with pytest.raises(ValueError, match=r"task\.frames=1: the run in run_dir has task\.frames=3; nearest"):
        run([f"run_dir={run_dir}", "task.frames=1", f"output={tmp_path / 'out'}"])
    assert derived_cases(build_encoder("simple2dcnn", (1, 3, 64, 64))) == ["noise"]
    assert derived_cases(build_encoder("simple2dcnn", (2, 3, 64, 64))) == ["frozen", "noise"]


def test_a_tiny_benchmark_of_the_abstract_task_writes_everything_and_repeats_itself(tmp_path, capsys):
    argv = [*ABSTRACT, f"output={tmp_path / 'out'}"]
    assert run(argv) == 0
    printed = capsys.readouterr().out
    assert "the benchmark in" in printed and "begins" in printed
    assert "frozen" in printed and "diffusion's mean AUROC" in printed
    assert {path.name for path in (tmp_path / "out").iterdir()} >= FILES
    rows = read_rows(tmp_path / "out" / "auroc.csv")
    assert {row["measure"] for row in rows} == {"diffusion", "rnd", "knn"}
    assert [(row["unit"], row["anomaly"]) for row in rows[::3]] == [
        (unit, anomaly) for unit in ("observation", "shift") for anomaly in ("frozen", "noise", "mean")
    ]
    assert all(float(row["low"]) <= float(row["auroc"]) <= float(row["high"]) for row in rows)
    found = json.loads((tmp_path / "out" / "novelty.json").read_text())
    for unit, row in (("observation", rows[5]), ("shift", rows[14])):
        assert found[unit]["auroc"]["knn"]["noise"]["value"] == float(row["auroc"])
        assert set(found[unit]["goals"]) == {"mean_auroc", "not_below_the_best_baseline"}
    assert found["seen"]["noise"] == {"observations": 8, "shifts": 2}
    before = (tmp_path / "out" / "auroc.csv").read_bytes()
    assert run(argv) == 0
    assert "goes on" in capsys.readouterr().out
    assert (tmp_path / "out" / "auroc.csv").read_bytes() == before
    assert run([*ABSTRACT, f"output={tmp_path / 'again'}"]) == 0
    assert (tmp_path / "again" / "auroc.csv").read_bytes() == before


def test_an_interrupt_keeps_finished_cases_and_the_rest_is_as_without_it(tmp_path, monkeypatch, capsys):
    argv, collect = [*ABSTRACT, f"output={tmp_path / 'halved'}"], _novelty_latents.collect_case

    def interrupted(settings: Any, plan: Any, case: Any, *rest: Any) -> Any:
        if case.name == "normal":
            os.kill(os.getpid(), signal.SIGINT)
        return collect(settings, plan, case, *rest)

    monkeypatch.setattr(_novelty_latents, "collect_case", interrupted)
    assert run(argv) == 130
    assert "interrupted; finished cases are kept, go on with the same command" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "halved").iterdir()} == {"measurement.json", "latents_train.npz"}
    monkeypatch.setattr(_novelty_latents, "collect_case", collect)
    assert run(argv) == 0
    assert run([*ABSTRACT, f"output={tmp_path / 'whole'}"]) == 0
    halved, whole = ((tmp_path / name / "auroc.csv").read_bytes() for name in ("halved", "whole"))
    assert halved == whole


@pytest.mark.soak
def test_the_physical_task_shows_every_case(tmp_path, capsys):
    argv = [*PHYSICAL, *TINY[:2], "every=5", "updates=3", "threads=1", f"output={tmp_path / 'out'}"]
    assert run(argv) == 0
    printed = capsys.readouterr().out
    seen = json.loads((tmp_path / "out" / "novelty.json").read_text())["seen"]
    assert list(seen) == ["noise", "kind", "camera", "light", "broken"]
    assert all(own["shifts"] == 2 for name, own in seen.items() if name != "broken")
    assert seen["broken"]["observations"] == 0 and "not seen" in printed  # nothing breaks in 80 ms
    frames = {}
    for name in ("normal", "kind", "camera", "light"):
        with np.load(tmp_path / "out" / f"latents_{name}.npz") as saved:
            frames[name] = saved["example"]
    assert frames["normal"].shape == (64, 64, 3) and frames["normal"].std() > 10


def test_a_runs_encoder_and_policy_are_used(tmp_path, monkeypatch):
    settings = compose_settings(["task=dishwashing", "task.observation=video", "encoder.latent_dim=16", "seed=5"])
    env = make_cells(settings, 1)
    root, plan = tmp_path / "run", RunPlan(tmp_path / "run", None)
    make_folder(plan, settings)
    save_policy(root, make_agent(settings, env))
    calls = []
    policy = type(load_policy(root))
    act = policy.__call__
    monkeypatch.setattr(policy, "__call__", lambda self, seen: calls.append(len(seen)) or act(self, seen))
    assert run([*ABSTRACT[1:-1], f"run_dir={root}", f"output={tmp_path / 'out'}"]) == 0
    assert set(calls) == {3, 2} and len(calls) == 120
    digest = json.loads((tmp_path / "out" / "novelty.json").read_text())["digest"]
    assert digest == _novelty_latents.encoder_digest(load_policy(root).encoder)
    with pytest.raises(ValueError, match="encoder=simple3dcnn: the run in run_dir has encoder=simple2dcnn"):
        run([f"run_dir={root}", "encoder=simple3dcnn"])


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["train_shifts=0"], "train_shifts: must be at least 1, got 0; nearest valid: 1"),
        (["test_shift=3"], "test_shift: unknown key; nearest valid: test_shifts"),
        (["kind=spoon"], "kind: 'spoon' is not on the tray; valid: plate, bowl, mug, glass, steel_cup"),
        (
            ["task.observation=state"],
            "task.observation: anomalies are seen in video; nearest valid: task.observation=v",
        ),
        (["encoder=mlp"], "task.observation=video; nearest valid: encoder=simple2dcnn"),
        (["run_dir=nowhere"], "run_dir: nowhere holds no run"),
        (["task.substeps=0"], "task.substeps: must be at least 1, got 0"),
    ],
)
def test_wrong_input_is_one_line_and_no_folder(argv, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert guarded(lambda: run(argv)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert list(tmp_path.iterdir()) == []


def test_a_state_run_and_a_damaged_file_are_one_line(tiny_run, tmp_path):
    with pytest.raises(ValueError, match="encoder: mlp reads state"):
        run([f"run_dir={tiny_run}", f"output={tmp_path / 'out'}"])
    argv = [*ABSTRACT, f"output={tmp_path / 'damaged'}"]
    assert run(argv) == 0
    Path(tmp_path / "damaged" / "latents_train.npz").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"is damaged .*; delete it to collect it again"):
        run(argv)


def test_help_is_the_docstring(capsys):
    with pytest.raises(SystemExit):
        run(["--help"])
    assert capsys.readouterr().out.strip() == str(novelty_benchmark.__doc__).strip()
