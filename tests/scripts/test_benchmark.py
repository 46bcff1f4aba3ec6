"""Tests for benchmark.py: medians of interleaved measurements, bare repetitions, peers."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest

from scripts import _benchmark_encoders, _benchmark_env, _benchmark_peers, benchmark
from scripts._benchmark import alternating_seconds
from scripts._benchmark_bare import Bare, record
from scripts._benchmark_env import CASES, Case, make_physical, random_actions
from scripts.benchmark import GROUPS, Measurement, interleaved_medians, run

TALKATIVE = """
import json, sys
print(json.dumps({"substeps": 7}), flush=True)
for line in sys.stdin:
    print(json.dumps({"steps": 3, "seconds": 0.5}), flush=True)
"""


def test_measurements_take_turns_and_give_their_median():
    order = []
    values = {"a": iter([1.0, 9.0, 2.0]), "b": iter([5.0, 4.0, 6.0])}

    def measure(name):
        order.append(name)
        return next(values[name])

    lines = interleaved_medians(
        [
            Measurement("a", "ratio", lambda: measure("a"), 1.25, "lower"),
            Measurement("b", "1/s", lambda: measure("b")),
        ],
        rounds=3,
    )
    assert order == ["a", "b"] * 3
    assert lines == [
        {"name": "a", "value": 2.0, "unit": "ratio", "bound": 1.25, "side": "lower"},
        {"name": "b", "value": 5.0, "unit": "1/s", "bound": None, "side": None},
    ]


def test_slices_take_turns_and_cover_every_step_once():
    order: list[tuple[str, int]] = []
    times = alternating_seconds(lambda i: order.append(("a", i)), lambda i: order.append(("b", i)), 5, 2)
    assert order == [
        *[("a", 0), ("a", 1), ("b", 0), ("b", 1)],
        *[("b", 2), ("b", 3), ("a", 2), ("a", 3)],
        *[("a", 4), ("b", 4)],
    ]
    assert min(times) > 0.0


def test_bounds_are_those_that_were_promised():
    assert {name: bound for name, (_, bound) in CASES.items() if bound is not None} == {
        "env_overhead_1": 1.10,
        "env_overhead_32": 1.05,
        "env_overhead_blind": 1.25,
    }
    assert all(case.substeps == (None if name.endswith("_default") else 20) for name, (case, _) in CASES.items())


def bounds(measurements: list[Measurement]) -> dict[str, tuple[float, str]]:
    return {each.name: (each.bound, each.side) for each in measurements if each.bound is not None}


def test_every_bound_of_the_environments_is_the_one_that_was_promised(monkeypatch):
    for name in (
        "Overhead",
        "RenderProcesses",
        "Resting",
        "_steps_per_s",
        "_thread_speedup",
        "_abstract_over_cartpole",
    ):
        monkeypatch.setattr(_benchmark_env, name, MagicMock())
    with ExitStack() as stack:
        assert bounds(_benchmark_env.env_measurements(stack)) == {
            "env_overhead_1": (1.10, "upper"),
            "env_overhead_32": (1.05, "upper"),
            "env_overhead_blind": (1.25, "upper"),
            "thread_speedup_2": (1.8, "lower"),
            "render_processes_2": (1.7, "lower"),
            "abstract_over_cartpole": (1.0, "lower"),
        }


def test_every_bound_beside_peers_is_the_one_that_was_promised_and_the_first_is_put_in_its_place(monkeypatch, tmp_path):
    for venv in ("dm_control", "robotics"):
        python = tmp_path / venv / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.touch()
    monkeypatch.setattr(_benchmark_peers, "VENVS", tmp_path)
    monkeypatch.setattr(_benchmark_peers, "Peer", lambda *_: SimpleNamespace(substeps=20))
    monkeypatch.setattr(_benchmark_peers, "make_physical", lambda *_: None)
    with ExitStack() as stack:
        found = _benchmark_peers.peer_measurements(stack)
    assert bounds(found) == {
        "frames_over_dm_control": (30.0, "lower"),
        "frames_over_dm_control_equal_quality": (5.0, "lower"),
        "frames_over_fetch": (5.0, "lower"),
    }
    told = interleaved_medians([Measurement(each.name, "ratio", lambda: 1.0, note=each.note) for each in found], 1)
    (noted,) = [line for line in told if "note" in line]
    assert noted["name"] == "frames_over_dm_control" and noted["note"].startswith("mostly a quality setting")
    assert "is mostly a quality setting" in str(benchmark.__doc__)


@pytest.mark.parametrize("cells", [1, 2])
def test_bare_physics_repeats_what_the_environment_did(cells):
    case = Case(cells, 20, steps=12, slice_steps=0, video=False)
    with ExitStack() as stack:
        env = make_physical(case, 1, stack)
        task = env.task
        actions = random_actions(case)
        recording = record(env, actions)
        assert len(recording.controls) == len(recording.poses) == case.steps
        assert "step" not in vars(task.workcell)
        bare = Bare(task.workcell, 1, recording)
        stack.callback(bare.close)
        bare.restart()
        for index in range(case.steps):
            bare.roll_out(index)
            np.testing.assert_array_equal(bare.qpos, recording.poses[index])


def test_dishes_that_the_environment_moves_are_moved_in_the_bare_physics_too():
    case = Case(1, 20, steps=4, slice_steps=0, video=False)
    with ExitStack() as stack:
        env = make_physical(case, 1, stack)
        step = env.step

        def meddling(action: Any) -> Any:
            env.task.workcell.qpos[0, env.task.scene.dish_qpos[0]] -= 0.001
            return step(action)

        env.step = meddling
        recording = record(env, random_actions(case))
        assert all(edit is not None for edit in recording.edits)
        bare = Bare(env.task.workcell, 1, recording)
        stack.callback(bare.close)
        bare.restart()
        bare.roll_out(0)
        assert abs(bare.qpos - recording.poses[0]).max() < 1e-3


def test_a_peer_that_is_not_installed_is_one_line(monkeypatch, tmp_path: Path, capsys):
    monkeypatch.setattr(_benchmark_peers, "VENVS", tmp_path / ".venv-peers")
    with ExitStack() as stack:
        assert _benchmark_peers.peer_measurements(stack) == []
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(_benchmark_peers.PEERS)
    assert all(line.endswith("make peers") for line in lines)


def test_a_peer_answers_timing_requests_and_one_that_breaks_is_one_line(monkeypatch, tmp_path: Path):
    server = tmp_path / "server.py"
    monkeypatch.setattr(_benchmark_peers, "SERVER", server)
    with ExitStack() as stack:
        server.write_text(TALKATIVE)
        peer = _benchmark_peers.Peer("any", Path(sys.executable), stack)
        assert (peer.substeps, peer.spend(0.1)) == (7, (3, 0.5))
        server.write_text("raise SystemExit(1)")
        with pytest.raises(_benchmark_peers.PeerError, match=r"peer any does not work; see what it says: .* any"):
            _benchmark_peers.Peer("any", Path(sys.executable), stack)


def test_only_prints_one_group_as_json_lines(monkeypatch, capsys):
    monkeypatch.setitem(GROUPS, "env", lambda _: [Measurement("one", "s", lambda: 1.5)])
    monkeypatch.setitem(GROUPS, "peers", lambda _: pytest.fail("not asked for"))
    assert run(["only=env", "rounds=1"]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"name": "one", "value": 1.5, "unit": "s", "bound": None, "side": None}
    ]


def test_every_video_encoder_is_measured_or_its_package_is_named(monkeypatch, capsys):
    monkeypatch.setattr(_benchmark_encoders, "SPAN_S", 0.0)
    monkeypatch.setitem(sys.modules, "torchvision.models.video", None)
    monkeypatch.setitem(sys.modules, "transformers", None)
    with ExitStack() as stack:
        found = {each.name: each.measure() for each in _benchmark_encoders.encoder_measurements(stack)}
    assert found["encoder_weights_simple2dcnn"] == 650_152.0
    assert set(found) == {
        f"encoder_{what}_{name}" for what in ("weights", "forward_ms") for name in ("simple2dcnn", "simple3dcnn")
    }
    assert min(found.values()) > 0.0
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in said] == ["encoder r3d18", "encoder timesformer"]
