"""What the benchmark of novelty found: a table, CSV, JSON and pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scripts._frontier_table import write_table
from scripts._novelty_auroc import MEAN, Interval
from scripts._novelty_measure import GOAL_AUROC, OBSERVATION, SHIFT
from scripts._runs import versions, write_json

CSV_FILE, JSON_FILE, PLOT, EXAMPLES = "auroc.csv", "novelty.json", "auroc.png", "examples.png"
_COLOURS = ("#4c78a8", "#e4572e", "#2a9d3f")


@dataclass(frozen=True)
class AurocRow:
    """A cell of the table: AUROC with its 95 % interval, of what unit (observation, shift), and what it rests on."""

    unit: str
    anomaly: str
    measure: str
    auroc: float
    low: float
    high: float
    observations: int
    shifts: int


def table_rows(
    auroc: Mapping[str, Mapping[str, Interval]], counts: Mapping[str, tuple[int, int]], unit: str
) -> list[AurocRow]:
    """List all results, anomaly by anomaly, the mean last.

    Args:
        auroc: intervals by measure and anomaly
        counts: observations and shifts by anomaly
        unit: what was scored

    Returns:
        The rows.
    """
    total = (sum(own for own, _ in counts.values()), sum(shifts for _, shifts in counts.values()))
    rows = []
    for anomaly in (*counts, MEAN):
        seen, shifts = counts.get(anomaly, total)
        for measure, found in auroc.items():
            own = found[anomaly]
            rows.append(AurocRow(unit, anomaly, measure, own.value, own.low, own.high, seen, shifts))
    return rows


def table_text(rows: Sequence[AurocRow]) -> str:
    """Write the rows as tables, one a unit, measures side by side."""
    units = dict.fromkeys(row.unit for row in rows)
    return "\n".join(_unit_text([row for row in rows if row.unit == unit]) for unit in units)


def _unit_text(rows: Sequence[AurocRow]) -> str:
    measures = list(dict.fromkeys(row.measure for row in rows))
    cells = {(row.anomaly, row.measure): row for row in rows}
    lines = [f"{rows[0].unit:<13}{'seen':>7}{'shifts':>8}" + "".join(f"{name:>23}" for name in measures)]
    for anomaly in dict.fromkeys(row.anomaly for row in rows):
        own = [cells[anomaly, measure] for measure in measures]
        figures = "".join(
            f"{'not seen':>23}" if math.isnan(row.auroc) else f"{row.auroc:>8.3f} [{row.low:.3f}, {row.high:.3f}]"
            for row in own
        )
        lines.append(f"{anomaly:<13}{own[0].observations:>7}{own[0].shifts:>8}{figures}")
    return "\n".join(lines)


def verdict_text(found: Mapping[str, Any]) -> str:
    """Say what was asked and what was reached.

    Args:
        found: what `judge` returned, by unit
    """
    return "\n".join(_verdict_text(unit, own) for unit, own in found.items())


def _verdict_text(unit: str, found: Mapping[str, Any]) -> str:
    mean, margin = found["auroc"]["diffusion"][MEAN], found["margin"]
    reached = {name: "reached" if holds else "not reached" for name, holds in found["goals"].items()}
    lead = f"{margin.value:+.3f} [{margin.low:+.3f}, {margin.high:+.3f}]"
    return (
        f"{unit}s: diffusion's mean AUROC {mean.value:.3f}, asked {GOAL_AUROC:.2f}: {reached['mean_auroc']};"
        f" over the best baseline, {found['best_baseline']}: {lead}, asked at least 0:"
        f" {reached['not_below_the_best_baseline']}"
    )


def write_report(
    root: Path, found: Mapping[str, Any], counts: Mapping[str, tuple[int, int]], about: Mapping[str, Any]
) -> list[AurocRow]:
    """Write auroc.csv, novelty.json and auroc.png.

    Args:
        root: folder
        found: what `judge` returned, by unit
        counts: observations and shifts by anomaly
        about: what was measured, for the JSON and the title

    Returns:
        The rows of the table.
    """
    of_units = {OBSERVATION: counts, SHIFT: {name: (shifts, shifts) for name, (_, shifts) in counts.items()}}
    rows = [row for unit, own in found.items() for row in table_rows(own["auroc"], of_units[unit], unit)]
    write_table(root / CSV_FILE, rows, AurocRow)
    plain = {unit: _plain(own) for unit, own in found.items()}
    seen = {name: {"observations": own, "shifts": shifts} for name, (own, shifts) in counts.items()}
    whole = {**about, "interval": "95 %, bootstrap over shifts", **plain, "seen": seen, "versions": versions()}
    write_json(root / JSON_FILE, whole)
    draw_bars(root / PLOT, rows, f"{about['task']}, {about['encoder']}: novelty of what was never seen")
    return rows


def _plain(found: Mapping[str, Any]) -> dict[str, Any]:
    """Write the intervals of what `judge` returned as dictionaries."""
    auroc = {measure: {name: asdict(own) for name, own in each.items()} for measure, each in found["auroc"].items()}
    return {**found, "auroc": auroc, "margin": asdict(found["margin"])}


def draw_bars(path: Path, rows: Sequence[AurocRow], title: str) -> None:
    """Draw the AUROC of each anomaly, a panel a unit, measures side by side, with 95 % intervals.

    Args:
        path: the PNG
        rows: what to draw
        title: heading
    """
    from matplotlib.figure import Figure

    units = list(dict.fromkeys(row.unit for row in rows))
    figure = Figure(figsize=(10, 1.0 + 3.4 * len(units)), dpi=100, layout="constrained")
    for axis, unit in zip(figure.subplots(len(units), 1, squeeze=False)[:, 0], units, strict=True):
        _draw_unit(axis, [row for row in rows if row.unit == unit])
        axis.set_title(f"single {unit}s" if unit == OBSERVATION else f"whole {unit}s", fontsize=10)
    figure.suptitle(title)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, fontsize=8, ncols=5, loc="outside lower center")
    figure.savefig(path)


def _draw_unit(axis: Any, rows: Sequence[AurocRow]) -> None:
    anomalies, measures = (list(dict.fromkeys(getattr(row, key) for row in rows)) for key in ("anomaly", "measure"))
    width = 0.8 / len(measures)
    for place, measure in enumerate(measures):
        own = [row for row in rows if row.measure == measure]
        at = np.arange(len(own)) + (place - 0.5 * (len(measures) - 1)) * width
        value, low, high = (np.array([getattr(row, key) for row in own]) for key in ("auroc", "low", "high"))
        reach = np.maximum([value - low, high - value], 0.0)
        axis.bar(at, value, width, yerr=reach, capsize=3, color=_COLOURS[place % len(_COLOURS)], label=measure)
    axis.axhline(0.5, color="#999999", linewidth=1, linestyle="--", label="chance")
    asked = f"asked of diffusion's mean: {GOAL_AUROC:g}"
    axis.axhline(GOAL_AUROC, color="#333333", linewidth=1, linestyle=":", label=asked)
    axis.set_xticks(np.arange(len(anomalies)), anomalies)
    axis.set_ylim(0.0, 1.05)
    axis.set_ylabel("AUROC, 95 %")
    axis.spines[["top", "right"]].set_visible(False)


def draw_examples(path: Path, frames: Mapping[str, npt.NDArray[np.uint8]]) -> None:
    """Draw one frame of each case, so that one can see what was told apart.

    Args:
        path: the PNG
        frames: (H, W, 3) by case
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.0 * len(frames), 2.4), dpi=100, layout="constrained")
    axes: Any = np.atleast_1d(figure.subplots(1, len(frames)))
    for axis, (name, frame) in zip(axes, frames.items(), strict=True):
        axis.imshow(frame, interpolation="nearest")
        axis.set_title(name, fontsize=10)
        axis.set_axis_off()
    figure.savefig(path)
