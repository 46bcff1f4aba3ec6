"""How sure a measured rate or ratio is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from economics._checks import FloatOrArray, require_finite, require_non_negative, require_whole


def wilson_interval(
    errors: FloatOrArray, attempts: FloatOrArray, confidence: float = 0.95
) -> tuple[FloatOrArray, FloatOrArray]:
    """Bound an error rate by Wilson's score interval, which stays sensible at 0 errors and at few attempts.

    (e + z^2 / 2 -+ z sqrt(e (n - e) / n + z^2 / 4)) / (n + z^2), z the normal quantile of (1 + confidence) / 2.

    Args:
        errors: failed attempts e, any shape [attempts]
        attempts: all attempts n, broadcasts [attempts]
        confidence: coverage, in (0, 1)

    Returns:
        Lower and upper bound in [0, 1]; 0 and 1 without attempts.

    Raises:
        ValueError: a count is negative or not finite, errors exceed attempts, or confidence is not in (0, 1).

    Reference:
        E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927).

    >>> low, high = wilson_interval(10.0, 100.0)
    >>> round(float(low), 4), round(float(high), 4)
    (0.0552, 0.1744)
    """
    require_non_negative(errors=errors, attempts=attempts)
    if np.greater(errors, attempts).any():
        raise ValueError(f"errors must not exceed attempts, got {errors} of {attempts}")
    z = _quantile(confidence)
    spread = errors * (attempts - errors) / np.maximum(attempts, np.finfo(np.float64).tiny)
    centre, half = errors + z * z / 2.0, z * np.sqrt(spread + z * z / 4.0)
    scale = attempts + z * z
    return np.maximum(0.0, (centre - half) / scale), np.minimum(1.0, (centre + half) / scale)


def paired_ratio(
    numerators: npt.ArrayLike,
    denominators: npt.ArrayLike,
    rng: np.random.Generator,
    confidence: float = 0.95,
    resamples: int = 10_000,
) -> tuple[float, float, float]:
    """Compare two means by their ratio, mean(numerators) / mean(denominators), bootstrapped over pairs.

    Args:
        numerators: values of one policy, shape (S,)
        denominators: values of the other on the same shifts, shape (S,)
        rng: draws the resamples
        confidence: coverage, in (0, 1)
        resamples: how many

    Returns:
        Ratio of the means, its lower and upper bound; the bounds of a single pair are nan.

    Raises:
        ValueError: the shapes differ, there is no pair, a value is not finite, the denominators' mean is 0, confidence
            is not in (0, 1), or resamples is no whole number >= 1.

    Reference:
        B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13.

    >>> paired_ratio([3.0], [2.0], np.random.default_rng(0))
    (1.5, nan, nan)
    """
    above, below = np.asarray(numerators, np.float64), np.asarray(denominators, np.float64)
    if above.ndim != 1 or above.shape != below.shape or len(above) == 0:
        raise ValueError(f"pairs must be two vectors of one length, got shapes {above.shape} and {below.shape}")
    require_finite(numerators=above, denominators=below)
    require_whole(1, resamples=resamples)
    _quantile(confidence)
    if below.mean() == 0.0:
        raise ValueError("denominators must not have the mean 0, got 0.0")
    ratio = float(above.mean() / below.mean())
    if len(above) == 1:
        return ratio, float("nan"), float("nan")
    drawn = rng.integers(0, len(above), (resamples, len(above)))
    ratios = above[drawn].mean(axis=1) / below[drawn].mean(axis=1)
    low, high = np.quantile(ratios, [0.5 - confidence / 2.0, 0.5 + confidence / 2.0])
    return ratio, float(low), float(high)


def _quantile(confidence: float) -> float:
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must be in (0, 1), got {confidence}")
    return float(ndtri(0.5 + 0.5 * confidence))
