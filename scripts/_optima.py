"""The optimum of the abstract task at other prices, from its closed form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from economics import Prices, arc_elasticity, implied_robot_wage, wage_parity
from scripts._ledger_file import run_prices
from scripts._panels import COLOURS, finish, make_panels
from scripts._report import Table
from scripts._runs import read_config
from scripts._settings import load_settings
from v2p_sim.tasks.dishwashing_formula import (
    DishwashingConfig,
    attempts_per_hour,
    error_probability,
    optimal_action,
)

DRIVERS = {"price_usd": "price", "damage_usd": "damage cost", "wage_usd_per_hour": "human wage"}
"""From a price to what people call it."""
STEP = 1.05  # factor from the middle to each end of the arc
QUANTITIES = {
    "speed": "speed [-]",
    "care": "care [-]",
    "mp_r": "marginal product [units/h]",
    "err_rate": "error rate [%]",
    "profit": "profit [$/h]",
    "w_hat_r": "implied wage [$/h]",
    "wage_parity": "parity, robot / human [-]",
}
"""From a quantity of the optimum to its label."""
_COLOURS = dict(zip(DRIVERS, ("robot", "platform", "wage"), strict=True))
_STYLES = dict(zip(DRIVERS, ("-", "--", ":"), strict=True))


@dataclass(frozen=True)
class StartingPoint:
    """What is moved away from: where the numbers are from, constants of the task, prices."""

    title: str
    config: DishwashingConfig
    prices: Prices


def starting_point(run_dir: str | None, given: Mapping[str, float]) -> StartingPoint:
    """Take prices and constants of a run, or the reference ones.

    Args:
        run_dir: the run folder, or None
        given: prices that the command line says

    Returns:
        The starting point.

    Raises:
        UsageError: the folder holds no run.
    """
    if run_dir is None:
        prices = replace(Prices(), **given)
        return StartingPoint("closed form at the reference constants (not market data)", DishwashingConfig(), prices)
    root = Path(run_dir).expanduser()
    prices, settings = replace(run_prices(root), **given), load_settings(read_config(root))
    constants = settings.task.constants
    if constants is not None:
        return StartingPoint(f"constants and prices of {root}", DishwashingConfig(**constants.model_dump()), prices)
    formula = "its own" if settings.task.name == "dishwashing" else f"the abstract task's, not {settings.task.name}'s"
    return StartingPoint(f"prices of {root}; the closed form is {formula}", DishwashingConfig(), prices)


def optimum(config: DishwashingConfig, prices: Prices) -> dict[str, float]:
    """Find the best constant action and what it gives.

    Args:
        config: constants of the task
        prices: what the work is worth

    Returns:
        The columns of `QUANTITIES`; err_rate is a fraction.
    """
    speed, care = optimal_action(config, prices)
    err = float(error_probability(speed, care, config))
    mp = float(attempts_per_hour(speed, care, config)) * (1.0 - err)
    wage = float(implied_robot_wage(prices.price_usd, mp, err, prices.damage_usd))
    return {
        "speed": float(speed),
        "care": float(care),
        "mp_r": mp,
        "err_rate": err,
        "profit": wage - prices.energy_usd_per_hour,
        "w_hat_r": wage,
        "wage_parity": float(wage_parity(wage, prices.wage_usd_per_hour)),
    }


def elasticity_table(start: StartingPoint) -> Table:
    """List by how many per cent each quantity moves with 1 % of each price, over an arc of 5 % to either side.

    Args:
        start: the middle of the arc

    Returns:
        A row for the optimum itself and one for each price; nan where a quantity is not above zero.
    """
    rows: list[list[Any]] = [["value at the optimum", math.nan, *optimum(start.config, start.prices).values()]]
    for name, words in DRIVERS.items():
        here = float(getattr(start.prices, name))
        ends = (here / STEP, here * STEP)
        low, high = (optimum(start.config, replace(start.prices, **{name: end})) for end in ends)
        rows.append([f"elasticity to the {words}", here, *(_elasticity(ends, low[q], high[q]) for q in QUANTITIES)])
    return Table("elasticity", "The optimum, and its elasticities", ("row", "at", *QUANTITIES), rows)


def optima_table(start: StartingPoint, factor: float, points: int) -> Table:
    """List the optimum along each price.

    Args:
        start: the middle of the paths
        factor: ends of each path, 1 / factor and factor
        points: of each path

    Returns:
        What is moved, the factor, its value, and the optimum.
    """
    rows = []
    for name in DRIVERS:
        for moved in np.geomspace(1.0 / factor, factor, points).tolist():
            value = moved * getattr(start.prices, name)
            found = optimum(start.config, replace(start.prices, **{name: value}))
            rows.append([name, moved, value, *found.values()])
    return Table("optimum", "The optimum along each price", ("moved", "factor", "value", *QUANTITIES), rows)


def draw_optima(table: Table, start: StartingPoint) -> Any:
    """Draw care, errors, profit and parity of the optimum over the moved prices.

    Args:
        table: what `optima_table` gave
        start: the middle of the paths

    Returns:
        The figure.
    """
    figure, axes = make_panels(f"The optimum of the abstract task; {start.title.split(':')[0]}")
    for axis, quantity in zip(axes, ("care", "err_rate", "profit", "wage_parity"), strict=True):
        at = table.columns.index(quantity)
        for name, words in DRIVERS.items():
            path = np.array([[row[1], row[at]] for row in table.rows if row[0] == name])
            scale = 100.0 if quantity == "err_rate" else 1.0
            axis.plot(path[:, 0], path[:, 1] * scale, _STYLES[name], color=COLOURS[_COLOURS[name]], label=words)
        axis.axvline(1.0, color=COLOURS["faint"], linewidth=1)
        if quantity == "wage_parity":
            axis.axhline(1.0, color=COLOURS["faint"], linewidth=1)
        axis.set_xscale("log", base=2)
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        finish(axis, "factor on the price that is moved [-]", QUANTITIES[quantity])
    return figure


def _elasticity(cause: tuple[float, float], low: float, high: float) -> float:
    return float(arc_elasticity(*cause, low, high)) if min(low, high) > 0.0 else math.nan
