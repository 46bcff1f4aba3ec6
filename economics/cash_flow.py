"""The unit economics of a fleet, and what its cash flows are worth: NPV, IRR, payback, churn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from economics._checks import (
    FloatOrArray,
    plain,
    require_finite,
    require_fraction,
    require_non_negative,
    require_positive,
    require_whole,
)


@dataclass(frozen=True)
class Fleet:
    """A fleet at work and what each of its robot-hours brings.

    The defaults are the project's reference figures, of which the two splits of the spread do not add up: see
    economics/README.md.

    Attributes:
        robots: how many
        hours_per_robot_year: hours that each works a year [h / year]
        captured_usd_per_hour: what the platform keeps of the spread [$ / h]
        rebate_usd_per_hour: what the customer gets back [$ / h]
        wage_usd_per_hour: human wage [$ / h]
        cost_usd_per_robot_year: what the platform pays for a robot in a year, energy included [$ / year]

    Raises:
        ValueError: a number is negative or not finite, or robots, hours or wage is zero.
    """

    robots: float = 1000.0
    hours_per_robot_year: float = 1000.0
    captured_usd_per_hour: float = 5.93
    rebate_usd_per_hour: float = 3.71
    wage_usd_per_hour: float = 18.0
    cost_usd_per_robot_year: float = 1700.0

    def __post_init__(self) -> None:
        require_positive(
            robots=self.robots,
            hours_per_robot_year=self.hours_per_robot_year,
            wage_usd_per_hour=self.wage_usd_per_hour,
        )
        require_non_negative(
            captured_usd_per_hour=self.captured_usd_per_hour,
            rebate_usd_per_hour=self.rebate_usd_per_hour,
            cost_usd_per_robot_year=self.cost_usd_per_robot_year,
        )


@dataclass(frozen=True)
class UnitEconomics:
    """What a fleet earns in a year, down to the robot and its hour.

    Attributes:
        revenue_usd_per_robot_hour: captured spread [$ / h]
        revenue_usd_per_robot_year: of a robot [$ / year]
        cost_usd_per_robot_hour: of a robot's year, over its hours [$ / h]
        revenue_usd_per_year: of the fleet [$ / year]
        cost_usd_per_year: of the fleet [$ / year]
        profit_usd_per_year: revenue less cost of the fleet [$ / year]
        gross_margin: profit over revenue; nan without revenue
        customer_net_cost_usd_per_hour: human wage less rebate [$ / h]
        customer_saving: rebate over human wage
    """

    revenue_usd_per_robot_hour: float
    revenue_usd_per_robot_year: float
    cost_usd_per_robot_hour: float
    revenue_usd_per_year: float
    cost_usd_per_year: float
    profit_usd_per_year: float
    gross_margin: float
    customer_net_cost_usd_per_hour: float
    customer_saving: float


def unit_economics(fleet: Fleet) -> UnitEconomics:
    """Reckon a fleet's year [$ / year]: revenue = captured * hours * robots, margin = (revenue - cost) / revenue.

    Args:
        fleet: the fleet

    Returns:
        Its unit economics; the wage itself passes through to whoever supplies the robot-hour and is no revenue here.

    Reference:
        R. A. Brealey, S. C. Myers, F. Allen, "Principles of Corporate Finance" (2017), on project cash flows.

    >>> year = unit_economics(Fleet())
    >>> round(year.revenue_usd_per_year), round(year.cost_usd_per_year), round(year.gross_margin, 2)
    (5930000, 1700000, 0.71)
    """
    per_year = fleet.captured_usd_per_hour * fleet.hours_per_robot_year
    revenue, cost = per_year * fleet.robots, fleet.cost_usd_per_robot_year * fleet.robots
    return UnitEconomics(
        revenue_usd_per_robot_hour=fleet.captured_usd_per_hour,
        revenue_usd_per_robot_year=per_year,
        cost_usd_per_robot_hour=fleet.cost_usd_per_robot_year / fleet.hours_per_robot_year,
        revenue_usd_per_year=revenue,
        cost_usd_per_year=cost,
        profit_usd_per_year=revenue - cost,
        gross_margin=(revenue - cost) / revenue if revenue > 0.0 else math.nan,
        customer_net_cost_usd_per_hour=fleet.wage_usd_per_hour - fleet.rebate_usd_per_hour,
        customer_saving=fleet.rebate_usd_per_hour / fleet.wage_usd_per_hour,
    )


def fleet_of(
    ledger: Mapping[str, npt.NDArray[np.float64]],
    robots: float = 1000.0,
    hours_per_robot_year: float = 1000.0,
    cost_usd_per_robot_year: float = 1700.0,
) -> Fleet:
    """Make a fleet of robots that work as a ledger says: captured = sum captured_spread / sum hours, rebate alike.

    The wage is the mean over hours too, so that the parts add up.

    Args:
        ledger: columns hours, captured_spread, rebate and w_h, each of shape (episodes,)
        robots: how many
        hours_per_robot_year: hours that each works a year [h / year]
        cost_usd_per_robot_year: what the platform pays for a robot in a year [$ / year]

    Returns:
        The fleet.

    Raises:
        ValueError: a column is missing, empty or not finite, or a number is out of its range.

    Reference:
        See `unit_economics`.

    >>> two = np.array([1.0, 3.0])
    >>> ledger = {"hours": two, "captured_spread": 6 * two, "rebate": 3 * two, "w_h": np.array([18.0, 18.0])}
    >>> fleet_of(ledger).captured_usd_per_hour, fleet_of(ledger).rebate_usd_per_hour
    (6.0, 3.0)
    """
    names = ("hours", "captured_spread", "rebate", "w_h")
    missing = [name for name in names if name not in ledger]
    if missing:
        raise ValueError(f"ledger must have the columns {', '.join(names)}, it lacks {', '.join(missing)}")
    require_finite(**{name: ledger[name] for name in names})
    require_non_negative(hours=ledger["hours"])
    worked = np.asarray(ledger["hours"], np.float64)
    hours = float(worked.sum())
    require_positive(hours=hours)
    return Fleet(
        robots=robots,
        hours_per_robot_year=hours_per_robot_year,
        captured_usd_per_hour=float(np.sum(ledger["captured_spread"])) / hours,
        rebate_usd_per_hour=float(np.sum(ledger["rebate"])) / hours,
        wage_usd_per_hour=float(np.sum(worked * ledger["w_h"])) / hours,
        cost_usd_per_robot_year=cost_usd_per_robot_year,
    )


def retained_share(churn_per_year: FloatOrArray, years: FloatOrArray) -> FloatOrArray:
    """Return the share of customers who are still there: (1 - churn)^years.

    Args:
        churn_per_year: share of customers who leave in a year, in [0, 1], any shape [1 / year]
        years: time passed, broadcasts, >= 0 [year]

    Returns:
        Share in [0, 1].

    Raises:
        ValueError: churn lies outside [0, 1], or years is negative or not finite.

    Reference:
        S. Gupta and D. R. Lehmann, "Managing Customers as Investments" (2005), for a constant rate of retention.

    >>> round(retained_share(0.10, 2.0), 2)
    0.81
    """
    require_fraction(churn_per_year=churn_per_year)
    require_non_negative(years=years)
    return plain(np.power(1.0 - np.asarray(churn_per_year, np.float64), years))


def fleet_cash_flows(
    fleet: Fleet, years: int, capex_usd_per_robot: float, churn_per_year: float = 0.0
) -> npt.NDArray[np.float64]:
    """Lay out a fleet's cash: -capex at once, then each year's profit of the customers who are still there.

    Revenue and cost of year t both scale with (1 - churn)^(t - 1): a robot whose customer left is idle and costs
    nothing.

    Args:
        fleet: the fleet
        years: of work, >= 1 [year]
        capex_usd_per_robot: what a robot costs at the start [$]
        churn_per_year: share of customers who leave in a year, in [0, 1] [1 / year]

    Returns:
        Cash at the end of years 0, 1, ..., years, shape (years + 1,) [$].

    Raises:
        ValueError: years is no whole number >= 1, capex is negative, or churn lies outside [0, 1].

    Reference:
        R. A. Brealey, S. C. Myers, F. Allen, "Principles of Corporate Finance" (2017), on project cash flows.

    >>> fleet_cash_flows(Fleet(robots=1), years=2, capex_usd_per_robot=5000.0).round(2).tolist()
    [-5000.0, 4230.0, 4230.0]
    """
    require_non_negative(capex_usd_per_robot=capex_usd_per_robot)
    require_whole(1, years=years)
    staying = np.asarray(retained_share(churn_per_year, np.arange(years, dtype=np.float64)))
    profit = unit_economics(fleet).profit_usd_per_year * staying
    return np.concatenate([[-capex_usd_per_robot * fleet.robots], profit])
