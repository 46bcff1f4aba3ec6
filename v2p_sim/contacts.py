"""Contact traces -> contact events: who struck whom, peak N, impulse N s, energy J, sustained N.

A contact event is a maximal run of substeps in which a dish is pushed by one of its partners (the furniture, another
dish, the cup) while the two still move along the contact's normal; off its partner for up to 4 ms it is still landing
(on its other edge: how long it is in the air in between depends on the solver's stiffness). Its energy is the
compression work, the part of the impact that has to be absorbed:

    E = share x sum_k max(0, (F_k . n_k - w_k)  x  v_k . n_k) dt,    v_k the relative mid-step velocity, n_k the normal.

Furniture does not give way, so a dish takes all of that work (share 1); two dishes take half each. What furniture bears
of the dish's weight (w_k, along the normal) would be borne at rest as well, and would do more work the softer the
contact is; it is left out. So a dish that falls from a height h absorbs m g h. Sliding (scrubbing) does no such work,
and resting does none, whatever the force. Energy barely depends on solver settings; peak force does, so peak force is
recorded and never judged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from v2p_sim._contact_kernels import EVENT_FIELDS, NUM_PARTNERS, OPEN_FIELDS, scan
from v2p_sim.scene import DISH_SENSORS

REPORT_J = 5e-3  # smaller events are handling noise. Placeholder
SUSTAINED_S = 0.010  # window of the sustained force. Placeholder
FURNITURE, DISH, CUP = range(NUM_PARTNERS)  # what a dish can strike


@dataclass(frozen=True)
class ContactEvent:
    """One impact of one dish.

    Attributes:
        cell: cell index.
        dish: dish index within the cell.
        partner: FURNITURE, DISH or CUP.
        other: index of the other dish, -1 where the partner is none.
        substep: index within the control step at which it began; 0 if it began in an earlier one.
        energy_j: compression work [J].
        impulse_ns: integral of the normal force [N s].
        peak_n: largest net contact force [N].
        sustained_n: largest mean force over 10 ms [N].
        position_m: where furniture was struck, (x, y, z) at the peak [m]; zeros for other partners.
    """

    cell: int
    dish: int
    partner: int
    other: int
    substep: int
    energy_j: float
    impulse_ns: float
    peak_n: float
    sustained_n: float
    position_m: tuple[float, float, float]


def window_samples(dt_s: float, window_s: float = SUSTAINED_S) -> int:
    """Return how many samples cover a window, at least one.

    Args:
        dt_s: time between samples [s].
        window_s: length of the window [s].

    Returns:
        The smallest whole number w with w dt >= window.
    """
    return max(1, math.ceil(window_s / dt_s - 1e-9))


class ContactTracker:
    """Turns the substep traces of N cells with D dishes each into events, across control steps.

    An event that is still open when a control step ends goes on in the next one.

    Attributes:
        squeeze_n: largest 10 ms mean of the cup's axial force on each dish in the last step, (N, D) [N].
        most_n: the largest of these [N].
        weights_n: weight of every dish, (N, D) [N]; write where a cell's dishes weigh something else.
    """

    def __init__(self, num_cells: int, num_dishes: int, dt_s: float, weights_n: np.ndarray | None = None) -> None:
        """Watch N cells.

        Args:
            num_cells: number of cells N.
            num_dishes: number of dishes D in each.
            dt_s: length of a substep [s].
            weights_n: weight of every dish, (D,) or (N, D) [N]; None = weightless.
        """
        self.weights_n = np.zeros((num_cells, num_dishes))
        if weights_n is not None:
            self.weights_n[:] = weights_n
        self._constants = (dt_s, REPORT_J, self.weights_n)
        shape, width = (num_cells, num_dishes), window_samples(dt_s)
        self._is_open = np.zeros((*shape, NUM_PARTNERS), np.bool_)
        self._open = np.zeros((*shape, NUM_PARTNERS, OPEN_FIELDS))
        self._tail_n = np.zeros((*shape, NUM_PARTNERS, width))
        self._squeeze_tail_n = np.zeros((*shape, width))
        self._last = np.zeros((num_cells, DISH_SENSORS * num_dishes + 3))
        self._substeps, self._events = 0, np.zeros((0, EVENT_FIELDS))
        self.squeeze_n = np.zeros(shape)
        self.most_n = 0.0
        # Made once: every tuple that is made in a step costs time.
        self._opened = (self._is_open, self._open, self._tail_n)
        self._squeezed = (self._squeeze_tail_n, self.squeeze_n)

    def reset(self, cells: np.ndarray) -> None:
        """Forget open events and the last substep of these cells."""
        for array in (self._is_open, self._open, self._tail_n, self._squeeze_tail_n, self._last, self.squeeze_n):
            array[cells] = 0

    def update(self, record: np.ndarray) -> list[ContactEvent]:
        """Consume one control step.

        Args:
            record: sensors of every substep, laid out as `v2p_sim.scene` says, (N, S, 18 D + 3).

        Returns:
            The events that ended in this step, in the order of cells, dishes and time.
        """
        if self._substeps < record.shape[1]:
            self._substeps = record.shape[1]  # an event ends at most every other substep
            self._events = np.zeros((self._is_open.size * (self._substeps // 2 + 1), EVENT_FIELDS))
        rows = np.ascontiguousarray(record)
        count, self.most_n = scan(rows, self._last, self._opened, self._squeezed, self._events, self._constants)
        return [_event(row) for row in self._events[:count].tolist()] if count else []

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of the open events."""
        return {name: array.copy() for name, array in self._arrays().items()}

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Restore what state_dict returned."""
        for name, array in self._arrays().items():
            array[...] = state[name]

    def _arrays(self) -> dict[str, np.ndarray]:
        return {
            "is_open": self._is_open,
            "open": self._open,
            "tail_n": self._tail_n,
            "squeeze_tail_n": self._squeeze_tail_n,
            "squeeze_n": self.squeeze_n,
            "last": self._last,
        }


def _event(row: list[float]) -> ContactEvent:
    cell, dish, partner, other, substep = (int(value) for value in row[:5])
    return ContactEvent(cell, dish, partner, other, substep, *row[5:9], position_m=(row[9], row[10], row[11]))
