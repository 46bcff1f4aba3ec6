"""A securitised pool of a fleet's robot-hours: its value, its tranches, and both under other risks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from economics import Fleet, Pool, PoolResult, Tranche, simulate_pool, unit_economics
from scripts._panels import COLOURS, finish
from scripts._report import Table

if TYPE_CHECKING:
    from scripts.cash_flow import CashFlowArguments

TRANCHES = (("senior", 0.60, 0.05), ("mezzanine", 0.25, 0.09))
"""Placeholders: name, principal over the quiet value of the pool, coupon [1 / year]; the rest is equity."""
DEFAULTS = (0.0, 0.02, 0.05, 0.10, 0.20)
GROWTHS = (-0.03, 0.0, 0.03)
"""Scenarios of the risk table [1 / year]."""
_STYLES = dict(zip(GROWTHS, (":", "--", "-"), strict=True))
_COLOURS = ("robot", "platform")


def make_pool(fleet: Fleet, arguments: CashFlowArguments) -> Pool | None:
    """Make a pool that gets what the fleet's hours leave after their cost.

    Args:
        fleet: the fleet
        arguments: its risks

    Returns:
        The pool; None where an hour costs as much as it brings.
    """
    left = fleet.captured_usd_per_hour - unit_economics(fleet).cost_usd_per_robot_hour
    if left <= 0.0:
        return None
    names = ("years", "default_per_year", "default_correlation", "wage_growth", "wage_volatility", "discount_rate")
    return Pool(
        robots=arguments.robots,
        hours_per_robot_year=fleet.hours_per_robot_year,
        usd_per_hour=left,
        **{name: getattr(arguments, name) for name in names},
    )


def make_tranches(pool: Pool) -> list[Tranche]:
    """Lend shares of what the pool would be worth without defaults at today's wage."""
    years = np.arange(1.0, pool.years + 1.0)
    yearly = pool.robots * pool.hours_per_robot_year * pool.usd_per_hour
    quiet = yearly * float(((1.0 + pool.discount_rate) ** -years).sum())
    return [Tranche(name, share * quiet, coupon) for name, share, coupon in TRANCHES]


def simulate(pool: Pool, tranches: Sequence[Tranche], arguments: CashFlowArguments) -> PoolResult:
    """Draw the pool's scenarios; the same seed draws the same factors whatever the risks are."""
    return simulate_pool(pool, tranches, np.random.default_rng(arguments.seed), arguments.scenarios)


def pool_table(pool: Pool, result: PoolResult) -> Table:
    """List what the pool is worth."""
    rows = [
        ("usd_per_robot_hour", pool.usd_per_hour),
        ("present_value_usd", result.present_value_usd),
        ("present_value_p05_usd", result.present_value_p05_usd),
        ("present_value_p95_usd", result.present_value_p95_usd),
        ("defaulted_share_of_robots", result.defaulted),
    ]
    title = f"Pool: {pool.years} years, {pool.default_per_year:.1%} default a year, wage {pool.wage_growth:+.1%} a year"
    return Table("pool", title, ("quantity", "value"), rows)


def tranche_table(tranches: Sequence[Tranche], result: PoolResult) -> Table:
    """List the fate of each tranche."""
    rows = [
        [lent.name, lent.principal_usd, lent.coupon, fate.coverage, fate.paid_in_full, fate.expected_loss]
        for lent, fate in zip(tranches, result.tranches, strict=True)
    ]
    columns = ("tranche", "principal_usd", "coupon", "coverage", "paid_in_full", "expected_loss")
    return Table("tranches", "Tranches: coverage is present value of the cash over principal", columns, rows)


def risk_table(pool: Pool, tranches: Sequence[Tranche], arguments: CashFlowArguments) -> Table:
    """Vary default and wage growth; the tranches stay as they were lent.

    Args:
        pool: the pool
        tranches: in the order of payment
        arguments: seed and scenarios

    Returns:
        A row for each pair of default rate and wage growth.
    """
    rows = []
    for growth in GROWTHS:
        for default in DEFAULTS:
            result = simulate(replace(pool, default_per_year=default, wage_growth=growth), tranches, arguments)
            value = (result.present_value_usd, result.present_value_p05_usd, result.present_value_p95_usd)
            rows.append([default, growth, *value, *(fate.paid_in_full for fate in result.tranches)])
    columns = ["default_per_year", "wage_growth", "present_value_usd", "p05_usd", "p95_usd"]
    columns += [f"{tranche.name}_paid_in_full" for tranche in tranches]
    return Table("risks", "The pool under other risks", columns, rows)


def draw_risks(value: Any, paid: Any, risks: Table) -> None:
    """Draw the pool's value and the tranches' chance of being paid in full over the default rate.

    Args:
        value: axes of the value
        paid: axes of the tranches
        risks: what `risk_table` gave
    """
    wages = [(growth, style, f"wage {100.0 * growth:+.0f} %/year") for growth, style in _STYLES.items()]
    paths = {growth: np.array([row for row in risks.rows if row[1] == growth], np.float64) for growth in GROWTHS}
    for growth, style, label in wages:
        path = paths[growth]
        value.plot(100.0 * path[:, 0], 1e-6 * path[:, 2], style, color=COLOURS["robot"], label=label)
    best = paths[GROWTHS[-1]]
    band = (1e-6 * best[:, 3], 1e-6 * best[:, 4])
    shade = f"5 to 95 %, wage {100.0 * GROWTHS[-1]:+.0f} %"
    value.fill_between(100.0 * best[:, 0], *band, color=COLOURS["robot"], alpha=0.15, linewidth=0, label=shade)
    for at, ((name, _, _), colour) in enumerate(zip(TRANCHES, _COLOURS, strict=True), start=5):
        for growth, style, label in wages:
            path = 100.0 * paths[growth]
            paid.plot(path[:, 0], path[:, at], style, color=COLOURS[colour], label=f"{name}, {label}")
    finish(value, "default rate [%/year]", "present value [million $]", "What the pool is worth")
    finish(paid, "default rate [%/year]", "scenarios paid in full [%]", "Which tranche is paid")
