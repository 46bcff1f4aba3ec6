"""A market for data under both ways of paying for it: its rounds, and which costs of sharing it outlasts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from economics import DataMarket, MarketPath, Prices, simulate_market
from scripts._ledger_file import chosen, ledger_columns
from scripts._panels import COLOURS, finish, make_panels
from scripts._report import Table

if TYPE_CHECKING:
    from scripts.market import MarketArguments

MECHANISMS = ("rebate", "price")
COSTS = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Factors on the mean cost of sharing."""
_STYLES = {"rebate": ("customer", "-"), "price": ("platform", "--")}
_SERIES = {
    "sharing": "customers who share [%]",
    "mp_r": "marginal product [units/h]",
    "stock": "stock of novelty [-]",
    "marginal_gain": "gain of one more novelty [units/h]",
    "payment_usd": "payment to a sharer [$/round]",
    "price_usd": "value above the mean [$/round]",
    "rebate_usd": "rebates of all sharers [$/round]",
    "captured_usd": "captured by the platform [$/round]",
}
"""From a column of the path to what it is."""


def make_markets(arguments: MarketArguments) -> dict[str, DataMarket]:
    """Make the market under each mechanism.

    Args:
        arguments: of the command line

    Returns:
        The markets by mechanism; their work is that of the run where there is one.

    Raises:
        UsageError: the folder holds no ledger.
        ValueError: a number is out of its range.
    """
    names = ("customers", "rounds", "cost_usd_per_round", "hours_per_round", "novelty_scale", "ageing", "revision")
    market = DataMarket(**{name: getattr(arguments, name) for name in names}, prices=Prices())
    if arguments.run_dir is not None:
        recorded, prices = ledger_columns(arguments.run_dir)
        shifts = end_shifts(arguments.last, len(recorded["mp_r"]))
        first, last = (chosen(recorded, part) for part in (slice(shifts), slice(-shifts, None)))
        start = float(np.mean(first["mp_r"]))
        market = replace(
            market,
            prices=prices,
            mp_start=start,
            mp_ceiling=max(0.0, float(np.mean(last["mp_r"])) - start),
            err_rate=float(np.mean(last["err_rate"])),
        )
    return {mechanism: replace(market, mechanism=mechanism) for mechanism in MECHANISMS}


