"""What is earned above the human wage, and what of it stays with the customer.

A robot-hour delivers work worth w_hat, which the human would have sold at w_h an hour. The customer pays the wage and
what the platform captures, w_h + captured; what is left is its surplus:

    consumer surplus = w_hat - w_h - captured = rebate + retained

`retained` is the surplus inside the parity band, which is not shared. Energy is the platform's cost and comes out of
what it captures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from economics._checks import FloatOrArray, plain, require_finite, require_non_negative, require_positive
from economics.spread import SpreadAllocation


def consumer_surplus(w_hat_r: FloatOrArray, w_h: FloatOrArray, captured: FloatOrArray) -> FloatOrArray:
    """Return what a robot-hour leaves the customer: CS = w_hat - w_h - captured.

    Args:
        w_hat_r: implied wage of the robot, any shape [$ / h]
        w_h: human wage, broadcasts [$ / h]
        captured: what the platform keeps of the spread, broadcasts [$ / h]

    Returns:
        Consumer surplus; negative below parity [$ / h].

    Raises:
        ValueError: w_hat_r is not finite, w_h is not above zero, or captured is negative.

    Reference:
        A. Marshall, "Principles of Economics" (1890), book III, chapter VI.

    >>> round(consumer_surplus(27.11, 18.0, 5.93), 2)
    3.18
    """
    require_finite(w_hat_r=w_hat_r)
    require_positive(w_h=w_h)
    require_non_negative(captured=captured)
    return plain(np.subtract(w_hat_r, w_h) - captured)


def customer_net_cost(w_h: FloatOrArray, surplus: FloatOrArray) -> FloatOrArray:
    """Return what a robot-hour costs the customer, its work above a human hour's credited: net = w_h - CS.

    Args:
        w_h: human wage, any shape [$ / h]
        surplus: consumer surplus, broadcasts; the rebate alone outside the parity band [$ / h]

    Returns:
        Net cost of a human hour of work [$ / h]; at most w_h where the surplus is not negative.

    Raises:
        ValueError: w_h is not above zero, or surplus is not finite.

    Reference:
        C. T. Horngren, S. M. Datar, M. V. Rajan, "Cost Accounting" (2015): a byproduct is credited at its
        value.

    >>> round(customer_net_cost(18.0, 3.71), 2)
    14.29
    """
    require_positive(w_h=w_h)
    require_finite(surplus=surplus)
    return plain(np.subtract(w_h, surplus))


def cost_per_human_hour(w_hat_r: FloatOrArray, w_h: FloatOrArray, captured: FloatOrArray) -> FloatOrArray:
    """Return what the customer pays for as much work as a human does in an hour: (w_h + captured) / parity.

    A human-equivalent unit of output is a human hour of work, less what errors destroy, at the same prices: a
    robot-hour holds w_hat / w_h of them. The cost is at most w_h exactly where the consumer surplus is not negative.

    Args:
        w_hat_r: implied wage of the robot, any shape [$ / h]
        w_h: human wage, broadcasts [$ / h]
        captured: what the platform keeps of the spread, broadcasts [$ / h]

    Returns:
        Cost of a human-equivalent hour [$ / h]; inf where the robot's work is worth nothing.

    Raises:
        ValueError: w_hat_r is not finite, w_h is not above zero, or captured is negative.

    Reference:
        D. Acemoglu and P. Restrepo, "The Race between Man and Machine", AER 108 (2018): cost per effective unit of
        labor.

    >>> round(cost_per_human_hour(27.11, 18.0, 5.93), 2), cost_per_human_hour(18.0, 18.0, 0.0)
    (15.89, 18.0)
    """
    consumer_surplus(w_hat_r, w_h, captured)
    paid, worth = np.broadcast_arrays(np.add(w_h, captured) * w_h, np.asarray(w_hat_r, np.float64))
    with np.errstate(over="ignore"):  # next to nothing for the wage costs more than a float holds: inf
        return plain(np.divide(paid, worth, out=np.full(worth.shape, np.inf), where=worth > 0.0))


def guarantee_refund(w_hat_r: FloatOrArray, w_h: FloatOrArray, captured: FloatOrArray) -> FloatOrArray:
    """Return what the platform owes so that the customer's net cost never exceeds the human wage: max(0, -CS).

    Args:
        w_hat_r: implied wage of the robot, any shape [$ / h]
        w_h: human wage, broadcasts [$ / h]
        captured: what the platform keeps of the spread, broadcasts [$ / h]

    Returns:
        Refund [$ / h]; 0 at and above parity.

    Raises:
        ValueError: w_hat_r is not finite, w_h is not above zero, or captured is negative.

    Reference:
        Compensation that is paid: N. Kaldor, "Welfare Propositions of Economics and Interpersonal
        Comparisons of Utility", Economic Journal 49 (1939).

    >>> guarantee_refund(15.0, 18.0, 0.0), guarantee_refund(27.0, 18.0, 5.0)
    (3.0, 0.0)
    """
    return plain(np.maximum(0.0, -np.asarray(consumer_surplus(w_hat_r, w_h, captured))))


@dataclass(frozen=True)
class SurplusSplit:
    """Where the surplus over the human wage went: total = rebate + captured + retained.

    Attributes:
        total: implied wage less human wage, times hours [$]
        rebate: the customer's part of the spread [$]
        captured: the platform's part of the spread [$]
        retained: what lies inside the parity band and stays with the customer; negative below parity [$]
    """

    total: FloatOrArray
    rebate: FloatOrArray
    captured: FloatOrArray
    retained: FloatOrArray


def decompose_surplus(
    w_hat_r: FloatOrArray, w_h: FloatOrArray, hours: FloatOrArray, allocation: SpreadAllocation
) -> SurplusSplit:
    """Say where the surplus of a shift went: (w_hat - w_h) * hours = rebate + captured + retained.

    retained = (w_hat - w_h - spread) * hours.

    Args:
        w_hat_r: implied wage of the robot, any shape [$ / h]
        w_h: human wage, broadcasts [$ / h]
        hours: time worked, broadcasts [h]
        allocation: what `compute_spread_allocation` gave for the same shift

    Returns:
        The split.

    Raises:
        ValueError: w_hat_r is not finite, w_h is not above zero, or hours is negative.

    Reference:
        A. Marshall, "Principles of Economics" (1890), book III, chapter VI, and an identity of accounting.

    >>> from economics.spread import compute_spread_allocation
    >>> split = decompose_surplus(28.0, 18.0, 2.0, compute_spread_allocation(28.0, 18.0, 2.0, 1.0, 4.0))
    >>> split.total, split.rebate, split.captured, split.retained
    (20.0, 5.0, 15.0, 0.0)
    """
    require_finite(w_hat_r=w_hat_r)
    require_positive(w_h=w_h)
    require_non_negative(hours=hours)
    over = np.subtract(w_hat_r, w_h)
    retained = (over - allocation.spread) * hours
    return SurplusSplit(plain(over * hours), allocation.rebate, allocation.captured, plain(retained))
