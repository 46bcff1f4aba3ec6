"""Show how the optimum moves with price, damage cost and wage: `python scripts/elasticity.py [factor=2 points=17]`.

The closed form of the abstract task: each of price_usd, damage_usd and wage_usd_per_hour is moved from 1/factor to
factor times its value while the others stay, and the best constant action is found anew. Prints elasticities at the
middle, writes elasticity.csv, optimum.csv and optimum.png. run_dir=RUN takes the prices and, of an abstract task, the
constants of a run; otherwise they are the project's reference constants, not market data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from scripts._cli import entry_point, load_arguments
from scripts._money import MoneyArguments, reported


class ElasticityArguments(MoneyArguments):
    """What the command line can say; a price overrides that of the run."""

    factor: Annotated[float, Field(gt=1, le=10)] = 2.0
    points: Annotated[int, Field(ge=3, le=101)] = 17
    price_usd: Annotated[float, Field(gt=0)] | None = None
    damage_usd: Annotated[float, Field(gt=0)] | None = None
    wage_usd_per_hour: Annotated[float, Field(gt=0)] | None = None


def run(argv: Sequence[str]) -> int:
    """Find the optima, print, draw.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status 0.

    Raises:
        UsageError: an argument or the run folder is wrong.
    """
    arguments = load_arguments(argv, ElasticityArguments, str(__doc__))

    from scripts._optima import DRIVERS, draw_optima, elasticity_table, optima_table, starting_point

    with reported(arguments, "elasticity") as report:
        given = {name: getattr(arguments, name) for name in DRIVERS if getattr(arguments, name) is not None}
        start = starting_point(arguments.run_dir, given)
        report.say(start.title)
        report.table(elasticity_table(start))
        report.say(
            "the action answers damage / price alone, so its elasticities to the two cancel; the wage moves parity\n"
            "and nothing else: the robot does not work differently for being compared"
        )
        table = optima_table(start, arguments.factor, arguments.points)
        report.table(table, printed=False)
        report.figure("optimum", draw_optima(table, start))
    return 0


main = entry_point(run)


if __name__ == "__main__":
    main()
