"""Profit and the Lagrangian reward, in the rate form (per hour) and the flow form (per step).

The rate form charges the error rate on completed units, `c * err * mp`; the flow form charges every error in full.
Over a shift the rate form is higher by exactly `c * err * errors`. The ledger's `profit` is the rate form; training
uses the flow form.
"""

from __future__ import annotations

import numpy as np

from economics._checks import FloatOrArray, plain, require_fraction, require_non_negative
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

    Reference:
        H. R. Varian, "Microeconomic Analysis" (1992), chapter 2: revenue less the cost of what was used up.

    >>> round(profit_rate(109.0, 0.018, 0.30, 1.0, 0.10), 3)
    30.638
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

    Reference:
        E. Altman, "Constrained Markov Decision Processes" (1999): the Lagrangian of a constrained policy.

    >>> round(econ_lagrangian_reward(100.0, 0.08, p=0.3, c_damage=1.0, lam=5.0, e_target=0.06, c_energy=0.1), 3)
    21.8
    """
    require_non_negative(lam=lam)
    require_fraction(e_target=e_target)
    penalty = lam * np.maximum(0.0, np.subtract(err_rate, e_target))
    return plain(profit_rate(mp_r, err_rate, p, c_damage, c_energy) - penalty)


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

    Reference:
        H. R. Varian, "Microeconomic Analysis" (1992), chapter 2, with every error charged in full.

    >>> round(flow_profit(109, 3, 1.0, Prices()), 3)
    29.6
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

    Reference:
        E. Altman, "Constrained Markov Decision Processes" (1999). The gap is signed: a hinge on each error
        would never vanish.

    >>> round(flow_lagrangian_reward(9, 1, 10, 1.0, 2.0, 0.06, Prices()), 3)
    0.8
    """
    require_non_negative(attempts=attempts, lam=lam)
    require_fraction(e_target=e_target)
    return flow_profit(completed, errors, hours, prices) - lam * (errors - e_target * attempts)


def rate_flow_gap(err_rate: FloatOrArray, errors: FloatOrArray, c_damage: FloatOrArray) -> FloatOrArray:
    """Return how far the rate form lies above the flow form over a shift: gap = c * err * errors.

    The rate form charges `c * err` on completed units alone, so the share err * errors of the failed ones goes free:
    c * errors - c * err * completed = c * err * errors.

    Args:
        err_rate: error rate of the shift in [0, 1], any shape
        errors: failed attempts of the shift, broadcasts [attempts]
        c_damage: cost of an error, broadcasts [$ / error]

    Returns:
        Rate profit x hours - flow profit [$].

    Raises:
        ValueError: an argument is negative or not finite, or err_rate exceeds 1.

    Reference:
        Algebra from the two definitions of this module.

    >>> rate_flow_gap(err_rate=0.25, errors=4, c_damage=1.0)
    1.0
    """
    require_fraction(err_rate=err_rate)
    require_non_negative(errors=errors, c_damage=c_damage)
    return c_damage * err_rate * errors
