"""What a comparison of agents shows: one table, one picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scripts._compare import QUANTITIES, Outcome
from scripts._iqm import draw_band, iqm_of
from scripts._panels import finish, make_panels
from scripts._report import Table

COLOURS = ("#e4572e", "#4c78a8", "#2a9d3f", "#b279a2", "#6b6b6b")
COLUMNS = (
    "agent",
    "seeds",
    "profit",
    "low_95",
    "high_95",
    "mp_per_hour",
    "err_rate",
    "parity",
    "of_optimum",
    "wall_min",
)


def agents_table(outcomes: Sequence[Outcome]) -> Table:
    """List what each agent reached: interquartile means over its seeds.

    Args:
        outcomes: of every agent and seed

    Returns:
        A row an agent, the best profit first: profit [$/h] with the bounds of its 95 % interval, units an hour, error
        rate, parity, fraction of the optimum, minutes of training or search.
    """
    rows = []
    for agent, own in by_agent(outcomes).items():
        profit = iqm_of([one.scores["profit_usd_per_hour"] for one in own])
        others = [iqm_of([one.scores[name] for one in own])["iqm"] for name in QUANTITIES[1:]]
        wall_min = iqm_of([one.wall_min for one in own])["iqm"]
        rows.append((agent, len(own), *profit.values(), *others, wall_min))
    rows.sort(key=lambda row: -row[2])
    task, shifts = outcomes[0].task, outcomes[0].shifts
    title = f"{task}, {shifts} greedy shifts a seed, interquartile means over seeds, 95 % stratified bootstrap"
    return Table("compare_agents", title, COLUMNS, rows)


def seeds_table(outcomes: Sequence[Outcome]) -> Table:
    """List what each agent reached with each seed.

    Args:
        outcomes: of every agent and seed
    """
    rows = [(one.agent, one.seed, *(one.scores[name] for name in QUANTITIES), one.wall_min) for one in outcomes]
    return Table("seeds", "Each seed", ("agent", "seed", *QUANTITIES, "wall_min"), rows)


def draw_agents(outcomes: Sequence[Outcome]) -> Any:
    """Draw the profit of greedy shifts over the shifts trained, with bands; a policy that does not learn is a level.

    Args:
        outcomes: of every agent and seed

    Returns:
        The figure.
    """
    figure, (axis,) = make_panels(f"{outcomes[0].task}: what agents earn", 1, 1)
    last = max((episode for one in outcomes for episode in one.curve), default=1)
    for place, (agent, own) in enumerate(by_agent(outcomes).items()):
        curves: dict[int, list[float]] = {}
        for one in own:
            level = one.scores["profit_usd_per_hour"]
            for episode, profit in (one.curve if one.curve else {0: level, last: level}).items():
                curves.setdefault(episode, []).append(profit)
        # Where only some seeds were evaluated a mean of theirs would be a step aside, not one of learning.
        most = max(map(len, curves.values()))
        curves = {episode: profits for episode, profits in curves.items() if len(profits) == most}
        draw_band(axis, curves, agent, COLOURS[place % len(COLOURS)])
    finish(axis, "shifts trained", "greedy profit [$/h], IQM over seeds, 95 %")
    return figure


def by_agent(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """Group outcomes by agent, in their order."""
    found: dict[str, list[Outcome]] = {}
    for one in outcomes:
        found.setdefault(one.agent, []).append(one)
    return found
