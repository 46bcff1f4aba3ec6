"""Sum up what a run earned: `python scripts/summary.py run_dir=RUN [last=50 robots=1000 parquet=true output=DIR]`.

Prints and writes the results with 95 % intervals (summary.json, or the last evaluation of eval.csv), the yearly unit
economics of a fleet that works as the last shifts of train.csv, and what its customer pays; recorded, and as if the
data were a customer's. robots=, hours_per_robot_year= and cost_usd_per_robot_year= are the reference figures unless
given. parquet=true writes the ledger as train.parquet too. Without run_dir: an illustrative ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from scripts._cli import entry_point, load_arguments
from scripts._explain import UsageError
from scripts._money import FleetArguments, reported


class SummaryArguments(FleetArguments):
    """What the command line can say."""

    parquet: bool = False


def run(argv: Sequence[str]) -> int:
    """Read, reckon, print, write.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status 0.

    Raises:
        UsageError: an argument or the run folder is wrong.
    """
    arguments = load_arguments(argv, SummaryArguments, str(__doc__))
    if arguments.parquet and (arguments.run_dir is None or find_spec("pyarrow") is None):
        cure = "give run_dir=RUN" if arguments.run_dir is None else "pip install 'v2p[export]'"
        raise UsageError(f"parquet: needs a run's ledger and pyarrow; cure: {cure}, or leave it out")

    from scripts._fleet import customer_table, fleet_table, fleets
    from scripts._ledger_file import ledger_rows, open_source, write_parquet
    from scripts._results import draw_summary, results_table

    with reported(arguments, "summary") as report:
        source = open_source(arguments.run_dir, arguments.seed)
        views = fleets(source, arguments)
        report.say("\n".join(source.notes))
        report.table(results_table(source, arguments.last))
        report.table(fleet_table(views, arguments))
        report.table(customer_table(source, arguments.last))
        report.figure("summary", draw_summary(source, views, arguments.last))
        if source.root is not None and arguments.parquet:
            with report.file("train.parquet") as path:
                write_parquet(path, ledger_rows(source.root))
    return 0


main = entry_point(run)


if __name__ == "__main__":
    main()
