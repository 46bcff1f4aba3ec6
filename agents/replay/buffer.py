"""The replay buffer: rows of N cells in one ring, every frame stored once, sampled by priority."""

import numpy as np

from agents.checkpoint import CheckpointError
from agents.divergence import check_finite
from agents.replay.config import ReplayConfig
from agents.replay.frames import FrameStore, share_frames
from agents.replay.n_step import alive_steps, bootstrap_discount, discounted_sums
from agents.replay.sum_tree import SumTree, effective_sample_share
from agents.replay.types import Batch, Step
from agents.spec import EnvSpec

SMALLEST_PRIORITY = 1e-6
_ROW_ARRAYS = ("actions", "sums", "privileged", "valid", "terminated", "age")


class ReplayBuffer:
    """Holds observations row by row; the transition of a row leads to the next row of the same cell.

    All cells advance together, so row = position x num_cells + cell. The last row of an episode, the newest row of a
    cell and the row before a failed simulation hold an observation but no transition. For video only the newest frame
    of a stack is stored: the stack of a row is that of its predecessors' frames, the episode's first frame repeated
    where there are too few.

    With `centering_steps`, dollars, errors and attempts are centred: a batch sums what a step brought beyond the mean
    of the newest steps. Where episodes have no end of their own that lowers every value by about the same number,
    mean / (1 - gamma), which then need not be learned; and an hour in which nothing happens costs at once what an hour
    is worth.

    Reference: A. Naik, Y. Wan, M. Tomar, R. Sutton, "Reward centering", https://arxiv.org/abs/2405.09999
    """

    def __init__(self, spec: EnvSpec, num_cells: int, config: ReplayConfig):
        self.config = config
        self.num_cells = num_cells
        self._stack = spec.observation_shape[0] if spec.is_video else 1
        self._length = config.capacity // num_cells
        shortest = self._stack + config.n_step + config.segment_length
        if self._length < shortest:
            raise ValueError(f"replay_capacity must be >= {shortest * num_cells}, got {config.capacity}")
        rows = self._length * num_cells
        self._frames = FrameStore(rows, spec.observation_shape[1:]) if spec.is_video else None
        dtype = np.dtype(spec.observation_dtype)
        dtype = np.dtype(np.float32) if dtype == np.float64 else dtype
        self._states = np.zeros((0 if spec.is_video else rows, *spec.observation_shape), dtype)
        self._actions = np.zeros((rows, spec.action_dim), np.float32)
        self._sums = np.zeros((rows, 3), np.float32)  # profit, errors, attempts
        self._tells = spec.privileged_dim > 0
        self._privileged = np.zeros((rows, spec.privileged_dim), np.float32)
        self._valid = np.zeros(rows, bool)
        self._terminated = np.zeros(rows, bool)
        self._age = np.zeros(rows, np.int32)
        self._tree = SumTree(rows)
        self._cells = np.arange(num_cells)
        self._max_priority = 1.0
        self._head = -1
        self._size = 0

    def __len__(self) -> int:
        """Return the number of rows held."""
        return self._size * self.num_cells

    @property
    def can_sample(self) -> bool:
        """Tell whether there is at least one transition."""
        return self._tree.total > 0.0

    @property
    def effective_sample_share(self) -> float:
        """Return the effective sample size of the priorities as a share of the transitions; nan while there is none."""
        return effective_sample_share(self._tree.values(len(self)))

    @property
    def bytes_per_row(self) -> float:
        """Return the bytes that one row takes, priorities included."""
        arrays = (self._states, *(getattr(self, f"_{name}") for name in _ROW_ARRAYS))
        frames = 0 if self._frames is None else self._frames.dump(len(self._valid)).nbytes
        return (sum(array.nbytes for array in arrays) + frames + self._tree.nbytes) / len(self._valid)

    def start(self, observations: np.ndarray, privileged: np.ndarray | None = None) -> None:
        """Write the first observations of all cells (N, ...), and what a critic is told beside them (N, P).

        Raises:
            ValueError: A critic is to be told something, and nothing was given.
            NonFiniteError: They hold NaN or infinity; nothing was written.
        """
        check_finite("replay.start", {"observations": observations, "privileged": privileged})
        self._write(observations, privileged, np.zeros(self.num_cells, np.int32))

    def add(self, step: Step) -> None:
        """Complete the transitions of the newest rows and write the observations that follow.

        Args:
            step: One step of all cells.

        Raises:
            RuntimeError: No first observations were written.
            ValueError: A critic is to be told something, and the step tells nothing.
            NonFiniteError: The step holds NaN or infinity; nothing was written.
        """
        if self._head < 0:
            raise RuntimeError("replay needs start(observations) before add(step)")
        step.check("replay.add")
        rows = self._head * self.num_cells + self._cells
        age = np.where(step.reset, 0, self._age[rows] + 1).astype(np.int32)
        acted = step.acted
        rows = rows[acted]
        self._actions[rows] = step.actions[acted]
        self._sums[rows] = np.stack([step.rewards, step.errors, step.attempts], axis=1)[acted]
        self._terminated[rows] = step.terminated[acted]
        self._valid[rows] = True
        self._tree.set(rows, self._max_priority**self.config.priority_exponent)
        self._write(step.next_observations, step.privileged, age)

    def sample(self, batch_size: int, rng: np.random.Generator) -> Batch:
        """Draw transitions by priority, in runs of `segment_length` consecutive ones.

        Args:
            batch_size: Number of transitions, a multiple of the segment length.
            rng: Source of randomness.

        Returns:
            The batch. A run that would outlast its episode begins earlier; only where that is shorter than a run, it
            repeats its last transition.

        Raises:
            RuntimeError: There is no transition yet.
        """
        if not self.can_sample:
            raise RuntimeError("replay holds no transition yet: sample needs one, by start(observations) and add(step)")
        count = batch_size // self.config.segment_length
        mass = (np.arange(count) + rng.random(count)) / count * self._tree.total
        starts = self._tree.find(mass)
        weights = self._importance(self._tree.get(starts))
        rows = self._segments(starts)
        return self._gather(rows, np.repeat(weights, self.config.segment_length))

    def update_priorities(self, rows: np.ndarray, priorities: np.ndarray) -> None:
        """Set the priorities of sampled transitions.

        Args:
            rows: `Batch.rows` (B,).
            priorities: |TD error| x novelty (B,).

        Raises:
            ValueError: A priority is negative or not finite.
        """
        if not self.config.prioritized:
            return
        if not np.all(np.isfinite(priorities) & (priorities >= 0.0)):
            raise ValueError("priorities must be finite and >= 0")
        known = self._tree.get(rows) > 0.0
        values = np.maximum(priorities[known].astype(np.float64), SMALLEST_PRIORITY)
        self._max_priority = max(self._max_priority, float(values.max(initial=0.0)))
        self._tree.set(rows[known], values**self.config.priority_exponent)

    def state_dict(self) -> dict:
        """Return what is needed to continue: the used rows only, as views of the live arrays."""
        used = len(self)
        arrays = {name: getattr(self, f"_{name}")[:used] for name in self._row_arrays()}
        if self._frames is not None:
            arrays["frames"] = self._frames.dump(used)
        numbers = {"head": self._head, "size": self._size, "max_priority": self._max_priority}
        shape = {"length": self._length, "num_cells": self.num_cells}
        return {**numbers, **shape, "priorities": self._tree.leaves(used), "arrays": arrays}

    def load_state_dict(self, state: dict) -> None:
        """Take back what `state_dict` returned.

        Raises:
            CheckpointError: The saved ring has another length or number of cells.
        """
        for name, own in (("length", self._length), ("num_cells", self.num_cells)):
            if state[name] != own:
                raise CheckpointError(f"saved replay has {name} {state[name]}, this one has {own}")
        self._head, self._size = int(state["head"]), int(state["size"])
        self._max_priority = float(state["max_priority"])
        for name in self._row_arrays():
            own = getattr(self, f"_{name}")[: len(self)]
            # Replay saved before critics were told anything names no such row.
            own[...] = state["arrays"].get(name, own)
        if self._frames is not None:
            self._frames.load(state["arrays"]["frames"])
        self._tree.rebuild(state["priorities"])

    def _row_arrays(self) -> tuple[str, ...]:
        return _ROW_ARRAYS if self._frames is not None else (*_ROW_ARRAYS, "states")

    def _write(self, observations: np.ndarray, privileged: np.ndarray | None, age: np.ndarray) -> None:
        if privileged is None and self._tells:
            raise ValueError(
                f"replay needs privileged numbers ({self.num_cells}, {self._privileged.shape[1]}), got none"
            )
        self._head = (self._head + 1) % self._length
        self._size = min(self._size + 1, self._length)
        rows = slice(self._head * self.num_cells, (self._head + 1) * self.num_cells)
        if self._frames is None:
            self._states[rows] = observations
        else:
            self._frames.write(rows, observations)
        if self._tells:
            self._privileged[rows] = privileged
        self._age[rows] = age
        self._valid[rows] = False
        self._terminated[rows] = False
        # Overwriting this row takes a frame from the stacks of the next stack - 1 rows: the farthest is retired here,
        # the nearer ones were when their turn came.
        retired = (self._head + self._stack - 1) % self._length * self.num_cells + self._cells
        self._tree.set(np.concatenate([retired, np.arange(rows.start, rows.stop)]), 0.0)

    def _mean_sums(self) -> np.ndarray:
        """Return the mean dollars, errors and attempts of the newest steps (3,), zeros where nothing is centred."""
        back = min(-(-self.config.centering_steps // self.num_cells), self._size - 1)
        positions = (self._head - np.arange(1, back + 1)) % self._length
        rows = (positions[:, None] * self.num_cells + self._cells).ravel()
        rows = rows[self._valid[rows]]
        return self._sums[rows].mean(axis=0) if len(rows) > 0 else np.zeros(3, np.float32)

    def _importance(self, priorities: np.ndarray) -> np.ndarray:
        weights = (priorities / priorities.min()) ** -self.config.importance_exponent
        return weights.astype(np.float32)

    def _shift(self, rows: np.ndarray, steps: np.ndarray) -> np.ndarray:
        return (rows + steps * self.num_cells) % (self._length * self.num_cells)

    def _segments(self, starts: np.ndarray) -> np.ndarray:
        length = self.config.segment_length
        if length == 1:
            return starts
        rows, count = self._runs(starts)
        # Reset rows, which part episodes, and rows whose stacks are no longer whole have no priority.
        reachable = self._tree.get(self._shift(starts[:, None], -np.arange(1, length))) > 0.0
        earlier = np.minimum(length - count, np.logical_and.accumulate(reachable, axis=1).sum(axis=1))
        rows, count = self._runs(self._shift(starts, -earlier))
        return np.take_along_axis(rows, np.minimum(np.arange(length), count[:, None] - 1), axis=1).ravel()

    def _runs(self, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of runs (S, L), and how many of each are transitions of the start's episode (S,)."""
        rows = self._shift(starts[:, None], np.arange(self.config.segment_length))
        return rows, alive_steps(self._valid[rows], self._terminated[rows]).sum(axis=1)

    def _gather(self, rows: np.ndarray, weights: np.ndarray) -> Batch:
        gamma = self.config.gamma
        path = self._shift(rows[:, None], np.arange(self.config.n_step))
        terminated = self._terminated[path]
        alive = alive_steps(self._valid[path], terminated)
        sums = discounted_sums(self._sums[path] - self._mean_sums(), alive, gamma)
        next_rows = self._shift(rows, alive.sum(axis=1))
        observations, next_observations, frames, num_current = self._observations(rows, next_rows)
        return Batch(
            observations=observations,
            next_observations=next_observations,
            actions=self._actions[rows],
            profit=sums[:, 0],
            errors=sums[:, 1],
            attempts=sums[:, 2],
            discount=bootstrap_discount(alive, terminated, gamma),
            weights=weights,
            rows=rows,
            frames=frames,
            num_current=num_current,
            privileged=self._privileged[rows] if self._tells else None,
            next_privileged=self._privileged[next_rows] if self._tells else None,
        )

    def _observations(self, rows: np.ndarray, next_rows: np.ndarray):
        if self._frames is None:
            return self._states[rows], self._states[next_rows], None, 0
        distinct, num_current, index, next_index = share_frames(self._stacks(rows), self._stacks(next_rows))
        return index, next_index, self._frames.read(distinct), num_current

    def _stacks(self, rows: np.ndarray) -> np.ndarray:
        back = np.minimum(np.arange(self._stack - 1, -1, -1), self._age[rows][:, None])
        return self._shift(rows[:, None], -back)
