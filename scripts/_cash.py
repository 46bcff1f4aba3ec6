"""A fleet's yearly cash and what it is worth today: tables and pictures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from economics import Fleet, fleet_cash_flows, irr, npv, payback_years, retained_share
from scripts._explain import UsageError
from scripts._fleet import fleets
from scripts._ledger_file import open_source
from scripts._panels import COLOURS, finish, make_panels, whole_ticks
from scripts._report import Table

if TYPE_CHECKING:
    from scripts.cash_flow import CashFlowArguments

RATES = np.linspace(0.0, 0.5, 101)
"""Discount rates that the picture shows [1 / year]."""


def choose_fleet(arguments: CashFlowArguments) -> tuple[Fleet, list[str]]:
    """Make the fleet of a run, or of the reference figures.

    Args:
        arguments: of the command line

    Returns:
        The fleet, and lines that say where its numbers are from.

    Raises:
        UsageError: the run folder is wrong, or its spread was never measured in this view.
    """
    risks = "PLACEHOLDERS: capex, churn, discount and default rates, wage growth, tranches"
    if arguments.run_dir is None:
        size = (arguments.robots, arguments.hours_per_robot_year)
        fleet = Fleet(*size, cost_usd_per_robot_year=arguments.cost_usd_per_robot_year)
        split = "its rebate and captured are means of other episodes and are no split of one spread"
        return fleet, [f"the project's reference figures, not market data; {split}", risks]
    source = open_source(arguments.run_dir, arguments.seed)
    view = arguments.view.replace("_", " ")
    found = fleets(source, arguments)
    if view not in found:
        raise UsageError(f"view: {arguments.run_dir} has no spread recorded; nearest valid: as_if")
    return found[view], [
        *source.notes,
        f"view:     {view}, the last {min(arguments.last, len(source.episodes))} shifts",
        risks,
    ]


def cash_table(fleet: Fleet, arguments: CashFlowArguments) -> Table:
    """List each year's cash, its sum so far and its present value."""
    flows = _flows(fleet, arguments)
    years = np.arange(len(flows))
    present = flows / (1.0 + arguments.discount_rate) ** years
    staying = [1.0, *np.asarray(retained_share(arguments.churn_per_year, years[:-1].astype(np.float64))).tolist()]
    columns = ("year", "customers", "cash_usd", "cumulated_usd", "present_usd", "cumulated_present_usd")
    paths = (staying, flows, flows.cumsum(), present, present.cumsum())
    rows = [[int(year), *map(float, row)] for year, *row in zip(years, *paths, strict=True)]
    return Table("cash", "Cash at the end of each year, at today's wage; customers: share still there", columns, rows)


def value_table(fleet: Fleet, arguments: CashFlowArguments) -> Table:
    """List NPV, IRR and payback; nan where there is no such rate, inf where the cash never comes back."""
    flows, rate = _flows(fleet, arguments), arguments.discount_rate
    rows = [
        ("npv_usd", float(npv(rate, flows))),
        ("npv_usd_per_robot", float(npv(rate, flows)) / fleet.robots),
        ("irr_per_year", _irr(flows)),
        ("payback_years", payback_years(flows)),
        ("discounted_payback_years", payback_years(flows, rate)),
    ]
    return Table("value", f"Worth at {rate:.1%} a year", ("quantity", "value"), rows)


def draw_cash(fleet: Fleet, arguments: CashFlowArguments, risks: Table | None) -> Any:
    """Draw the cash, its value over discount rates, and the pool's value and tranches over default rates.

    Args:
        fleet: the fleet
        arguments: of the command line
        risks: the pool under other risks, or None where there is no pool

    Returns:
        The figure.
    """
    where = f"last shifts of {arguments.run_dir}" if arguments.run_dir else "reference figures"
    rows = 1 if risks is None else 2
    figure, axes = make_panels(f"A fleet of {fleet.robots:,.0f}, {where}; risks: placeholders", rows)
    flows = _flows(fleet, arguments)
    years = np.arange(len(flows))
    colours = [COLOURS["robot" if flow >= 0.0 else "platform"] for flow in flows]
    axes[0].bar(years, 1e-6 * flows, 0.6, color=colours)
    axes[0].plot(years, 1e-6 * flows.cumsum(), "o-", color="#222222", markersize=4, label="cumulated")
    axes[0].axhline(0.0, color=COLOURS["faint"], linewidth=1)
    whole_ticks(axes[0])
    finish(axes[0], "year", "cash [million $]", "Cash at the end of each year")
    axes[1].plot(100.0 * RATES, 1e-6 * np.asarray(npv(RATES, flows)), color=COLOURS["robot"], label="NPV")
    axes[1].axhline(0.0, color=COLOURS["faint"], linewidth=1)
    rate = _irr(flows)
    if 0.0 <= rate <= RATES[-1]:
        axes[1].plot(100.0 * rate, 0.0, "o", color=COLOURS["platform"], label=f"IRR {rate:.1%}")
    here = 1e-6 * float(npv(arguments.discount_rate, flows))
    axes[1].plot(100.0 * arguments.discount_rate, here, "s", color="#222222", label="at the discount rate")
    finish(axes[1], "discount rate [%/year]", "NPV [million $]", "What the cash is worth")
    if risks is not None:
        from scripts._pool import draw_risks

        draw_risks(axes[2], axes[3], risks)
    return figure


def _flows(fleet: Fleet, arguments: CashFlowArguments) -> npt.NDArray[np.float64]:
    return fleet_cash_flows(fleet, arguments.years, arguments.capex_usd_per_robot, arguments.churn_per_year)


def _irr(flows: npt.NDArray[np.float64]) -> float:
    """Return the internal rate of return, nan where there is no single one."""
    try:
        return irr(flows)
    except ValueError:
        return math.nan
