"""The counters that every task shares: attempts, completed, errors, hours, and the dollars that these make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from economics import Prices, flow_profit

SLA_ERROR_RATE = 0.06
"""Largest share of attempts that may fail in a successful shift."""

FULL_RATE_PER_HOUR = 144.0
"""Attempts an hour at speed 1, care 0: the scale of the state observation [1 / h]."""

STATE_SPACE = spaces.Box(0.0, np.inf, (4,), np.float32)
"""Space of the state observation [t / T, completed / N, attempts / N, errors / N] of one cell."""

STATE_LAYOUT: dict[str, dict[str, object]] = {
    "time_fraction": {"slice": [0, 1], "unit": "1"},
    "completed": {"slice": [1, 2], "unit": "N units"},
    "attempts": {"slice": [2, 3], "unit": "N attempts"},
    "errors": {"slice": [3, 4], "unit": "N attempts"},
}
"""Names, slices and units of the state observation."""

_COMPLETED, _ATTEMPTS, _ERRORS, _HOURS, _PROFIT = range(5)
_INFO_KEYS = (
    *("completed", "attempts", "errors", "hours", "profit_usd"),
    *("attempts_step", "errors_step", "cost", "success", "is_success"),
)


class ShiftCounters:
    """Count the work of N cells since their resets; an attempt counts once its outcome is known.

    attempts = completed + errors holds at every step.
    """

    def __init__(self, num_cells: int, prices: Prices, shift_hours: float) -> None:
        self.num_cells = num_cells
        self.prices = prices
        self.shift_hours = shift_hours
        # One row a counter: a step is one addition, and info one copy.
        self._totals = np.zeros((5, num_cells))
        self._step = np.zeros((5, num_cells))

    @property
    def attempts(self) -> npt.NDArray[np.int64]:
        """Attempts since reset, shape (N,)."""
        return self._totals[_ATTEMPTS].astype(np.int64)

    @property
    def completed(self) -> npt.NDArray[np.int64]:
        """Units completed since reset, shape (N,)."""
        return self._totals[_COMPLETED].astype(np.int64)

    @property
    def errors(self) -> npt.NDArray[np.int64]:
        """Failed attempts since reset, shape (N,)."""
        return self._totals[_ERRORS].astype(np.int64)

    @property
    def hours(self) -> npt.NDArray[np.float64]:
        """Time worked since reset, shape (N,) [h]."""
        return self._totals[_HOURS].copy()

    @property
    def profit_usd(self) -> npt.NDArray[np.float64]:
        """Dollars since reset, flow form at lambda 0, shape (N,) [$]."""
        return self._totals[_PROFIT].copy()

    @property
    def attempts_step(self) -> npt.NDArray[np.int64]:
        """Attempts of the last step, shape (N,)."""
        return self._step[_ATTEMPTS].astype(np.int64)

    @property
    def errors_step(self) -> npt.NDArray[np.int64]:
        """Failed attempts of the last step, shape (N,)."""
        return self._step[_ERRORS].astype(np.int64)

    @property
    def step_profit_usd(self) -> npt.NDArray[np.float64]:
        """Dollars of the last step, flow form at lambda 0, shape (N,) [$]."""
        return self._step[_PROFIT].copy()

    def reset(self, cells: npt.NDArray[np.int64]) -> None:
        """Start new shifts.

        Args:
            cells: indices of the cells whose counters go to zero
        """
        self._totals[:, cells] = 0.0
        self._step[:, cells] = 0.0

    def add(self, completed: npt.ArrayLike, errors: npt.ArrayLike, hours: npt.ArrayLike) -> None:
        """Count one step of every cell; a cell that did not work adds zeros.

        Args:
            completed: units completed in the step, shape (N,)
            errors: failed attempts in the step, shape (N,)
            hours: time worked in the step, shape (N,) or a number [h]

        Raises:
            ValueError: a number is negative or not finite; nothing has been counted then.
        """
        step = np.empty_like(self._step)
        step[_COMPLETED], step[_ERRORS], step[_HOURS] = completed, errors, hours
        step[_ATTEMPTS] = step[_COMPLETED] + step[_ERRORS]
        step[_PROFIT] = flow_profit(step[_COMPLETED], step[_ERRORS], step[_HOURS], self.prices)
        self._step = step
        self._totals += step

    def info(self) -> dict[str, npt.NDArray[np.float64]]:
        """Return Gymnasium's info: fresh float arrays of shape (N,), the same keys always.

        `cost` is `errors_step` (Safety-Gymnasium's meaning). `success` is 1 while the shift so far keeps the SLA and
        earns at least the human wage: attempts > 0, errors / attempts <= 6 %, profit_usd / hours >= wage.
        """
        success = self._success(*self._totals).astype(np.float64)
        step = self._step[[_ATTEMPTS, _ERRORS, _ERRORS]]
        return dict(zip(_INFO_KEYS, (*self._totals.copy(), *step, success, success.copy()), strict=True))

    def cell_info(self, cell: int) -> dict[str, float]:
        """Return the `info` of one cell as plain floats.

        Args:
            cell: index of the cell
        """
        totals, step = self._totals[:, cell].tolist(), self._step[:, cell].tolist()
        success = float(self._success(*totals))
        values = (*totals, step[_ATTEMPTS], step[_ERRORS], step[_ERRORS], success, success)
        return dict(zip(_INFO_KEYS, values, strict=True))

    def _success(self, _completed: Any, attempts: Any, errors: Any, hours: Any, profit_usd: Any) -> Any:
        """Tell from totals, numbers or rows of them, whether the shift keeps the SLA and earns the wage."""
        # Counts are whole: the tolerance only undoes the rounding of the product.
        in_sla = (attempts > 0.0) & (errors <= SLA_ERROR_RATE * attempts + 1e-9)
        return in_sla & (profit_usd >= self.prices.wage_usd_per_hour * hours)

    def state_observation(self, t_fraction: npt.NDArray[np.float64] | float) -> npt.NDArray[np.float32]:
        """Observe the counters: [t / T, completed / N, attempts / N, errors / N] with N = 144 x shift hours.

        Args:
            t_fraction: share of the shift that has passed, shape (N,) or a number, in [0, 1]

        Returns:
            State observation, shape (N, 4).
        """
        state = np.empty((self.num_cells, 4), np.float32)
        state[:, 0] = t_fraction
        state[:, 1:] = self._totals[: _ERRORS + 1].T * (1.0 / (FULL_RATE_PER_HOUR * self.shift_hours))
        return state

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of all counters: since reset and of the last step, each of shape (5, N)."""
        return {"totals": self._totals.copy(), "step": self._step.copy()}

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue from a `state_dict`.

        Args:
            state: what `state_dict` of counters of as many cells returned
        """
        self._totals[:], self._step[:] = state["totals"], state["step"]
