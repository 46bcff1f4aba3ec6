"""Statistics of a LeRobot dataset's features: min, max, mean, std, count and five quantiles, exact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}

_LEVELS = 256


def column_stats(values: npt.NDArray[Any]) -> dict[str, list[Any]]:
    """Describe a numeric feature.

    Args:
        values: (T,) or (T, D).

    Returns:
        Each statistic as a list of D numbers, `count` as [T].
    """
    table = values.reshape(len(values), -1).astype(np.float64)
    found = {"min": table.min(0), "max": table.max(0), "mean": table.mean(0), "std": table.std(0)}
    quantiles = dict(zip(QUANTILES, np.quantile(table, list(QUANTILES.values()), axis=0), strict=True))
    return {name: row.tolist() for name, row in (found | quantiles).items()} | {"count": [len(table)]}


def pixel_counts(frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Count how often each channel has each level.

    Args:
        frames: (T, C, H, W).

    Returns:
        (C, 256); counts of several episodes add up.
    """
    return np.stack([np.bincount(channel.ravel(), minlength=_LEVELS) for channel in frames.swapaxes(0, 1)])


def pixel_stats(counts: npt.NDArray[np.int64], num_frames: int) -> dict[str, list[Any]]:
    """Describe a video feature: levels are scaled to [0, 1].

    Args:
        counts: what `pixel_counts` returned, (C, 256).
        num_frames: frames that were counted.

    Returns:
        Each statistic as a nested list (C, 1, 1), `count` as [frames].
    """
    levels = np.arange(_LEVELS) / (_LEVELS - 1)
    shares = counts / counts.sum(axis=1, keepdims=True)
    mean = shares @ levels
    found = {
        "min": np.array([levels[np.flatnonzero(channel)[0]] for channel in counts]),
        "max": np.array([levels[np.flatnonzero(channel)[-1]] for channel in counts]),
        "mean": mean,
        "std": np.sqrt(np.maximum(shares @ levels**2 - mean**2, 0.0)),
    }
    for name, share in QUANTILES.items():
        found[name] = np.array([levels[np.searchsorted(np.cumsum(channel), share)] for channel in shares])
    return {name: values[:, None, None].tolist() for name, values in found.items()} | {"count": [num_frames]}


def flat_stats(stats: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Name every statistic as a column of meta/episodes: "stats/<feature>/<statistic>"."""
    return {f"stats/{feature}/{name}": value for feature, found in stats.items() for name, value in found.items()}
