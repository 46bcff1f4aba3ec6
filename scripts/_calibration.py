"""Fit the abstract task's constants to a measured frontier, and say how good the fit is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import yaml
from scipy.optimize import least_squares

from economics import wilson_interval
from scripts._frontier_table import FrontierRow, columns_of
from scripts._settings import Constants
from v2p_sim.tasks.dishwashing import DishwashingConfig, attempts_per_hour, error_probability

RATE_TOLERANCE = 0.05
ERR_TOLERANCE = 0.015
ASKED_SHARE = 0.90
_BOUNDS = ((1e-6, 0.5), (0.0, 0.5), (0.0, 12.0), (1e-3, 12.0))
_STARTS = ((0.02, 0.12, 1.2, 1.5), (0.005, 0.2, 3.0, 3.0), (0.01, 0.3, 1.0, 6.0), (0.05, 0.05, 0.5, 0.5))
_DIGITS = 5


@dataclass(frozen=True)
class FitQuality:
    """Shares of the grid points at which the formula is as near as asked.

    Attributes:
        attempts_share: attempts per hour within 5 %.
        err_share: error rate within 1.5 points or the 95 % Wilson interval, whichever is wider.
        joint_share: both.
        attempts_worst: largest relative distance of attempts per hour.
        err_worst: largest distance of the error rate.
    """

    attempts_share: float
    err_share: float
    joint_share: float
    attempts_worst: float
    err_worst: float

    @property
    def holds(self) -> bool:
        """Whether both hold at 90 % of the points."""
        return self.joint_share >= ASKED_SHARE


def fit_constants(rows: Sequence[FrontierRow]) -> DishwashingConfig:
    """Fit all six constants.

    p_err by least squares of its distances, each over what is allowed at its point (`judge_fit`); the pace by least
    squares of its relative errors. The formula is a likeness, not the law of the workcell: maximum likelihood, which
    takes it for the law, gives a third of a point where errors are rare more weight than four points elsewhere.

    Args:
        rows: measured points with attempts

    Returns:
        The abstract task's constants; its shift keeps the default length.
    """
    at = columns_of([row for row in rows if row.attempts > 0.0])
    pace, care_cost = _fit_pace(at)
    p_min, k, q_s, q_c = _fit_errors(at)
    return DishwashingConfig(p_min, k, q_s, q_c, pace, care_cost)


def judge_fit(rows: Sequence[FrontierRow], config: DishwashingConfig) -> FitQuality:
    """Measure how near the formula is to the points.

    Args:
        rows: measured points
        config: fitted constants

    Returns:
        Shares and worst cases.
    """
    at = columns_of([row for row in rows if row.attempts > 0.0])
    rate = attempts_per_hour(at["speed"], at["care"], config) / at["attempts_per_hour"] - 1.0
    distance = _distances(at, config)
    near_rate, near_err = np.abs(rate) <= RATE_TOLERANCE, np.abs(distance / _allowed(at, distance)) <= 1.0 + 1e-12
    return FitQuality(
        attempts_share=float(near_rate.mean()),
        err_share=float(near_err.mean()),
        joint_share=float((near_rate & near_err).mean()),
        attempts_worst=float(np.abs(rate).max()),
        err_worst=float(np.abs(distance).max()),
    )


def task_yaml(name: str, task: str, config: DishwashingConfig, quality: FitQuality) -> str:
    """Write the task config that `task=<name>` composes.

    Args:
        name: name of the fitted task
        task: what was measured
        config: fitted constants
        quality: how good the fit is, told in the comment

    Returns:
        The file's text.
    """
    constants = {key: round(float(getattr(config, key)), _DIGITS) for key in Constants.model_fields}
    lines = (
        f"# The abstract task with its constants fitted to {task} by scripts/calibrate.py: attempts an hour within 5 %",
        f"# at {quality.attempts_share:.0%} of the grid points, error rate within 1.5 points or its interval at"
        f" {quality.err_share:.0%}.",
        "defaults:",
        "  - dishwashing",
        "  - _self_",
        "",
    )
    return "\n".join(lines) + yaml.safe_dump({"name": name, "constants": constants}, sort_keys=False)


def rounded(config: DishwashingConfig) -> DishwashingConfig:
    """Return the constants as the file tells them."""
    return replace(config, **{key: round(float(getattr(config, key)), _DIGITS) for key in Constants.model_fields})


def _fit_pace(at: dict[str, npt.NDArray[np.float64]]) -> tuple[float, float]:
    """Solve attempts/h = 60 speed (a - b care), each equation divided by what was measured."""
    scale = 60.0 * at["speed"] / at["attempts_per_hour"]
    matrix = np.stack([scale, -scale * at["care"]], axis=1)
    a, b = np.linalg.lstsq(matrix, np.ones(len(scale)), rcond=None)[0]
    return float(a), float(np.clip(b / a, 0.0, 1.0))


def _fit_errors(at: dict[str, npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """Minimise the sum of (distance / allowed distance)^2 from several starts."""

    def residuals(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        distance = _distances(at, DishwashingConfig(*values.tolist()))
        return distance / _allowed(at, distance)

    low, high = zip(*_BOUNDS, strict=True)
    found = [least_squares(residuals, start, bounds=(low, high), x_scale=_STARTS[0], xtol=1e-12) for start in _STARTS]
    return min(found, key=lambda result: float(result.cost)).x


def _distances(at: dict[str, npt.NDArray[np.float64]], config: DishwashingConfig) -> npt.NDArray[np.float64]:
    """How far the formula's error rates lie above the measured ones."""
    return error_probability(at["speed"], at["care"], config) - at["err"]


def _allowed(at: dict[str, npt.NDArray[np.float64]], side: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How far they may lie there: 1.5 points or the 95 % Wilson interval, whichever is wider on that side."""
    low, high = wilson_interval(at["errors"], at["attempts"])
    return np.maximum(np.where(side > 0.0, high - at["err"], at["err"] - low), ERR_TOLERANCE)
