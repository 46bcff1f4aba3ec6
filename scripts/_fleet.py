"""A fleet that works as the last shifts of a ledger: its year, and what its customer pays."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from economics import Fleet, claim_consumer_surplus, cost_per_human_hour, fleet_of, guarantee_refund, unit_economics
from scripts._explain import UsageError
from scripts._ledger_file import SPREAD, Ledger, Source, chosen, measured
from scripts._money import FleetArguments
from scripts._report import Table

VIEWS = ("recorded", "as if")


def last_measured(ledger: Ledger, last: int) -> dict[str, np.ndarray]:
    """Return the last shifts in which the spread was measured; perhaps none."""
    known = chosen(ledger, measured(ledger, SPREAD))
    return chosen(known, slice(-last, None))


def fleets(source: Source, arguments: FleetArguments) -> dict[str, Fleet]:
    """Make the fleet of each view; a view without any measured spread is left out.

    Args:
        source: the ledger
        arguments: size, hours and cost of the fleet, and how many shifts count

    Returns:
        The fleets, by view; never none.

    Raises:
        UsageError: the shifts took no time.
    """
    found = {}
    for view, ledger in zip(VIEWS, (source.recorded, source.valued), strict=True):
        shifts = last_measured(ledger, arguments.last)
        if len(shifts["hours"]) == 0:
            continue
        if shifts["hours"].sum() <= 0.0:
            raise UsageError(f"run_dir: the last {arguments.last} shifts took no time; choose another run_dir")
        size = (arguments.robots, arguments.hours_per_robot_year, arguments.cost_usd_per_robot_year)
        found[view] = fleet_of(shifts, *size)
    return found


def fleet_table(views: Mapping[str, Fleet], arguments: FleetArguments) -> Table:
    """List the unit economics of each view."""
    years = [asdict(unit_economics(fleet)) for fleet in views.values()]
    size = f"{arguments.robots} robots, {arguments.hours_per_robot_year:g} h and"
    title = f"Fleet: {size} ${arguments.cost_usd_per_robot_year:,.0f} a robot and year (reference figures unless given)"
    rows = [(name, *(year[name] for year in years)) for name in years[0]]
    return Table("fleet", title, ("quantity", *views), rows)


def customer_table(source: Source, last: int) -> Table:
    """List what the customer pays and what its data was worth, over the last shifts."""
    rows = {view: _customer(ledger, last) for view, ledger in zip(VIEWS, (source.recorded, source.valued), strict=True)}
    names = list(rows["as if"])
    table = [(name, *(row.get(name, math.nan) for row in rows.values())) for name in names]
    return Table(
        "customer", f"Customer: the last {min(last, len(source.episodes))} shifts", ("quantity", *VIEWS), table
    )


def hourly(ledger: Ledger, last: int) -> dict[str, float]:
    """Return the money of a mean hour over the last measured shifts [$ / h]; empty where there are none.

    w_hat_r = w_h + rebate + captured_spread + retained.

    Args:
        ledger: the columns
        last: shifts that count

    Returns:
        w_hat_r, w_h, spread_value, rebate, captured_spread, consumer_surplus and retained, each over an hour.
    """
    shifts = last_measured(ledger, last)
    hours = shifts["hours"]
    if len(hours) == 0:
        return {}
    rates = {name: float(np.average(shifts[name], weights=hours)) for name in ("w_hat_r", "w_h")}
    sums = ("spread_value", "rebate", "captured_spread", "consumer_surplus")
    rates |= {name: float(shifts[name].sum() / hours.sum()) for name in sums}
    return rates | {"retained": rates["consumer_surplus"] - rates["rebate"]}


def _customer(ledger: Ledger, last: int) -> dict[str, float]:
    money = hourly(ledger, last)
    if not money:
        return {}
    shifts = last_measured(ledger, last)
    per_hour = shifts["captured_spread"] / shifts["hours"]
    refund = np.asarray(guarantee_refund(shifts["w_hat_r"], shifts["w_h"], per_hour)) * shifts["hours"]
    spread, priced = money["spread_value"], np.isfinite(shifts["price_quoted"])
    return {
        "human_wage_usd_per_hour": money["w_h"],
        "consumer_surplus_usd_per_hour": money["consumer_surplus"],
        "cost_usd_per_human_equivalent_hour": float(
            cost_per_human_hour(money["w_hat_r"], money["w_h"], money["captured_spread"])
        ),
        "shifts_that_cost_at_most_the_wage": claim_consumer_surplus(shifts).statistic,
        "refund_that_would_guarantee_it_usd_per_hour": float(refund.sum() / shifts["hours"].sum()),
        "share_of_the_spread": money["rebate"] / spread if spread > 0.0 else math.nan,
        "forecast_gain_units_per_hour": _mean(shifts["delta_mpl_cust_pred"]),
        "data_value_usd_per_hour": _mean(shifts["data_value"]),
        "shifts_whose_data_was_priced": float(np.mean(priced)),
        "price_quoted_usd_per_hour": _mean(shifts["price_quoted"]),
    }


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else math.nan
