"""Tests for view.py, with a fake viewer: what is shown, how fast, and one line where nothing can be shown."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import mujoco
import numpy as np
import pytest

from scripts import view
from scripts._cli import guarded
from scripts._explain import UsageError
from v2p_sim.breakage import Outcome
from v2p_sim.looks import BROKEN_RGBA
from v2p_sim.tasks.dishwashing_mujoco import make_env

ACTION = np.array([1.0, 0.0], np.float32)


class FakeViewer:
    """Stays open for some steps and notes what it is shown."""

    def __init__(self, stage: Any, steps: int) -> None:
        self.cam = mujoco.MjvCamera()  # pyright: ignore[reportAttributeAccessIssue]
        self.seen: list[tuple[float, np.ndarray]] = []
        self.closed = self.locked = False
        self._stage, self._steps = stage, steps

    def is_running(self) -> bool:
        self._steps -= 1
        return self._steps >= 0

    @contextmanager
    def lock(self):
        self.locked = True
        yield
        self.locked = False

    def sync(self) -> None:
        assert not self.locked
        self.seen.append((self._stage.data.time, self._stage.data.qpos.copy()))

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def env():
    env = make_env(observation="state", substeps=view.VIEW_SUBSTEPS, shift_minutes=0.002)
    yield env
    env.close()


@pytest.fixture
def display(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(view, "_window_fault", lambda: None)


def fake_launch(monkeypatch, launch_passive: Any) -> None:
    module = SimpleNamespace(launch_passive=launch_passive)
    monkeypatch.setitem(sys.modules, "mujoco.viewer", module)
    monkeypatch.setattr(mujoco, "viewer", module, raising=False)


def said_by(argv: list[str], capsys: Any) -> str:
    assert guarded(lambda: view.run(argv)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_the_viewer_shows_the_cell_in_real_time_shift_after_shift(env, monkeypatch, capsys):
    stage, slept = view.Stage(env.task), []
    viewer = FakeViewer(stage, steps=10)
    monkeypatch.setattr(view.time, "monotonic", lambda: 100.0)
    view.show(env, stage, viewer, ACTION, 3, slept.append)
    times_s = [0.02, 0.04, 0.06, 0.08, 0.10, 0.12, 0.0, 0.02, 0.04, 0.06]
    np.testing.assert_allclose([seen[0] for seen in viewer.seen], times_s, atol=1e-9)
    np.testing.assert_allclose(slept, times_s, atol=1e-9)
    assert "shift of 0.0 min: 0 done, 0 errors" in capsys.readouterr().out
    twin = make_env(observation="state", substeps=view.VIEW_SUBSTEPS, shift_minutes=0.002)
    twin.reset(seed=3)
    for _, qpos in viewer.seen[:6]:
        twin.step(ACTION)
        task: Any = twin.task
        np.testing.assert_array_equal(qpos, task.workcell.qpos[0])


def test_a_late_frame_is_not_waited_for(env, monkeypatch):
    stage, slept, clock = view.Stage(env.task), [], iter(np.arange(100.0))
    monkeypatch.setattr(view.time, "monotonic", lambda: next(clock))
    view.show(env, stage, FakeViewer(stage, steps=3), ACTION, 0, slept.append)
    assert slept == [0.0, 0.0, 0.0]


def test_soil_and_broken_dishes_are_painted_into_what_the_viewer_shows(env):
    stage = view.Stage(env.task)
    env.reset(seed=0)
    task, rgba = env.task, stage.model.geom_rgba
    stage.update(0.0)
    whole = rgba[task.scene.dish_geoms[0]].copy()
    np.testing.assert_array_equal(rgba[task.scene.soil_geoms, 3], 1.0)
    task.cycle.outcome[0, 0] = Outcome.BROKEN_IMPACT
    task.cycle.scrubbed_nm[0, 1] = task.cycle.soil_nm[0, 1]
    stage.update(0.0)
    np.testing.assert_allclose(rgba[task.scene.dish_geoms[0]], np.tile(BROKEN_RGBA, (len(whole), 1)))
    assert rgba[task.scene.soil_geoms[1], 3] == 0.0
    np.testing.assert_array_equal(task.scene.model.geom_rgba[task.scene.dish_geoms[0]], whole)


def test_the_command_opens_aims_and_closes_the_viewer_and_waits_for_its_threads(display, monkeypatch):
    opened: list[Any] = []
    drawing = threading.Event()

    def launch(model: Any, data: Any, **settings: Any) -> FakeViewer:
        threading.Thread(target=drawing.wait, args=(10.0,)).start()
        opened.append(FakeViewer(SimpleNamespace(model=model, data=data), steps=2))
        close = opened[0].close
        opened[0].close = lambda: (close(), threading.Timer(0.05, drawing.set).start())
        return opened[0]

    fake_launch(monkeypatch, launch)
    assert view.run(["care=0.5", "seed=1"]) == 0
    (viewer,) = opened
    assert viewer.closed and drawing.is_set() and len(viewer.seen) == 2
    assert 0.1 < viewer.cam.distance < 5.0
    assert -90.0 < viewer.cam.elevation < 0.0


def test_without_a_display_one_line_says_what_to_do(monkeypatch, capsys):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    line = said_by([], capsys)
    assert "no display" in line and "ssh -X" in line and "scripts/record_video.py" in line


def test_where_glfw_does_not_start_one_line_says_why(monkeypatch):
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":nowhere")
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(UsageError, match=r"view: no window can be opened \(.+\); use ssh -X") as caught:
        view.require_window()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (RuntimeError("`launch_passive` requires `mjpython`"), "run it with mjpython instead of python"),
        (RuntimeError("GLFW dynamic library handle is not available"), "ssh -X"),
    ],
)
def test_a_viewer_that_does_not_start_is_one_line(display, monkeypatch, capsys, error, cure):
    def launch(*_: Any, **__: Any) -> None:
        raise error

    fake_launch(monkeypatch, launch)
    assert cure in said_by([], capsys)


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("speed=2", "speed: must be at most 1.0, got 2"),
        ("care=x", "care: must be a number"),
        ("task=dishwashing", "nearest valid: dishwashing_mujoco"),
        ("sped=1", "sped: unknown key; nearest valid: speed"),
    ],
)
def test_bad_arguments_are_one_line(argument, said, capsys):
    assert said in said_by([argument], capsys)
