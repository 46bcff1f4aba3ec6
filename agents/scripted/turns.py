"""The turn of one unit of work: from its start to the next one's, what was done to it and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from agents.scripted.layout import WorkLayout

_HOURS, _DOLLARS, _ATTEMPTS, _ERRORS = range(4)
_SECONDS_PER_HOUR = 3600.0
HOLD_STEPS = 10
"""Control steps of a turn where the observations tell no progress."""


@dataclass(frozen=True)
class Turns:
    """M finished turns.

    Attributes:
        kind: index of the kind at hand, (M,).
        rows: actions that were set for each phase, or one for all, (M, G, A).
        seconds: time worked, (M,) [s].
        dollars: rewards, (M,) [$].
        attempts: outcomes that became known, (M,).
        errors: failed ones among them, (M,).
        cause: index of the cause of the first error, -1 without one, (M,).
    """

    kind: np.ndarray
    rows: np.ndarray
    seconds: np.ndarray
    dollars: np.ndarray
    attempts: np.ndarray
    errors: np.ndarray
    cause: np.ndarray

    def __len__(self) -> int:
        return len(self.kind)

    def select(self, mask: np.ndarray) -> "Turns":
        """Return the turns of a mask (M,)."""
        return Turns(*(getattr(self, field.name)[mask] for field in fields(self)))

    @classmethod
    def joined(cls, parts: "list[Turns]") -> "Turns":
        """Put lists of turns one after the other."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


class TurnRecorder:
    """Cuts the steps of N cells into turns; what a step brings belongs to the unit that was at hand before it."""

    def __init__(self, layout: WorkLayout, causes: tuple[str, ...], num_cells: int):
        self._layout, self._causes = layout, causes
        self._sums = np.zeros((4, num_cells))
        self._cause = np.full(num_cells, -1)
        self._hours = np.zeros(num_cells)
        self._counts = np.zeros((len(causes), num_cells))
        self._steps = 0
        self._parts: list[Turns] = []

    def step(
        self,
        before: np.ndarray,
        rows: np.ndarray,
        rewards: np.ndarray,
        infos: Mapping[str, Any],
        after: np.ndarray,
        working: np.ndarray,
    ) -> np.ndarray:
        """Add one control step.

        Args:
            before: observations that were acted on, (N, D)
            rows: actions set for the phases of each cell's unit, (N, G, A)
            rewards: dollars of the step, (N,)
            infos: of the step: cumulative `hours` and causes, `attempts_step`, `errors_step`, (N,) each
            after: next observations, (N, D)
            working: cells whose shift was not over before the step, (N,)

        Returns:
            Cells that turned to another unit, (N,).
        """
        hours = np.where(working, infos["hours"], self._hours)
        self._sums += working * np.stack([hours - self._hours, rewards, infos["attempts_step"], infos["errors_step"]])
        self._hours = hours
        self._note_causes(infos, working)
        self._steps += 1
        turned = working & self._layout.turned(before, after, self._steps % HOLD_STEPS == 0)
        if turned.any():
            self._close(np.flatnonzero(turned), before, rows)
        return turned

    def take(self) -> Turns | None:
        """Return the turns finished since the last call, None without any; unfinished ones are dropped."""
        parts, self._parts = self._parts, []
        self._sums[:], self._cause[:], self._hours[:], self._counts[:] = 0.0, -1, 0.0, 0.0
        self._steps = 0
        return Turns.joined(parts) if parts else None

    def _note_causes(self, infos: Mapping[str, Any], working: np.ndarray) -> None:
        if not self._causes:
            return
        counts = np.where(working, np.stack([infos[name] for name in self._causes]), self._counts)
        grown = counts > self._counts
        self._cause = np.where((self._cause < 0) & grown.any(axis=0), grown.argmax(axis=0), self._cause)
        self._counts = counts

    def _close(self, cells: np.ndarray, before: np.ndarray, rows: np.ndarray) -> None:
        hours, dollars, attempts, errors = self._sums[:, cells]
        kind = self._layout.kind_of(before[cells])
        seconds = hours * _SECONDS_PER_HOUR
        self._parts.append(Turns(kind, rows[cells].copy(), seconds, dollars, attempts, errors, self._cause[cells]))
        self._sums[:, cells] = 0.0
        self._cause[cells] = -1
