"""What a run reached: its evaluation with intervals beside its rivals and its last training shifts, and pictures."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from economics import Fleet, cost_per_human_hour, unit_economics
from scripts._explain import UsageError
from scripts._fleet import VIEWS, hourly
from scripts._ledger_file import Source
from scripts._panels import COLOURS, finish, make_panels
from scripts._report import Table
from scripts._runs import read_rows

QUANTITIES = {
    "profit_usd_per_hour": "profit",
    "mp_per_hour": "mp_r",
    "err_rate": "err_rate",
    "wage_parity": "wage_parity",
    "lambda_usd_per_error": "lambda_dual",
}
"""From a quantity's name to its column of the ledger."""
Interval = tuple[float, float, float]


def results_table(source: Source, last: int) -> Table:
    """List what each policy reached.

    Args:
        source: the ledger
        last: training shifts that count

    Returns:
        Policy, quantity, mean, bounds of the 95 % interval over shifts, shifts. The shifts of training follow each
        other, so their mean has no interval.
    """
    shifts, rows = min(last, len(source.episodes)), []
    for policy, (count, found) in evaluations(source.root).items():
        rows += [(policy, quantity, *interval, count) for quantity, interval in found.items()]
    for quantity, name in QUANTITIES.items():
        values = _last(source, name, last)
        known = values[np.isfinite(values)]
        mean = float(known.mean()) if len(known) else math.nan
        rows.append((f"last {shifts} training shifts", quantity, mean, math.nan, math.nan, len(known)))
    return Table("results", "Results", ("policy", "quantity", "mean", "low_95", "high_95", "shifts"), rows)


def evaluations(root: Path | None) -> dict[str, tuple[int, dict[str, Interval]]]:
    """Read what a run measured of its policy and its rivals.

    Args:
        root: the run folder, or None

    Returns:
        For each policy its shifts, and of each quantity mean, low and high; of a run without summary.json, the last
        evaluation of eval.csv.

    Raises:
        UsageError: summary.json is damaged.
    """
    if root is None:
        return {}
    path = root / "summary.json"
    if not path.exists():
        return _last_evaluation(root / "eval.csv")
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
        named = {"final evaluation": summary["eval"], "untrained": summary["untrained"], **summary["baselines"]}
        shifts = int(summary["eval"]["shifts"])
        return {name: (shifts - int(found.get("diverged", 0)), _intervals(found)) for name, found in named.items()}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UsageError(f"run_dir: {path} is damaged ({type(error).__name__}); choose another run_dir") from error


def draw_summary(source: Source, fleets: Mapping[str, Fleet], last: int) -> Any:
    """Draw what was reached, where an hour's worth goes, the fleet's year and what a human hour of work costs.

    Args:
        source: the ledger
        fleets: by view
        last: training shifts that count

    Returns:
        The figure.
    """
    figure, (reached, split, year, cost) = make_panels(source.title.split(":")[0])
    _draw_reached(reached, source, last)
    hours = {view: hourly(ledger, last) for view, ledger in zip(VIEWS, (source.recorded, source.valued), strict=True)}
    hours = {view: found for view, found in hours.items() if view in fleets}
    _draw_split(split, hours)
    _draw_year(year, fleets)
    wages = [found["w_h"] for found in hours.values()]
    costs = [float(cost_per_human_hour(f["w_hat_r"], f["w_h"], f["captured_spread"])) for f in hours.values()]
    cost.bar(list(hours), [value if math.isfinite(value) else 0.0 for value in costs], 0.5, color=COLOURS["customer"])
    for place, value in enumerate(costs):
        cost.text(place, min(value, wages[place]) / 2.0, f"{value:.2f}", ha="center", color="white")
    cost.axhline(np.mean(wages), color=COLOURS["wage"], linestyle="--", label="human wage")
    finish(cost, "view of the ledger", "cost [$ per human-equivalent hour]", "What a human hour of work costs")
    return figure


def _draw_reached(axis: Any, source: Source, last: int) -> None:
    found = {name: row["profit_usd_per_hour"] for name, (_, row) in evaluations(source.root).items()}
    profit = _last(source, "profit", last)
    found[f"last {min(last, len(source.episodes))} training shifts"] = (float(np.nanmean(profit)), math.nan, math.nan)
    names = [textwrap.fill(name.replace("constant_", "constant "), 14) for name in found]
    means, lows, highs = np.array(list(found.values())).T
    axis.bar(names, means, 0.6, color=COLOURS["robot"])
    axis.errorbar(range(len(names)), means, [means - lows, highs - means], fmt="none", ecolor="#222222", capsize=4)
    axis.tick_params(axis="x", labelsize=8)
    finish(axis, "policy", "profit [$/h], 95 % interval", "What was reached")


def _draw_split(axis: Any, hours: Mapping[str, Mapping[str, float]]) -> None:
    """Stack where the worth of a robot-hour goes; what errors cost is off already."""
    base = np.zeros(len(hours))
    parts = (
        ("human wage", "w_h", "wage"),
        ("rebate", "rebate", "customer"),
        ("captured", "captured_spread", "platform"),
        ("retained", "retained", "other"),
    )
    for label, name, colour in parts:
        values = np.array([found[name] for found in hours.values()])
        start = np.where(values < 0.0, 0.0, base)  # what is lacking hangs below zero
        axis.bar(list(hours), values, 0.5, bottom=start, color=COLOURS[colour], label=label)
        base = base + np.maximum(values, 0.0)
    axis.set_ylim(top=1.08 * base.max())
    finish(axis, "view of the ledger", "worth of a robot-hour [$/h]", "Where an hour's worth goes")


def _draw_year(axis: Any, fleets: Mapping[str, Fleet]) -> None:
    places = np.arange(len(fleets))
    years = [unit_economics(fleet) for fleet in fleets.values()]
    bars = (("revenue", "platform"), ("cost", "wage"), ("profit", "robot"))
    for at, (name, colour) in enumerate(bars):
        values = [1e-6 * getattr(year, f"{name}_usd_per_year") for year in years]
        axis.bar(places + 0.25 * (at - 1), values, 0.25, color=COLOURS[colour], label=name)
    axis.set_xticks(places, list(fleets))
    finish(axis, "view of the ledger", "fleet [million $/year]", "The fleet's year")


def _last(source: Source, name: str, last: int) -> npt.NDArray[np.float64]:
    """Take a column of the last training shifts, without those whose physics diverged."""
    recorded = {column: source.recorded[column][-last:] for column in (name, "physics_error")}
    return recorded[name][~(recorded["physics_error"] > 0.0)]


def _last_evaluation(path: Path) -> dict[str, tuple[int, dict[str, Interval]]]:
    """Take the newest shifts of eval.csv: a run that was stopped has no summary."""
    rows = read_rows(path)
    if not rows:
        return {}
    from scripts._evaluate import SUMMARY_NAMES, intervals, whole

    newest = rows[-1]["episode"]
    kept = whole([row for row in rows if row["episode"] == newest])
    numbers = [{name: float(row[name]) for name in SUMMARY_NAMES if name in row} for row in kept]
    return {f"evaluation after {newest}": (len(numbers), _intervals(intervals(numbers)))}


def _intervals(found: Mapping[str, Any]) -> dict[str, Interval]:
    """Take the intervals out of a summary; null is what was not measured."""
    rows = {name: row for name, row in found.items() if isinstance(row, Mapping)}
    bounds = ("value", "low", "high")
    numbers = {
        name: [math.nan if row[bound] is None else float(row[bound]) for bound in bounds] for name, row in rows.items()
    }
    return {name: (value, low, high) for name, (value, low, high) in numbers.items()}
