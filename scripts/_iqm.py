"""Interquartile means over seeds, as numbers and as bands: one way for every comparison of learners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from agents import iqm_interval

BOOTSTRAP_SEED = 0


def iqm_of(scores: Sequence[float]) -> dict[str, float]:
    """Sum up one score a seed.

    Args:
        scores: of each seed

    Returns:
        iqm, and the bounds low and high of its 95 % bootstrap interval; the bounds of a single seed are nan.
    """
    iqm, low, high = iqm_interval(np.reshape(scores, (-1, 1)), np.random.default_rng(BOOTSTRAP_SEED))
    return {"iqm": iqm, "low": low, "high": high}


def draw_band(axis: Any, scores: Mapping[int, Sequence[float]], label: str, colour: str) -> None:
    """Draw interquartile means and their 95 % intervals.

    Args:
        axis: where
        scores: at each place of the horizontal axis, one score a seed
        label: who this is; the number of seeds at the last place is added
        colour: of line and band
    """
    if not scores:
        return
    places = sorted(scores)
    found = [iqm_of(scores[place]) for place in places]
    count = len(scores[places[-1]])
    label = f"{label}, {count} seed{'' if count == 1 else 's'}"
    axis.plot(places, [one["iqm"] for one in found], color=colour, label=label)
    axis.fill_between(places, [one["low"] for one in found], [one["high"] for one in found], color=colour, alpha=0.2)
