"""The contact events of shifts at work: gathered at every step, kept until their shift has a number."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv, VectorWrapper

from scripts._contact_file import COLUMNS, ContactFile
from scripts._evaluate import abstract_config
from scripts._explain import UsageError

_OF_EVENT = [name for name in COLUMNS if name not in ("episode", "cell", "time_s")]


def check_contacts(env: Any, key: str, kind: str) -> None:
    """See that there will be events, and that they can be written.

    Args:
        env: vector environment
        key: what the user said it with
        kind: csv or parquet, or a suffix

    Raises:
        UsageError: the task has no contacts, or pyarrow is not installed.
    """
    if abstract_config(env) is not None:
        raise UsageError(
            f"{key}: the abstract task has no contacts; nearest valid: {key}=null, or task=dishwashing_mujoco"
        )
    if kind.endswith("parquet") and find_spec("pyarrow") is None:
        raise UsageError(f"{key}: Parquet needs pyarrow; cure: pip install 'v2p[export]', or write CSV")


class ContactRecorder(VectorWrapper):
    """Keeps the contact events of every cell's running shift until they are taken; of a shift that nobody took, none.

    Args:
        env: vector environment of a task with contacts.
    """

    def __init__(self, env: VectorEnv) -> None:
        super().__init__(env)
        self._cells: Any = env.unwrapped
        self._rows: list[list[list[Any]]] = [[] for _ in range(env.num_envs)]
        self._ended = np.zeros(env.num_envs, np.bool_)

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Start shifts and forget the events of those before."""
        found = self.env.reset(seed=seed, options=options)
        self._ended[:] |= True if options is None else options.get("reset_mask", True)
        self._forget()
        return found

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Work one control step and keep its events."""
        self._forget()
        observations, rewards, terminated, truncated, info = self.env.step(actions)
        for cell, rows in enumerate(self._rows):
            for event in self._cells.contacts(cell):
                time_s = round(3600.0 * float(info["hours"][cell]), 6)
                rows.append([cell, time_s, *(event[name] for name in _OF_EVENT)])
        self._ended = np.logical_or(terminated, truncated)
        return observations, rewards, terminated, truncated, info

    def take(self, cell: int, episode: int) -> list[dict[str, Any]]:
        """Hand over the events of a cell's shift.

        Args:
            cell: index of the cell
            episode: number that the shift was given

        Returns:
            One row an event, with the keys of `COLUMNS`.
        """
        rows, self._rows[cell] = self._rows[cell], []
        return [dict(zip(COLUMNS, (episode, *row), strict=True)) for row in rows]

    def _forget(self) -> None:
        for cell in np.flatnonzero(self._ended):
            self._rows[cell] = []
        self._ended[:] = False


class TrainingContacts(ContactRecorder):
    """Writes the events of a training run's shifts as they get their numbers; unfinished ones go into checkpoints.

    Args:
        env: vector environment of a task with contacts.
    """

    def __init__(self, env: VectorEnv) -> None:
        super().__init__(env)
        self._log: ContactFile | None = None

    def open(self, log: ContactFile, unfinished: Sequence[Sequence[Sequence[Any]]] | None) -> None:
        """Begin to write.

        Args:
            log: where the events go
            unfinished: what `open_rows` returned when the run that is continued was saved, or None
        """
        self._log = log
        if unfinished is not None:
            self._rows = [[list(row) for row in rows] for rows in unfinished]

    def finish(self, cell: int, episode: int) -> None:
        """Write the events of the shift that has ended in a cell."""
        assert self._log is not None
        self._log.write(self.take(cell, episode))

    def open_rows(self) -> list[list[list[Any]]]:
        """Return the events of each cell's unfinished shift."""
        return [[] if ended else rows for rows, ended in zip(self._rows, self._ended.tolist(), strict=True)]

    def close(self, **kwargs: Any) -> None:
        """Close the environment and finish the file."""
        super().close(**kwargs)
        if self._log is not None:
            self._log.close()


class ShiftContacts(ContactRecorder):
    """Writes the events of evaluated shifts: the first shift of each cell after a reset, numbered on over the resets.

    Args:
        env: vector environment of a task with contacts.
        log: where they go.
        shifts: how many shifts count; further cells only fill the batch.
    """

    def __init__(self, env: VectorEnv, log: ContactFile, shifts: int) -> None:
        super().__init__(env)
        self._log, self._shifts = log, shifts
        self._number = np.arange(1, env.num_envs + 1) - env.num_envs
        self._awaited = np.zeros(env.num_envs, np.bool_)

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Start the next shifts."""
        self._number += self.num_envs
        self._awaited = self._number <= self._shifts
        return super().reset(seed=seed, options=options)

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Work one control step; write the events of the shifts that ended with it."""
        found = super().step(actions)
        for cell in np.flatnonzero(self._ended & self._awaited):
            self._log.write(self.take(int(cell), int(self._number[cell])))
        self._awaited &= ~self._ended
        return found

    def close(self, **kwargs: Any) -> None:
        """Close the environment and finish the file."""
        super().close(**kwargs)
        self._log.close()
