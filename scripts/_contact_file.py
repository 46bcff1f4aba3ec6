"""A file of contact events: one row an event, CSV or Parquet, that a continued run goes on with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scripts._explain import UsageError
from scripts._runs import CsvLog, keep_rows

COLUMNS: dict[str, type] = {
    "episode": int,
    "cell": int,
    "time_s": float,
    "dish": int,
    "kind": str,
    "partner": str,
    "phase": str,
    "peak_n": float,
    "impulse_ns": float,
    "energy_j": float,
    "sustained_n": float,
    "outcome": str,
}
"""Columns. time_s is the end of the control step in which the event ended, since the shift's start [s]; outcome is what
had become of the dish by then; `v2p_sim.contacts.ContactEvent` says what the other numbers are."""

SUFFIXES = (".csv", ".parquet")


class ContactFile:
    """Append contact events to NAME.csv or NAME.parquet.

    A Parquet file cannot be read before it is finished. So its rows go into NAME.part.csv, each on disk at once, which
    becomes the Parquet file at the end.

    Args:
        path: the file.
        begun: the file of the run that is continued, perhaps the same; None = start anew.
        last_episode: rows of later episodes are dropped.
    """

    def __init__(self, path: Path, begun: Path | None = None, last_episode: int = 0) -> None:
        self._path, self._rows = path, _rows_of(path)
        if begun is None:
            self._rows.unlink(missing_ok=True)
        else:
            source = _rows_of(begun)
            if not source.exists() and begun.exists():
                source = self._rows
                _unpack(begun, source)
            keep_rows(source, self._rows, COLUMNS, last_episode)
        self._log: CsvLog | None = CsvLog(self._rows, COLUMNS)

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Append rows with the keys of `COLUMNS`."""
        assert self._log is not None
        for row in rows:
            self._log.write(row)

    def close(self) -> None:
        """Finish the file; a second call does nothing.

        Raises:
            UsageError: the Parquet file cannot be written; the line says where its rows are.
        """
        if self._log is None:
            return
        self._log.close()
        self._log = None
        if self._rows != self._path:
            try:
                _pack(self._rows, self._path)
            except (OSError, ValueError) as error:
                reason = str(error).splitlines()[0]
                raise UsageError(f"{self._path} cannot be written ({reason}); its rows are in {self._rows}") from error
            self._rows.unlink()


def open_contacts(path: Path, key: str) -> ContactFile:
    """Begin a file that the user named.

    Args:
        path: NAME.csv or NAME.parquet
        key: what the user named it with

    Returns:
        The file, without rows.

    Raises:
        UsageError: it has another suffix or cannot be written.
    """
    if path.suffix not in SUFFIXES:
        raise UsageError(f"{key}: {path} ends neither in .csv nor in .parquet; nearest valid: {path.stem}.csv")
    try:
        return ContactFile(path)
    except OSError as error:
        raise UsageError(f"{key}: cannot write {path} ({error.strerror}); choose another {key}=FILE") from error


def _rows_of(path: Path) -> Path:
    return path if path.suffix == ".csv" else path.with_suffix(".part.csv")


def _unpack(source: Path, target: Path) -> None:
    """Turn a Parquet file into rows again."""
    from pyarrow import parquet

    target.unlink(missing_ok=True)
    log = CsvLog(target, COLUMNS)
    with parquet.ParquetFile(source) as file:
        for batch in file.iter_batches():
            for row in batch.to_pylist():
                log.write(row)
    log.close()


def _pack(source: Path, target: Path) -> None:
    """Turn rows into a Parquet file, whole or not at all, a row group for every megabyte of text."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    types = {int: pa.int64(), float: pa.float64(), str: pa.string()}
    schema = pa.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    draft = target.with_name(target.name + ".tmp")
    options = csv.ConvertOptions(column_types=schema)
    with csv.open_csv(source, convert_options=options) as reader, parquet.ParquetWriter(draft, schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
    draft.replace(target)
