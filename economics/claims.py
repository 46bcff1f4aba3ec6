"""The four claims about who gains, each a statistic of a ledger or a path, and a verdict that may be no.

A ledger is a mapping from column to vector, as `economics.ledger.read_columns` gives it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from economics._checks import require_finite, require_positive
from economics.correlation import merge_ties, pearson, spearman
from economics.surplus import cost_per_human_hour

Ledger = Mapping[str, npt.NDArray[np.float64]]
CENT = 0.01
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Claim:
    """A claim, measured.

    Attributes:
        name: what was claimed
        statistic: a share of episodes in [0, 1], or a correlation in [-1, 1]; nan where it is not defined
        holds: the verdict
        p_value: of a correlation against none, one-sided; nan for a share
        samples: episodes or points that were looked at
        meaning: the statistic in words
    """

    name: str
    statistic: float
    holds: bool
    p_value: float
    samples: int
    meaning: str

    def __str__(self) -> str:
        """Write the claim as one line."""
        verdict = "holds" if self.holds else "fails"
        tail = "" if math.isnan(self.p_value) else f", p = {self.p_value:.2g}"
        return f"{self.name}: {verdict} ({self.meaning} {self.statistic:.3f}{tail}, {self.samples} points)"


def claim_consumer_surplus(ledger: Ledger) -> Claim:
    """Claim 1: in every episode the customer's net cost per human-equivalent hour of work is at most the human's.

    (w_h + captured / hours) / parity <= w_h, which is w_hat - w_h - captured / hours >= 0. It holds by construction
    where parity is at least 1, since no more than the spread is captured, and fails below: the customer then pays the
    human wage for less than a human's work, unless `guarantee_refund` is paid.

    Assumes that a robot-hour is billed at the human wage plus what is captured.

    Args:
        ledger: with w_hat_r, w_h, hours and captured_spread

    Returns:
        Share of episodes, and whether it is 1.

    Raises:
        ValueError: a column is missing, empty or not finite, or w_h or hours is not above zero.

    Reference:
        See `economics.surplus.cost_per_human_hour`.

    >>> one = np.ones(2)
    >>> claim_consumer_surplus({"w_hat_r": 9 * one, "w_h": 6 * one, "hours": one, "captured_spread": 3 * one}).holds
    True
    """
    w_hat, w_h, hours, captured = _columns(ledger, "w_hat_r", "w_h", "hours", "captured_spread")
    require_positive(w_h=w_h, hours=hours)
    cost = np.asarray(cost_per_human_hour(w_hat, w_h, captured / hours))
    share = float(np.mean(cost <= w_h * (1.0 + TOLERANCE)))
    return Claim("consumer surplus", share, share == 1.0, math.nan, len(cost), "share of episodes")


def claim_decomposition(ledger: Ledger) -> Claim:
    """Claim 2: the surplus over the human wage is rebate + captured + what stays with the customer.

    |(w_hat - w_h) * hours - captured - consumer surplus| <= half a cent, and |spread value - rebate - captured| too.
    An identity of the books: it fails where a ledger was rounded, cut or put together from parts that do not agree.

    Args:
        ledger: with w_hat_r, w_h, hours, spread_value, rebate, captured_spread and consumer_surplus

    Returns:
        Share of episodes in which both close, and whether it is 1.

    Raises:
        ValueError: a column is missing, empty or not finite, or w_h or hours is not above zero.

    Reference:
        See `economics.surplus.decompose_surplus`.

    >>> one = np.ones(1)
    >>> ledger = {"w_hat_r": 9 * one, "w_h": 6 * one, "hours": one, "spread_value": 3 * one}
    >>> claim_decomposition(ledger | {"rebate": one, "captured_spread": 2 * one, "consumer_surplus": one}).statistic
    1.0
    """
    w_hat, w_h, hours = _columns(ledger, "w_hat_r", "w_h", "hours")
    value, rebate, captured, stays = _columns(ledger, "spread_value", "rebate", "captured_spread", "consumer_surplus")
    require_positive(w_h=w_h, hours=hours)
    whole = np.abs((w_hat - w_h) * hours - captured - stays) <= CENT / 2.0
    shared = np.abs(value - rebate - captured) <= CENT / 2.0
    share = float(np.mean(whole & shared))
    return Claim("decomposition", share, share == 1.0, math.nan, len(hours), "share of episodes that close")


def claim_productivity_incentive(ledger: Ledger, significance: float = 0.05) -> Claim:
    """Claim 3: what the platform captures an hour rises with the marginal product.

    Pearson's r of mp and captured / hours; holds where r > 0 with a one-sided p below the significance. Values within
    1e-9 of each other are one value. Assumes that episodes are independent: those of one training run follow each
    other, so the p-value is optimistic.

    Args:
        ledger: with mp_r, hours and captured_spread
        significance: bound of the p-value, in (0, 1)

    Returns:
        The correlation; nan and a failure where either quantity never changed or there are fewer than three episodes.

    Raises:
        ValueError: a column is missing, empty or not finite, or significance lies outside (0, 1).

    Reference:
        K. Pearson, "Notes on Regression and Inheritance in the Case of Two Parents", Proc. Royal Society 58 (1895).

    >>> steps = np.arange(5.0)
    >>> claim_productivity_incentive({"mp_r": steps, "hours": np.ones(5), "captured_spread": steps ** 2}).holds
    True
    """
    if not 0.0 < significance < 1.0:
        raise ValueError(f"significance must lie in (0, 1), got {significance}")
    mp, hours, captured = _columns(ledger, "mp_r", "hours", "captured_spread")
    require_positive(hours=hours)
    rate = captured / hours
    if len(mp) < 3:
        return Claim("productivity incentive", math.nan, False, math.nan, len(mp), "correlation")
    r, p_value = pearson(merge_ties(mp, TOLERANCE), merge_ties(rate, TOLERANCE))
    return Claim("productivity incentive", r, r > 0.0 and p_value < significance, p_value, len(mp), "correlation")


def claim_structural_deflation(adoption: npt.ArrayLike, relative_price: npt.ArrayLike) -> Claim:
    """Claim 4: along a path of adoption the unit price relative to the wage does not rise.

    Spearman's rho of adoption and (unit price / wage) is at most 0 and the price at the end is no higher than at the
    start. Values within 1e-9 of each other, relative to the greatest, are ties: a price that stands still does so up to
    float arithmetic. Rebates push the price down; where adoption pushes the wage down faster, or rebates are switched
    off, it fails.

    Args:
        adoption: where on the path each point lies, shape (T,), T >= 3: a share of hours, or the number of
            an episode
        relative_price: unit price over wage at each point, shape (T,)

    Returns:
        The rank correlation, 0 for a price that never moves relative to the wage.

    Raises:
        ValueError: the shapes differ, there are fewer than three points, or a number is not finite.

    Reference:
        C. Spearman, "The Proof and Measurement of Association between Two Things", American Journal of Psychology 15
        (1904).

    >>> claim_structural_deflation([0.1, 0.2, 0.4], [1.0, 0.97, 0.9]).statistic
    -1.0
    """
    path, price = np.asarray(adoption, np.float64), np.asarray(relative_price, np.float64)
    if path.ndim != 1 or path.shape != price.shape or len(path) < 3:
        raise ValueError(
            f"adoption and relative_price must be two vectors of one length >= 3, got {path.shape}, {price.shape}"
        )
    require_finite(adoption=path, relative_price=price)
    fallen, p_value = spearman(merge_ties(path, TOLERANCE), -merge_ties(price, TOLERANCE))
    rho = 0.0 if math.isnan(fallen) else 0.0 - fallen
    start, end = price[np.argmin(path)], price[np.argmax(path)]
    holds = rho <= 0.0 and bool(end <= start + TOLERANCE * abs(start))
    return Claim("structural deflation", rho, holds, p_value, len(path), "rank correlation")


def relative_unit_price(ledger: Ledger, rebates: bool = True) -> npt.NDArray[np.float64]:
    """Return the price of a human-equivalent hour of work over the human wage, episode by episode.

    (w_h + captured / hours) / w_hat; without rebates all of the spread is captured.

    Args:
        ledger: with w_hat_r, w_h, hours, captured_spread and spread_value
        rebates: False prices the work as if nothing were given back

    Returns:
        Relative price, shape (episodes,); inf where the robot's work was worth nothing.

    Raises:
        ValueError: a column is missing, empty or not finite, or w_h or hours is not above zero.

    Reference:
        See `economics.surplus.cost_per_human_hour`.

    >>> one = np.ones(1)
    >>> ledger = {"w_hat_r": 9 * one, "w_h": 6 * one, "hours": one, "spread_value": 3 * one, "captured_spread": one}
    >>> relative_unit_price(ledger, rebates=False).tolist()
    [1.0]
    """
    kept = "captured_spread" if rebates else "spread_value"
    w_hat, w_h, hours, captured = _columns(ledger, "w_hat_r", "w_h", "hours", kept)
    require_positive(w_h=w_h, hours=hours)
    return np.asarray(cost_per_human_hour(w_hat, w_h, captured / hours)) / w_h


def check_ledger(ledger: Ledger) -> tuple[Claim, Claim, Claim, Claim]:
    """Put all four claims to a run's ledger; its episodes are the path of the fourth.

    Episodes whose work was worth nothing have no unit price and are left out of the fourth claim.

    Args:
        ledger: the columns that the claims name, and spread_value

    Returns:
        The claims, in order.

    Raises:
        ValueError: a column is missing, empty or not finite.

    Reference:
        See the four claims.
    """
    price = relative_unit_price(ledger)
    priced = np.flatnonzero(np.isfinite(price))
    first, second, third = (
        claim_consumer_surplus(ledger),
        claim_decomposition(ledger),
        claim_productivity_incentive(ledger),
    )
    if len(priced) < 3:
        fourth = Claim("structural deflation", math.nan, False, math.nan, len(priced), "rank correlation")
    else:
        fourth = claim_structural_deflation(priced, price[priced])
    return first, second, third, fourth


def _columns(ledger: Ledger, *names: str) -> list[npt.NDArray[np.float64]]:
    """Take columns out of a ledger, none of them missing, empty, longer than another or not finite."""
    missing = [name for name in names if name not in ledger]
    if missing:
        raise ValueError(f"ledger must have the columns {', '.join(names)}, it lacks {', '.join(missing)}")
    found = [np.asarray(ledger[name], np.float64) for name in names]
    shapes = {name: column.shape for name, column in zip(names, found, strict=True)}
    if len(set(shapes.values())) > 1 or found[0].ndim != 1:
        raise ValueError(f"ledger must hold vectors of one length, got shapes {shapes}")
    if len(found[0]) == 0:
        raise ValueError("ledger must have at least one row, got none")
    require_finite(**dict(zip(names, found, strict=True)))
    return found
