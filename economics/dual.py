"""How the multiplier of the SLA moves: dual ascent, and a PI controller that damps what dual ascent alone swings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from economics._checks import FloatOrArray, plain, require_fraction, require_non_negative


def dual_ascent(lam: FloatOrArray, err: FloatOrArray, e_target: FloatOrArray, eta: FloatOrArray) -> FloatOrArray:
    """Move the multiplier along the signed gap: lambda <- max(0, lambda + eta * (err - e*)).

    Args:
        lam: multiplier before the step, >= 0, any shape [$ / error]
        err: measured error rate in [0, 1], broadcasts
        e_target: error rate that the SLA allows, in [0, 1], broadcasts
        eta: step size, >= 0, broadcasts [$ / error]

    Returns:
        Multiplier after the step, >= 0: the projection on its domain is part of the method.

    Raises:
        ValueError: an argument is not finite or out of its range.

    Reference:
        S. Boyd, N. Parikh et al., "Distributed Optimization and Statistical Learning via the Alternating Direction
        Method of Multipliers" (2011), section 2.1, with the projection that an inequality needs.

    >>> round(dual_ascent(0.5, err=0.16, e_target=0.06, eta=0.01), 4)
    0.501
    """
    require_non_negative(lam=lam, eta=eta)
    require_fraction(err=err, e_target=e_target)
    return plain(np.maximum(0.0, lam + eta * np.subtract(err, e_target)))


@dataclass(frozen=True)
class PiGains:
    """Gains of the PI controller.

    Attributes:
        proportional: dollars an error that one unit of gap adds at once, K_P >= 0 [$ / error]
        integral: dollars an error that one unit of gap adds each shift, K_I >= 0 [$ / error]
        limit: largest multiplier, >= 0 [$ / error]

    Raises:
        ValueError: a gain is negative or not finite.
    """

    proportional: float = 1.0
    integral: float = 0.1
    limit: float = 100.0

    def __post_init__(self) -> None:
        require_non_negative(proportional=self.proportional, integral=self.integral, limit=self.limit)


def pi_step(
    integral: FloatOrArray, err: FloatOrArray, e_target: FloatOrArray, gains: PiGains
) -> tuple[FloatOrArray, FloatOrArray]:
    """Move the multiplier by proportional and integral action: lambda = clip(I + K_P * gap, 0, limit).

    gap = err - e*; I <- clip(I + K_I * gap, 0, limit). Anti-windup is twofold: the integral stays in the range of the
    multiplier, and it stands still while the multiplier is at its limit and the gap pushes further up.

    Args:
        integral: integral term before the step, in [0, limit], any shape [$ / error]
        err: measured error rate in [0, 1], broadcasts
        e_target: error rate that the SLA allows, in [0, 1], broadcasts
        gains: of the controller

    Returns:
        Multiplier in [0, limit], and the integral term after the step.

    Raises:
        ValueError: an argument is not finite or out of its range.

    Reference:
        A. Stooke, J. Achiam, P. Abbeel, "Responsive Safety in Reinforcement Learning by PID Lagrangian Methods", ICML
        2020, without the derivative term; conditional integration after K. J. Astrom and T. Hagglund, "PID Controllers:
        Theory, Design, and Tuning" (1995).

    >>> value, integral = pi_step(0.0, err=0.16, e_target=0.06, gains=PiGains(1.0, 0.5, 10.0))
    >>> round(value, 3), round(integral, 3)
    (0.15, 0.05)
    """
    require_non_negative(integral=integral)
    require_fraction(err=err, e_target=e_target)
    if np.greater(integral, gains.limit).any():
        raise ValueError(f"integral must lie in [0, {gains.limit}], got {np.max(integral)}")
    gap = np.subtract(err, e_target)
    stuck = (integral + gains.proportional * gap >= gains.limit) & (gap > 0.0)
    moved = np.clip(integral + gains.integral * gap, 0.0, gains.limit)
    kept = np.where(stuck, integral, moved)
    return plain(np.clip(kept + gains.proportional * gap, 0.0, gains.limit)), plain(kept)
