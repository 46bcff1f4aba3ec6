"""What an online forecast is, and how it is scored: before each outcome is seen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from economics._checks import FloatOrArray, require_finite

MIN_SAMPLES = 10
"""Samples below which an estimator abstains."""


@dataclass(frozen=True)
class Prediction:
    """A predicted gain in marginal product and the interval that it will lie in.

    An estimator that abstains predicts 0 with no bounds: no money moves on it.

    Attributes:
        mean: predicted gain, any shape [units / h]
        low: lower bound, -inf while the estimator abstains [units / h]
        high: upper bound, inf while the estimator abstains [units / h]
        samples: outcomes that the estimator had seen
    """

    mean: FloatOrArray
    low: FloatOrArray
    high: FloatOrArray
    samples: int

    @property
    def abstains(self) -> bool:
        """Whether the estimator had seen too little to say anything."""
        return bool(np.isneginf(self.low).any())


def delta_mpl(mp_r: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the gain in marginal product from one shift to the next: delta(t) = mp(t) - mp(t - 1).

    Args:
        mp_r: marginal product of each shift, in order, shape (T,) [units / h]

    Returns:
        Gains, shape (T,); nan for the first shift, which has none before it [units / h].

    Raises:
        ValueError: mp_r is not a vector, or holds a number that is not finite.

    Reference:
        J. B. Clark, "The Distribution of Wealth" (1899), with a batch of data as the unit that is added.

    >>> delta_mpl([80.0, 95.0, 90.0]).tolist()
    [nan, 15.0, -5.0]
    """
    series = np.asarray(mp_r, np.float64)
    if series.ndim != 1:
        raise ValueError(f"mp_r must be a vector, got shape {series.shape}")
    require_finite(mp_r=series)
    return np.diff(series, prepend=np.nan)


class PrequentialScore:
    """R2 of forecasts that were made before their outcomes, against the running mean of the outcomes before.

    R2 = 1 - sum (y_t - f_t)^2 / sum (y_t - mean(y_1..y_(t-1)))^2, over the outcomes that were forecast.
    """

    def __init__(self) -> None:
        self._count = 0
        self._mean = 0.0
        self._missed = self._spread = 0.0

    @property
    def r2(self) -> float:
        """The score, at most 1; nan before the first forecast that could have been wrong."""
        return 1.0 - self._missed / self._spread if self._spread > 0.0 else math.nan

    def add(self, outcome: float, forecast: float) -> None:
        """Take in an outcome and what had been forecast of it; nan is no forecast.

        Args:
            outcome: what happened
            forecast: what had been said, or nan
        """
        if self._count > 0 and not math.isnan(forecast):
            self._missed += (outcome - forecast) ** 2
            self._spread += (outcome - self._mean) ** 2
        self._count += 1
        self._mean += (outcome - self._mean) / self._count

    def state_dict(self) -> dict[str, float]:
        """Return the sums as plain numbers."""
        return {"count": self._count, "mean": self._mean, "missed": self._missed, "spread": self._spread}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Continue from a `state_dict`.

        Args:
            state: what `state_dict` returned
        """
        self._count, self._mean = int(state["count"]), float(state["mean"])
        self._missed, self._spread = float(state["missed"]), float(state["spread"])


def prequential_r2(outcomes: npt.ArrayLike, forecasts: npt.ArrayLike) -> float:
    """Score forecasts that were each made before their outcome: see `PrequentialScore`.

    Args:
        outcomes: what happened, in order, shape (T,)
        forecasts: what had been said of each, shape (T,); nan where the estimator abstained

    Returns:
        R2, at most 1; negative where the running mean was better, nan where there is nothing to score.

    Raises:
        ValueError: the shapes differ, an outcome is not finite, or a forecast is infinite.

    Reference:
        A. P. Dawid, "Present Position and Potential Developments: Some Personal Views: Statistical Theory: The
        Prequential Approach", JRSS A 147 (1984).

    >>> prequential_r2([1.0, 2.0, 3.0], [float("nan"), 2.0, 3.0])
    1.0
    """
    happened, said = np.asarray(outcomes, np.float64), np.asarray(forecasts, np.float64)
    if happened.ndim != 1 or happened.shape != said.shape:
        raise ValueError(
            f"outcomes and forecasts must be two vectors of one length, got {happened.shape}, {said.shape}"
        )
    require_finite(outcomes=happened, forecasts=said[~np.isnan(said)])
    score = PrequentialScore()
    for outcome, forecast in zip(happened, said, strict=True):
        score.add(float(outcome), float(forecast))
    return score.r2
