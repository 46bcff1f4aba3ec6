"""The wage that a robot's work implies, and its parity with the human wage."""

from __future__ import annotations

from economics._checks import FloatOrArray, require_finite, require_fraction, require_non_negative, require_positive


def implied_robot_wage(
    p: FloatOrArray, mp_r: FloatOrArray, err_rate: FloatOrArray, c_damage: FloatOrArray
) -> FloatOrArray:
    """Price an hour of the robot like labor: w_hat = p * mp - c * err * mp.

    Args:
        p: price of a unit, any shape [$ / unit]
        mp_r: marginal product of the robot, broadcasts [units / h]
        err_rate: error rate in [0, 1], broadcasts
        c_damage: cost of an error, broadcasts [$ / error]

    Returns:
        Implied wage of the robot [$ / h].

    Raises:
        ValueError: an argument is negative or not finite, or err_rate exceeds 1.

    Reference:
        J. B. Clark, "The Distribution of Wealth" (1899): the wage of an hour is the value of its marginal product;
        here less what its errors destroy.

    >>> round(implied_robot_wage(p=0.30, mp_r=109.0, err_rate=0.018, c_damage=1.0), 3)
    30.738
    """
    require_non_negative(p=p, mp_r=mp_r, c_damage=c_damage)
    require_fraction(err_rate=err_rate)
    return p * mp_r - c_damage * err_rate * mp_r


def wage_parity(w_hat_r: FloatOrArray, w_h: FloatOrArray) -> FloatOrArray:
    """Compare the implied wage with the human one: parity = w_hat / w_h.

    Args:
        w_hat_r: implied wage of the robot, any shape; negative when errors cost more than the work earns [$ / h]
        w_h: human wage, broadcasts [$ / h]

    Returns:
        Parity; above 1 the robot's hour is worth more than the human's.

    Raises:
        ValueError: w_hat_r is not finite, or w_h is not above zero.

    Reference:
        D. Acemoglu and P. Restrepo, "The Race between Man and Machine", AER 108 (2018): a task goes to whichever factor
        does it at the lower cost per effective unit.

    >>> wage_parity(27.0, 18.0)
    1.5
    """
    require_finite(w_hat_r=w_hat_r)
    require_positive(w_h=w_h)
    return w_hat_r / w_h
