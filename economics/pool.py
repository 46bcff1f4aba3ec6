"""A securitised pool of robot-hours: what it is worth, and which tranche the cash covers, over drawn scenarios."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from economics._checks import (
    FloatOrArray,
    plain,
    require_finite,
    require_fraction,
    require_non_negative,
    require_positive,
    require_whole,
)

Years = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pool:
    """Robots whose hours pay into a pool, and the risks of it. The defaults of the risks are placeholders.

    Attributes:
        robots: how many at the start
        hours_per_robot_year: hours that each works a year [h / year]
        usd_per_hour: what an hour pays into the pool at today's wage: captured spread less cost [$ / h]
        years: how long the pool runs [year]
        default_per_year: chance that a robot's customer stops paying in a year, in [0, 1] [1 / year]
        default_correlation: of two customers' defaults in a year, through one common factor, in [0, 1)
        wage_growth: mean growth of the human wage, continuous [1 / year]
        wage_volatility: standard deviation of its yearly growth, >= 0
        wage_elasticity: per cent that an hour pays more when the wage is 1 % higher; 1 where the price follows the wage
        discount_rate: > -1 [1 / year]

    Raises:
        ValueError: a number is not finite or out of its range.
    """

    robots: int = 1000
    hours_per_robot_year: float = 1000.0
    usd_per_hour: float = 4.23
    years: int = 5
    default_per_year: float = 0.05
    default_correlation: float = 0.15
    wage_growth: float = 0.03
    wage_volatility: float = 0.02
    wage_elasticity: float = 1.0
    discount_rate: float = 0.08

    def __post_init__(self) -> None:
        require_whole(1, robots=self.robots, years=self.years)
        require_positive(hours_per_robot_year=self.hours_per_robot_year)
        require_non_negative(usd_per_hour=self.usd_per_hour, wage_volatility=self.wage_volatility)
        require_fraction(default_per_year=self.default_per_year, default_correlation=self.default_correlation)
        require_finite(wage_growth=self.wage_growth, wage_elasticity=self.wage_elasticity)
        require_finite(discount_rate=self.discount_rate)
        if self.default_correlation == 1.0:
            raise ValueError("default_correlation must lie in [0, 1), got 1.0")
        if self.discount_rate <= -1.0:
            raise ValueError(f"discount_rate must be > -1, got {self.discount_rate}")


@dataclass(frozen=True)
class Tranche:
    """A loan to the pool, repaid in equal yearly instalments before those that come after it.

    Attributes:
        name: such as senior
        principal_usd: what was lent, > 0 [$]
        coupon: interest, >= 0 [1 / year]

    Raises:
        ValueError: principal is not above zero, or coupon is negative or not finite.
    """

    name: str
    principal_usd: float
    coupon: float

    def __post_init__(self) -> None:
        require_positive(principal_usd=self.principal_usd)
        require_non_negative(coupon=self.coupon)

    def instalment(self, years: int) -> float:
        """Return the yearly payment that repays the loan: A = P c / (1 - (1 + c)^-n), P / n without interest.

        Args:
            years: n >= 1 [year]

        Returns:
            Payment at the end of each year [$].

        Raises:
            ValueError: years is no whole number >= 1.

        Reference:
            R. A. Brealey, S. C. Myers, F. Allen, "Principles of Corporate Finance" (2017), on annuities.

        >>> round(Tranche("senior", 1000.0, 0.10).instalment(2), 2)
        576.19
        """
        require_whole(1, years=years)
        if self.coupon == 0.0:
            return self.principal_usd / years
        return self.principal_usd * self.coupon / -math.expm1(-years * math.log1p(self.coupon))


@dataclass(frozen=True)
class TrancheResult:
    """How a tranche fared over the scenarios.

    Attributes:
        name: of the tranche
        coverage: mean present value of the cash that reached its turn over its principal, both at its coupon
        paid_in_full: share of scenarios that repaid it wholly
        expected_loss: mean share of the principal, in present value, that was not repaid
    """

    name: str
    coverage: float
    paid_in_full: float
    expected_loss: float


@dataclass(frozen=True)
class PoolResult:
    """What a pool was worth over the scenarios.

    Attributes:
        present_value_usd: mean over the scenarios [$]
        present_value_p05_usd: the value that 5 % of the scenarios fall short of [$]
        present_value_p95_usd: the value that 5 % of the scenarios exceed [$]
        defaulted: mean share of robots lost by the end
        tranches: in the order of payment
    """

    present_value_usd: float
    present_value_p05_usd: float
    present_value_p95_usd: float
    defaulted: float
    tranches: tuple[TrancheResult, ...]


def conditional_default(default_per_year: FloatOrArray, correlation: float, factor: FloatOrArray) -> FloatOrArray:
    """Return the chance of default once the common factor is known: Phi((Phi^-1(PD) - sqrt(rho) Z) / sqrt(1 - rho)).

    Args:
        default_per_year: unconditional chance PD in [0, 1], any shape [1 / year]
        correlation: rho in [0, 1)
        factor: common factor Z, standard normal; low is bad, broadcasts

    Returns:
        Conditional chance in [0, 1]; its mean over Z is PD.

    Raises:
        ValueError: PD lies outside [0, 1], rho outside [0, 1), or factor is not finite.

    Reference:
        O. A. Vasicek, "The Distribution of Loan Portfolio Value", Risk (December 2002).

    >>> round(conditional_default(0.05, correlation=0.0, factor=-2.0), 6)
    0.05
    """
    require_fraction(default_per_year=default_per_year)
    require_finite(factor=factor)
    if not 0.0 <= correlation < 1.0:
        raise ValueError(f"correlation must lie in [0, 1), got {correlation}")
    reach = ndtri(default_per_year) - math.sqrt(correlation) * np.asarray(factor, np.float64)
    return plain(ndtr(reach / math.sqrt(1.0 - correlation)))


def simulate_pool(
    pool: Pool, tranches: Sequence[Tranche], rng: np.random.Generator, scenarios: int = 10_000
) -> PoolResult:
    """Draw defaults and wages, and pay the tranches in order out of each year's cash.

    cash_t = robots_t * hours * usd * (w_t / w_0)^elasticity; robots default binomially with `conditional_default` of a
    factor drawn each year, ln w moves by N(growth - volatility^2 / 2, volatility^2), independently of defaults. What
    a tranche misses is owed with interest next year; at the end of the pool it is lost.

    Args:
        pool: the pool
        tranches: in the order of payment; may be none
        rng: draws the scenarios
        scenarios: how many, >= 1

    Returns:
        Present value and the fate of each tranche.

    Raises:
        ValueError: scenarios is no whole number >= 1.

    Reference:
        O. A. Vasicek (2002) for defaults; F. Black and M. Scholes, Journal of Political Economy 81 (1973), for the
        lognormal wage.

    >>> quiet = Pool(robots=1, usd_per_hour=1.0, years=1, default_per_year=0.0, wage_growth=0.0, wage_volatility=0.0)
    >>> round(simulate_pool(quiet, [], np.random.default_rng(0), scenarios=2).present_value_usd, 2)
    925.93
    """
    require_whole(1, scenarios=scenarios)
    cash, alive = _scenario_cash(pool, rng, scenarios)
    value = cash @ (1.0 + pool.discount_rate) ** -np.arange(1.0, pool.years + 1.0)
    p05, p95 = np.quantile(value, [0.05, 0.95])
    results = []
    for tranche in tranches:
        result, cash = _pay(tranche, cash)
        results.append(result)
    lost = 1.0 - float(alive.mean()) / pool.robots
    return PoolResult(float(value.mean()), float(p05), float(p95), lost, tuple(results))


def _scenario_cash(pool: Pool, rng: np.random.Generator, scenarios: int) -> tuple[Years, npt.NDArray[np.int64]]:
    """Return the cash of each scenario and year, (S, T) dollars, and the robots left at the end, (S,)."""
    shape = (scenarios, pool.years)
    factors, shocks = rng.standard_normal(shape), rng.standard_normal(shape)
    drift = pool.wage_growth - 0.5 * pool.wage_volatility**2
    wage = np.exp(np.cumsum(drift + pool.wage_volatility * shocks, axis=1))
    chance = np.asarray(conditional_default(pool.default_per_year, pool.default_correlation, factors))
    alive = np.full(scenarios, pool.robots)
    working = np.empty(shape)
    for year in range(pool.years):
        alive = alive - rng.binomial(alive, chance[:, year])
        working[:, year] = alive
    return working * pool.hours_per_robot_year * pool.usd_per_hour * wage**pool.wage_elasticity, alive


def _pay(tranche: Tranche, cash: Years) -> tuple[TrancheResult, Years]:
    """Pay a tranche out of (S, T) dollars; what is left goes to the next."""
    scenarios, years = cash.shape
    due, left, owed = tranche.instalment(years), cash.copy(), np.zeros(scenarios)
    for year in range(years):
        owed = owed * (1.0 + tranche.coupon) + due
        paid = np.minimum(owed, left[:, year])
        owed, left[:, year] = owed - paid, left[:, year] - paid
    discount = (1.0 + tranche.coupon) ** -np.arange(1.0, years + 1.0)
    lost = owed * discount[-1] / tranche.principal_usd
    full = float(np.mean(lost <= 1e-9))
    coverage = float((cash @ discount).mean()) / tranche.principal_usd
    return TrancheResult(tranche.name, coverage, full, float(lost.mean())), left
