"""How the baselines compare: intervals, paired ratios, the vision premium; as JSON, table, plot and CSV."""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agents.scripted import SearchRound, WorkLayout
from economics import paired_ratio
from scripts._evaluate import diverged, intervals, whole_pairs
from scripts._runs import read_rows, write_atomically

PREMIUMS = (
    ("blind_constant", "over the best constant", 1.12, 1.08),
    ("blind_schedule", "over the best schedule", 1.06, 1.03),
)
"""What the oracle is compared with; the paired ratio that is asked, and its lower 95 % bound."""

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def summarise(rows: Rows) -> dict[str, dict[str, float]]:
    """Sum up the shifts of every baseline.

    Args:
        rows: priced shifts by policy, the same seeds in the same order

    Returns:
        `{name: {profit_usd_per_hour, low, high, err_rate, attempts_per_hour, ..., diverged}}`; a shift that diverged
        for one policy is left out for all.
    """
    whole = whole_pairs(rows)
    return {name: _summary(whole[name]) | {"diverged": diverged(own)} for name, own in rows.items()}


def premiums(rows: Rows, seed: int) -> dict[str, dict[str, Any]]:
    """Compare the oracle with each blind policy, shift by shift.

    Args:
        rows: priced shifts by policy, the same seeds in the same order
        seed: of the bootstrap

    Returns:
        `{rival: {words, value, low, high, asked, asked_low, holds}}`: ratio of the mean profits with its paired 95 %
        interval; empty without an oracle, nan and not held where the rival earns nothing.
    """
    rows = whole_pairs(rows)
    found: dict[str, dict[str, Any]] = {}
    for rival, words, asked, asked_low in PREMIUMS:
        if "oracle" in rows and rival in rows:
            pairs = [[row["profit"] for row in rows[name]] for name in ("oracle", rival)]
            ratio, low, high = (math.nan,) * 3
            if sum(pairs[1]) > 0.0:
                ratio, low, high = paired_ratio(pairs[0], pairs[1], np.random.default_rng(seed))
            bars = {"asked": asked, "asked_low": asked_low, "holds": ratio >= asked and low > asked_low}
            found[rival] = {"words": words, "value": ratio, "low": low, "high": high} | bars
    return found


def table_text(summary: Mapping[str, Any], found: Mapping[str, Mapping[str, Any]]) -> str:
    """Write the comparison as a table and, where there is an oracle, the vision premium.

    Args:
        summary: what `summarise` returned
        found: what `premiums` returned
    """
    lines = [f"{'policy':<16}{'profit $/h':>11}{'95 % low':>10}{'95 % high':>10}{'attempts/h':>12}{'errors %':>10}"]
    for name, own in summary.items():
        lines.append(
            f"{name:<16}{own['profit_usd_per_hour']:>11.2f}{own['low']:>10.2f}{own['high']:>10.2f}"
            f"{own['attempts_per_hour']:>12.1f}{100 * own['err_rate']:>10.2f}"
        )
    for rival, ratio in found.items():
        lines.append(
            f"oracle/{rival}: {ratio['value']:.3f} [{ratio['low']:.3f}, {ratio['high']:.3f}] (paired, 95 %)   asked"
            f" {ratio['asked']:g}, low above {ratio['asked_low']:g}   {'holds' if ratio['holds'] else 'FAILS'}"
        )
    lost = [f"{name} {own['diverged']}" for name, own in summary.items() if own["diverged"]]
    if lost:
        shifts = next(iter(summary.values()))["shifts"]
        lines.append(f"diverged: {', '.join(lost)}; left out for every policy, {shifts} shifts of each count")
    return "\n".join([*lines, premium_text(found)])


def premium_text(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Say the vision premium, or that there is none to be had.

    Args:
        found: what `premiums` returned
    """
    if not found:
        return "this task tells neither kind nor phase: nothing to schedule, nothing to see"
    parts = [f"{100 * (ratio['value'] - 1):.1f} % {ratio['words']}" for ratio in found.values()]
    return "vision premium available: " + ", ".join(parts)


def draw_baselines(path: Path, summary: Mapping[str, Any], title: str) -> None:
    """Draw each policy's profit with its interval.

    Args:
        path: the PNG
        summary: what `summarise` returned
        title: heading, one line or more
    """
    from matplotlib.figure import Figure

    names = list(summary)
    values = np.array([summary[name]["profit_usd_per_hour"] for name in names])
    reach = np.array([[summary[name][bound] for name in names] for bound in ("low", "high")])
    figure = Figure(figsize=(7.2, 4.4), dpi=110, layout="constrained")
    axis = figure.subplots()
    axis.bar(names, values, color=["#9a9a9a", "#4c78a8", "#2a6f97", "#e4572e"][: len(names)], width=0.6)
    axis.errorbar(names, values, np.nan_to_num(np.abs(reach - values)), fmt="none", ecolor="#222222", capsize=5)
    for place, value in enumerate(values):
        axis.text(place, max(value, 0.0) / 2.0, f"{value:.2f}", ha="center", va="center", color="white")
    axis.set_ylabel("profit [$/h], 95 % interval over shifts")
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_title(title, fontsize=10)
    figure.savefig(path)


class TurnLog:
    """Appends the units that a search tried: policy, round, kind, what was done in each phase, what came of it."""

    def __init__(self, path: Path, layout: WorkLayout, causes: Sequence[str], finished: Collection[str]) -> None:
        """Open the file; of the rows that it holds, those of unfinished searches are dropped."""
        self._layout, self._causes = layout, (*causes, "")
        actions = [f"{name}_{phase}" for phase in self._layout.phases for name in ("speed", "care")]
        header = ["policy", "round", "kind", "seconds", "dollars", "attempts", "errors", "cause", *actions]
        kept = [",".join(row.values()) for row in read_rows(path) if row["policy"] in finished]
        write_atomically(path, "\n".join([",".join(header), *kept]) + "\n")
        self._file = path.open("a", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file, lineterminator="\n")

    def write(self, policy: str, done: SearchRound) -> None:
        """Append a round."""
        turns = done.turns
        spread = np.broadcast_to(turns.rows, (len(turns), len(self._layout.phases), turns.rows.shape[-1]))
        for turn in range(len(turns)):
            numbers = (turns.seconds[turn], turns.dollars[turn], turns.attempts[turn], turns.errors[turn])
            counts = [f"{number:.6g}" for number in numbers]
            actions = [f"{value:.4f}" for value in spread[turn].ravel()]
            kind, cause = self._layout.kinds[turns.kind[turn]], self._causes[turns.cause[turn]]
            self._writer.writerow([policy, done.number, kind, *counts, cause, *actions])
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    found = intervals([dict(row) for row in rows])
    totals = {name: sum(row[name] for row in rows) for name in ("attempts", "errors", "completed", "hours")}
    profit, hours = found["profit_usd_per_hour"], totals["hours"] if rows else math.nan
    return {
        "profit_usd_per_hour": profit["value"],
        "low": profit["low"],
        "high": profit["high"],
        "profit_flow_usd_per_hour": found["profit_flow_usd_per_hour"]["value"],
        "err_rate": totals["errors"] / max(totals["attempts"], 1.0) if rows else math.nan,
        "attempts_per_hour": totals["attempts"] / hours,
        "mp_per_hour": totals["completed"] / hours,
        "wage_parity": found["wage_parity"]["value"],
        "shifts": len(rows),
    }