def end_shifts(last: int, episodes: int) -> int:
    """Say how many shifts at either end of a run count: as many as asked, at most a quarter of it, at least one."""
    return max(1, min(last, episodes // 4))


def market_title(arguments: MarketArguments, market: DataMarket) -> str:
    """Say where the numbers are from."""
    work, how = "reference prices, the rest PLACEHOLDERS", ""
    if arguments.run_dir is not None:
        work = f"prices and work of {arguments.run_dir}; costs, novelties and their worth are PLACEHOLDERS"
        shifts = end_shifts(arguments.last, len(ledger_columns(arguments.run_dir)[0]["mp_r"]))
        how = f" (means of the run's first and last {shifts} shifts; a loss counts as no gain)"
    return (
        f"{market.customers} customers, {market.rounds} rounds of {market.hours_per_round:g} h; {work}\n"
        f"marginal product {market.mp_start:.1f}, at most {market.mp_ceiling:.1f} units/h more with all the data{how};"
        f" sharing costs ${market.cost_usd_per_round:g} a round in the mean"
    )


def simulate(markets: Mapping[str, DataMarket], seed: int) -> dict[str, MarketPath]:
    """Simulate every market with the same customers.

    Args:
        markets: by mechanism
        seed: of novelties, costs and who looks again

    Returns:
        The paths, by mechanism.
    """
    return {name: simulate_market(market, np.random.default_rng(seed)) for name, market in markets.items()}


def rounds_table(paths: Mapping[str, MarketPath], every: int | None = None) -> Table:
    """List rounds of every market.

    Args:
        paths: by mechanism
        every: list each so many rounds, and the last; None = all, as the table of its own file

    Returns:
        Mechanism, round, the columns of the path, and whether nobody would gain by doing otherwise.
    """
    rows = []
    for mechanism, path in paths.items():
        last = len(path.sharing) - 1
        for at in range(last + 1):
            if every is None or at % every == 0 or at == last:
                numbers = [float(getattr(path, name)[at]) for name in _SERIES]
                rows.append([mechanism, at + 1, *numbers, bool(path.equilibrium[at])])
    name, title = ("rounds", "Every round") if every is None else ("market", "Rounds")
    return Table(name, title, ("paid by", "round", *_SERIES, "equilibrium"), rows)


def sweep_costs(markets: Mapping[str, DataMarket], seed: int, draws: int) -> Table:
    """Vary the mean cost of sharing and see who still shares at the end.

    Args:
        markets: by mechanism
        seed: of the first draw of customers
        draws: of customers, averaged over

    Returns:
        Mechanism, cost, and over the last quarter of the rounds: share who share, share of rounds in equilibrium, and
        the marginal product.
    """
    rows = []
    for name, market in markets.items():
        mean = market.cost_usd_per_round if market.cost_usd_per_round > 0.0 else 1.0
        for factor in COSTS:
            dear = replace(market, cost_usd_per_round=factor * mean)
            paths = [simulate_market(dear, np.random.default_rng(seed + draw)) for draw in range(draws)]
            tail = -max(1, market.rounds // 4)
            ends = [(p.sharing[tail:].mean(), p.equilibrium[tail:].mean(), p.mp_r[tail:].mean()) for p in paths]
            rows.append([name, factor * mean, *map(float, np.mean(ends, axis=0))])
    title = f"Which mean cost of sharing it outlasts: the last quarter of the rounds, means of {draws} draws"
    columns = ("paid by", "cost_usd_per_round", "sharing", "in_equilibrium", "mp_r")
    return Table("costs", title, columns, rows)


def draw_market(paths: Mapping[str, MarketPath], costs: Table, market: DataMarket) -> Any:
    """Draw who shares, what it brings, what it pays, and which cost of sharing it outlasts.

    Args:
        paths: by mechanism
        costs: what `sweep_costs` gave
        market: the market of the paths

    Returns:
        The figure.
    """
    figure, (sharing, product, payment, outlasts) = make_panels("A market for data (costs and novelties: placeholders)")
    for name, path in paths.items():
        colour, style = COLOURS[_STYLES[name][0]], _STYLES[name][1]
        rounds, label = np.arange(1, len(path.sharing) + 1), f"paid by {name}"
        sharing.plot(rounds, 100.0 * path.sharing, style, color=colour, label=label)
        still = path.equilibrium
        marks = f"{name}: nobody would change"
        sharing.plot(rounds[still], 100.0 * path.sharing[still], ".", color=colour, label=marks)
        product.plot(rounds, path.mp_r, style, color=colour, label=label)
        payment.plot(rounds, path.payment_usd, style, color=colour, label=label)
        found = np.array([row[1:3] for row in costs.rows if row[0] == name])
        outlasts.plot(found[:, 0], 100.0 * found[:, 1], "o" + style, color=colour, markersize=4, label=label)
    payment.axhline(market.cost_usd_per_round, color=COLOURS["wage"], linestyle=":", label="mean cost of sharing")
    outlasts.set_xscale("symlog", linthresh=0.1 * max(row[1] for row in costs.rows) / COSTS[-1])
    outlasts.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    finish(sharing, "round", "customers who share [%]", "Who shares")
    finish(product, "round", "marginal product [units/h]", "What the data brings")
    finish(payment, "round", "mean payment to a sharer [$/round]", "What sharing pays")
    finish(outlasts, "mean cost of sharing [$/round]", "customers who share at the end [%]", "What sharing outlasts")
    return figure
