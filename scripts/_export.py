"""What every dataset format shares: what is exported, the ledger's word on it, and a folder that appears whole."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gymnasium import spaces

from economics import Prices
from scripts._episodes import Episode, shift_numbers
from scripts._explain import UsageError
from scripts._runs import read_rows
from v2p_sim.shift import STATE_LAYOUT

ACTION_NAMES = ("speed", "care")
LEDGER_VALUES = ("data_value", "price_quoted")
"""Columns of a ledger that say what data was worth and at what price it was quoted [$].

A ledger values shifts of training; of an exported shift it knows nothing, so all carry the numbers of its last row.
"""
VALUES_NOTE = "Data value and price [$] of every episode are those of the run's last shift."

INSTRUCTIONS = {
    "dishwashing": "Wash dishes.",
    "dishwashing_mujoco": "Pick each dish off the tray, scrub it and set it down in the rack.",
}
"""What a task is in words."""


@dataclass(frozen=True)
class Dataset:
    """What is exported.

    Attributes:
        task: name of the task.
        policy: who worked, such as "checkpoint" or "constant(1.0,0.86)".
        observation: "video", "state" or "privileged".
        observation_space: space of what one cell observes; of a video, a stack of frames.
        layout: names, slices and units of a flat observation.
        prices: what the work is worth.
        values: data value and price of the run's last shift, which every episode carries, or nothing.
        env_spec: Gymnasium's specification of the environment as JSON, or None where JSON cannot say it.
    """

    task: str
    policy: str
    observation: str
    observation_space: spaces.Box[Any]
    layout: Mapping[str, Mapping[str, Any]]
    prices: Prices
    values: Mapping[str, float | None]
    env_spec: str | None

    @property
    def instruction(self) -> str:
        """The task in words."""
        return INSTRUCTIONS.get(self.task, self.task)

    def numbers(self, episode: Episode) -> dict[str, float | None]:
        """Return what a shift produced and earned, and what data was worth in the run's last shift."""
        return {**shift_numbers(episode, self.prices), **self.values}


def entry_names(dataset: Dataset) -> list[str]:
    """Name every entry of a flat observation, as its layout does.

    Args:
        dataset: what is exported.

    Returns:
        As many names as the observation has entries, such as "kind.plate" or "tip_position.x".
    """
    (size,) = dataset.observation_space.shape
    known: Any = STATE_LAYOUT if dataset.observation == "state" else {}
    names = [f"entry_{index}" for index in range(size)]
    for name, part in (dataset.layout or known).items():
        start, stop = part["slice"]
        inner = part.get("values") or range(stop - start)
        names[start:stop] = [name] if stop - start == 1 else [f"{name}.{entry}" for entry in inner]
    return names


def ledger_values(root: Path) -> dict[str, float | None]:
    """Read data value and price of the run's last shift.

    Args:
        root: the run folder.

    Returns:
        Those of `LEDGER_VALUES` that train.csv has, from its last row; None where the row has no number, as of data
        that was not priced.
    """
    rows = read_rows(root / "train.csv")
    return {name: _number(rows[-1][name]) for name in LEDGER_VALUES if rows and name in rows[-1]}


def require(*libraries: str, key: str = "format") -> None:
    """See that the libraries of the `export` extra are there.

    Args:
        libraries: their names.
        key: the argument that asks for them.

    Raises:
        UsageError: one is not; the line names the cure.
    """
    for name in libraries:
        if find_spec(name) is None:
            raise UsageError(f"{key}: {name} is not installed; cure: pip install 'v2p[export]'")


@contextmanager
def drafted(target: Path) -> Iterator[Path]:
    """Fill a hidden folder that takes its name only when it is whole.

    Args:
        target: folder that does not exist yet.

    Yields:
        The hidden folder, beside the target.

    Raises:
        UsageError: the target exists, or its parent cannot be written.
    """
    draft = target.with_name(f".{target.name}.part")
    if target.exists():
        raise UsageError(f"output: {target} exists; remove it, or choose another output=FOLDER")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
    except OSError as error:
        raise UsageError(f"output: cannot write {target} ({error.strerror}); choose another output=FOLDER") from error
    try:
        yield draft
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
