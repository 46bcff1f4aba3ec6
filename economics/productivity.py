"""Marginal product and error rate of a shift."""

from __future__ import annotations

import numpy as np

from economics._checks import FloatOrArray, require_non_negative, require_positive


def marginal_product(completed: FloatOrArray, hours: FloatOrArray) -> FloatOrArray:
    """Return the units completed per hour: mp = completed / hours.

    Args:
        completed: units completed, any shape [units]
        hours: time worked, broadcasts [h]

    Returns:
        Marginal product of the robot [units / h].

    Raises:
        ValueError: completed is negative or not finite, or hours is not above zero.

    Reference:
        J. B. Clark, "The Distribution of Wealth" (1899). The robot works alone in its cell, so that its average product
        over a shift is the product which the marginal robot-hour adds.

    >>> marginal_product(109, 1.0)
    109.0
    """
    require_non_negative(completed=completed)
    require_positive(hours=hours)
    return completed / hours


def error_rate(errors: FloatOrArray, attempts: FloatOrArray) -> FloatOrArray:
    """Return the share of attempts that failed: err = errors / attempts, 0 without attempts.

    Args:
        errors: failed attempts, any shape [attempts]
        attempts: all attempts whose outcome is known, broadcasts [attempts]

    Returns:
        Error rate in [0, 1].

    Raises:
        ValueError: a count is negative or not finite, or errors exceed attempts.

    Reference:
        DESIGN: an attempt is counted when its outcome is known, so attempts = completed + errors.

    >>> float(error_rate(3, 12))
    0.25
    """
    require_non_negative(errors=errors, attempts=attempts)
    if np.greater(errors, attempts).any():
        raise ValueError(f"errors must not exceed attempts, got {errors} of {attempts}")
    return errors / np.maximum(attempts, np.finfo(np.float64).tiny)
