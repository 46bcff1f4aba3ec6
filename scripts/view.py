"""Watch a cell at work: `python scripts/view.py task=dishwashing_mujoco [speed=1.0] [care=0.86] [seed=0]`.

Opens MuJoCo's passive viewer, where there is a display, and drives the cell with one constant action in real time until
the window is closed. Prints what every shift earned.
"""

# pyright: reportAttributeAccessIssue=false
# (MuJoCo ships no types.)
from __future__ import annotations

import copy
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from scripts._cli import Arguments, entry_point, load_arguments
from scripts._explain import UsageError

VIEW_SUBSTEPS = 5  # 20 ms at steps of 4 ms: motion looks smooth
CLOSING_S = 5.0
TABLE_TOP_M = 0.0
CURE = "use ssh -X or a desktop, or film a run instead: python scripts/record_video.py run_dir=RUN"

Share = Annotated[float, Field(ge=0, le=1)]


class ViewArguments(Arguments):
    """What the command line can say."""

    task: Literal["dishwashing_mujoco"] = "dishwashing_mujoco"
    speed: Share = 1.0
    care: Share = 0.86
    seed: Annotated[int, Field(ge=0)] = 0


def run(argv: Sequence[str]) -> int:
    """Open the viewer and work until it is closed.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status 0.

    Raises:
        UsageError: an argument is wrong, or there is no display.
    """
    arguments = load_arguments(argv, ViewArguments, str(__doc__))
    require_display()
    from v2p_sim.tasks.dishwashing_mujoco import make_env

    env = make_env(observation="state", substeps=VIEW_SUBSTEPS)
    stage = Stage(env.task)
    action = np.array([arguments.speed, arguments.care], np.float32)
    try:
        require_window()
        with _launched(stage) as viewer:
            stage.aim(viewer.cam)
            show(env, stage, viewer, action, arguments.seed)
    finally:
        env.close()
    return 0


class Stage:
    """A copy of the cell's model for the viewer alone, and the posture that it shows.

    Args:
        task: the physical task, with one cell.
    """

    def __init__(self, task: Any) -> None:
        import mujoco

        from v2p_sim.looks import DishLooks

        self._task = task
        self.model = copy.copy(task.scene.model)
        self.data = mujoco.MjData(self.model)
        self._looks = DishLooks(task.scene, self.model)
        self._forward: Callable[[Any, Any], None] = mujoco.mj_forward
        self._forward(self.model, self.data)

    def update(self, seconds: float) -> None:
        """Take over where everything is and how the dishes look.

        Args:
            seconds: simulated time to show [s]
        """
        self.data.qpos[:] = self._task.workcell.qpos[0]
        self.data.time = seconds
        self._looks.paint(self._task.cycle, 0)
        self._forward(self.model, self.data)

    def aim(self, camera: Any) -> None:
        """Let the free camera, which the mouse moves, start where the camera for people stands.

        Args:
            camera: the viewer's `mujoco.MjvCamera`
        """
        people = self.data.camera("people")
        forward = -people.xmat.reshape(3, 3)[:, 2]
        distance_m = (people.xpos[2] - TABLE_TOP_M) / -forward[2]
        camera.lookat[:] = people.xpos + distance_m * forward
        camera.distance = distance_m
        camera.azimuth = np.degrees(np.arctan2(forward[1], forward[0]))
        camera.elevation = np.degrees(np.arcsin(forward[2]))


def show(
    env: Any,
    stage: Stage,
    viewer: Any,
    action: np.ndarray,
    seed: int,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Drive the cell in real time, shift after shift, until the viewer is closed.

    Args:
        env: one physical cell
        stage: what the viewer shows of it
        viewer: MuJoCo's passive viewer
        action: [speed, care] of every step
        seed: seed of the first shift
        sleep: waits [s]
    """
    _, info = env.reset(seed=seed)
    started, shown_s, done = time.monotonic(), 0.0, False
    while viewer.is_running():
        if done:
            print(_summary(info))
            _, info = env.reset()
            shown_s, started = 0.0, time.monotonic()
        else:
            *_, terminated, truncated, info = env.step(action)
            shown_s = info["hours"] * 3600.0
        done = not done and (terminated or truncated)
        with viewer.lock():
            stage.update(shown_s)
        viewer.sync()
        sleep(max(0.0, started + shown_s - time.monotonic()))


def require_display() -> None:
    """See that there is a display.

    Raises:
        UsageError: there is none; the line says what to do.
    """
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")):
        raise UsageError(f"view: no display (DISPLAY and WAYLAND_DISPLAY are not set); {CURE}")


def require_window() -> None:
    """See that a window can be opened: MuJoCo opens its own in a thread whose failure nobody would hear of.

    To be called after the scene was built: `v2p_sim.gl` has to load its libraries before a window brings Mesa's.

    Raises:
        UsageError: none can; the line says why, and what to do.
    """
    if sys.platform == "darwin":  # windows belong to the main thread there, which mjpython keeps
        return
    reason = _window_fault()
    if reason is not None:
        raise UsageError(f"view: no window can be opened ({reason}); {CURE}")


def _window_fault() -> str | None:
    """Open and close a hidden window; say what GLFW complained of if it could not."""
    import glfw

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        opened = False
        if glfw.init():
            glfw.window_hint(glfw.VISIBLE, glfw.FALSE)
            window = glfw.create_window(64, 64, "", None, None)
            opened = bool(window)
        _, words = glfw.get_error()
        glfw.terminate()
    if opened:
        return None
    return words.decode(errors="replace").splitlines()[0] if words else "GLFW does not start"


@contextmanager
def _launched(stage: Stage) -> Iterator[Any]:
    """Open the viewer; close it, and wait for its threads: the process must not end while they draw."""
    others = set(threading.enumerate())
    try:
        from mujoco import viewer

        handle = viewer.launch_passive(stage.model, stage.data, show_left_ui=False, show_right_ui=False)
    except (ImportError, RuntimeError) as error:
        cure = "run it with mjpython instead of python" if "mjpython" in str(error) else CURE
        raise UsageError(f"view: the viewer does not start ({str(error).splitlines()[0]}); {cure}") from error
    try:
        yield handle
    finally:
        handle.close()
        for thread in set(threading.enumerate()) - others:
            thread.join(CLOSING_S)


def _summary(info: dict[str, Any]) -> str:
    hours = max(info["hours"], 1e-9)
    return (
        f"shift of {60 * hours:.1f} min: {info['completed']:.0f} done, {info['errors']:.0f} errors,"
        f" {info['profit_usd'] / hours:.2f} $/h"
    )


main = entry_point(run)


if __name__ == "__main__":
    main()
