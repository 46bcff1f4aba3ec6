"""Checks that every formula of the package shares."""

from __future__ import annotations

import math
from collections.abc import Callable

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
            raise ValueError(
                f"{name} must be finite and >= 0, got {_culprit(value, lambda x: (x >= 0.0) & (x < math.inf))}"
            )


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
            raise ValueError(
                f"{name} must be finite and > 0, got {_culprit(value, lambda x: (x > 0.0) & (x < math.inf))}"
            )


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
            raise ValueError(f"{name} must lie in [0, 1], got {_culprit(value, lambda x: (x >= 0.0) & (x <= 1.0))}")


def require_whole(least: int, **values: int) -> None:
    """Refuse everything but whole numbers from `least` on, naming the argument.

    Args:
        least: smallest valid number
        **values: numbers, by argument name

    Raises:
        ValueError: the first argument that is none.
    """
    for name, value in values.items():
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
            raise ValueError(f"{name} must be a whole number >= {least}, got {value}")


def require_finite(**values: npt.ArrayLike) -> None:
    """Refuse NaN and infinite numbers, naming the argument.

    Args:
        **values: numbers or arrays of any shape, by argument name

    Raises:
        ValueError: the first argument that holds such a number.
    """
    for name, value in values.items():
        low, high = _span(value)
        if not (low > -math.inf and high < math.inf):
            raise ValueError(f"{name} must be finite, got {_culprit(value, np.isfinite)}")


def plain(value: npt.ArrayLike) -> FloatOrArray:
    """Return a number for a number and an array for an array.

    Args:
        value: what a formula gave, any shape

    Returns:
        A float where the shape is empty, else the array.
    """
    array = np.asarray(value, np.float64)
    return array.item() if array.ndim == 0 else array


def _span(value: npt.ArrayLike) -> tuple[float, float]:
    """Return the least and the greatest number; NaN spreads to both, and an empty array passes every check as 1."""
    if isinstance(value, (int, float)):
        return value, value
    array = np.asarray(value)
    if array.size == 1:
        return array.item(), array.item()
    return (array.min(), array.max()) if array.size > 0 else (1.0, 1.0)


def _culprit(value: npt.ArrayLike, valid: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.bool_]]) -> float:
    """Find the number to show: a NaN first, then the first one out of range."""
    flat = np.asarray(value, dtype=np.float64).ravel()
    unknown = flat[np.isnan(flat)]
    return float(unknown[0] if unknown.size > 0 else flat[~valid(flat)][0])
