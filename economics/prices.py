"""The four prices that turn a shift's counters into dollars."""

from __future__ import annotations

from dataclasses import dataclass

from economics._checks import require_non_negative, require_positive


@dataclass(frozen=True)
class Prices:
    """Prices of one unit, one error, an hour of energy and an hour of human work.

    The defaults are the project's reference constants (DESIGN: the money), not market data.

    Attributes:
        price_usd: what one completed unit earns, p [$ / unit]
        damage_usd: what one error costs, c_damage [$ / error]
        energy_usd_per_hour: what an hour of running costs, c_energy [$ / h]
        wage_usd_per_hour: the human wage, w_h [$ / h]

    Raises:
        ValueError: a price is NaN, infinite or negative, or the wage is zero.
    """

    price_usd: float = 0.30
    damage_usd: float = 1.00
    energy_usd_per_hour: float = 0.10
    wage_usd_per_hour: float = 18.0

    def __post_init__(self) -> None:
        require_non_negative(
            price_usd=self.price_usd,
            damage_usd=self.damage_usd,
            energy_usd_per_hour=self.energy_usd_per_hour,
        )
        require_positive(wage_usd_per_hour=self.wage_usd_per_hour)
