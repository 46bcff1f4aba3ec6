"""The ledger that a script about money looks at: a run's train.csv, or an illustrative one where there is no run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import numpy.typing as npt

from economics import LEDGER_COLUMNS, BayesianRidgeValue, LedgerRow, Prices, read_columns, value_ledger
from scripts._explain import UsageError
from scripts._runs import read_config, read_rows
from scripts._settings import EconomicsSettings

Ledger = Mapping[str, npt.NDArray[np.float64]]
AS_IF = "the data of every shift were a customer's, which they were not"
SPREAD = ("spread", "spread_value", "s_cust", "s_plat", "rebate", "captured_spread", "consumer_surplus")
"""Columns of who gets what; a run of an older version has nan in them."""


@dataclass(frozen=True)
class Source:
    """A ledger, as it was recorded and as if its data were a customer's.

    Attributes:
        title: what it is of
        root: the run folder; None for the illustrative ledger
        recorded: its columns as they were written, each of shape (episodes,)
        valued: the same with data and spread filled in by `economics.value_ledger`
        prices: what the work was worth
        r2: prequential R2 of the forecasts behind `valued`
    """

    title: str
    root: Path | None
    recorded: Ledger
    valued: Ledger
    prices: Prices
    r2: float

    @property
    def notes(self) -> list[str]:
        """What a reader has to know: what the ledger is of, and what the second view assumes."""
        forecast = int(np.isfinite(self.valued["delta_mpl_cust_pred"]).sum())
        how = "no shift's gain could be forecast, too few have a novelty, so the customer's share is 0 here too"
        if forecast:
            how = (
                f"gains forecast from the novelty before they are known (Bayesian ridge) in {forecast} of"
                f" {len(self.episodes)} shifts, prequential R2 {self.r2:.3f}; at 0 or below, no better than their mean"
            )
        gap = gap_note(self.recorded, SPREAD)
        return [
            self.title,
            "recorded: no customer's data came in, so the platform keeps all of the spread",
            *([] if gap is None else [gap]),
            f"as if:    {AS_IF}; {how}",
        ]

    @property
    def episodes(self) -> npt.NDArray[np.float64]:
        """Numbers of the episodes."""
        return self.recorded["episode"]


def open_source(run_dir: str | None, seed: int) -> Source:
    """Read the ledger of a run, or make the illustrative one.

    Args:
        run_dir: the run folder, or None
        seed: of the illustrative ledger

    Returns:
        The ledger in both views.

    Raises:
        UsageError: the folder holds no ledger, an empty one, or one that cannot be read.
    """
    if run_dir is None:
        from scripts._example_ledger import example_rows

        prices = Prices()
        title = f"ILLUSTRATIVE ledger, seed {seed}: a made-up path of learning through the closed form, no measurement"
        return _source(title, None, example_rows(prices, seed), prices)
    root = Path(run_dir).expanduser()
    rows = ledger_rows(root)
    title = f"{rows[0].get('task')}, seed {rows[0].get('seed')}, {len(rows)} training shifts: {root}"
    return _source(title, root, rows, run_prices(root))


def ledger_columns(run_dir: str) -> tuple[Ledger, Prices]:
    """Read the columns and the prices of a run, as recorded.

    Args:
        run_dir: the run folder

    Returns:
        The columns, each of shape (episodes,), and the prices.

    Raises:
        UsageError: the folder holds no ledger.
    """
    root = Path(run_dir).expanduser()
    return read_columns(ledger_rows(root)), run_prices(root)


def ledger_rows(root: Path) -> list[dict[str, str]]:
    """Read a run's train.csv.

    Args:
        root: the run folder

    Returns:
        Its rows, at least one.

    Raises:
        UsageError: it is missing, has no rows, or lacks what every ledger has.
    """
    path = root / "train.csv"
    if not path.is_file():
        runs = sorted(Path("runs").glob("*/*/train.csv"))
        hint = f"nearest valid: run_dir={runs[-1].parent}" if runs else "train one first: python scripts/train.py"
        raise UsageError(f"run_dir: {root} has no train.csv; {hint}")
    try:
        rows = read_rows(path)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"run_dir: {path} cannot be read ({type(error).__name__}); choose another run_dir") from error
    if not rows:
        raise UsageError(f"run_dir: {path} has no rows; train at least one shift, or choose another run_dir")
    found = read_columns(rows, ("episode", "hours", "mp_r", "err_rate", "w_hat_r", "w_h"))
    for name, column in found.items():
        if not np.isfinite(column).all():
            row = 1 + int(np.flatnonzero(~np.isfinite(column))[0])
            raise UsageError(f"run_dir: {path} has no number for {name} in row {row}; choose another run_dir")
    return rows


def run_prices(root: Path) -> Prices:
    """Read what the work of a run was worth from its config.yaml.

    Args:
        root: the run folder

    Returns:
        The prices.

    Raises:
        UsageError: config.yaml is missing, damaged or names no prices.
    """
    try:
        economics = EconomicsSettings.model_validate(read_config(root).get("economics"))
    except ValueError as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"run_dir: {root}/config.yaml names no valid prices under economics") from error
    return Prices(**economics.model_dump(exclude={"constraint"}))


def write_parquet(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Write the ledger as Parquet, in the schema of the CSV; nan where a run of an older version lacks a column.

    Args:
        path: the file
        rows: of train.csv
    """
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {int: pa.int64(), float: pa.float64(), str: pa.string()}
    types = get_type_hints(LedgerRow)
    columns = {name: [types[name](row.get(name, "nan")) for row in rows] for name in LEDGER_COLUMNS}
    schema = pa.schema([(name, kinds[types[name]]) for name in LEDGER_COLUMNS])
    draft = path.with_name(path.name + ".tmp")
    parquet.write_table(pa.table(columns, schema=schema), draft)
    draft.replace(path)


def measured(ledger: Ledger, names: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Say which episodes have a number in all of these columns.

    Args:
        ledger: the columns
        names: of the columns that are needed

    Returns:
        Mask, shape (episodes,).
    """
    return np.all([np.isfinite(ledger[name]) for name in names], axis=0)


def gap_note(ledger: Ledger, names: Sequence[str]) -> str | None:
    """Say in how many episodes which column was not measured.

    Args:
        ledger: the columns
        names: of the columns that count

    Returns:
        A line, or None where nothing is missing.
    """
    gaps = {name: int(np.isnan(ledger[name]).sum()) for name in names}
    missing = ", ".join(f"{name} in {count} of {len(ledger[name])}" for name, count in gaps.items() if count)
    return f"          not measured, left out: {missing}" if missing else None


def chosen(ledger: Ledger, mask: npt.NDArray[Any] | slice) -> dict[str, npt.NDArray[np.float64]]:
    """Return the ledger's episodes that a mask or slice chooses."""
    return {name: column[mask] for name, column in ledger.items()}


def _source(title: str, root: Path | None, rows: Sequence[Mapping[str, Any]], prices: Prices) -> Source:
    recorded, estimator = read_columns(rows), BayesianRidgeValue()
    valued = value_ledger(recorded, estimator, prices.price_usd)
    return Source(title, root, recorded, valued, prices, estimator.prequential_r2)
