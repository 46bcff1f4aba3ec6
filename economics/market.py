"""A market for data: customers who share what their robots saw or do not, and whether sharing lasts.

Novelty adds up in a stock x that ages; the policy gains G(x) = ceiling * (1 - exp(-x / scale)) units an hour, so
redundant data is worth ever less. Each round the sharers' part of the spread, or quoted prices, reach them; then some
customers look again and do what pays them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from economics._checks import (
    FloatOrArray,
    plain,
    require_fraction,
    require_non_negative,
    require_positive,
    require_whole,
)
from economics.prices import Prices
from economics.pricing import value_of_data
from economics.spread import SpreadAllocation, compute_spread_allocation
from economics.wage import implied_robot_wage

Vector = npt.NDArray[np.float64]
Mechanism = Literal["rebate", "price"]
"""How sharers are paid: by their part of the spread, or by the value of their data above the mean of all customers."""


@dataclass(frozen=True)
class DataMarket:
    """Customers, what their data can do, and how they are paid. Costs and novelties are placeholders.

    Attributes:
        customers: how many
        rounds: how many
        hours_per_round: hours that the fleet works in a round [h]
        mp_start: marginal product without any data of customers [units / h]
        err_rate: error rate in [0, 1]
        mp_ceiling: gain that endless data would bring [units / h]
        novelty_scale: stock of novelty that brings 1 - 1/e of that gain
        platform_delta: gain of a round that the platform's own data brings [units / h]
        ageing: share of the stock that no longer counts after a round, in [0, 1]
        cost_usd_per_round: mean cost of sharing; customers' costs are exponential about it [$ / round]
        revision: chance that a customer looks again in a round, in [0, 1]
        mechanism: rebate or price
        prices: what the work is worth

    Raises:
        ValueError: a number is not finite or out of its range, or the mechanism is unknown.
    """

    customers: int = 40
    rounds: int = 60
    hours_per_round: float = 100.0
    mp_start: float = 80.0
    err_rate: float = 0.03
    mp_ceiling: float = 40.0
    novelty_scale: float = 40.0
    platform_delta: float = 1.0
    ageing: float = 0.10
    cost_usd_per_round: float = 10.0
    revision: float = 0.5
    mechanism: Mechanism = "rebate"
    prices: Prices = field(default_factory=Prices)

    def __post_init__(self) -> None:
        require_whole(1, customers=self.customers, rounds=self.rounds)
        require_positive(hours_per_round=self.hours_per_round, novelty_scale=self.novelty_scale)
        require_non_negative(
            mp_start=self.mp_start,
            mp_ceiling=self.mp_ceiling,
            platform_delta=self.platform_delta,
            cost_usd_per_round=self.cost_usd_per_round,
        )
        require_fraction(err_rate=self.err_rate, ageing=self.ageing, revision=self.revision)
        if self.mechanism not in ("rebate", "price"):
            raise ValueError(f"mechanism must be rebate or price, got {self.mechanism!r}")


@dataclass(frozen=True)
class MarketPath:
    """A market, round by round; every array has shape (rounds,) unless it says otherwise.

    Attributes:
        sharing: share of customers who share
        mp_r: marginal product [units / h]
        stock: novelty that counts at the start of the round
        marginal_gain: gain that one more unit of novelty would bring [units / h]
        rebate_usd: the customers' part of the spread, all sharers together [$ / round]
        captured_usd: the platform's part [$ / round]
        price_usd: mean value of a sharer's data above the mean of all customers [$ / round]
        payment_usd: mean payment to a sharer [$ / round]
        equilibrium: whether no customer would gain by doing otherwise, given what the others do
        shared: who shares in the last round, shape (customers,)
    """

    sharing: Vector
    mp_r: Vector
    stock: Vector
    marginal_gain: Vector
    rebate_usd: Vector
    captured_usd: Vector
    price_usd: Vector
    payment_usd: Vector
    equilibrium: npt.NDArray[np.bool_]
    shared: npt.NDArray[np.bool_]


def policy_gain(stock: FloatOrArray, ceiling: float, scale: float) -> FloatOrArray:
    """Return what a stock of novelty brings: G(x) = ceiling * (1 - exp(-x / scale)); each further unit brings less.

    Args:
        stock: novelty x >= 0, any shape
        ceiling: gain of endless novelty, >= 0 [units / h]
        scale: novelty that brings 1 - 1/e of it, > 0

    Returns:
        Gain in marginal product [units / h].

    Raises:
        ValueError: an argument is out of its range or not finite.

    Reference:
        J. Hestness et al., "Deep Learning Scaling is Predictable, Empirically" (2017), for returns to data that fall;
        the exponential is a placeholder.

    >>> policy_gain(0.0, 40.0, 40.0), round(policy_gain(40.0, 40.0, 40.0), 3)
    (0.0, 25.285)
    """
    require_non_negative(stock=stock, ceiling=ceiling)
    require_positive(scale=scale)
    return plain(-ceiling * np.expm1(-np.asarray(stock, np.float64) / scale))


def payments(market: DataMarket, novelty: Vector, shared: npt.NDArray[np.bool_], stock: float) -> Vector:
    """Return what each customer would be paid for sharing, given who else does.

    A sharer i of novelty n_i among N is credited (n_i / N) * (G(x + N) - G(x)). rebate: that credit's part of the
    spread. price: p * hours * max(0, credit - mean credit of all customers). For one who does not share, as if it had
    joined.

    Args:
        market: the market
        novelty: of each customer's data, shape (customers,)
        shared: who shares, shape (customers,)
        stock: novelty x that counts already

    Returns:
        Payment, shape (customers,) [$ / round].

    Raises:
        ValueError: a novelty or the stock is negative or not finite.

    Reference:
        R. J. Aumann and L. S. Shapley, "Values of Non-Atomic Games" (1974): of a gain in a sum, each unit gets the
        mean.
    """
    require_non_negative(novelty=novelty, stock=stock)
    totals = float(novelty[shared].sum()) + np.where(shared, 0.0, novelty)
    gained = _gain(market, stock + totals) - _gain(market, np.asarray(stock))
    rate = np.divide(gained, totals, out=np.zeros_like(totals), where=totals > 0.0)
    if market.mechanism == "price":
        value = value_of_data(market.prices.price_usd, rate * novelty, rate * novelty.mean())
        return np.asarray(value) * market.hours_per_round
    split = _allocate(market, stock, gained)
    return np.divide(novelty * np.asarray(split.rebate), totals, out=np.zeros_like(totals), where=totals > 0.0)


def is_equilibrium(
    market: DataMarket, novelty: Vector, cost: Vector, shared: npt.NDArray[np.bool_], stock: float
) -> bool:
    """Say whether sharing is a Nash equilibrium of the round: sharers are paid their cost, the others would not be.

    Args:
        market: the market
        novelty: of each customer's data, shape (customers,)
        cost: of sharing, shape (customers,) [$ / round]
        shared: who shares, shape (customers,)
        stock: novelty that counts already

    Returns:
        Whether nobody gains by changing alone.

    Raises:
        ValueError: a novelty or the stock is negative or not finite.

    Reference:
        J. F. Nash, "Equilibrium Points in N-Person Games", PNAS 36 (1950).
    """
    pays = payments(market, novelty, shared, stock) >= cost
    return bool((pays == shared).all())


def simulate_market(market: DataMarket, rng: np.random.Generator) -> MarketPath:
    """Let customers come and go for some rounds, starting with everyone sharing.

    Args:
        market: the market
        rng: draws novelties, costs and who looks again

    Returns:
        The path.

    Raises:
        ValueError: a number of the market is out of its range.

    Reference:
        H. P. Young, "The Evolution of Conventions", Econometrica 61 (1993), for best responses by a few at a time.
    """
    novelty = rng.uniform(0.2, 1.0, market.customers)
    cost = market.cost_usd_per_round * rng.exponential(1.0, market.customers)
    shared, stock = np.ones(market.customers, np.bool_), 0.0
    rows: list[tuple[float, ...]] = []
    for _ in range(market.rounds):
        rows.append(_round(market, novelty, cost, shared, stock))
        stock = (1.0 - market.ageing) * (stock + float(novelty[shared].sum()))
        wants = payments(market, novelty, shared, stock) >= cost
        looks = rng.random(market.customers) < market.revision
        shared = np.where(looks, wants, shared)
    table = np.array(rows)
    return MarketPath(*table[:, :8].T, equilibrium=table[:, 8] == 1.0, shared=shared)


def _round(
    market: DataMarket, novelty: Vector, cost: Vector, shared: npt.NDArray[np.bool_], stock: float
) -> tuple[float, ...]:
    total = float(novelty[shared].sum())
    gained = _gain(market, np.asarray(stock + total)) - _gain(market, np.asarray(stock))
    split = _allocate(market, stock, gained)
    paid = payments(market, novelty, shared, stock)[shared]
    credit = float(gained) / total if total > 0.0 else 0.0
    price = np.asarray(value_of_data(market.prices.price_usd, credit * novelty[shared], credit * novelty.mean()))
    return (
        float(shared.mean()),
        market.mp_start + float(_gain(market, np.asarray(stock))),
        stock,
        float(market.mp_ceiling / market.novelty_scale * np.exp(-stock / market.novelty_scale)),
        float(split.rebate),
        float(split.captured),
        float(price.mean()) * market.hours_per_round if shared.any() else 0.0,
        float(paid.mean()) if shared.any() else 0.0,
        float(is_equilibrium(market, novelty, cost, shared, stock)),
    )


def _gain(market: DataMarket, stock: Vector) -> Vector:
    return np.asarray(policy_gain(stock, market.mp_ceiling, market.novelty_scale))


def _allocate(market: DataMarket, stock: float, gained: Vector) -> SpreadAllocation:
    """Split the round's spread by who brought its gain: the customers together, and the platform."""
    prices = market.prices
    mp = market.mp_start + float(_gain(market, np.asarray(stock)))
    wage = implied_robot_wage(prices.price_usd, mp, market.err_rate, prices.damage_usd)
    whole = gained + market.platform_delta
    return compute_spread_allocation(wage, prices.wage_usd_per_hour, market.hours_per_round, gained, whole)
