"""The dm_env face of a task: `load` makes one cell as a `dm_env.Environment`, over the same core as the other faces.

environment = v2p_sim.dm.load("dishwashing_mujoco", seed=0)
time_step = environment.reset()
while not time_step.last():
    time_step = environment.step(policy(time_step.observation))
"""

from __future__ import annotations

from collections import OrderedDict
from importlib import import_module
from typing import Any

import dm_env
import numpy as np
import numpy.typing as npt
from dm_env import specs
from gymnasium import spaces
from gymnasium.utils import seeding

from v2p_sim._checks import checked_actions, checked_choice
from v2p_sim.core import ACTION_SPACE, CellsTask

TASKS = {"dishwashing_mujoco": "video", "dishwashing": "state"}
"""The tasks that `load` knows, each with its default observation."""

_CELL = np.zeros(1, np.int64)
_ACTIVE = np.ones(1, np.bool_)


class CellEnvironment(dm_env.Environment):
    """One cell of a task. The reward is the dollars of the step.

    A shift ends with LAST and discount 1, for only its time is over; physics that diverged end it with LAST, discount 0
    and reward 0. Numbers equal those of a `CellEnv` whose first reset had the same seed, bit for bit.

    Args:
        task: a core with one cell.
        observation_name: the observation's key, such as "pixels" or "state".
        seed: seed of the cell's generator; None draws one.

    Raises:
        ValueError: the core has several cells.
    """

    def __init__(self, task: CellsTask, observation_name: str, seed: int | None = None) -> None:
        if task.num_cells != 1:
            raise ValueError(f"CellEnvironment shows one cell, the task has {task.num_cells}: use CellsVectorEnv")
        self.task = task
        self._name = observation_name
        self._rng = seeding.np_random(seed)[0]
        self._elapsed = task.steps_per_shift

    def reset(self) -> dm_env.TimeStep:
        """Start a shift.

        Returns:
            A FIRST time step, without reward and discount.
        """
        self._elapsed = 0
        self.task.reset(_CELL, [self._rng])
        return dm_env.restart(self._observe())

    def step(self, action: npt.ArrayLike) -> dm_env.TimeStep:
        """Work one control step; after a LAST step, or at first, start a shift instead and leave the action aside.

        Args:
            action: [speed, care], clipped to [0, 1], shape (2,).

        Returns:
            The time step; its reward is in dollars.

        Raises:
            ValueError: the action has another shape or is not finite.
        """
        if self._elapsed >= self.task.steps_per_shift:
            return self.reset()
        diverged = bool(self.task.step(checked_actions(action, (2,))[None], _ACTIVE)[0])
        self._elapsed = self.task.steps_per_shift if diverged else self._elapsed + 1
        if diverged:
            return dm_env.termination(0.0, self._observe())
        dollars = float(self.task.counters.step_profit_usd[0])
        if self._elapsed == self.task.steps_per_shift:
            return dm_env.truncation(dollars, self._observe())
        return dm_env.transition(dollars, self._observe())

    def action_spec(self) -> specs.BoundedArray:
        """Return the spec of [speed, care]: shape (2,), float32, in [0, 1]."""
        return specs.BoundedArray((2,), np.float32, ACTION_SPACE.low, ACTION_SPACE.high, "action")

    def observation_spec(self) -> OrderedDict[str, specs.Array]:
        """Return the spec of the one named observation."""
        return OrderedDict({self._name: _spec(self.task.observation_space, self._name)})

    def close(self) -> None:
        """Free the task's resources."""
        self.task.close()

    def _observe(self) -> OrderedDict[str, npt.NDArray[Any]]:
        return OrderedDict({self._name: self.task.observe()[0]})


def load(task: str = "dishwashing_mujoco", seed: int | None = None, **settings: Any) -> CellEnvironment:
    """Load a task as a `dm_env.Environment`.

    The observation is a dictionary with one entry: "pixels", stacked frames (T, C, H, W) uint8 from old to new,
    "state" or "privileged", as the setting `observation` says.

    Args:
        task: one of `TASKS`.
        seed: seed of the cell's generator; None draws one.
        **settings: those of the task, such as `observation="video"` or `shift_minutes=10.0`.

    Returns:
        The environment.

    Raises:
        ValueError: the task is unknown, or a setting has a wrong value.
        TypeError: a setting is unknown.

    Reference: dm_env's `docs/index.md`, https://github.com/google-deepmind/dm_env
    """
    module = import_module(f"v2p_sim.tasks.{checked_choice('task', task, tuple(TASKS))}")
    core: CellsTask = module.make_env(**settings).task
    observation = settings.get("observation", TASKS[task])
    return CellEnvironment(core, "pixels" if observation == "video" else observation, seed)


def _spec(space: spaces.Box[Any], name: str) -> specs.Array:
    if np.isneginf(space.low).any():
        return specs.Array(space.shape, space.dtype, name)
    return specs.BoundedArray(space.shape, space.dtype, space.low, space.high, name)
