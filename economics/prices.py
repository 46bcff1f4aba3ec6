"""The four prices that turn a shift's counters into dollars."""

from __future__ import annotations

from dataclasses import dataclass

from economics._checks import FloatOrArray, require_non_negative, require_positive


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

    def flow_usd(self, completed: FloatOrArray, errors: FloatOrArray, hours: FloatOrArray) -> FloatOrArray:
        """Return the dollars of a stretch of work, unchecked: p * completed - c * errors - c_energy * hours.

        Args:
            completed: units completed in the stretch, any shape [units]
            errors: failed attempts in the stretch, broadcasts [attempts]
            hours: its duration, broadcasts [h]

        Returns:
            Profit in the flow form [$]; `flow_profit` is the same with its arguments checked.

        Reference:
            See `economics.reward.flow_profit`.

        >>> round(Prices().flow_usd(109, 3, 1.0), 3)
        29.6
        """
        return self.price_usd * completed - self.damage_usd * errors - self.energy_usd_per_hour * hours
