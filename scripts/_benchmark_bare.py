"""The same physics and the same frames with nothing around them: what an environment is compared with."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Recording(NamedTuple):
    """What an environment did to its physics.

    Attributes:
        start: integration states before the first step.
        edits: before each step, the cells whose dishes were put elsewhere and their qpos; None where none were.
        controls: set-points of each step, (N, S, nu).
        poses: qpos after each step, (N, nq).
    """

    start: np.ndarray
    edits: list[tuple[np.ndarray, np.ndarray] | None]
    controls: list[np.ndarray]
    poses: list[np.ndarray]


def record(env: Any, actions: np.ndarray) -> Recording:
    """Step a physical environment once and write down what it did to its physics.

    Args:
        env: face of a physical task
        actions: actions of each step, (T, ...)
    """
    workcell = env.task.workcell
    env.reset(seed=0)
    recording = Recording(workcell.state_dict()["physics"].copy(), [], [], [])
    step, last = workcell.step, workcell.qpos.copy()

    def recording_step(control: np.ndarray) -> Any:
        moved = np.flatnonzero((workcell.qpos != last).any(axis=1))
        recording.edits.append((moved, workcell.qpos[moved].copy()) if moved.size > 0 else None)
        recording.controls.append(np.array(control))
        traces = step(control)
        last[:] = workcell.qpos
        recording.poses.append(last.copy())
        return traces

    workcell.step = recording_step
    try:
        for action in actions:
            env.step(action)
    finally:
        del workcell.step
    return recording


class Bare:
    """A batch and a camera that repeat a recording.

    Attributes:
        qpos: generalised positions of every cell, (N, nq), live.

    Args:
        workcell: the one that was recorded.
        threads: native threads.
        recording: what to repeat.
    """

    def __init__(self, workcell: Any, threads: int, recording: Recording) -> None:
        from mujoco.batch import Batch

        from v2p_sim.cameras import POLICY, Camera

        self.steps = len(recording.controls)
        self._recording = recording
        self._batch = Batch(workcell.model, workcell.num_cells, threads, persistent=True)
        self.qpos = self._batch.bind("qpos")
        self._camera = Camera(workcell.scene.model, "policy", POLICY)
        substeps = recording.controls[0].shape[1]
        self._out = {"sensordata": np.empty((workcell.num_cells, substeps, workcell.model.nsensordata))}

    def restart(self) -> None:
        """Begin where the environment began."""
        self._batch.reset()
        self._batch.state[:] = self._recording.start

    def roll_out(self, index: int) -> None:
        """Repeat the physics of a step."""
        edit, control = self._recording.edits[index], self._recording.controls[index]
        if edit is not None:
            self.qpos[edit[0]] = edit[1]
        self._batch.rollout(control.shape[1], control=control, record=["sensordata"], out=self._out)

    def draw(self, index: int) -> None:
        """Repeat the frames of a step."""
        for pose in self._recording.poses[index]:
            self._camera.draw(pose)

    def step(self, index: int) -> None:
        """Repeat a step with its frames."""
        self.roll_out(index)
        self.draw(index)

    def close(self) -> None:
        """Free the camera."""
        self._camera.close()
