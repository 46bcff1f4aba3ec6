"""Bayesian regression on one quantity, its precisions set by the evidence: the line behind a forecast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from economics._checks import require_finite

Vector = npt.NDArray[np.float64]
HYPERPRIOR = 1e-6
"""Shape and rate of the Gamma priors of both precisions: next to flat."""
MOST_STEPS = 300
CLOSE = 1e-3
"""Change of the slope below which the precisions have settled [units / h]."""


@dataclass(frozen=True)
class LinePosterior:
    """A line and how sure it is: y = y_mean + slope * (x - x_mean), each of the parts normal.

    Attributes:
        x_mean: mean of the cause
        y_mean: mean of the effect [units / h]
        slope: mean of the slope [units / h]
        slope_variance: its variance
        noise_variance: of an outcome about the line
    """

    x_mean: float
    y_mean: float
    slope: float
    slope_variance: float
    noise_variance: float

    def predict(self, x: Vector) -> tuple[Vector, Vector]:
        """Forecast outcomes: y_mean + slope * d with d = x - x_mean, variance slope_variance * d^2 + noise_variance.

        Args:
            x: causes, any shape

        Returns:
            Means and standard deviations, shaped as x [units / h].

        Reference:
            See `fit_line`.
        """
        off = x - self.x_mean
        return self.y_mean + self.slope * off, np.sqrt(self.slope_variance * off * off + self.noise_variance)


def fit_line(x: npt.ArrayLike, y: npt.ArrayLike) -> LinePosterior:
    """Fit a line whose precisions alpha (noise) and lambda (slope) maximise the evidence, by MacKay's fixed point.

    With S = sum (x - mean x)^2 and v = 1 / (lambda + alpha * S), the slope is m = alpha * v * sum (x - mean x)(y - mean
    y) and its variance v; gamma = alpha * v * S, lambda <- gamma / m^2, alpha <- (n - gamma) / RSS, until m settles.

    Args:
        x: causes, shape (n,), n >= 2
        y: effects, shape (n,) [units / h]

    Returns:
        The posterior, that of scikit-learn's BayesianRidge with one feature, without its milliseconds a fit.

    Raises:
        ValueError: the shapes differ, n is below 2, or a number is not finite.

    Reference:
        D. J. C. MacKay, "Bayesian Interpolation", Neural Computation 4 (1992); M. E. Tipping, "Sparse Bayesian Learning
        and the Relevance Vector Machine", JMLR 1 (2001), for the hyperpriors.

    >>> line = fit_line([0.0, 1.0, 2.0, 3.0], [1.0, 3.0, 5.0, 7.0])
    >>> round(line.slope, 3), line.y_mean
    (2.0, 4.0)
    """
    cause, effect = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if cause.ndim != 1 or cause.shape != effect.shape or len(cause) < 2:
        raise ValueError(f"x and y must be two vectors of one length >= 2, got shapes {cause.shape} and {effect.shape}")
    require_finite(x=cause, y=effect)
    x_mean, y_mean = float(cause.mean()), float(effect.mean())
    off, over = cause - x_mean, effect - y_mean
    slope, alpha, lam = _settle(off, over)
    return LinePosterior(x_mean, y_mean, slope, 1.0 / (lam + alpha * float(off @ off)), 1.0 / alpha)


def _settle(off: Vector, over: Vector) -> tuple[float, float, float]:
    """Iterate the precisions on centred data; return the slope and both of them."""
    squares, product = float(off @ off), float(off @ over)
    alpha, lam = 1.0 / (float(over @ over) / len(over) + float(np.finfo(np.float64).eps)), 1.0
    before = np.inf
    for _ in range(MOST_STEPS):
        slope = alpha * product / (lam + alpha * squares)
        missed = over - slope * off
        known = alpha * squares / (lam + alpha * squares)
        lam = (known + 2.0 * HYPERPRIOR) / (slope * slope + 2.0 * HYPERPRIOR)
        alpha = (len(over) - known + 2.0 * HYPERPRIOR) / (float(missed @ missed) + 2.0 * HYPERPRIOR)
        if abs(slope - before) < CLOSE:
            break
        before = slope
    return alpha * product / (lam + alpha * squares), alpha, lam
