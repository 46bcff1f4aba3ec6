"""The four claims on simulated paths of an economy that uses such robots, with rebates and without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from economics import (
    MacroConfig,
    MacroPath,
    check_ledger,
    consumer_surplus,
    sensitivity_table,
    simulate_macro,
)
from scripts._claims import Evidence
from scripts._ledger_file import Ledger, Source, chosen
from scripts._report import Table

PRODUCTS = (0.8, 0.9, 1.0, 1.1, 1.2)
"""Factors on the robot's marginal product: one path each, for the claims that compare robots."""


def last_work(source: Source, last: int) -> tuple[float, float]:
    """Return marginal product [units/h] and error rate of the last shifts, pooled.

    Args:
        source: the ledger
        last: shifts that count

    Returns:
        Completed units over hours, and errors over attempts.
    """
    shifts = chosen(source.recorded, slice(-last, None))
    hours, attempts = shifts["hours"].sum(), shifts["attempts"].sum()
    return float(shifts["completed"].sum() / hours), float(shifts["errors"].sum() / max(attempts, 1.0))


def macro_evidence(economy: MacroConfig) -> list[Evidence]:
    """Simulate paths of robots that make 0.8 to 1.2 of the units, and put the claims to them.

    Claims 1 to 3 look at all years of all paths, claim 4 at the path of the robot itself.

    Args:
        economy: of the robot itself

    Returns:
        Without rebates, the counter-example; and with them.

    Raises:
        ValueError: the robot's work is worth nothing in this economy.
    """
    found = []
    for name, rebates in (("macro, rebates off", False), ("macro, rebates on", True)):
        paths = [simulate_macro(replace(economy, mp_r=k * economy.mp_r, rebates=rebates)) for k in PRODUCTS]
        ledgers = [path_ledger(path, k * economy.mp_r) for k, path in zip(PRODUCTS, paths, strict=True)]
        pool = {column: np.concatenate([ledger[column] for ledger in ledgers]) for column in ledgers[0]}
        middle = PRODUCTS.index(1.0)
        own = paths[middle]
        claims = (*check_ledger(pool)[:3], own.deflation())
        path = (ledgers[middle], own.year, own.mean_adoption, own.relative_price)
        found.append(Evidence(name, claims, *path, pool))
    return found


def path_ledger(path: MacroPath, mp_r: float) -> Ledger:
    """Write a path as a ledger of one robot-hour a year.

    Args:
        path: the economy
        mp_r: of its robot [units/h]

    Returns:
        The columns that the claims need, each of shape (years + 1,).
    """
    wage, captured = path.wage_usd_per_hour, path.captured_usd_per_hour
    w_hat = path.parity * wage
    return {
        "mp_r": np.full(len(wage), mp_r),
        "hours": np.ones(len(wage)),
        "w_hat_r": w_hat,
        "w_h": wage,
        "spread_value": path.rebate_usd_per_hour + captured,
        "rebate": path.rebate_usd_per_hour,
        "captured_spread": captured,
        "consumer_surplus": np.asarray(consumer_surplus(w_hat, wage, captured)),
        "year": path.year,
        "adoption": path.mean_adoption,
        "tfp": path.tfp,
        "price_level": path.price_level,
        "unit_price_usd": path.unit_price_usd,
        "relative_price": path.relative_price,
    }


def paths_table(evidence: Sequence[Evidence]) -> Table:
    """List every year of every path."""
    columns = tuple(evidence[0].pool)
    rows: list[list[Any]] = []
    for found in evidence:
        rows += [[found.name, *map(float, row)] for row in zip(*found.pool.values(), strict=True)]
    return Table("paths", "Every year of every path", ("where", *columns), rows)


def sensitivity(economy: MacroConfig) -> Table:
    """List where the fourth claim holds as the elasticities vary, with rebates and without."""
    rows = sensitivity_table(economy)
    cells = [
        [("on" if value else "off") if name == "rebates" else value for name, value in row.items()] for row in rows
    ]
    title = f"Claim 4 after {economy.years} years, over elasticities (inputs, not estimates)"
    return Table("sensitivity", title, tuple(rows[0]), cells)
