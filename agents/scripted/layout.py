"""Where a flat observation tells what a table needs: the kind at hand, the phase of the work, its progress."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

ANY = ("any",)


@dataclass(frozen=True)
class WorkLayout:
    """Reads kind, phase and progress off flat observations (N, D).

    A task without kinds or phases has one of each, called "any"; it need not tell progress.

    Attributes:
        kinds: names of the kinds, K.
        phases: names of the phases, P.
        kind_start: first column of the one-hot kind, None without kinds.
        phase_start: first column of the one-hot phase, None without phases.
        progress: column of the progress of the unit at hand, None without it.
    """

    kinds: tuple[str, ...] = ANY
    phases: tuple[str, ...] = ANY
    kind_start: int | None = None
    phase_start: int | None = None
    progress: int | None = None

    @classmethod
    def from_env(cls, observation_layout: Mapping[str, Mapping[str, Any]]) -> "WorkLayout":
        """Read the layout that an env publishes.

        Args:
            observation_layout: name -> {"slice": [start, stop], "values": names of the columns}

        Returns:
            The layout.
        """
        kind, phase, progress = (observation_layout.get(name) for name in ("kind", "phase", "progress"))
        return cls(
            kinds=ANY if kind is None else tuple(kind["values"]),
            phases=ANY if phase is None else tuple(phase["values"]),
            kind_start=None if kind is None else int(kind["slice"][0]),
            phase_start=None if phase is None else int(phase["slice"][0]),
            progress=None if progress is None else int(progress["slice"][0]),
        )

    def kind_of(self, observations: np.ndarray) -> np.ndarray:
        """Return the index of the kind at hand, (N,)."""
        return _hot(observations, self.kind_start, len(self.kinds))

    def phase_of(self, observations: np.ndarray) -> np.ndarray:
        """Return the index of the phase, (N,)."""
        return _hot(observations, self.phase_start, len(self.phases))

    def turned(self, before: np.ndarray, after: np.ndarray, otherwise: bool) -> np.ndarray:
        """Tell in which cells a new unit was begun between two observations: its progress fell back.

        Args:
            before: observations (N, D)
            after: the next ones (N, D)
            otherwise: the answer for all cells where the observations tell no progress

        Returns:
            Mask (N,).
        """
        if self.progress is None:
            return np.full(len(after), otherwise)
        return after[:, self.progress] < before[:, self.progress]


def _hot(observations: np.ndarray, start: int | None, size: int) -> np.ndarray:
    if start is None:
        return np.zeros(len(observations), np.int64)
    return observations[:, start : start + size].argmax(axis=1)
