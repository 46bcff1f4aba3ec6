"""How well scores tell anomalies from what is normal: AUROC, with intervals by a bootstrap over shifts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
CONFIDENCE = 0.95
MEAN = "mean"

Floats = npt.NDArray[np.float64]
Scored = tuple[npt.NDArray[np.floating], npt.NDArray[np.integer]]
"""Scores (B,) and the shift of each (B,)."""


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval; all nan where nothing was observed."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Wins:
    """Pairs of a normal and an anomalous observation, counted by the shifts that they come from.

    Attributes:
        won: pairs in which the anomalous one scores higher, ties counted half, (S normal shifts, A anomalous shifts).
        normal: observations of each normal shift, (S,).
        anomalous: observations of each anomalous shift, (A,).
        paired: whether anomalous shift i was made of normal shift i, so that both are resampled together.
    """

    won: Floats
    normal: Floats
    anomalous: Floats
    paired: bool

    @property
    def value(self) -> float:
        """AUROC of all pairs; nan without pairs."""
        pairs = self.normal.sum() * self.anomalous.sum()
        return float(self.won.sum() / pairs) if pairs else float("nan")


def auroc(normal: npt.ArrayLike, anomalous: npt.ArrayLike) -> float:
    """Return the chance that an anomalous score exceeds a normal one: P(a > n) + P(a = n) / 2.

    Args:
        normal: scores, (N,)
        anomalous: scores, (M,)

    Returns:
        Mann-Whitney's U over N M, in [0, 1]; nan where either is empty.
    """
    scored = [
        (np.asarray(scores, np.float64), np.zeros(len(np.asarray(scores)), int)) for scores in (normal, anomalous)
    ]
    return count_wins(scored[0], scored[1]).value


def count_wins(normal: Scored, anomalous: Scored, paired: bool = False) -> Wins:
    """Compare every anomalous score with every normal one.

    Args:
        normal: scores (N,) and their shifts (N,)
        anomalous: scores (M,) and their shifts (M,)
        paired: whether equal shift numbers of the two belong together

    Returns:
        The counts by pair of shifts.
    """
    shifts = np.unique(normal[1])
    others = shifts if paired else np.unique(anomalous[1])
    column = np.searchsorted(others, anomalous[1])
    won = np.zeros((len(shifts), len(others)))
    for row, shift in enumerate(shifts):
        own = np.sort(normal[0][normal[1] == shift])
        below = np.searchsorted(own, anomalous[0], "left") + np.searchsorted(own, anomalous[0], "right")
        won[row] = np.bincount(column, 0.5 * below, minlength=len(others))
    counts = (normal[1] == shifts[:, None]).sum(1), (anomalous[1] == others[:, None]).sum(1)
    return Wins(won, counts[0].astype(np.float64), counts[1].astype(np.float64), paired)


def shift_means(scored: Scored) -> Scored:
    """Return the mean score of each shift and the shift's number, one each for every shift that was observed."""
    shifts, own = np.unique(scored[1], return_inverse=True)
    total = np.bincount(own, scored[0], minlength=len(shifts))
    return total / np.bincount(own, minlength=len(shifts)), shifts


def bootstrap(wins: Mapping[str, Wins], seed: int, resamples: int = RESAMPLES) -> dict[str, Floats]:
    """Draw whole shifts anew, with replacement, and return the AUROC of each draw.

    All anomalies of a draw share its normal shifts, so that draws of several anomalies, and of several measures with
    the same seed, can be averaged and subtracted.

    Args:
        wins: counts by anomaly, all with the same normal shifts
        seed: of the draws
        resamples: number of draws R

    Returns:
        AUROC of each draw by anomaly that was observed, and of their mean under "mean", (R,).
    """
    rng = np.random.default_rng(seed)
    drawn: dict[str, Floats] = {}
    chosen: Floats | None = None
    for name, counted in wins.items():
        if not np.isfinite(counted.value):
            continue
        if chosen is None:
            chosen = _draw(rng, len(counted.normal), resamples)
        others = chosen if counted.paired else _draw(rng, len(counted.anomalous), resamples)
        won = np.einsum("rs,sa,ra->r", chosen, counted.won, others, optimize=True)
        drawn[name] = won / ((chosen @ counted.normal) * (others @ counted.anomalous))
    drawn[MEAN] = np.mean(list(drawn.values()), axis=0) if drawn else np.full(resamples, np.nan)
    return drawn


def interval(value: float, draws: Floats) -> Interval:
    """Return a value with the percentiles of its draws."""
    tail = 50.0 * (1.0 - CONFIDENCE)
    low, high = np.percentile(draws, [tail, 100.0 - tail]).tolist()
    return Interval(value, low, high)


def summarise(wins: Mapping[str, Wins], draws: Mapping[str, Floats]) -> dict[str, Interval]:
    """Return the AUROC of each anomaly, and their mean, with intervals.

    Args:
        wins: counts by anomaly
        draws: what `bootstrap` returned for them

    Returns:
        Intervals by anomaly, then "mean" over those that were observed.
    """
    nothing = Interval(float("nan"), float("nan"), float("nan"))
    found = {name: interval(own.value, draws[name]) if name in draws else nothing for name, own in wins.items()}
    seen = [own.value for own in found.values() if np.isfinite(own.value)]
    return found | {MEAN: interval(float(np.mean(seen)), draws[MEAN]) if seen else nothing}


def _draw(rng: np.random.Generator, shifts: int, resamples: int) -> Floats:
    """How often each shift is in each draw, (R, S)."""
    return rng.multinomial(shifts, np.full(shifts, 1.0 / shifts), resamples).astype(np.float64)
