"""The spread that a robot earns over the human wage, and who gets it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from economics._checks import FloatOrArray, plain, require_finite, require_non_negative, require_positive


@dataclass(frozen=True)
class SpreadAllocation:
    """Who gets what of a shift's spread; s_cust + s_plat = 1 and rebate + captured = spread_value.

    Attributes:
        spread: implied wage less the human wage, where parity exceeds 1 + eps, else 0 [$ / h]
        spread_value: spread x hours [$]
        s_cust: the customer's share, in [0, 1]
        s_plat: the platform's share, in [0, 1]
        rebate: what the customer gets back [$]
        captured: what the platform keeps [$]
    """

    spread: FloatOrArray
    spread_value: FloatOrArray
    s_cust: FloatOrArray
    s_plat: FloatOrArray
    rebate: FloatOrArray
    captured: FloatOrArray

    def rounded(self) -> SpreadAllocation:
        """Round the money to whole cents so that an invoice adds up: the platform takes the odd cent or gives it.

        Returns:
            The same shares; spread_value and rebate to the nearest cent, captured their difference.

        Reference:
            Round half to even, IEEE 754-2019, section 4.3.1.

        >>> compute_spread_allocation(28.0, 18.0, 1.0, 1.0, 3.0).rounded().captured
        6.67
        """
        value, rebate = np.round(self.spread_value, 2), np.round(self.rebate, 2)
        captured = np.round(value - rebate, 2)
        return SpreadAllocation(self.spread, plain(value), self.s_cust, self.s_plat, plain(rebate), plain(captured))


def contribution_share(delta_mpl_cust: FloatOrArray, delta_mpl_total: FloatOrArray) -> FloatOrArray:
    """Return the customer's share of what the policy gained: s = clip(delta_cust / delta_total, 0, 1).

    A total gain of zero or less was nobody's contribution: the share is 0.

    Args:
        delta_mpl_cust: gain in marginal product that the customer's data brought, any shape [units / h]
        delta_mpl_total: the whole gain, broadcasts [units / h]

    Returns:
        Share in [0, 1]; clipped by definition.

    Raises:
        ValueError: an argument is not finite.

    Reference:
        J. B. Clark, "The Distribution of Wealth" (1899): each factor its marginal contribution; here data is a factor.

    >>> contribution_share(3.5, 10.0)
    0.35
    >>> contribution_share(3.5, -1.0)
    0.0
    """
    require_finite(delta_mpl_cust=delta_mpl_cust, delta_mpl_total=delta_mpl_total)
    part, whole = np.broadcast_arrays(np.asarray(delta_mpl_cust, np.float64), np.asarray(delta_mpl_total, np.float64))
    part = np.clip(part, 0.0, np.maximum(whole, 0.0))
    return plain(np.divide(part, whole, out=np.zeros_like(part), where=whole > 0.0))


def compute_spread_allocation(
    w_robot: FloatOrArray,
    w_human: FloatOrArray,
    hours: FloatOrArray,
    delta_mpl_cust: FloatOrArray,
    delta_mpl_total: FloatOrArray,
    eps_parity: float = 0.05,
) -> SpreadAllocation:
    """Split what a robot earns above the human wage between the customer and the platform.

    spread = w_robot - w_human where w_robot / w_human > 1 + eps, else 0 (the surplus stays with the customer);
    value = spread * hours; s_cust = clip(delta_cust / delta_total, 0, 1); rebate = s_cust * value, captured the rest.

    Args:
        w_robot: implied wage of the robot, any shape; may be negative [$ / h]
        w_human: human wage, broadcasts [$ / h]
        hours: time worked, broadcasts [h]
        delta_mpl_cust: gain in marginal product that the customer's data brought, broadcasts [units / h]
        delta_mpl_total: the whole gain, broadcasts; zero or less gives the customer share 0 [units / h]
        eps_parity: width of the band above parity, >= 0

    Returns:
        The allocation.

    Raises:
        ValueError: an argument is not finite, w_human is not above zero, or hours or eps_parity is negative.

    Reference:
        J. B. Clark, "The Distribution of Wealth" (1899), for paying contributions; the band is the project's.

    >>> split = compute_spread_allocation(27.11, 18.0, 1.0, delta_mpl_cust=3.49, delta_mpl_total=10.0)
    >>> round(split.spread, 2), round(split.s_plat, 3), round(split.captured, 2), round(split.rebate, 2)
    (9.11, 0.651, 5.93, 3.18)
    """
    require_finite(w_robot=w_robot)
    require_positive(w_human=w_human)
    require_non_negative(hours=hours, eps_parity=eps_parity)
    s_cust = contribution_share(delta_mpl_cust, delta_mpl_total)
    earned = np.asarray(w_robot, np.float64)
    spread = np.where(earned / w_human > 1.0 + eps_parity, earned - w_human, 0.0)
    value = spread * hours
    rebate = s_cust * value
    return SpreadAllocation(
        spread=plain(spread),
        spread_value=plain(value),
        s_cust=s_cust,
        s_plat=plain(1.0 - np.asarray(s_cust)),
        rebate=plain(rebate),
        captured=plain(value - rebate),
    )
