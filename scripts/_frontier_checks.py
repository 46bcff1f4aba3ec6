"""What a frontier says: the best point, the feasible set, the bars of the physical task, the distance to a formula."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binom, spearmanr

from economics import Prices, profit_rate
from scripts._frontier_table import FrontierRow, columns_of
from v2p_sim.tasks.dishwashing import (
    DishwashingConfig,
    attempts_per_hour,
    error_probability,
    optimal_action,
    optimum_usd_per_hour,
)

FEASIBLE_MP_PER_HOUR = 80.0
CLEAR = 1e-3
"""Largest chance of being counted on the other side of the limits of a point that says something of them."""


@dataclass(frozen=True)
class Check:
    """One figure beside the range that is asked of it."""

    name: str
    value: float
    low: float
    high: float

    @property
    def holds(self) -> bool:
        """Whether the value lies in its range; one that could not be measured does not."""
        return self.low <= self.value <= self.high


def best_row(rows: Sequence[FrontierRow]) -> FrontierRow:
    """Return the point with the highest profit."""
    return max(rows, key=lambda row: row.profit)


def feasible(mp: npt.NDArray[np.float64], err: npt.NDArray[np.float64], err_limit: float) -> npt.NDArray[np.bool_]:
    """Tell where the work is fast and good enough: mp >= 80 / h and err <= the SLA's limit."""
    return (mp >= FEASIBLE_MP_PER_HOUR) & (err <= err_limit + 1e-12)


def feasible_by_formula(
    attempts_per_hour: npt.NDArray[np.float64], err: npt.NDArray[np.float64], err_limit: float
) -> npt.NDArray[np.bool_]:
    """Tell the same of what `formula_rates` gives: mp = attempts per hour x (1 - err)."""
    return feasible(attempts_per_hour * (1.0 - err), err, err_limit)


def frontier_checks(rows: Sequence[FrontierRow]) -> list[Check]:
    """Hold a frontier against what is asked of the physical task.

    Args:
        rows: a whole grid, with speed 1, care 0 and care 1

    Returns:
        The checks.
    """
    at = columns_of(rows)
    fast, careless, careful = at["speed"] == 1.0, at["care"] == 0.0, at["care"] == 1.0
    hasty, slowed = at["attempts_per_hour"][fast & careless], at["attempts_per_hour"][fast & careful]
    return [
        Check("rank correlation of errors with speed at care 0", _rank(at, "speed", careless), 0.9, 1.0),
        Check("rank correlation of errors with care at speed 1", _rank(at, "care", fast), -1.0, -0.9),
        Check("error rate at speed 1, care 0", _only(at["err"][fast & careless]), 0.10, 0.30),
        Check("worst error rate at care 1", float(at["err"][careful].max(initial=-math.inf)), 0.0, 0.03),
        Check("attempts an hour at speed 1, care 0", _only(hasty), 120.0, 170.0),
        Check("share of attempts that full care costs", 1.0 - _only(slowed) / _only(hasty), 0.12, 0.35),
    ]


def frontier_report(rows: Sequence[FrontierRow], err_limit: float) -> dict[str, Any]:
    """Sum a frontier up: the best point and the size of the feasible set."""
    at = columns_of(rows)
    fit = feasible(at["mp"], at["err"], err_limit)
    return {"points": len(rows), "feasible_points": int(fit.sum()), "best": asdict(best_row(rows))}


def formula_report(
    rows: Sequence[FrontierRow], config: DishwashingConfig, prices: Prices, err_limit: float
) -> dict[str, Any]:
    """Compare a frontier of the abstract task with its formula.

    Args:
        rows: measured points
        config: constants of the formula
        prices: what the work is worth
        err_limit: largest error rate of the feasible set

    Returns:
        The closed-form optimum, the distances, and how many points both call feasible.
    """
    at = columns_of(rows)
    pace, err, _ = formula_rates(at["speed"], at["care"], config, prices)
    inside = (at["err_low"] <= err) & (err <= at["err_high"])
    ours, theirs = feasible(at["mp"], at["err"], err_limit), feasible_by_formula(pace, err, err_limit)
    action = optimal_action(config, prices)
    return {
        "optimum": {"speed": float(action[0]), "care": float(action[1])},
        "optimum_usd_per_hour": optimum_usd_per_hour(config, prices),
        "attempts_relative_error_max": float(np.abs(at["attempts_per_hour"] / pace - 1.0).max()),
        "err_error_max": float(np.abs(at["err"] - err).max()),
        "err_inside_interval_share": float(inside.mean()),
        "feasible_points_formula": int(theirs.sum()),
        "feasible_agreement_share": float((ours == theirs).mean()),
    }


def formula_checks(
    rows: Sequence[FrontierRow], config: DishwashingConfig, prices: Prices, err_limit: float
) -> list[Check]:
    """Hold the feasible set of a frontier of the abstract task against the formula's.

    At so many attempts in so many hours a point is feasible with up to min(limit x attempts, attempts - 80 x hours)
    errors, which are binomial by the formula. Points within noise of a limit say nothing and are left out: those that
    chance alone puts on the other side in more than one of 1000 sweeps. Of the others all have to agree. Chance breaks
    that in fewer than (clear points) / 1000 sweeps, most of them being farther from a limit than that; what breaks it
    otherwise is a formula that does not describe the task. Without a clear point nothing was validated, nothing holds.

    Args:
        rows: measured points with their attempts and hours
        config: constants of the formula
        prices: what the work is worth
        err_limit: largest error rate of the feasible set

    Returns:
        The check.
    """
    at = columns_of(rows)
    pace, err, _ = formula_rates(at["speed"], at["care"], config, prices)
    theirs = feasible_by_formula(pace, err, err_limit)
    most = np.minimum(err_limit * at["attempts"], at["attempts"] - FEASIBLE_MP_PER_HOUR * at["hours"])
    chance = binom.cdf(np.floor(most + 1e-9), at["attempts"], err)
    clear = np.where(theirs, 1.0 - chance, chance) <= CLEAR
    agree = feasible(at["mp"], at["err"], err_limit) == theirs
    share = float(agree[clear].mean()) if clear.any() else math.nan
    return [Check(f"feasible as by the formula, {int(clear.sum())} clear points", share, 1.0, 1.0)]


def formula_rates(
    speed: npt.NDArray[np.float64], care: npt.NDArray[np.float64], config: DishwashingConfig, prices: Prices
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the formula's attempts per hour, error probability and rate profit [$/h], broadcast alike."""
    pace, err = attempts_per_hour(speed, care, config), error_probability(speed, care, config)
    costs = (prices.price_usd, prices.damage_usd, prices.energy_usd_per_hour)
    return pace, err, np.asarray(profit_rate(pace * (1.0 - err), err, *costs))


def _rank(at: dict[str, npt.NDArray[np.float64]], by: str, where: npt.NDArray[np.bool_]) -> float:
    """Spearman's rank correlation of the error rate along one edge of the grid; nan where it is not defined."""
    err = at["err"][where]
    if len(err) < 2 or np.ptp(err) == 0.0:
        return math.nan
    return float(np.asarray(spearmanr(at[by][where], err))[0])


def _only(values: npt.NDArray[np.float64]) -> float:
    return float(values[0]) if len(values) == 1 else math.nan
