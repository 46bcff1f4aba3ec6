"""How fast the environments are: overhead over bare physics and frames, threads, processes, sleep, abstract task."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np

from scripts._benchmark import Measurement, alternating_seconds, seconds
from scripts._benchmark_bare import Bare, record
from scripts._benchmark_processes import RenderProcesses
from scripts._cli import compose_settings

SHORT_SUBSTEPS, SUBSTEPS = 20, 125
BATCH = 32
ABSTRACT_CELLS = 4096


@dataclass(frozen=True)
class Case:
    """A physical environment to measure: `substeps` None is the task's default; steps of a round, and of a slice."""

    cells: int
    substeps: int | None
    steps: int
    slice_steps: int
    video: bool = True


CASES = {
    "env_overhead_1": (Case(1, SHORT_SUBSTEPS, 320, 20), 1.10),
    "env_overhead_32": (Case(BATCH, SHORT_SUBSTEPS, 40, 4), 1.05),
    "env_overhead_blind": (Case(1, SHORT_SUBSTEPS, 640, 40, video=False), 1.25),
    "env_overhead_1_default": (Case(1, None, 60, 4), None),
    "env_overhead_32_default": (Case(BATCH, None, 12, 2), None),
    "env_overhead_blind_default": (Case(1, None, 120, 8, video=False), None),
}


def env_measurements(stack: ExitStack) -> list[Measurement]:
    """Speed of the environments and of what they stand on.

    Args:
        stack: closes what the measurements hold open
    """
    overheads = {name: Overhead(case, stack) for name, (case, _) in CASES.items()}
    alone = overheads["env_overhead_1"]
    processes, resting = stack.enter_context(RenderProcesses(2)), Resting()
    return [
        *[Measurement(name, "ratio", overheads[name].ratio, bound) for name, (_, bound) in CASES.items()],
        Measurement("bare_rollout_ms", "ms", alone.bare_rollout_ms),
        Measurement("bare_render_ms", "ms", alone.bare_render_ms),
        *[
            Measurement(f"env_steps_per_s_{cells}", "env steps/s", _steps_per_s(cells, threads, stack))
            for cells, threads in ((1, 1), (8, 2), (BATCH, 2))
        ],
        Measurement("thread_speedup_2", "ratio", _thread_speedup(stack), 1.8, "lower"),
        Measurement("render_processes_2", "ratio", processes.speedup, 1.7, "lower"),
        Measurement("sleep_cost", "ratio", resting.cost),
        Measurement("sleep_share", "ratio", resting.share),
        Measurement("abstract_over_cartpole", "ratio", _abstract_over_cartpole(), 1.0, "lower"),
    ]


def make_physical(case: Case, threads: int, stack: ExitStack) -> Any:
    """Make a physical environment: one cell as a Gymnasium environment, several as a batch.

    Args:
        case: cells, substeps, video or state
        threads: native threads
        stack: closes it
    """
    from scripts._build import make_cell, make_cells

    overrides = [f"task.observation={'video' if case.video else 'state'}", f"threads={threads}"]
    overrides += [] if case.substeps is None else [f"task.substeps={case.substeps}"]
    settings = compose_settings(["task=dishwashing_mujoco", *overrides])
    env = make_cell(settings).unwrapped if case.cells == 1 else make_cells(settings, case.cells)
    stack.callback(env.close)
    return env


def random_actions(case: Case) -> np.ndarray:
    """Draw the actions of every step, shape (T, 2) for one cell, (T, N, 2) for several."""
    shape = (case.steps, 2) if case.cells == 1 else (case.steps, case.cells, 2)
    return np.random.default_rng(0).random(shape).astype(np.float32)


class Overhead:
    """Compares env.step with the bare rollout of the set-points that it gave and the bare frames of what it saw."""

    def __init__(self, case: Case, stack: ExitStack) -> None:
        self._case = case
        self._env = make_physical(case, 1, stack)
        self._actions = random_actions(case)
        self._bare = Bare(self._env.task.workcell, 1, record(self._env, self._actions))
        stack.callback(self._bare.close)

    def ratio(self) -> float:
        """Return the time of all steps of the environment over that of the bare ones."""
        self._env.reset(seed=0)
        self._bare.restart()
        bare = self._bare.step if self._case.video else self._bare.roll_out
        ours_s, bare_s = alternating_seconds(self._step, bare, self._case.steps, self._case.slice_steps)
        return ours_s / bare_s

    def bare_rollout_ms(self) -> float:
        """Return the time of a step's physics alone [ms]."""
        self._bare.restart()
        return 1e3 * seconds(self._bare.roll_out, range(self._case.steps)) / self._case.steps

    def bare_render_ms(self) -> float:
        """Return the time of a step's frames alone [ms]."""
        return 1e3 * seconds(self._bare.draw, range(self._case.steps)) / self._case.steps

    def _step(self, index: int) -> None:
        self._env.step(self._actions[index])


