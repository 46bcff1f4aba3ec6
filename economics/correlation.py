"""Correlations and how likely they are to come about by chance."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

from economics._checks import require_finite, require_non_negative


def pearson(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[float, float]:
    """Return Pearson's r and its one-sided p-value against r <= 0: t = r * sqrt((n - 2) / (1 - r^2)).

    Args:
        x: one quantity, shape (n,), n >= 3
        y: the other, shape (n,)

    Returns:
        r in [-1, 1] and p in [0, 1]; both nan where either quantity never changes.

    Raises:
        ValueError: the shapes differ, n is below 3, or a number is not finite.

    Reference:
        R. A. Fisher, "Frequency Distribution of the Values of the Correlation Coefficient in Samples from an
        Indefinitely Large Population", Biometrika 10 (1915).

    >>> r, p = pearson([1.0, 2.0, 3.0, 4.0], [1.0, 3.0, 2.0, 4.0])
    >>> round(r, 3), round(p, 3)
    (0.8, 0.1)
    """
    one, other = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if one.ndim != 1 or one.shape != other.shape or len(one) < 3:
        raise ValueError(f"x and y must be two vectors of one length >= 3, got shapes {one.shape} and {other.shape}")
    require_finite(x=one, y=other)
    if np.ptp(one) == 0.0 or np.ptp(other) == 0.0:
        return math.nan, math.nan
    one, other = one - one.mean(), other - other.mean()
    one, other = one / np.abs(one).max(), other / np.abs(other).max()
    r = float(np.clip(one @ other / math.sqrt((one @ one) * (other @ other)), -1.0, 1.0))
    if abs(r) == 1.0:
        return r, 0.0 if r > 0.0 else 1.0
    freedom = len(one) - 2
    return r, float(stdtr(freedom, -r * math.sqrt(freedom / (1.0 - r * r))))


def spearman(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[float, float]:
    """Return Spearman's rho, Pearson's r of the ranks, and its one-sided p-value against rho <= 0.

    Args:
        x: one quantity, shape (n,), n >= 3; equal values share their mean rank
        y: the other, shape (n,)

    Returns:
        rho in [-1, 1] and p in [0, 1]; both nan where either quantity never changes.

    Raises:
        ValueError: the shapes differ, n is below 3, or a number is not finite.

    Reference:
        C. Spearman, "The Proof and Measurement of Association between Two Things", American Journal of Psychology 15
        (1904).

    >>> spearman([1.0, 2.0, 3.0], [1.0, 10.0, 100.0])
    (1.0, 0.0)
    """
    require_finite(x=x, y=y)
    return pearson(_ranks(x), _ranks(y))


def merge_ties(values: npt.ArrayLike, tolerance: float = 1e-9) -> npt.NDArray[np.float64]:
    """Make one value of those that float arithmetic alone tells apart: the least, x', while x - x' <= tol * max |x|.

    Groups are taken from the least value up, none wider than the tolerance: a path that creeps is no tie.

    Args:
        values: shape (n,)
        tolerance: width of a group over the greatest absolute value, >= 0

    Returns:
        The values, in their order, shape (n,).

    Raises:
        ValueError: a value is not finite, or the tolerance is negative or not finite.

    Reference:
        D. Goldberg, "What Every Computer Scientist Should Know About Floating-Point Arithmetic", ACM Computing Surveys
        23 (1991), for relative error; the groups are the project's.

    >>> merge_ties([1.0, 1.0 + 1e-12, 2.0, 1.0 - 1e-12]).tolist() == [1.0 - 1e-12, 1.0 - 1e-12, 2.0, 1.0 - 1e-12]
    True
    """
    require_finite(values=values)
    require_non_negative(tolerance=tolerance)
    merged = np.array(values, np.float64)
    width = tolerance * float(np.abs(merged).max(initial=0.0))
    least = -math.inf
    for at in np.argsort(merged, kind="stable"):
        least = merged[at] if merged[at] - least > width else least
        merged[at] = least
    return merged


def _ranks(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Rank from 1; equal values share the mean of their ranks."""
    _, place, counts = np.unique(np.asarray(values, np.float64), return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2.0)[place]
