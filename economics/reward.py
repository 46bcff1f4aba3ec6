"""Profit and the Lagrangian reward, in the rate form (per hour) and the flow form (per step).

The rate form charges the error rate on completed units, `c * err * mp`; the flow form charges every error in full.
Over a shift the rate form is higher by exactly `c * err * errors`. The ledger's `profit` is the rate form; training
uses the flow form.
"""

from __future__ import annotations

import numpy as np

from economics._checks import FloatOrArray, require_fraction, require_non_negative
from economics.prices import Prices
from economics.wage import implied_robot_wage


def profit_rate(
    mp_r: FloatOrArray, err_rate: FloatOrArray, p: FloatOrArray, c_damage: FloatOrArray, c_energy: FloatOrArray
) -> FloatOrArray:
    """Return the profit of an hour: profit = p * mp - c * err * mp - c_energy.

    Args:
        mp_r: marginal product of the robot, any shape [units / h]
        err_rate: error rate in [0, 1], broadcasts
        p: price of a unit, broadcasts [$ / unit]
        c_damage: cost of an error, broadcasts [$ / error]
        c_energy: cost of energy, broadcasts [$ / h]

    Returns:
        Profit in the rate form [$ / h].

    Raises:
        ValueError: an argument is negative or not finite, or err_rate exceeds 1.
    """
    require_non_negative(c_energy=c_energy)
    return implied_robot_wage(p, mp_r, err_rate, c_damage) - c_energy


def econ_lagrangian_reward(
    mp_r: FloatOrArray,
    err_rate: FloatOrArray,
    p: FloatOrArray,
    c_damage: FloatOrArray,
    lam: FloatOrArray,
    e_target: FloatOrArray,
    c_energy: FloatOrArray,
) -> FloatOrArray:
    """Penalise an hour's profit above the error target: r = profit - lambda * max(0, err - e*).

    Args:
        mp_r: marginal product of the robot, any shape [units / h]
        err_rate: error rate in [0, 1], broadcasts
        p: price of a unit, broadcasts [$ / unit]
        c_damage: cost of an error, broadcasts [$ / error]
        lam: multiplier of the constraint, >= 0, broadcasts [$ / h]
        e_target: error rate that the SLA allows, in [0, 1], broadcasts
        c_energy: cost of energy, broadcasts [$ / h]

    Returns:
        Lagrangian reward in the rate form [$ / h].

    Raises:
        ValueError: an argument is negative or not finite, or a rate exceeds 1.
    """
    require_non_negative(lam=lam)
    require_fraction(e_target=e_target)
    return profit_rate(mp_r, err_rate, p, c_damage, c_energy) - lam * np.maximum(0.0, err_rate - e_target)


def flow_profit(completed: FloatOrArray, errors: FloatOrArray, hours: FloatOrArray, prices: Prices) -> FloatOrArray:
    """Return the dollars of a stretch of work: p * completed - c * errors - c_energy * hours.

    Args:
        completed: units completed in the stretch, any shape [units]
        errors: failed attempts in the stretch, broadcasts [attempts]
        hours: its duration, broadcasts [h]
        prices: what these are worth

    Returns:
        Profit in the flow form [$].

    Raises:
        ValueError: a count or the duration is negative or not finite.
    """
    require_non_negative(completed=completed, errors=errors, hours=hours)
    return prices.flow_usd(completed, errors, hours)


def flow_lagrangian_reward(
    completed: FloatOrArray,
    errors: FloatOrArray,
    attempts: FloatOrArray,
    hours: FloatOrArray,
    lam: FloatOrArray,
    e_target: FloatOrArray,
    prices: Prices,
) -> FloatOrArray:
    """Penalise a stretch of work for its signed gap: r = flow profit - lambda * (errors - e* * attempts).

    Args:
        completed: units completed in the stretch, any shape [units]
        errors: failed attempts in the stretch, broadcasts [attempts]
        attempts: all attempts of the stretch, broadcasts [attempts]
        hours: its duration, broadcasts [h]
        lam: multiplier of the constraint, >= 0, broadcasts [$ / error]
        e_target: error rate that the SLA allows, in [0, 1], broadcasts
        prices: what the work is worth

    Returns:
        Lagrangian reward in the flow form [$].

    Raises:
        ValueError: an argument is negative or not finite, or e_target exceeds 1.
    """
    require_non_negative(attempts=attempts, lam=lam)
    require_fraction(e_target=e_target)
    return flow_profit(completed, errors, hours, prices) - lam * (errors - e_target * attempts)
