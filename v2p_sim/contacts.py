"""Force traces -> contact events: peak N, impulse N s, energy J, sustained N.

A contact event is a maximal run of substeps in which furniture pushes on a dish that still moves along the contact's
normal. Its energy is the compression work, the part of the impact that a dish must absorb:

    E = sum_k max(0, F_k . n_k  x  v_k . n_k) dt,    v_k the mid-step velocity, n_k the normal into the furniture.

Sliding (scrubbing) does no such work and resting does none, whatever the force. Energy barely depends on solver
settings; peak force does, so peak force is recorded and never judged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

FORCE_FLOOR_N = 0.05  # below it there is no contact
QUIET_MPS = 0.01  # a dish that moves slower than this along the normal is at rest
REPORT_J = 5e-3  # smaller events are handling noise
SUSTAINED_S = 0.010  # window of the sustained force
QUANTITIES = ("energy_j", "impulse_ns", "peak_n", "sustained_n")


@dataclass(frozen=True)
class ContactEvent:
    """One impact of one dish.

    Attributes:
        cell: cell index.
        dish: dish index within the cell.
        peak_n: largest net contact force [N].
        impulse_ns: integral of the normal force [N s].
        energy_j: compression work [J].
        sustained_n: largest mean force over 10 ms [N].
        substep: index within the control step at which it began; 0 if it began in an earlier one.
    """

    cell: int
    dish: int
    peak_n: float
    impulse_ns: float
    energy_j: float
    sustained_n: float
    substep: int


def window_samples(dt_s: float, window_s: float = SUSTAINED_S) -> int:
    """Return how many samples cover a window, at least one.

    Args:
        dt_s: time between samples [s].
        window_s: length of the window [s].

    Returns:
        The smallest whole number w with w dt >= window.
    """
    return max(1, math.ceil(window_s / dt_s - 1e-9))


def sustained_force(force_n: np.ndarray, dt_s: float, window_s: float = SUSTAINED_S) -> np.ndarray:
    """Return the largest moving mean of a force: max_k mean(F_k .. F_{k+w-1}).

    Args:
        force_n: force magnitudes, (..., S) [N]; shorter traces than the window count as padded with zeros.
        dt_s: time between samples [s].
        window_s: length of the window [s].

    Returns:
        (...) [N].
    """
    width = window_samples(dt_s, window_s)
    total = np.cumsum(force_n, axis=-1)
    lead = total[..., width - 1 : width] if total.shape[-1] >= width else total[..., -1:]
    sums = np.concatenate([lead, total[..., width:] - total[..., :-width]], axis=-1)
    return sums.max(axis=-1) / width


class ContactTracker:
    """Turns the substep traces of N cells with D dishes each into events, across control steps.

    An event that is still open when a control step ends goes on in the next one.
    """

    def __init__(self, num_cells: int, num_dishes: int, dt_s: float) -> None:
        self._dt_s = dt_s
        self._shape = (num_cells, num_dishes)
        # Running energy, impulse, peak and sustained force of the open event of each dish.
        self._open = np.zeros((num_cells, num_dishes, len(QUANTITIES)))
        self._is_open = np.zeros(self._shape, bool)
        self._last = np.zeros((num_cells, 1, num_dishes, 9))
        self._moved = np.zeros(self._shape, bool)
        self._stirred = False  # whether anything moved or any event was open when the last step ended
        self._tail_n = np.zeros((num_cells, num_dishes, window_samples(dt_s) - 1))

    def reset(self, cells: np.ndarray) -> None:
        """Forget open events and the last substep of these cells."""
        self._is_open[cells] = False
        self._open[cells] = 0.0
        self._last = self._last.copy()
        self._last[cells] = 0.0
        self._moved[cells] = False
        self._tail_n[cells] = 0.0

    def update(self, traces: np.ndarray) -> list[ContactEvent]:
        """Consume one control step.

        Args:
            traces: per substep and dish: force [N], normal, velocity [m/s], (N, S, D, 9).

        Returns:
            The events that ended in this step, in the order of cells and dishes.
        """
        last, self._last = self._last, traces[:, -1:]
        events: list[ContactEvent] = []
        for cell, dish in self._candidates(last, traces):
            events += self._watch(cell, dish, np.concatenate([last[cell, :, dish], traces[cell, :, dish]]))
        self._stirred = self._stirred or bool(self._is_open.any())
        return events

    def _candidates(self, last: np.ndarray, traces: np.ndarray) -> list[tuple[int, int]]:
        """List the dishes that may be in an event: those that move and are touched, and those whose event is open."""
        velocity = traces[..., 6:9]
        # The sum of squares over a control step is at least the largest square in it.
        squares = np.einsum("nsdk,nsdk->nd", velocity, velocity)
        if squares.max() <= QUIET_MPS**2 and not self._stirred:
            return []
        moving = squares > QUIET_MPS**2
        candidates = self._is_open | moving | self._moved
        self._moved = moving
        self._stirred = bool(moving.any())
        hot = [divmod(index, self._shape[1]) for index in candidates.ravel().nonzero()[0].tolist()]
        return [
            (cell, dish)
            for cell, dish in hot
            if self._is_open[cell, dish] or traces[cell, :, dish, 0:3].any() or last[cell, :, dish, 0:3].any()
        ]

    def _watch(self, cell: int, dish: int, rows: np.ndarray) -> list[ContactEvent]:
        """Find the events of one dish in its rows, (S + 1, 9)."""
        force, normal = rows[:-1, 0:3], rows[:-1, 3:6]
        force_n = np.einsum("sk,sk->s", force, normal)
        before, after = np.einsum("sk,sk->s", rows[:-1, 6:9], normal), np.einsum("sk,sk->s", rows[1:, 6:9], normal)
        # The mid-step velocity alone may be nearly 0 where a bounce turns, which would cut the event in two.
        moving = np.maximum(np.abs(before), np.abs(after)) > QUIET_MPS
        active = (force_n > FORCE_FLOOR_N) & moving
        events: list[ContactEvent] = []
        if self._is_open[cell, dish] or active.any():
            peak = np.linalg.norm(force, axis=-1)
            events = self._runs(cell, dish, active, (force_n, 0.5 * (before + after), peak))
            self._remember_tail(cell, dish, np.where(active, peak, 0.0))
        return events

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of the open events."""
        return {
            "open": self._open.copy(),
            "is_open": self._is_open.copy(),
            "last": self._last.copy(),
            "moved": self._moved.copy(),
            "tail_n": self._tail_n.copy(),
        }

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Restore what state_dict returned."""
        self._open, self._is_open = state["open"].copy(), state["is_open"].astype(bool)
        self._last, self._tail_n = state["last"].copy(), state["tail_n"].copy()
        self._moved = state["moved"].astype(bool)
        self._stirred = bool(self._moved.any() or self._is_open.any())

    def _remember_tail(self, cell: int, dish: int, active_n: np.ndarray) -> None:
        """Keep the last forces of an open event; what came before the event is no part of it and counts as 0."""
        width = self._tail_n.shape[-1]
        if width:
            tail = np.concatenate([self._tail_n[cell, dish], active_n])[-width:]
            unbroken = np.logical_and.accumulate(tail[::-1] > 0.0)[::-1]
            self._tail_n[cell, dish] = np.where(unbroken, tail, 0.0)

    def _runs(self, cell: int, dish: int, active: np.ndarray, traces: tuple[np.ndarray, ...]) -> list[ContactEvent]:
        """Cut one dish's trace into runs; close those that end before the step does."""
        force_n, closing, peak = traces
        edges = np.flatnonzero(np.diff(active.astype(np.int8), prepend=0, append=0))
        events = []
        if self._is_open[cell, dish] and not active[0]:
            events += self._close(cell, dish, 0)
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            run = slice(start, stop)
            work = np.maximum(force_n[run] * closing[run], 0.0).sum() * self._dt_s
            tail = self._tail_n[cell, dish] if self._is_open[cell, dish] and start == 0 else peak[:0]
            sustained = sustained_force(np.concatenate([tail, peak[run]]), self._dt_s)
            entry = self._open[cell, dish]
            entry[:2] += work, force_n[run].sum() * self._dt_s
            entry[2:] = np.maximum(entry[2:], (peak[run].max(), sustained))
            self._is_open[cell, dish] = True
            if stop < len(active):
                events += self._close(cell, dish, int(start))
        return events

    def _close(self, cell: int, dish: int, substep: int) -> list[ContactEvent]:
        energy, impulse, peak, sustained = (float(v) for v in self._open[cell, dish])
        self._open[cell, dish] = 0.0
        self._is_open[cell, dish] = False
        return [ContactEvent(cell, dish, peak, impulse, energy, sustained, substep)] if energy >= REPORT_J else []
