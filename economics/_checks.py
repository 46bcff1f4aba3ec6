"""Checks that every formula of the package shares."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

FloatOrArray = float | npt.NDArray[np.float64]
"""A number or an array of them: every formula broadcasts."""


def require_non_negative(**values: npt.ArrayLike) -> None:
    """Refuse NaN, infinite and negative numbers, naming the argument.

    Args:
        **values: numbers or arrays of any shape, by argument name

    Raises:
        ValueError: the first argument that holds such a number.
    """
    for name, value in values.items():
        low, high = _span(value)
        if not (low >= 0.0 and high < math.inf):
            raise ValueError(f"{name} must be finite and >= 0, got {_culprit(value)}")


def require_positive(**values: npt.ArrayLike) -> None:
    """Refuse everything but finite numbers above zero, naming the argument.

    Args:
        **values: numbers or arrays of any shape, by argument name

    Raises:
        ValueError: the first argument that holds such a number.
    """
    for name, value in values.items():
        low, high = _span(value)
        if not (low > 0.0 and high < math.inf):
            raise ValueError(f"{name} must be finite and > 0, got {_culprit(value)}")


def require_fraction(**values: npt.ArrayLike) -> None:
    """Refuse everything outside [0, 1], naming the argument.

    Args:
        **values: numbers or arrays of any shape, by argument name

    Raises:
        ValueError: the first argument that holds such a number.
    """
    for name, value in values.items():
        low, high = _span(value)
        if not (low >= 0.0 and high <= 1.0):
            raise ValueError(f"{name} must lie in [0, 1], got {_culprit(value)}")


def _span(value: npt.ArrayLike) -> tuple[float, float]:
    """Return the least and the greatest number; NaN spreads to both, and an empty array passes every check as 1."""
    if isinstance(value, (int, float)):
        return value, value
    array = np.asarray(value)
    if array.size == 1:
        return array.item(), array.item()
    return (array.min(), array.max()) if array.size > 0 else (1.0, 1.0)


def _culprit(value: npt.ArrayLike) -> float:
    """Find the number to show: a NaN first, then an infinity, then the smallest."""
    flat = np.asarray(value, dtype=np.float64).ravel()
    not_finite = flat[~np.isfinite(flat)]
    if not_finite.size > 0:
        return float(not_finite[0])
    return float(flat.min() if flat.min() <= 0.0 else flat.max())
