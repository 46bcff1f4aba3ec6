"""From sectors that use robots to the whole economy: TFP, the price level, the wage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from economics._checks import (
    FloatOrArray,
    plain,
    require_finite,
    require_fraction,
    require_non_negative,
    require_positive,
)

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sector:
    """A sector in which robots can take over hours. All defaults are placeholders.

    Attributes:
        name: of the sector
        weight: its share of final expenditure, and of output (Domar weight), in [0, 1]
        labor_share: wages of the work that robots can do, over the sector's cost, in [0, 1]
        employment_share: of all hours worked, in [0, 1]
        adoption_start: share of those hours that robots work at the start, in [0, 1]
        adoption_speed: rate of diffusion per unit of relative saving, >= 0 [1 / year]

    Raises:
        ValueError: a share lies outside [0, 1], or the speed is negative or not finite.
    """

    name: str = "food services"
    weight: float = 0.05
    labor_share: float = 0.30
    employment_share: float = 0.08
    adoption_start: float = 0.01
    adoption_speed: float = 1.0

    def __post_init__(self) -> None:
        require_fraction(weight=self.weight, labor_share=self.labor_share, employment_share=self.employment_share)
        require_fraction(adoption_start=self.adoption_start)
        require_non_negative(adoption_speed=self.adoption_speed)


@dataclass(frozen=True)
class Elasticities:
    """How strongly the economy answers. All are inputs, none is estimated here: vary them, see `sensitivity_table`.

    Attributes:
        wage_tfp: per cent that the wage rises with 1 % of TFP
        wage_displacement: per cent that the wage falls when robots take over 1 % of all hours, >= 0
        price_indexation: per cent that a unit's list price follows 1 % of the wage; 1 where price is wage cost, 0
        where it
            is fixed

    Raises:
        ValueError: an elasticity is not finite, or the displacement is negative.
    """

    wage_tfp: float = 1.0
    wage_displacement: float = 0.5
    price_indexation: float = 0.0

    def __post_init__(self) -> None:
        require_finite(wage_tfp=self.wage_tfp, price_indexation=self.price_indexation)
        require_non_negative(wage_displacement=self.wage_displacement)


def sector_tfp(labor_share: FloatOrArray, adoption: FloatOrArray, resource_cost_ratio: FloatOrArray) -> FloatOrArray:
    """Return a sector's productivity: A = 1 / (1 - labor_share * adoption * (1 - k)), 1 without robots.

    By the dual: at given wages and robot costs, productivity rises as unit cost falls. k is what a human-equivalent
    hour of robot work uses up in resources, over the wage.

    Args:
        labor_share: wages of the work that robots can do, over the sector's cost, in [0, 1], any shape
        adoption: share of those hours that robots work, in [0, 1], broadcasts
        resource_cost_ratio: k >= 0, broadcasts; above 1 robots waste resources and A falls below 1

    Returns:
        Total factor productivity, 1 at no adoption.

    Raises:
        ValueError: a share lies outside [0, 1], k is negative or not finite, or k is 0 where robots would do
        everything.

    Reference:
        D. W. Jorgenson and Z. Griliches, "The Explanation of Productivity Change", Review of Economic Studies 34
        (1967), for productivity by its dual.

    >>> round(sector_tfp(labor_share=0.5, adoption=0.4, resource_cost_ratio=0.5), 4)
    1.1111
    """
    require_fraction(labor_share=labor_share, adoption=adoption)
    require_non_negative(resource_cost_ratio=resource_cost_ratio)
    cost = 1.0 - np.multiply(labor_share, adoption) * (1.0 - np.asarray(resource_cost_ratio, np.float64))
    if np.less_equal(cost, 0.0).any():
        raise ValueError("resource_cost_ratio must be > 0 where labor_share * adoption is 1, got 0.0")
    return plain(1.0 / cost)


def aggregate_tfp(weights: npt.ArrayLike, sector_productivity: npt.ArrayLike) -> FloatOrArray:
    """Aggregate sectors by Hulten's theorem: ln TFP = sum_i (Domar weight)_i * ln A_i.

    Args:
        weights: sales of each sector over GDP, >= 0, shape (S,)
        sector_productivity: A_i > 0, shape (..., S)

    Returns:
        Total factor productivity of the whole, shape (...); 1 where all A_i are. A first-order result: exact for small
        changes.

    Raises:
        ValueError: a weight is negative, a productivity is not above zero, or the last axes differ.

    Reference:
        C. R. Hulten, "Growth Accounting with Intermediate Inputs", Review of Economic Studies 45 (1978).

    >>> round(aggregate_tfp([0.1, 0.2], [2.0, 1.0]), 4)
    1.0718
    """
    require_positive(sector_productivity=sector_productivity)
    return plain(np.exp(_weighted(weights, np.log(np.asarray(sector_productivity, np.float64)), "sector_productivity")))


def price_level(weights: npt.ArrayLike, relative_prices: npt.ArrayLike) -> FloatOrArray:
    """Aggregate prices as a consumer with constant expenditure shares does: ln P = sum_i weight_i * ln p_i.

    Args:
        weights: expenditure shares, >= 0; what they lack to 1 is spent at prices that stay, shape (S,)
        relative_prices: price of each sector over that at the start, > 0, shape (..., S)

    Returns:
        Price level, 1 at the start, shape (...).

    Raises:
        ValueError: a weight is negative, a price is not above zero, or the last axes differ.

    Reference:
        International Labour Organization et al., "Consumer Price Index Manual" (2020), on the geometric index.

    >>> price_level([0.5], [0.25])
    0.5
    """
    require_positive(relative_prices=relative_prices)
    return plain(np.exp(_weighted(weights, np.log(np.asarray(relative_prices, np.float64)), "relative_prices")))


def wage_response(
    wage_usd_per_hour: FloatOrArray, tfp: FloatOrArray, displaced: FloatOrArray, elasticities: Elasticities
) -> FloatOrArray:
    """Move the wage by what robots make and by what they take: w = w_0 * TFP^theta * exp(-delta * displaced).

    Args:
        wage_usd_per_hour: w_0 > 0, any shape [$ / h]
        tfp: total factor productivity over that at the start, > 0, broadcasts
        displaced: share of all hours that robots took over, in [-1, 1], negative where they gave some back, broadcasts
        elasticities: theta = wage_tfp, delta = wage_displacement

    Returns:
        Human wage [$ / h].

    Raises:
        ValueError: an argument is out of its range or not finite.

    Reference:
        D. Acemoglu and P. Restrepo, "Automation and New Tasks: How Technology Displaces and Reinstates Labor",
        Journal of Economic Perspectives 33 (2019): the productivity effect against the displacement effect.

    >>> wage_response(18.0, 1.0, 0.0, Elasticities())
    18.0
    """
    require_positive(wage_usd_per_hour=wage_usd_per_hour, tfp=tfp)
    require_finite(displaced=displaced)
    if np.greater(np.abs(displaced), 1.0).any():
        raise ValueError(f"displaced must lie in [-1, 1], got {np.max(np.abs(displaced))}")
    moved = elasticities.wage_tfp * np.log(tfp) - elasticities.wage_displacement * np.asarray(displaced, np.float64)
    return plain(wage_usd_per_hour * np.exp(moved))


def adopt(adoption: FloatOrArray, saving: FloatOrArray, speed: FloatOrArray) -> FloatOrArray:
    """Let adoption spread by imitation, the faster the more it saves: a / (1 - a) grows by exp(speed * saving) a year.

    The logistic curve, solved exactly over the year, so that adoption stays in [0, 1].

    Args:
        adoption: a in [0, 1], any shape
        saving: what a user saves over the human wage, broadcasts; negative where robots cost more
        speed: >= 0, broadcasts [1 / year]

    Returns:
        Adoption a year later.

    Raises:
        ValueError: an argument is out of its range or not finite.

    Reference:
        E. Mansfield, "Technical Change and the Rate of Imitation", Econometrica 29 (1961).

    >>> adopt(0.5, saving=0.0, speed=3.0), round(adopt(0.5, saving=0.2, speed=5.0), 4)
    (0.5, 0.7311)
    """
    require_fraction(adoption=adoption)
    require_finite(saving=saving)
    require_non_negative(speed=speed)
    return plain(expit(logit(np.asarray(adoption, np.float64)) + np.multiply(speed, saving)))


def _weighted(weights: npt.ArrayLike, logs: Vector, name: str) -> Vector:
    require_non_negative(weights=weights)
    shares = np.asarray(weights, np.float64)
    if shares.ndim != 1 or logs.shape[-1:] != shares.shape:
        raise ValueError(f"{name} must end in an axis as long as weights, got shapes {logs.shape} and {shares.shape}")
    return logs @ shares
