"""Lay out a fleet's cash: `python scripts/cash_flow.py [run_dir=RUN view=as_if years=5 capex_usd_per_robot=10000]`.

Prints unit economics, yearly cash, NPV, IRR and payback, then what a securitised pool of the robot-hours is worth under
drawn defaults and wages, which tranche it covers, and both again under other risks. run_dir=RUN takes captured spread,
rebate and wage from a run's last shifts, view=recorded (no customer: the platform keeps the spread) or as_if (the data
were a customer's); otherwise they are the project's reference figures. Placeholders: capex, churn, discount and default
rates, wage growth, tranches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from scripts._cli import entry_point, load_arguments
from scripts._money import FleetArguments, reported
from scripts._settings import Fraction, NonNegative

Rate = Annotated[float, Field(gt=-1, le=10)]


class CashFlowArguments(FleetArguments):
    """What the command line can say beside the fleet."""

    view: Literal["recorded", "as_if"] = "as_if"
    years: Annotated[int, Field(ge=1, le=50)] = 5
    capex_usd_per_robot: NonNegative = 10_000.0
    churn_per_year: Fraction = 0.05
    discount_rate: Rate = 0.08
    default_per_year: Fraction = 0.05
    default_correlation: Annotated[float, Field(ge=0, lt=1)] = 0.15
    wage_growth: Rate = 0.03
    wage_volatility: NonNegative = 0.02
    scenarios: Annotated[int, Field(ge=1, le=50_000)] = 10_000


def run(argv: Sequence[str]) -> int:
    """Reckon, simulate, print, draw.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status 0.

    Raises:
        UsageError: an argument or the run folder is wrong.
    """
    arguments = load_arguments(argv, CashFlowArguments, str(__doc__))

    from scripts._cash import cash_table, choose_fleet, draw_cash, value_table
    from scripts._fleet import fleet_table
    from scripts._pool import make_pool, make_tranches, pool_table, risk_table, simulate, tranche_table

    with reported(arguments, "cash_flow") as report:
        fleet, notes = choose_fleet(arguments)
        report.say("\n".join(notes))
        report.table(fleet_table({arguments.view if arguments.run_dir else "reference": fleet}, arguments))
        report.table(cash_table(fleet, arguments))
        report.table(value_table(fleet, arguments))
        pool, risks = make_pool(fleet, arguments), None
        if pool is None:
            report.say("\npool: not simulated: a robot-hour costs as much as the platform captures, or more")
        else:
            tranches = make_tranches(pool)
            result = simulate(pool, tranches, arguments)
            report.table(pool_table(pool, result))
            report.table(tranche_table(tranches, result))
            risks = risk_table(pool, tranches, arguments)
            report.table(risks)
        report.figure("cash_flow", draw_cash(fleet, arguments, risks))
    return 0


main = entry_point(run)


if __name__ == "__main__":
    main()
