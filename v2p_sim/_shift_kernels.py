"""Passes over the counters of many cells, compiled: in array calls each would be several, and slower than a step."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def count(completed, errors, hours, profit_usd, totals, step) -> bool:
    """Count a step.

    Args:
        completed: units completed, shape (N,)
        errors: failed attempts, shape (N,)
        hours: time worked, shape (N,) [h]
        profit_usd: dollars earned, shape (N,) [$]
        totals: completed, attempts, errors, hours, dollars since reset, shape (5, N); updated
        step: attempts, errors, dollars of the step, shape (3, N); overwritten

    Returns:
        Whether the first three are finite and >= 0; else nothing is counted.
    """
    good = True
    for cell in range(completed.size):
        least = min(completed[cell], errors[cell], hours[cell])
        good &= least >= 0.0 and completed[cell] + errors[cell] + hours[cell] < np.inf
    if good:
        for cell in range(completed.size):
            attempts = completed[cell] + errors[cell]
            totals[0, cell] += completed[cell]
            totals[1, cell] += attempts
            totals[2, cell] += errors[cell]
            totals[3, cell] += hours[cell]
            totals[4, cell] += profit_usd[cell]
            step[0, cell], step[1, cell], step[2, cell] = attempts, errors[cell], profit_usd[cell]
    return good


@njit(cache=True, error_model="numpy")
def keeps_sla_and_earns(totals, error_rate, wage_usd_per_hour):
    """Return 1 where a shift so far keeps the SLA and earns the human wage, else 0.

    Args:
        totals: completed, attempts, errors, hours, dollars since reset, shape (5, N)
        error_rate: share of attempts that may fail
        wage_usd_per_hour: the human wage [$ / h]

    Returns:
        Shape (N,).
    """
    success = np.empty(totals.shape[1])
    for cell in range(success.size):
        # Counts are whole: the tolerance only undoes the rounding of the product.
        in_sla = totals[1, cell] > 0.0 and totals[2, cell] <= error_rate * totals[1, cell] + 1e-9
        success[cell] = 1.0 if in_sla and totals[4, cell] >= wage_usd_per_hour * totals[3, cell] else 0.0
    return success


@njit(cache=True, error_model="numpy")
def write_counts(totals, unit, states) -> None:
    """Write completed, attempts and errors, scaled, beside the time.

    Args:
        totals: completed, attempts, errors and more since reset, shape (5, N)
        unit: scale
        states: shape (N, 4) float32; all columns but the first are written
    """
    for cell in range(states.shape[0]):
        for row in range(3):
            states[cell, row + 1] = totals[row, cell] * unit


@njit(cache=True)
def count_step(active, working, elapsed):
    """Add a step to the active cells' elapsed steps, and tell whether every cell works: two array calls take longer."""
    everyone = True
    for cell in range(len(active)):
        elapsed[cell] += active[cell]
        everyone &= working[cell]
    return everyone
