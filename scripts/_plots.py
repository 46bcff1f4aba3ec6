"""Plots of a run: what was earned, made and broken, shift by shift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scripts._evaluate import whole

Rows = Sequence[Mapping[str, str]]

WINDOW = 10  # shifts of the running mean
_TRAIN, _EVAL, _REFERENCE = "#4c78a8", "#e4572e", "#6b6b6b"


@dataclass(frozen=True)
class Panel:
    """One quantity over the shifts.

    Attributes:
        column: its column in train.csv, and the plot's file name
        label: axis label with its unit
        scale: factor from the column to the axis
        reference: column of a reference line, or None
        reference_label: its name in the legend
    """

    column: str
    label: str
    scale: float = 1.0
    reference: str | None = None
    reference_label: str = ""


PANELS = (
    Panel("profit", "profit [$/h]"),
    Panel("mp_r", "marginal product [units/h]"),
    Panel("err_rate", "error rate [%]", 100.0, "err_target", "target e*"),
    Panel("wage_parity", "wage parity, robot / human [-]"),
    Panel("lambda_dual", "lambda [$/error]"),
)


def draw_plots(folder: Path, train: Rows, evaluation: Rows, title: str) -> list[Path]:
    """Draw each quantity into its own file, and all of them into overview.png.

    Args:
        folder: where the PNGs go
        train: rows of train.csv
        evaluation: rows of eval.csv
        title: what run this is

    Returns:
        The files.
    """
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for panel in PANELS:
        figure = Figure(figsize=(7.2, 4.2), dpi=110)
        figure.subplots_adjust(left=0.11, right=0.97, bottom=0.13, top=0.91)
        _draw(figure.subplots(), panel, train, evaluation)
        figure.suptitle(title, fontsize=11)
        files.append(folder / f"{panel.column}.png")
        figure.savefig(files[-1])
    figure = Figure(figsize=(13, 7.2), dpi=100)
    figure.subplots_adjust(left=0.06, right=0.98, bottom=0.08, top=0.93, wspace=0.26, hspace=0.28)
    axes: Any = figure.subplots(2, 3)
    for axis, panel in zip(axes.flat, PANELS, strict=False):
        _draw(axis, panel, train, evaluation)
    axes.flat[-1].set_visible(False)
    figure.suptitle(title, fontsize=12)
    files.append(folder / "overview.png")
    figure.savefig(files[-1])
    return files


def column(rows: Rows, name: str) -> npt.NDArray[np.float64]:
    """Read one column as numbers."""
    return np.array([float(row[name]) for row in rows])


def running_mean(values: npt.NDArray[np.float64], window: int = WINDOW) -> npt.NDArray[np.float64]:
    """Average each value with up to window - 1 values before it."""
    if len(values) == 0:
        return values
    sums = np.cumsum(np.concatenate([[0.0], values]))
    last = np.arange(1, len(values) + 1)
    first = np.maximum(0, last - window)
    return (sums[last] - sums[first]) / (last - first)


def _draw(axis: Any, panel: Panel, train: Rows, evaluation: Rows) -> None:
    episodes, values = column(train, "episode"), column(train, panel.column) * panel.scale
    if panel.column == "lambda_dual":
        axis.plot(episodes, values, color=_TRAIN, label="training")
    else:
        axis.plot(episodes, values, ".", color=_TRAIN, alpha=0.35, markersize=4, label="training shift")
        axis.plot(episodes, running_mean(values), color=_TRAIN, label=f"training, mean of {WINDOW}")
        _draw_evaluation(axis, panel, evaluation)
    if panel.reference is not None:
        target = column(train, panel.reference) * panel.scale
        axis.plot(episodes, target, "--", color=_REFERENCE, label=panel.reference_label)
    if panel.column == "wage_parity":
        axis.axhline(1.0, color=_REFERENCE, linestyle="--", label="human")
    axis.set_xlabel("episode [shifts]")
    axis.set_ylabel(panel.label)
    axis.grid(alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, fontsize=8)


def _draw_evaluation(axis: Any, panel: Panel, evaluation: Rows) -> None:
    """Greedy evaluations: mean, and the range over their shifts."""
    evaluation = whole(evaluation)
    if not evaluation or panel.column not in evaluation[0]:
        return
    episodes, values = column(evaluation, "episode"), column(evaluation, panel.column) * panel.scale
    at = np.unique(episodes)
    groups = [values[episodes == episode] for episode in at]
    means = np.array([group.mean() for group in groups])
    reach = np.array([[group.mean() - group.min(), group.max() - group.mean()] for group in groups]).T
    axis.errorbar(at, means, reach, fmt="o", color=_EVAL, markersize=5, capsize=3, label="greedy evaluation, range")
