"""The human whom the robot is measured against, and the price that makes the two comparable."""

from __future__ import annotations

from dataclasses import dataclass

from economics._checks import FloatOrArray, plain, require_fraction, require_non_negative, require_positive
from economics.prices import Prices
from economics.wage import implied_robot_wage, wage_parity


def calibrated_price(
    w_h: FloatOrArray, mp_h: FloatOrArray, err_h: FloatOrArray, c_damage: FloatOrArray
) -> FloatOrArray:
    """Price a unit at what the human's costs: p = w_h / MP_h + c * err_h.

    At this price the human's own implied wage is the wage paid, so a robot identical to the human has parity exactly 1.

    Args:
        w_h: human wage, any shape [$ / h]
        mp_h: marginal product of the human, broadcasts [units / h]
        err_h: error rate of the human in [0, 1], broadcasts
        c_damage: cost of an error, broadcasts [$ / error]

    Returns:
        Price of a unit [$ / unit].

    Raises:
        ValueError: wage or marginal product is not above zero, err_h lies outside [0, 1], or c_damage is negative.

    Reference:
        H. R. Varian, "Microeconomic Analysis" (1992), chapter 13: free entry drives the price to average cost.

    >>> round(calibrated_price(w_h=18.0, mp_h=75.0, err_h=0.06, c_damage=1.0), 3)
    0.3
    """
    require_positive(w_h=w_h, mp_h=mp_h)
    require_fraction(err_h=err_h)
    require_non_negative(c_damage=c_damage)
    return w_h / mp_h + c_damage * err_h


@dataclass(frozen=True)
class HumanBenchmark:
    """A human worker: how much, how carefully, at what wage.

    The defaults are placeholders: the wage and the error rate are the project's reference constants ($18 an hour, the
    SLA's 6 %), and 75 units an hour is the product at which the reference price of $0.30 is exactly the calibrated one.

    Attributes:
        mp_per_hour: marginal product, MP_h [units / h]
        err_rate: error rate in [0, 1]
        wage_usd_per_hour: wage, w_h [$ / h]

    Raises:
        ValueError: marginal product or wage is not above zero, or the error rate lies outside [0, 1].
    """

    mp_per_hour: float = 75.0
    err_rate: float = 0.06
    wage_usd_per_hour: float = 18.0

    def __post_init__(self) -> None:
        require_positive(mp_per_hour=self.mp_per_hour, wage_usd_per_hour=self.wage_usd_per_hour)
        require_fraction(err_rate=self.err_rate)

    def prices(self, damage_usd: float = 1.00, energy_usd_per_hour: float = 0.10) -> Prices:
        """Return the prices at which this human's work is worth its wage.

        Args:
            damage_usd: cost of an error [$ / error]
            energy_usd_per_hour: cost of energy, of the robot alone [$ / h]

        Returns:
            Prices with the calibrated price and this human's wage.

        Raises:
            ValueError: a price is negative or not finite.

        Reference:
            See `calibrated_price`.

        >>> round(HumanBenchmark().prices().price_usd, 3)
        0.3
        """
        return Prices(
            price_usd=float(calibrated_price(self.wage_usd_per_hour, self.mp_per_hour, self.err_rate, damage_usd)),
            damage_usd=damage_usd,
            energy_usd_per_hour=energy_usd_per_hour,
            wage_usd_per_hour=self.wage_usd_per_hour,
        )

    def parity(self, mp_r: FloatOrArray, err_rate: FloatOrArray, prices: Prices) -> FloatOrArray:
        """Compare a robot with this human: parity = (p * mp - c * err * mp) / w_h.

        Args:
            mp_r: marginal product of the robot, any shape [units / h]
            err_rate: its error rate in [0, 1], broadcasts
            prices: price of a unit and cost of an error

        Returns:
            Parity; 1 for a robot identical to the human at the calibrated price.

        Raises:
            ValueError: an argument is negative or not finite, or err_rate exceeds 1.

        Reference:
            See `economics.wage`.

        >>> human = HumanBenchmark()
        >>> round(human.parity(75.0, 0.06, human.prices()), 9)
        1.0
        """
        wage = implied_robot_wage(prices.price_usd, mp_r, err_rate, prices.damage_usd)
        return plain(wage_parity(wage, self.wage_usd_per_hour))
