"""What the scripts about money share: their arguments, their report, how a refused number becomes one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from scripts._cli import Arguments
from scripts._explain import UsageError
from scripts._settings import Count, NonNegative, PathText, Positive

if TYPE_CHECKING:
    from scripts._report import Report


class MoneyArguments(Arguments):
    """What every script about money takes."""

    run_dir: PathText | None = None
    output: PathText | None = None
    seed: Annotated[int, Field(ge=0)] = 0


class FleetArguments(MoneyArguments):
    """A fleet of robots that work as the last shifts of a ledger; size and cost are the reference figures."""

    robots: Count = 1000
    hours_per_robot_year: Positive = 1000.0
    cost_usd_per_robot_year: NonNegative = 1700.0
    last: Count = 50


@contextmanager
def curable() -> Iterator[None]:
    """Turn what the economics library refuses, which names the argument, into a line for the user.

    Raises:
        UsageError: the library refused a number.
    """
    try:
        yield
    except UsageError:
        raise
    except ValueError as error:
        raise UsageError(str(error).splitlines()[0]) from error


@contextmanager
def reported(arguments: MoneyArguments, kind: str) -> Iterator[Report]:
    """Report what a script finds, and say at the end what was written; an error leaves unsaid what was not finished.

    Args:
        arguments: `output` counts
        kind: names a fresh folder

    Yields:
        The report; its folder is made when the first thing is reported, not before the input was read.

    Raises:
        UsageError: the library refused a number, or the folder cannot be written.
    """
    from scripts._report import Report

    with curable():
        report = Report(arguments.output, kind)
        yield report
        report.close()
