"""The counters that every task shares: attempts, completed, errors, hours, and the dollars that these make."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from economics import Prices, flow_profit
from v2p_sim._shift_kernels import count, keeps_sla_and_earns, write_counts

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
_ATTEMPTS_STEP, _ERRORS_STEP, _PROFIT_STEP = range(3)
_NO_TOTALS, _NO_STEP = (0.0,) * 5, (0.0,) * 3


class ShiftCounters:
    """Count the work of N cells since their resets; an attempt counts once its outcome is known.

    attempts = completed + errors holds at every step. The numbers are rows of arrays, and for one cell plain floats:
    array calls would take longer than all else that a step does around the physics.
    """

    def __init__(self, num_cells: int, prices: Prices, shift_hours: float) -> None:
        self.num_cells = num_cells
        self.prices = prices
        self.shift_hours = shift_hours
        self._unit = 1.0 / (FULL_RATE_PER_HOUR * shift_hours)
        self._totals: Any = _NO_TOTALS if num_cells == 1 else np.zeros((len(_NO_TOTALS), num_cells))
        self._step: Any = _NO_STEP if num_cells == 1 else np.zeros((len(_NO_STEP), num_cells))

    @property
    def attempts(self) -> npt.NDArray[np.int64]:
        """Attempts since reset, shape (N,)."""
        return np.array(self._totals[_ATTEMPTS], np.int64, ndmin=1)

    @property
    def completed(self) -> npt.NDArray[np.int64]:
        """Units completed since reset, shape (N,)."""
        return np.array(self._totals[_COMPLETED], np.int64, ndmin=1)

    @property
    def errors(self) -> npt.NDArray[np.int64]:
        """Failed attempts since reset, shape (N,)."""
        return np.array(self._totals[_ERRORS], np.int64, ndmin=1)

    @property
    def hours(self) -> npt.NDArray[np.float64]:
        """Time worked since reset, shape (N,) [h]."""
        return np.array(self._totals[_HOURS], ndmin=1)

    @property
    def profit_usd(self) -> npt.NDArray[np.float64]:
        """Dollars since reset, flow form at lambda 0, shape (N,) [$]."""
        return np.array(self._totals[_PROFIT], ndmin=1)

    @property
    def attempts_step(self) -> npt.NDArray[np.int64]:
        """Attempts of the last step, shape (N,)."""
        return np.array(self._step[_ATTEMPTS_STEP], np.int64, ndmin=1)

    @property
    def errors_step(self) -> npt.NDArray[np.int64]:
        """Failed attempts of the last step, shape (N,)."""
        return np.array(self._step[_ERRORS_STEP], np.int64, ndmin=1)

    @property
    def step_profit_usd(self) -> npt.NDArray[np.float64]:
        """Dollars of the last step, flow form at lambda 0, shape (N,) [$]."""
        return np.array(self._step[_PROFIT_STEP], ndmin=1)

    def cell_step_profit_usd(self, cell: int) -> float:
        """Return the dollars of a cell's last step, flow form at lambda 0 [$].

        Args:
            cell: index of the cell
        """
        profit_usd = self._step[_PROFIT_STEP]
        return profit_usd if self.num_cells == 1 else float(profit_usd[cell])

    def reset(self, cells: npt.NDArray[np.int64]) -> None:
        """Start new shifts.

        Args:
            cells: indices of the cells whose counters go to zero
        """
        if self.num_cells > 1:
            self._totals[:, cells] = 0.0
            self._step[:, cells] = 0.0
        elif len(cells) > 0:
            self._totals, self._step = _NO_TOTALS, _NO_STEP

    def add(self, completed: npt.ArrayLike, errors: npt.ArrayLike, hours: npt.ArrayLike) -> None:
        """Count one step of every cell; a cell that did not work adds zeros.

        Args:
            completed: units completed in the step, shape (N,)
            errors: failed attempts in the step, shape (N,)
            hours: time worked in the step, shape (N,) or a number [h]

        Raises:
            ValueError: a number is negative or not finite; nothing has been counted then.
        """
        if self.num_cells == 1:
            self._add_one(_number(completed), _number(errors), _number(hours))
            return
        done, failed, worked = self._row(completed), self._row(errors), self._row(hours)
        profit_usd = self.prices.flow_usd(done, failed, worked)
        if not count(done, failed, worked, profit_usd, self._totals, self._step):
            flow_profit(done, failed, worked, self.prices)  # says which of them is wrong

    def _row(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return an array of shape (N,), the same number for all cells where one is given."""
        row = np.ascontiguousarray(values, np.float64)
        return row if row.size == self.num_cells else np.full(self.num_cells, row.item())

    def _add_one(self, completed: float, errors: float, hours: float) -> None:
        if 0.0 <= completed < math.inf and 0.0 <= errors < math.inf and 0.0 <= hours < math.inf:
            profit_usd = self.prices.flow_usd(completed, errors, hours)
        else:  # says which of them is wrong
            profit_usd = flow_profit(completed, errors, hours, self.prices)
        attempts = completed + errors
        self._step = (attempts, errors, profit_usd)
        totals = self._totals
        self._totals = (
            totals[_COMPLETED] + completed,
            totals[_ATTEMPTS] + attempts,
            totals[_ERRORS] + errors,
            totals[_HOURS] + hours,
            totals[_PROFIT] + profit_usd,
        )

    def info(self) -> dict[str, npt.NDArray[np.float64]]:
        """Return Gymnasium's info: fresh float arrays of shape (N,), the same keys always.

        `cost` is `errors_step` (Safety-Gymnasium's meaning). `success` is 1 while the shift so far keeps the SLA and
        earns at least the human wage: attempts > 0, errors / attempts <= 6 %, profit_usd / hours >= wage.
        """
        if self.num_cells == 1:
            return {key: np.array([value]) for key, value in self.cell_info(0).items()}
        success = keeps_sla_and_earns(self._totals, SLA_ERROR_RATE, self.prices.wage_usd_per_hour)
        return _info(self._totals.copy(), self._step[:_PROFIT_STEP].copy(), success)

    def cell_info(self, cell: int) -> dict[str, float]:
        """Return the `info` of one cell as plain floats.

        Args:
            cell: index of the cell
        """
        totals, step = self._totals, self._step
        if self.num_cells > 1:
            totals, step = totals[:, cell].tolist(), step[:, cell].tolist()
        _, attempts, errors, hours, profit_usd = totals
        # Counts are whole: the tolerance only undoes the rounding of the product.
        in_sla = attempts > 0.0 and errors <= SLA_ERROR_RATE * attempts + 1e-9
        paid = profit_usd >= self.prices.wage_usd_per_hour * hours
        return _info(totals, step, 1.0 if in_sla and paid else 0.0)

    def state_observation(self, t_fraction: npt.NDArray[np.float64] | float) -> npt.NDArray[np.float32]:
        """Observe the counters: [t / T, completed / N, attempts / N, errors / N] with N = 144 x shift hours.

        Args:
            t_fraction: share of the shift that has passed, shape (N,) or a number, in [0, 1]

        Returns:
            State observation, shape (N, 4).
        """
        if self.num_cells == 1:
            counts = [total * self._unit for total in self._totals[:_HOURS]]
            return np.array([[_number(t_fraction), *counts]], np.float32)
        states = np.empty((self.num_cells, 4), np.float32)
        states[:, 0] = t_fraction
        write_counts(self._totals, self._unit, states)
        return states

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of all counters: since reset and of the last step, shapes (5, N) and (3, N)."""
        return {
            name: np.array(values).reshape(-1, self.num_cells)
            for name, values in (("totals", self._totals), ("step", self._step))
        }

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue from a `state_dict`.

        Args:
            state: what `state_dict` of counters of as many cells returned
        """
        if self.num_cells == 1:
            self._totals, self._step = (tuple(np.ravel(state[name]).tolist()) for name in ("totals", "step"))
        else:
            self._totals[:], self._step[:] = state["totals"], state["step"]


def _number(value: Any) -> float:
    """Return the one number in a value as a float."""
    return float(value.item() if type(value) is np.ndarray else value)


def _info(totals: Any, step: Any, success: Any) -> dict[str, Any]:
    return {
        "completed": totals[_COMPLETED],
        "attempts": totals[_ATTEMPTS],
        "errors": totals[_ERRORS],
        "hours": totals[_HOURS],
        "profit_usd": totals[_PROFIT],
        "attempts_step": step[_ATTEMPTS_STEP],
        "errors_step": step[_ERRORS_STEP],
        "cost": step[_ERRORS_STEP],
        "success": success,
        "is_success": success,
    }
