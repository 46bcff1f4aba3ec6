"""Pictures of a frontier: heat maps over speed and care, and the trade between output, errors and profit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from economics import Prices, profit_rate
from scripts._frontier_checks import FEASIBLE_MP_PER_HOUR, best_row, feasible, feasible_by_formula, formula_rates
from scripts._frontier_table import FrontierRow, columns_of
from v2p_sim.tasks.dishwashing import DishwashingConfig, optimal_action

HEAT_MAPS = "heat_maps.png"
FRONTIER = "frontier.png"
_MAPS = (
    ("attempts_per_hour", "attempts [1/h]", 1.0, "viridis"),
    ("err", "error rate [%]", 100.0, "magma_r"),
    ("mp", "marginal product [units/h]", 1.0, "viridis"),
    ("profit", "profit [$/h]", 1.0, "cividis"),
)
_BEST, _OPTIMUM, _FEASIBLE = "#e4572e", "#ffffff", "#2a9d3f"


def draw_heat_maps(
    path: Path,
    rows: Sequence[FrontierRow],
    title: str,
    err_limit: float,
    formula: tuple[DishwashingConfig, Prices] | None = None,
) -> None:
    """Draw what each action gives; feasible points are ringed, the best is starred, the formula's optimum crossed.

    Args:
        path: the PNG
        rows: measured points
        title: heading
        err_limit: largest error rate of the feasible set
        formula: constants of the abstract task and the prices; None for a task without a formula
    """
    from matplotlib.figure import Figure

    at = columns_of(rows)
    figure = Figure(figsize=(11, 9), dpi=100, layout="constrained")
    axes: Any = figure.subplots(2, 2)
    for axis, (name, label, scale, colours) in zip(axes.flat, _MAPS, strict=True):
        cares, speeds, values = _grid(at, name)
        shown = axis.pcolormesh(cares, speeds, values * scale, cmap=colours, shading="nearest")
        figure.colorbar(shown, ax=axis, label=label)
        mark(axis, rows, err_limit, formula)
        axis.set_xlabel("care")
        axis.set_ylabel("speed")
    axes.flat[-1].legend(loc="lower left", fontsize=8)
    figure.suptitle(title)
    figure.savefig(path)


def draw_frontier(path: Path, rows: Sequence[FrontierRow], title: str, err_limit: float, prices: Prices) -> None:
    """Draw errors against output with 95 % intervals, and profit against care, one curve a speed.

    Args:
        path: the PNG
        rows: measured points
        title: heading
        err_limit: largest error rate of the feasible set
        prices: what the work is worth
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 5.4), dpi=100, layout="constrained")
    left, right = figure.subplots(1, 2)
    shown = _draw_trade(left, rows, err_limit)
    figure.colorbar(shown, ax=left, label="profit [$/h]")
    _draw_profit(right, rows, prices)
    for axis in (left, right):
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False, fontsize=8)
    figure.suptitle(title)
    figure.savefig(path)


def mark(
    axis: Any, rows: Sequence[FrontierRow], err_limit: float, formula: tuple[DishwashingConfig, Prices] | None
) -> None:
    """Ring the feasible points and star the best; with a formula, cross its optimum and outline its feasible set.

    Args:
        axis: care to the right, speed upwards
        rows: measured points
        err_limit: largest error rate of the feasible set
        formula: constants of the abstract task and the prices, or None
    """
    at = columns_of(rows)
    fit = feasible(at["mp"], at["err"], err_limit)
    axis.plot(at["care"][fit], at["speed"][fit], "o", mfc="none", color=_FEASIBLE, markersize=9, label="feasible")
    best = best_row(rows)
    axis.plot(best.care, best.speed, "*", color=_BEST, markersize=13, label=f"best: {best.profit:.2f} $/h")
    if formula is None:
        return
    action = optimal_action(*formula)
    axis.plot(action[1], action[0], "P", color=_OPTIMUM, mec="black", markersize=10, label="closed-form optimum")
    speed, care = np.meshgrid(np.linspace(0.4, 1.0, 121), np.linspace(0.0, 1.0, 121), indexing="ij")
    pace, err, _ = formula_rates(speed, care, *formula)
    inside = feasible_by_formula(pace, err, err_limit).astype(float)
    axis.contour(care, speed, inside, levels=[0.5], colors=_FEASIBLE, linewidths=1.2)


def efficient(mp: npt.NDArray[np.float64], err: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the points that no other beats in output and errors both, by rising output."""
    order = np.lexsort((err, -mp))
    least = np.minimum.accumulate(np.concatenate([[np.inf], err[order]]))
    return order[err[order] < least[:-1]][::-1]


def _draw_trade(axis: Any, rows: Sequence[FrontierRow], err_limit: float) -> Any:
    at = columns_of(rows)
    reach = 100.0 * np.maximum([at["err"] - at["err_low"], at["err_high"] - at["err"]], 0.0)
    axis.errorbar(at["mp"], 100.0 * at["err"], reach, fmt="none", ecolor="#bbbbbb", linewidth=0.8, zorder=1)
    shown = axis.scatter(at["mp"], 100.0 * at["err"], c=at["profit"], cmap="cividis", s=28, zorder=2)
    edge = efficient(at["mp"], at["err"])
    axis.plot(at["mp"][edge], 100.0 * at["err"][edge], color="#4c78a8", label="no other point beats both", zorder=1)
    best = best_row(rows)
    label = f"best: {best.profit:.2f} $/h at speed {best.speed:.2f}, care {best.care:.2f}"
    axis.plot(best.mp, 100.0 * best.err, "*", color=_BEST, markersize=14, label=label, zorder=3)
    axis.axvline(FEASIBLE_MP_PER_HOUR, color=_FEASIBLE, linestyle="--", linewidth=1)
    axis.axhline(100.0 * err_limit, color=_FEASIBLE, linestyle="--", linewidth=1, label="feasible: right below")
    axis.set_xlabel("marginal product [units/h]")
    axis.set_ylabel("error rate [%], 95 % Wilson intervals")
    return shown


def _draw_profit(axis: Any, rows: Sequence[FrontierRow], prices: Prices) -> None:
    from matplotlib import colormaps

    at = columns_of(rows)
    costs = (prices.price_usd, prices.damage_usd, prices.energy_usd_per_hour)
    speeds = np.unique(at["speed"])
    for speed, shade in zip(speeds, colormaps["viridis"](np.linspace(0.0, 0.9, len(speeds))), strict=True):
        here = at["speed"] == speed
        care, pace = at["care"][here], at["attempts_per_hour"][here]
        worst, best = (
            np.asarray(profit_rate(pace * (1.0 - at[name][here]), at[name][here], *costs))
            for name in ("err_high", "err_low")
        )
        axis.plot(care, at["profit"][here], color=shade, label=f"speed {speed:.2f}")
        axis.fill_between(care, worst, best, color=shade, alpha=0.06, linewidth=0)
    axis.set_xlabel("care")
    axis.set_ylabel("profit [$/h]")


def _grid(at: dict[str, npt.NDArray[np.float64]], name: str) -> tuple[Any, Any, npt.NDArray[np.float64]]:
    speeds, rows = np.unique(at["speed"], return_inverse=True)
    cares, columns = np.unique(at["care"], return_inverse=True)
    values = np.full((len(speeds), len(cares)), np.nan)
    values[rows, columns] = at[name]
    return cares, speeds, values
