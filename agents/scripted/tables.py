"""Tables of actions over kinds and phases: one shape for the blind constant, the blind schedule and the oracle."""

from dataclasses import dataclass

import numpy as np

from agents.scripted.layout import WorkLayout


@dataclass(frozen=True)
class Ties:
    """Which rows of a table are free.

    Attributes:
        by_kind: kinds differ, so the policy must be told them; else all share their rows.
        by_phase: phases differ; else all share one row.
    """

    by_kind: bool
    by_phase: bool

    def shape(self, layout: WorkLayout) -> tuple[int, int]:
        """Return how many kinds and phases have rows of their own."""
        return (len(layout.kinds) if self.by_kind else 1, len(layout.phases) if self.by_phase else 1)

    def table(self, rows: np.ndarray, layout: WorkLayout) -> np.ndarray:
        """Spread free rows (K' or 1, P' or 1, A) over the whole table (K, P, A)."""
        return np.broadcast_to(rows, (len(layout.kinds), len(layout.phases), rows.shape[-1])).copy()


BLIND_CONSTANT = Ties(by_kind=False, by_phase=False)
BLIND_SCHEDULE = Ties(by_kind=False, by_phase=True)
ORACLE = Ties(by_kind=True, by_phase=True)


class TablePolicy:
    """Looks its action up by the kind at hand and the phase of the work."""

    def __init__(self, table: np.ndarray, layout: WorkLayout):
        """Take one table (K, P, A) for all cells, or one for each, (N, K, P, A).

        Raises:
            ValueError: the table does not fit the layout.
        """
        self.table = np.asarray(table, np.float32)
        self.layout = layout
        fitting = (len(layout.kinds), len(layout.phases))
        if self.table.ndim not in (3, 4) or self.table.shape[-3:-1] != fitting:
            raise ValueError(f"table must have shape (..., {fitting[0]}, {fitting[1]}, A), got {self.table.shape}")

    def __call__(self, observations: np.ndarray) -> np.ndarray:
        """Return actions (N, A) for observations (N, D)."""
        kind, phase = self.layout.kind_of(observations), self.layout.phase_of(observations)
        if self.table.ndim == 3:
            return self.table[kind, phase]
        return self.table[np.arange(len(observations)), kind, phase]
