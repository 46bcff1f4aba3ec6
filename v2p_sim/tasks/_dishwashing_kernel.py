"""The loop over attempts, compiled: each has a uniform draw, computed from the shift's key when it is due."""

from __future__ import annotations

import numpy as np
from numba import njit

_ROUNDING = 1e-9  # undoes the rounding of a sum of fractions that makes a whole attempt
_UNIT = 2.0**-53
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11))


@njit(cache=True)
def uniform(key, index) -> float:
    """Return draw number `index` of a key in [0, 1): output `index` of SplitMix64 seeded with the key.

    Args:
        key: uint64
        index: int64, from 0

    Returns:
        A number whose 53 bits are uniform.

    Reference:
        Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
    """
    bits = key + (np.uint64(index) + np.uint64(1)) * _GAMMA
    bits = (bits ^ (bits >> _SHIFTS[0])) * _MIX[0]
    bits = (bits ^ (bits >> _SHIFTS[1])) * _MIX[1]
    bits = bits ^ (bits >> _SHIFTS[2])
    return np.float64(bits >> _SHIFTS[3]) * _UNIT


@njit(cache=True, error_model="numpy")
def work(pace, p_err, active, step_hours, shifts):
    """Make the attempts that are due; attempt j of a shift fails when draw j of its key lies below p_err.

    Args:
        pace: attempts an hour, shape (N,)
        p_err: error probability, shape (N,)
        active: cells that work, shape (N,)
        step_hours: time of a step [h]
        shifts: of each shift the key (uint64), attempts made (int64), part of an attempt carried over and steps worked
            (float64), each of shape (N,); all but the keys are updated

    Returns:
        Units completed, failed attempts and hours of the step, shape (3, N).
    """
    keys, begun, fractions, steps = shifts
    outcomes = np.zeros((3, keys.size))
    completed, errors, hours = outcomes
    most = 0.0
    for cell in range(keys.size):
        steps[cell] += active[cell]
        hours[cell] = step_hours * active[cell]
        due = fractions[cell] + pace[cell] * hours[cell]
        completed[cell] = np.floor(due + _ROUNDING)
        fractions[cell] = due - completed[cell]
        most = max(most, completed[cell])
    # Cells inside, attempts outside, and no branch: the compiler makes vector instructions of it.
    for index in range(np.int64(most)):
        for cell in range(keys.size):
            failed = uniform(keys[cell], begun[cell] + index) < p_err[cell] and index < completed[cell]
            errors[cell] += 1.0 if failed else 0.0
    for cell in range(keys.size):
        begun[cell] += np.int64(completed[cell])
        completed[cell] -= errors[cell]
    return outcomes