def _steps_per_s(cells: int, threads: int, stack: ExitStack) -> Callable[[], float]:
    case = Case(cells, None, steps=max(12, 100 // cells), slice_steps=0)
    env, actions = make_physical(case, threads, stack), random_actions(case)

    def measure() -> float:
        env.reset(seed=0)
        return cells * case.steps / seconds(env.step, actions)

    return measure


def _thread_speedup(stack: ExitStack) -> Callable[[], float]:
    case = Case(BATCH, None, steps=24, slice_steps=3, video=False)
    one, two = (make_physical(case, threads, stack) for threads in (1, 2))
    actions = random_actions(case)

    def measure() -> float:
        one.reset(seed=0)
        two.reset(seed=0)
        one_s, two_s = alternating_seconds(
            lambda index: one.step(actions[index]), lambda index: two.step(actions[index]), case.steps, case.slice_steps
        )
        return one_s / two_s

    return measure


class Resting:
    """Times the substeps of an idle cell without dishes, with six that sleep, and with six that may not sleep."""

    def __init__(self) -> None:
        import mujoco
        from mujoco.batch import Batch

        from v2p_sim.scene import build_mjcf, build_scene
        from v2p_sim.workcell import Workcell

        scene, tree = build_scene(), build_mjcf(())
        workcell = Workcell(scene, 1)
        workcell.reset(np.arange(1), scene.tray_slots_m[None, : len(scene.kinds)])
        empty = mujoco.MjModel.from_xml_string(tree.to_xml_string(), tree.get_assets())  # pyright: ignore[reportAttributeAccessIssue]
        awake = copy.copy(scene.physics)
        awake.opt.enableflags &= ~int(mujoco.mjtEnableBit.mjENBL_SLEEP)  # pyright: ignore[reportAttributeAccessIssue]
        self._batches: list[tuple[Any, dict[str, Any]]] = []
        for model in (empty, scene.physics, awake):
            batch = Batch(model, 1, 1, persistent=True)
            if model.nq == scene.physics.nq:
                batch.state[:] = workcell.state_dict()["physics"]
            arguments = {
                "control": np.zeros((1, SUBSTEPS, model.nu)),
                "record": ["sensordata"],
                "out": {"sensordata": np.empty((1, SUBSTEPS, model.nsensordata))},
            }
            self._batches.append((batch, arguments))
        for _ in range(20):  # ten seconds: the dishes fall asleep
            for which in range(len(self._batches)):
                self._roll_out(which)

    def cost(self, rollouts: int = 40) -> float:
        """Return the time of a substep with six sleeping dishes over that without dishes."""
        asleep_s, empty_s = self._seconds(1, 0, rollouts)
        return asleep_s / empty_s

    def share(self, rollouts: int = 40) -> float:
        """Return what six sleeping dishes add to a substep over what six waking ones add."""
        asleep_s, empty_s = self._seconds(1, 0, rollouts)
        awake_s, empty_again_s = self._seconds(2, 0, rollouts)
        return (asleep_s - empty_s) / (awake_s - empty_again_s)

    def _seconds(self, first: int, second: int, rollouts: int) -> tuple[float, float]:
        return alternating_seconds(lambda _: self._roll_out(first), lambda _: self._roll_out(second), rollouts, 4)

    def _roll_out(self, which: int) -> None:
        batch, arguments = self._batches[which]
        batch.rollout(SUBSTEPS, **arguments)


def _abstract_over_cartpole(slice_steps: int = 61, slices: int = 6) -> Callable[[], float]:
    """Compare steps per second with Gymnasium's vectorised CartPole; a slice is an abstract shift and its reset."""
    import gymnasium as gym

    import v2p_sim  # noqa: F401  registers the tasks

    rng = np.random.default_rng(0)
    ours, cartpole = (
        gym.make_vec(name, num_envs=ABSTRACT_CELLS, vectorization_mode="vector_entry_point")
        for name in ("V2P/Dishwashing-v0", "CartPole-v1")
    )
    actions = rng.random((slice_steps, ABSTRACT_CELLS, 2)).astype(np.float32)
    pushes = rng.integers(0, 2, (slice_steps, ABSTRACT_CELLS))

    def measure() -> float:
        ours.reset(seed=0)
        cartpole.reset(seed=0)
        ours_s, cartpole_s = alternating_seconds(
            lambda index: ours.step(actions[index % slice_steps]),
            lambda index: cartpole.step(pushes[index % slice_steps]),
            slices * slice_steps,
            slice_steps,
        )
        return cartpole_s / ours_s

    return measure
