"""Simulate a market for data: `python scripts/market.py [customers=40 rounds=60 cost_usd_per_round=10 output=DIR]`.

Customers share what their robots saw, or do not; sharers are paid by their part of the spread (rebate) or by a quoted
value (price). Prints rounds of both, and for which mean cost of sharing it lasts. Placeholders: costs, novelties,
their ageing, and how much novelty brings what. run_dir=RUN takes prices, error rate and the way from the first to the
last marginal product from a run; otherwise those are reference constants and placeholders too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from scripts._cli import entry_point, load_arguments
from scripts._money import MoneyArguments, reported
from scripts._settings import Count, Fraction, NonNegative, Positive


class MarketArguments(MoneyArguments):
    """What the command line can say."""

    customers: Annotated[int, Field(ge=1, le=1000)] = 40
    rounds: Annotated[int, Field(ge=2, le=500)] = 60
    draws: Annotated[int, Field(ge=1, le=50)] = 10
    cost_usd_per_round: NonNegative = 10.0
    hours_per_round: Positive = 100.0
    novelty_scale: Positive = 40.0
    ageing: Fraction = 0.10
    revision: Fraction = 0.5
    last: Count = 50


def run(argv: Sequence[str]) -> int:
    """Simulate, print, draw.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status 0.

    Raises:
        UsageError: an argument or the run folder is wrong.
    """
    arguments = load_arguments(argv, MarketArguments, str(__doc__))

    from scripts._market import draw_market, make_markets, market_title, rounds_table, simulate, sweep_costs

    with reported(arguments, "market") as report:
        markets = make_markets(arguments)
        report.say(market_title(arguments, markets["rebate"]))
        paths = simulate(markets, arguments.seed)
        report.table(rounds_table(paths, every=max(1, arguments.rounds // 10)))
        report.table(rounds_table(paths), printed=False)
        costs = sweep_costs(markets, arguments.seed, arguments.draws)
        report.table(costs)
        report.figure("market", draw_market(paths, costs, markets["rebate"]))
    return 0


main = entry_point(run)


if __name__ == "__main__":
    main()
