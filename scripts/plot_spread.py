"""Draw wage, parity, spread and shares over episodes: `python scripts/plot_spread.py run_dir=RUN [window=20]`.

Prints five stretches of the run, writes every episode to spread.csv and four panels to spread.png; who gets the spread
is shown as recorded and as if the data were a customer's. Without run_dir: an illustrative ledger.
"""

from __future__ import annotations

from collections.abc import Sequence

from scripts._cli import entry_point, load_arguments
from scripts._money import MoneyArguments, reported
from scripts._settings import Count


class SpreadArguments(MoneyArguments):
    """What the command line can say."""

    window: Count = 20


def run(argv: Sequence[str]) -> int:
    """Read, print, draw.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status 0.

    Raises:
        UsageError: an argument or the run folder is wrong.
    """
    arguments = load_arguments(argv, SpreadArguments, str(__doc__))

    from scripts._ledger_file import open_source
    from scripts._spread_tables import draw_spread, episodes_table, stretches_table

    with reported(arguments, "plot_spread") as report:
        source = open_source(arguments.run_dir, arguments.seed)
        report.say("\n".join(source.notes))
        report.table(stretches_table(source))
        report.table(episodes_table(source), printed=False)
        report.figure("spread", draw_spread(source, arguments.window))
    return 0


main = entry_point(run)


if __name__ == "__main__":
    main()
