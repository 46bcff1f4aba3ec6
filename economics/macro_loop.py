"""The macro-micro loop: wage -> spread and rebate -> adoption -> TFP, prices -> wage, year after year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
import numpy.typing as npt

from economics._checks import (
    require_finite,
    require_fraction,
    require_non_negative,
    require_positive,
    require_whole,
)
from economics.claims import Claim, claim_structural_deflation
from economics.indexer import IndexSeries
from economics.macro import Elasticities, Sector, adopt, aggregate_tfp, price_level, sector_tfp, wage_response
from economics.prices import Prices
from economics.spread import compute_spread_allocation
from economics.wage import implied_robot_wage, wage_parity

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MacroConfig:
    """An economy whose sectors use one kind of robot. Sectors and elasticities are placeholders.

    Attributes:
        sectors: where robots work
        elasticities: how strongly the economy answers
        prices: what the work is worth at the start
        mp_r: marginal product of the robot [units / h]
        err_rate: its error rate in [0, 1]
        robot_usd_per_hour: resources that a robot-hour uses up: capital, upkeep, energy [$ / h]
        customer_share: of the spread, in [0, 1]; what the customers' data contributes
        rebates: False lets the platform keep all of the spread
        years: how many, >= 1
        start_year: the first, for the wage index

    Raises:
        ValueError: a number is not finite or out of its range, or there is no sector.
    """

    sectors: tuple[Sector, ...] = (Sector(),)
    elasticities: Elasticities = field(default_factory=Elasticities)
    prices: Prices = field(default_factory=Prices)
    mp_r: float = 109.0
    err_rate: float = 0.027
    robot_usd_per_hour: float = 1.70
    customer_share: float = 0.35
    rebates: bool = True
    years: int = 20
    start_year: int = 2026

    def __post_init__(self) -> None:
        require_whole(1, years=self.years)
        require_positive(mp_r=self.mp_r)
        require_finite(start_year=self.start_year)
        require_fraction(err_rate=self.err_rate, customer_share=self.customer_share)
        require_non_negative(robot_usd_per_hour=self.robot_usd_per_hour)
        if not self.sectors:
            raise ValueError("sectors must hold at least one Sector, got none")
        require_fraction(
            weights=sum(sector.weight for sector in self.sectors),
            employment_shares=sum(sector.employment_share for sector in self.sectors),
        )


@dataclass(frozen=True)
class MacroPath:
    """An economy, year by year; every array has shape (years + 1,) unless it says otherwise.

    Attributes:
        year: the year
        adoption: share of each sector's hours that robots work, shape (years + 1, sectors)
        wage_usd_per_hour: human wage [$ / h]
        parity: of the robot with that wage
        rebate_usd_per_hour: what a robot's customer gets back [$ / h]
        captured_usd_per_hour: what the platform keeps of the spread [$ / h]
        tfp: total factor productivity, 1 without robots
        price_level: 1 in the first year
        unit_price_usd: mean price of a unit over sectors, net of rebates [$ / unit]
        relative_price: unit price over wage, 1 in the first year
    """

    year: Vector
    adoption: Vector
    wage_usd_per_hour: Vector
    parity: Vector
    rebate_usd_per_hour: Vector
    captured_usd_per_hour: Vector
    tfp: Vector
    price_level: Vector
    unit_price_usd: Vector
    relative_price: Vector

    @property
    def mean_adoption(self) -> Vector:
        """Adoption, the mean over sectors, shape (years + 1,)."""
        return self.adoption.mean(axis=1)

    def wage_index(self) -> IndexSeries:
        """Return the path of the wage as an index, to be read by `economics.indexer`.

        Returns:
            The series, every value of it simulated.

        Raises:
            ValueError: the path has fewer than two years.
        """
        count = len(self.year)
        return IndexSeries(
            "simulated_wage", self.year, self.wage_usd_per_hour, ("macro_loop",) * count, ("simulated",) * count
        )

    def deflation(self) -> Claim:
        """Put the fourth claim to the path: the unit price relative to the wage does not rise with adoption.

        Returns:
            The claim.

        Raises:
            ValueError: the path has fewer than three points, which no rank correlation is made of.
        """
        require_whole(2, years=len(self.year) - 1)
        return claim_structural_deflation(self.mean_adoption, self.relative_price)


def simulate_macro(config: MacroConfig) -> MacroPath:
    """Run the loop.

    Each year, at wage w and list price p = p_0 (w / w_0)^iota: the robot's implied wage w_hat and the spread; the
    rebate of its customers; sectors' productivity and net prices p - adoption * rebate / mp; their aggregates; the
    wage of the next year; and adoption, which spreads with the gain 1 - w / w_hat of a human-equivalent hour, whoever
    gets it: so switching rebates off changes prices alone.

    Args:
        config: the economy

    Returns:
        The path.

    Raises:
        ValueError: a number of the economy is out of its range.

    Reference:
        C. R. Hulten (1978) for TFP, E. Mansfield (1961) for adoption, D. Acemoglu and P. Restrepo (2019) for the wage:
        see `economics.macro`.

    >>> path = simulate_macro(MacroConfig(years=2))
    >>> path.year.tolist(), bool(path.tfp[2] > path.tfp[0])
    ([2026.0, 2027.0, 2028.0], True)
    """
    adoption = np.array([sector.adoption_start for sector in config.sectors])
    start, wage = adoption, config.prices.wage_usd_per_hour
    years: list[_Year] = []
    for _ in range(config.years + 1):
        now = _year(config, wage, adoption)
        years.append(now)
        displaced = float((adoption - start) @ [sector.employment_share for sector in config.sectors])
        gained = now.tfp / years[0].tfp
        wage = float(wage_response(config.prices.wage_usd_per_hour, gained, displaced, config.elasticities))
        speed = np.array([sector.adoption_speed for sector in config.sectors])
        adoption = np.asarray(adopt(adoption, 1.0 - 1.0 / now.parity, speed))
    return _path(config, years)


def sensitivity_table(
    config: MacroConfig,
    wage_tfp: Sequence[float] = (0.0, 1.0),
    wage_displacement: Sequence[float] = (0.0, 0.5, 1.0),
    price_indexation: Sequence[float] = (0.0, 1.0),
) -> list[dict[str, float | bool]]:
    """Run the loop over a grid of elasticities, with rebates and without.

    Args:
        config: the economy, of at least two years; its elasticities and rebates are replaced
        wage_tfp: elasticities of the wage to TFP
        wage_displacement: elasticities of the wage to displaced hours, >= 0
        price_indexation: elasticities of the list price to the wage

    Returns:
        A row for each combination: the three elasticities, rebates, and at the end adoption, wage_ratio, tfp,
        price_level, relative_price, rho and deflation_holds.

    Raises:
        ValueError: an elasticity is not finite, a displacement is negative, or the economy lasts one year.

    Reference:
        A. Saltelli et al., "Global Sensitivity Analysis: The Primer" (2008), for tables of factors at levels.
    """
    rows: list[dict[str, float | bool]] = []
    for tfp, displacement, indexation, rebates in product(wage_tfp, wage_displacement, price_indexation, (True, False)):
        path = simulate_macro(
            replace(config, elasticities=Elasticities(tfp, displacement, indexation), rebates=rebates)
        )
        claim = path.deflation()
        rows.append(
            {
                "wage_tfp": tfp,
                "wage_displacement": displacement,
                "price_indexation": indexation,
                "rebates": rebates,
                "adoption": float(path.mean_adoption[-1]),
                "wage_ratio": float(path.wage_usd_per_hour[-1] / path.wage_usd_per_hour[0]),
                "tfp": float(path.tfp[-1] / path.tfp[0]),
                "price_level": float(path.price_level[-1]),
                "relative_price": float(path.relative_price[-1]),
                "rho": claim.statistic,
                "deflation_holds": claim.holds,
            }
        )
    return rows


@dataclass(frozen=True)
class _Year:
    wage: float
    adoption: Vector
    parity: float
    rebate: float
    captured: float
    tfp: float
    prices: Vector


def _year(config: MacroConfig, wage: float, adoption: Vector) -> _Year:
    """Reckon one year at its wage and adoption."""
    prices, iota = config.prices, config.elasticities.price_indexation
    listed = prices.price_usd * (wage / prices.wage_usd_per_hour) ** iota
    w_hat = float(implied_robot_wage(listed, config.mp_r, config.err_rate, prices.damage_usd))
    share = config.customer_share if config.rebates else 0.0
    split = compute_spread_allocation(w_hat, wage, 1.0, share, 1.0)
    rebate, captured = float(split.rebate), float(split.captured)
    parity = float(wage_parity(w_hat, wage))
    if w_hat <= 0.0:
        raise ValueError(f"mp_r, err_rate and prices must imply a robot's wage above zero, got {w_hat:.2f} $/h")
    labor = np.array([sector.labor_share for sector in config.sectors])
    weights = [sector.weight for sector in config.sectors]
    return _Year(
        wage=wage,
        adoption=adoption,
        parity=parity,
        rebate=rebate,
        captured=captured,
        tfp=float(aggregate_tfp(weights, sector_tfp(labor, adoption, config.robot_usd_per_hour / w_hat))),
        prices=listed - adoption * rebate / config.mp_r,
    )


def _path(config: MacroConfig, years: list[_Year]) -> MacroPath:
    wage, sold = np.array([year.wage for year in years]), np.array([year.prices for year in years])
    weights = np.array([sector.weight for sector in config.sectors])
    unit = sold.mean(axis=1)
    relative = unit / wage
    return MacroPath(
        year=config.start_year + np.arange(len(years), dtype=np.float64),
        adoption=np.array([year.adoption for year in years]),
        wage_usd_per_hour=wage,
        parity=np.array([year.parity for year in years]),
        rebate_usd_per_hour=np.array([year.rebate for year in years]),
        captured_usd_per_hour=np.array([year.captured for year in years]),
        tfp=np.array([year.tfp for year in years]),
        price_level=np.asarray(price_level(weights, sold / sold[0])),
        unit_price_usd=unit,
        relative_price=relative / relative[0],
    )
