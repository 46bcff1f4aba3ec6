"""Put four claims about who gains to the test: `python scripts/validate_deflation.py run_dir=RUN [years=20]`.

Consumer surplus, decomposition, productivity incentive and structural deflation (economics/claims.py), on the ledger of
a run and on simulated paths of an economy that uses such robots, with rebates and, as the counter-example, without.
A claim that fails is printed as failed; the exit status is 0 all the same. The economy is a placeholder: its sector,
its elasticities wage_tfp=, wage_displacement=, price_indexation=, customer_share= and robot_usd_per_hour= are inputs,
not estimates; sensitivity.csv varies them. Without run_dir: an illustrative ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from scripts._cli import entry_point, load_arguments
from scripts._money import MoneyArguments, reported
from scripts._settings import Count, Fraction, NonNegative

if TYPE_CHECKING:
    from scripts._claims import Evidence
    from scripts._ledger_file import Source
    from scripts._report import Report


class DeflationArguments(MoneyArguments):
    """What the command line can say."""

    last: Count = 50
    years: Annotated[int, Field(ge=2, le=200)] = 20
    wage_tfp: float = 1.0
    wage_displacement: NonNegative = 0.5
    price_indexation: float = 0.0
    customer_share: Fraction = 0.35
    robot_usd_per_hour: NonNegative = 1.70


def run(argv: Sequence[str]) -> int:
    """Check the claims, print, draw.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status 0, whatever the verdicts are.

    Raises:
        UsageError: an argument or the run folder is wrong.
    """
    arguments = load_arguments(argv, DeflationArguments, str(__doc__))

    from scripts._claims import claims_table, draw_claims, ledger_evidence
    from scripts._ledger_file import open_source

    with reported(arguments, "validate_deflation") as report:
        source = open_source(arguments.run_dir, arguments.seed)
        report.say("\n".join(source.notes))
        ledger, macro = ledger_evidence(source), _macro(source, arguments, report)
        report.table(claims_table([*ledger, *macro]))
        report.figure("claims_ledger", draw_claims(ledger, source.title.split(":")[0], "episode [shifts]"))
    return 0


def _macro(source: Source, arguments: DeflationArguments, report: Report) -> list[Evidence]:
    """Simulate the economy, write its tables and picture; a robot that no economy would use is a line."""
    from economics import Elasticities, MacroConfig
    from scripts._claims import draw_claims
    from scripts._claims_macro import last_work, macro_evidence, paths_table, sensitivity

    mp_r, err_rate = last_work(source, arguments.last)
    robots = f"robots of {mp_r:.1f} units/h, {err_rate:.1%} errors"
    report.say(f"economy:  PLACEHOLDER sector and elasticities; {robots}")
    try:
        economy = MacroConfig(
            elasticities=Elasticities(arguments.wage_tfp, arguments.wage_displacement, arguments.price_indexation),
            prices=source.prices,
            mp_r=mp_r,
            err_rate=err_rate,
            robot_usd_per_hour=arguments.robot_usd_per_hour,
            customer_share=arguments.customer_share,
            years=arguments.years,
        )
        evidence = macro_evidence(economy)
    except ValueError as error:
        report.say(f"economy:  not simulated: {error}")
        return []
    report.table(sensitivity(economy))
    report.table(paths_table(evidence), printed=False)
    report.figure("claims_macro", draw_claims(evidence, f"Simulated economy (placeholder): {robots}", "year"))
    return evidence


main = entry_point(run)


if __name__ == "__main__":
    main()
