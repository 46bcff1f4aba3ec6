"""The rollout: T steps of N cells, every frame stored once."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from agents.checkpoint import CheckpointError
from agents.replay import Step
from agents.replay.frames import FrameStore
from agents.spec import EnvSpec


class Choice(NamedTuple):
    """What the agent thought when it acted.

    Attributes:
        actions: Actions within the bounds (N, A).
        raw: The same before squashing (N, A).
        log_probs: Log density of the squashed actions (N,).
        values: Values of the observations (N,).
    """

    actions: np.ndarray
    raw: np.ndarray
    log_probs: np.ndarray
    values: np.ndarray


class Targets(NamedTuple):
    """What the transitions of a rollout are worth.

    Attributes:
        steps: Their steps (B,).
        cells: Their cells (B,).
        advantages: Advantages (B,).
        returns: Returns to regress values on (B,).
    """

    steps: np.ndarray
    cells: np.ndarray
    advantages: np.ndarray
    returns: np.ndarray


@dataclass(frozen=True)
class Minibatch:
    """B transitions to learn from.

    Attributes:
        observations: States (B, ...), or for video indices into `frames` (B, T), oldest first.
        raw: Actions before squashing (B, A).
        log_probs: Log density that they had when they were taken (B,).
        advantages: Advantages (B,).
        returns: Returns to regress values on (B,).
        frames: For video the distinct frames (M, C, H, W) uint8, else None.
        privileged: What the critic is told beside the observations (B, P), else None.
    """

    observations: np.ndarray
    raw: np.ndarray
    log_probs: np.ndarray
    advantages: np.ndarray
    returns: np.ndarray
    frames: np.ndarray | None = None
    privileged: np.ndarray | None = None


class Rollout:
    """Holds what N cells did in up to T steps, and the observations before each step and after the last.

    For video only the newest frame of a stack is stored, after the frames of the first stack; a stack is rebuilt from
    its predecessors' frames, the episode's first frame repeated where there are too few.
    """

    PER_STEP = ("raw", "log_probs", "values", "rewards", "errors", "attempts", "terminated", "valid")

    def __init__(self, spec: EnvSpec, num_cells: int, num_steps: int):
        self.num_cells, self.num_steps = num_cells, num_steps
        self._stack = spec.observation_shape[0] if spec.is_video else 1
        rows = (self._stack + num_steps) * num_cells
        self._frames = FrameStore(rows, spec.observation_shape[1:]) if spec.is_video else None
        dtype = np.dtype(spec.observation_dtype)
        dtype = np.dtype(np.float32) if dtype == np.float64 else dtype
        self._states = np.zeros((0 if spec.is_video else rows, *spec.observation_shape), dtype)
        shape = (num_steps, num_cells)
        self.raw = np.zeros((*shape, spec.action_dim), np.float32)
        self.log_probs, self.values, self.rewards, self.errors, self.attempts = np.zeros((5, *shape), np.float32)
        self.terminated, self.valid = np.zeros((2, *shape), bool)
        self._age = np.zeros((num_steps + 1, num_cells), np.int32)
        self._tells = spec.privileged_dim > 0
        self._privileged = np.zeros((num_steps + 1, num_cells, spec.privileged_dim), np.float32)
        self._cells = np.arange(num_cells)
        self._size = -1

    def __len__(self) -> int:
        """Return the number of steps held, over all cells."""
        return max(self._size, 0) * self.num_cells

    @property
    def is_full(self) -> bool:
        """Tell whether it is time to learn."""
        return self._size == self.num_steps

    def start(self, observations: np.ndarray, privileged: np.ndarray | None = None) -> None:
        """Begin with the observations (N, ...) of all cells, and what the critic is told beside them (N, P).

        What was held is dropped.

        Raises:
            ValueError: A critic is to be told something, and nothing was given.
        """
        self._tell(0, privileged)
        self._size = 0
        for place in range(self._stack):
            self._write(place, observations if self._frames is None else observations[:, : place + 1])
        self._age[0] = self._stack - 1

    def add(self, choice: Choice, step: Step) -> None:
        """Store one step of all cells.

        Args:
            choice: What the agent thought.
            step: What came of it.

        Raises:
            RuntimeError: No observations were written, or the rollout is full.
            ValueError: A critic is to be told something, and the step tells nothing.
        """
        if self._size < 0 or self.is_full:
            raise RuntimeError("rollout needs start(observations) before add" if self._size < 0 else "rollout is full")
        at = self._size
        self._tell(at + 1, step.privileged)
        self.raw[at], self.log_probs[at], self.values[at] = choice[1:]
        self.rewards[at], self.errors[at], self.attempts[at] = step.rewards, step.errors, step.attempts
        self.terminated[at] = step.terminated
        self.valid[at] = ~step.reset if step.broken is None else ~(step.reset | step.broken)
        self._age[at + 1] = np.where(step.reset, 0, self._age[at] + 1)
        self._size += 1
        self._write(self._stack + at, step.next_observations)

    def restart(self) -> None:
        """Begin anew at the newest observations."""
        told = self.newest_privileged()
        self.start(self.newest().copy(), None if told is None else told.copy())

    def newest(self) -> np.ndarray:
        """Return the newest observations of all cells (N, ...)."""
        index, frames = self.observations(np.full(self.num_cells, self._size), self._cells)
        return index if frames is None else frames[index]

    def newest_privileged(self) -> np.ndarray | None:
        """Return what the critic is told beside the newest observations (N, P); None where it is told nothing."""
        return self._privileged[self._size] if self._tells else None

    def observations(self, steps: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Gather the observations before some steps.

        Args:
            steps: Numbers of the steps (B,).
            cells: Their cells (B,).

        Returns:
            States (B, ...) and None, or indices (B, T) and the distinct frames (M, C, H, W) that they point into.
        """
        if self._frames is None:
            return self._states[steps * self.num_cells + cells], None
        back = np.minimum(np.arange(self._stack - 1, -1, -1), self._age[steps, cells][:, None])
        rows = (steps[:, None] + self._stack - 1 - back) * self.num_cells + cells[:, None]
        distinct, index = np.unique(rows, return_inverse=True)
        return index.reshape(rows.shape), self._frames.read(distinct)

    def minibatch(self, targets: Targets, chosen: np.ndarray) -> Minibatch:
        """Gather the chosen ones of the transitions.

        Args:
            targets: All transitions.
            chosen: Indices into them (B,).

        Returns:
            What the agent learns from.
        """
        steps, cells, *worth = (part[chosen] for part in targets)
        observations, frames = self.observations(steps, cells)
        told = self._privileged[steps, cells] if self._tells else None
        acted = self.raw[steps, cells], self.log_probs[steps, cells]
        return Minibatch(observations, *acted, *worth, frames=frames, privileged=told)

    def state_dict(self) -> dict[str, Any]:
        """Return all that is needed to continue: the used part only, as views of the live arrays."""
        used = max(self._size, 0)
        arrays = {name: getattr(self, name)[:used] for name in self.PER_STEP}
        arrays["age"], arrays["privileged"] = self._age[: used + 1], self._privileged[: used + 1]
        rows = (self._stack + used) * self.num_cells
        arrays["observations"] = self._states[:rows] if self._frames is None else self._frames.dump(rows)
        return {"num_steps": self.num_steps, "num_cells": self.num_cells, "size": self._size, "arrays": arrays}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned.

        Raises:
            CheckpointError: The saved rollout has another length or number of cells.
        """
        for name, own in (("num_steps", self.num_steps), ("num_cells", self.num_cells)):
            if state[name] != own:
                raise CheckpointError(f"saved rollout has {name} {state[name]}, this one has {own}")
        self._size, arrays = int(state["size"]), state["arrays"]
        used = max(self._size, 0)
        for name in self.PER_STEP:
            getattr(self, name)[:used] = arrays[name]
        self._age[: used + 1] = arrays["age"]
        if self._tells:  # rollouts saved before critics were told anything name no such array
            self._privileged[: used + 1] = arrays["privileged"]
        if self._frames is None:
            self._states[: len(arrays["observations"])] = arrays["observations"]
        else:
            self._frames.load(arrays["observations"])

    def _tell(self, at: int, privileged: np.ndarray | None) -> None:
        if not self._tells:
            return
        if privileged is None:
            raise ValueError(f"rollout needs privileged numbers {self._privileged.shape[1:]}, got none")
        self._privileged[at] = privileged

    def _write(self, place: int, observations: np.ndarray) -> None:
        rows = slice(place * self.num_cells, (place + 1) * self.num_cells)
        if self._frames is None:
            self._states[rows] = observations
        else:
            self._frames.write(rows, observations)
