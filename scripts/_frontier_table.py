"""The table of a frontier: what each constant action gives an hour, with its error rate's interval."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from economics import Prices, error_rate, marginal_product, profit_rate, wilson_interval
from scripts._explain import UsageError
from scripts._runs import read_rows, write_atomically


@dataclass(frozen=True)
class FrontierRow:
    """A grid point: rates per hour, the error rate with its 95 % Wilson interval, profit in the rate form [$/h]."""

    speed: float
    care: float
    mp: float
    err: float
    err_low: float
    err_high: float
    profit: float
    attempts: float
    completed: float
    errors: float
    hours: float
    attempts_per_hour: float


FRONTIER_COLUMNS = tuple(field.name for field in fields(FrontierRow))


def priced_row(action: npt.NDArray[np.float64], counts: npt.NDArray[np.float64], prices: Prices) -> FrontierRow:
    """Turn a point's counts into its row.

    Args:
        action: [speed, care], (2,)
        counts: attempts, completed, errors and hours, (4,)
        prices: what the work is worth

    Returns:
        The row.
    """
    attempts, completed, errors, hours = counts.tolist()
    mp, err = float(marginal_product(completed, hours)), float(error_rate(errors, attempts))
    low, high = wilson_interval(errors, attempts)
    profit = profit_rate(mp, err, prices.price_usd, prices.damage_usd, prices.energy_usd_per_hour)
    return FrontierRow(
        speed=float(action[0]),
        care=float(action[1]),
        mp=mp,
        err=err,
        err_low=float(low),
        err_high=float(high),
        profit=float(profit),
        attempts=attempts,
        completed=completed,
        errors=errors,
        hours=hours,
        attempts_per_hour=attempts / hours,
    )


def write_table(path: Path, rows: Sequence[Any], schema: type[Any]) -> None:
    """Write dataclass rows as CSV, whole or not at all; floats keep every digit."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(schema)])
    writer.writerows(astuple(row) for row in rows)
    write_atomically(path, text.getvalue())


def read_frontier(path: Path) -> list[FrontierRow]:
    """Read a frontier.csv.

    Args:
        path: the file

    Returns:
        Its rows.

    Raises:
        UsageError: it is missing, or has other columns.
    """
    rows = read_rows(path)
    if not rows:
        raise UsageError(f"frontier: {path} has no rows; make one: python scripts/sweep_frontier.py output=FOLDER")
    missing = [name for name in FRONTIER_COLUMNS if name not in rows[0]]
    if missing:
        raise UsageError(f"frontier: {path} lacks the column {missing[0]}; valid: a frontier.csv of sweep_frontier.py")
    try:
        return [FrontierRow(**{name: float(row[name]) for name in FRONTIER_COLUMNS}) for row in rows]
    except ValueError as error:
        raise UsageError(f"frontier: {path} holds something that is no number ({error})") from error


def columns_of(rows: Sequence[FrontierRow]) -> dict[str, npt.NDArray[np.float64]]:
    """Return each column of the rows as an array."""
    return {name: np.array([asdict(row)[name] for row in rows]) for name in FRONTIER_COLUMNS}
