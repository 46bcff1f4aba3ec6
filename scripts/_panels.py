"""One look for every picture of money: panels in a grid, labels with units, the legend below its panel."""

from __future__ import annotations

import textwrap
from typing import Any

TITLE_CHARACTERS = 60
"""What fits on one line above a column of panels."""

COLOURS = {
    "wage": "#6b6b6b",
    "robot": "#4c78a8",
    "customer": "#2a9d3f",
    "platform": "#e4572e",
    "other": "#b279a2",
    "faint": "#bbbbbb",
}
"""Who or what a line is about; the same in every picture."""


def make_panels(title: str, rows: int = 2, columns: int = 2) -> tuple[Any, list[Any]]:
    """Make a figure of panels.

    Args:
        title: of the figure
        rows: of panels
        columns: of panels

    Returns:
        The figure, and its axes row by row.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6 * columns, 4.0 * rows), dpi=100, layout="constrained")
    axes: Any = figure.subplots(rows, columns, squeeze=False)
    # Titles name folders, which can be long.
    figure.suptitle(textwrap.fill(title, TITLE_CHARACTERS * columns, break_long_words=False), fontsize=12)
    return figure, list(axes.flat)


def whole_ticks(axis: Any) -> None:
    """Put ticks at whole numbers alone: there is no half an episode."""
    axis.xaxis.get_major_locator().set_params(integer=True)


def finish(axis: Any, x: str, y: str, title: str = "") -> None:
    """Label a finished panel and put its legend where no data is.

    Args:
        axis: the panel
        x: label of the horizontal axis, with its unit
        y: label of the vertical axis, with its unit
        title: what the panel shows
    """
    axis.set_xlabel(x)
    axis.set_ylabel(y)
    axis.set_title(title, fontsize=10)
    axis.grid(alpha=0.25)
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    names = axis.get_legend_handles_labels()[1]
    if names:
        columns = 2 if len(names) in (2, 4) or max(map(len, names)) > 20 else min(3, len(names))
        axis.legend(frameon=False, fontsize=8, ncols=columns, loc="upper center", bbox_to_anchor=(0.5, -0.14))
