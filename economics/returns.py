"""Present value, internal rate of return and payback of yearly cash flows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from economics._checks import FloatOrArray, plain, require_finite

MOST_RATE = 1e6
ROUNDING = 1e-12


def npv(rate: FloatOrArray, cash_flows: npt.ArrayLike) -> FloatOrArray:
    """Discount cash flows to the present: NPV = sum_t C_t / (1 + r)^t.

    Args:
        rate: discount rate r > -1, any shape [1 / year]
        cash_flows: C_0, C_1, ..., at the end of each year, shape (T,) [$]

    Returns:
        Net present value, shaped as rate [$].

    Raises:
        ValueError: rate is not above -1, a number is not finite, or there are no cash flows.

    Reference:
        R. A. Brealey, S. C. Myers, F. Allen, "Principles of Corporate Finance" (2017), on net present value.

    >>> round(npv(0.10, [-100.0, 60.0, 60.0]), 2)
    4.13
    """
    flows = _flows(cash_flows)
    require_finite(rate=rate)
    if np.less_equal(rate, -1.0).any():
        raise ValueError(f"rate must be > -1, got {np.min(rate)}")
    growth = 1.0 + np.asarray(rate, np.float64)[..., None]
    return plain((flows / growth ** np.arange(len(flows))).sum(axis=-1))


def irr(cash_flows: npt.ArrayLike) -> float:
    """Find the rate at which cash flows are worth nothing: NPV(IRR) = 0.

    Cash flows whose sign changes once have exactly one such rate above -1. Others may have several or none, and are
    refused: compare their NPV instead.

    Args:
        cash_flows: C_0, C_1, ..., at the end of each year, shape (T,) [$]

    Returns:
        Internal rate of return [1 / year].

    Raises:
        ValueError: a number is not finite, the sign of the cash flows does not change exactly once, or the rate lies
        above
            1e6 or within 1e-9 of -1.

    Reference:
        R. A. Brealey, S. C. Myers, F. Allen, "Principles of Corporate Finance" (2017), on the pitfalls of the
        internal rate of return; uniqueness by Descartes' rule of signs.

    >>> round(irr([-100.0, 60.0, 60.0]), 4)
    0.1307
    """
    flows = _flows(cash_flows)
    signs = np.sign(flows[flows != 0.0])
    if np.count_nonzero(np.diff(signs)) != 1:
        changes = np.count_nonzero(np.diff(signs))
        raise ValueError(
            f"cash_flows must change sign exactly once for a unique rate, they do {changes} times; use npv"
        )
    from scipy.optimize import brentq  # late: every worker of a simulation imports this package

    scaled = flows / np.abs(flows).max()
    # In x = 1 / (1 + r) the value is a polynomial, and the bracket covers all rates from just above -1 to MOST_RATE.
    low, high = 1.0 / (1.0 + MOST_RATE), 1.0
    while _value(scaled, low) * _value(scaled, high) > 0.0 and high < 1e9:
        high *= 2.0
    if _value(scaled, low) * _value(scaled, high) > 0.0:
        raise ValueError(f"cash_flows must have a rate between -1 + 1e-9 and {MOST_RATE:.0e}, got {flows.tolist()}")
    root: Any = brentq(lambda x: _value(scaled, x), low, high, xtol=1e-15, maxiter=500)
    return 1.0 / float(root) - 1.0


def payback_years(cash_flows: npt.ArrayLike, rate: float = 0.0) -> float:
    """Find when the cash paid in has come back: t + short_t / C_(t+1), t the last year in which some is still missing.

    Args:
        cash_flows: C_0, C_1, ..., at the end of each year, shape (T,) [$]
        rate: discount rate > -1; 0 is the plain payback [1 / year]

    Returns:
        Years until the sum of (discounted) cash flows stays at zero or above for the first time; inf if it never does
        [year].

    Raises:
        ValueError: rate is not above -1, a number is not finite, or there are no cash flows.

    Reference:
        R. A. Brealey, S. C. Myers, F. Allen, "Principles of Corporate Finance" (2017), on the payback rule.

    >>> payback_years([-100.0, 60.0, 80.0])
    1.5
    """
    flows = _flows(cash_flows)
    npv(rate, flows)
    sums = np.cumsum(flows / (1.0 + rate) ** np.arange(len(flows)))
    short = np.flatnonzero(sums < -ROUNDING * np.abs(flows).max())
    if len(short) == 0:
        return 0.0
    last = int(short[-1])
    if last == len(sums) - 1:
        return math.inf
    return last + float(-sums[last] / (sums[last + 1] - sums[last]))


def _flows(cash_flows: npt.ArrayLike) -> npt.NDArray[np.float64]:
    flows = np.asarray(cash_flows, np.float64)
    if flows.ndim != 1 or len(flows) == 0:
        raise ValueError(f"cash_flows must be a vector of at least one number, got shape {flows.shape}")
    require_finite(cash_flows=flows)
    return flows


def _value(flows: npt.NDArray[np.float64], discount: float) -> float:
    """Return sum C_t x^t, its sign alone where the powers would overflow."""
    if discount <= 1.0:
        return float(np.polynomial.polynomial.polyval(discount, flows))
    return float(np.polynomial.polynomial.polyval(1.0 / discount, flows[::-1]))
