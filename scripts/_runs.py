"""The run folder: where a run lies, its CSV files, TensorBoard events and summary."""

from __future__ import annotations

import csv
import json
import math
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from scripts._explain import UsageError
from scripts._settings import Settings, load_settings

PACKAGES = ("v2p", "mujoco", "dm_control", "gymnasium", "torch", "numpy", "scipy")


@dataclass(frozen=True)
class RunPlan:
    """Where a run will lie and what it continues; nothing is on disk yet.

    Attributes:
        root: the run folder
        checkpoint: checkpoint to continue from, or None for a fresh start
    """

    root: Path
    checkpoint: Path | None

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.root / "checkpoints"

    @property
    def videos(self) -> Path:
        """Folder of the videos."""
        return self.root / "videos"

    @property
    def plots(self) -> Path:
        """Folder of the plots."""
        return self.root / "plots"


def plan_run(settings: Settings) -> RunPlan:
    """Find the run folder and the checkpoint to continue from, without making anything.

    Args:
        settings: `run_dir` and `resume` count; relative paths start at the working directory

    Returns:
        The plan.

    Raises:
        UsageError: the folder holds another run, or there is no checkpoint at `resume`.
    """
    root = None if settings.run_dir is None else Path(settings.run_dir).expanduser()
    if settings.resume not in (None, "auto"):
        checkpoint = _checkpoint_at(Path(str(settings.resume)).expanduser())
        return RunPlan(checkpoint.parent.parent if root is None else root, checkpoint)
    if settings.resume == "auto":
        return _newest(settings) if root is None else RunPlan(root, _latest(root))
    if root is None:
        return RunPlan(_fresh_folder(settings), None)
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise UsageError(
            f"run_dir: {root} is not empty; resume=auto continues the run in it, or choose another run_dir"
        )
    return RunPlan(root, None)


def make_folder(plan: RunPlan, settings: Settings) -> None:
    """Make the run folder and write the resolved config.yaml into it.

    Args:
        plan: where
        settings: what config.yaml says

    Raises:
        UsageError: the folder cannot be written.
    """
    try:
        for folder in (plan.checkpoints, plan.videos, plan.plots):
            folder.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(settings.model_dump(), sort_keys=False)
        write_atomically(plan.root / "config.yaml", text)
    except OSError as error:
        raise UsageError(f"run_dir: cannot write {plan.root} ({error.strerror}); choose another run_dir") from error


def read_config(root: Path) -> dict[str, Any]:
    """Read the resolved configuration of a run folder.

    Args:
        root: the run folder

    Returns:
        The nested mapping.

    Raises:
        UsageError: there is no readable config.yaml.
    """
    try:
        values = yaml.safe_load((root / "config.yaml").read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        runs = sorted(path.parent for path in Path("runs").glob("*/*/config.yaml"))
        hint = f"nearest valid: run_dir={runs[-1]}" if runs else "train one first: python scripts/train.py"
        raise UsageError(f"run_dir: {root} holds no run (config.yaml is missing or damaged); {hint}") from error
    if not isinstance(values, dict):
        raise UsageError(f"run_dir: {root}/config.yaml is not a mapping of keys; choose another run_dir")
    return values


def check_same_run(settings: Settings, plan: RunPlan) -> None:
    """See that a continued run is the run that was begun.

    Args:
        settings: what is wanted now
        plan: what is continued

    Raises:
        UsageError: a setting that decides the numbers differs; the line names it and its first value.
    """
    if plan.checkpoint is None:
        return
    begun = load_settings(read_config(plan.checkpoint.parent.parent))  # keys that it did not know yet are filled in
    before, now = (decisive_settings(values.model_dump()) for values in (begun, settings))
    for key in sorted(before.keys() | now.keys(), key=lambda name: (not name.startswith("task"), name)):
        old, new = before.get(key), now.get(key)
        if old != new:
            raise UsageError(f"{key}: the run to resume has {old}, not {new}; nearest valid: {key}={old}")


def decisive_settings(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten the settings that decide a run's numbers: all but its length, its looks and its place.

    Args:
        values: the resolved configuration, nested
        prefix: of the keys

    Returns:
        Values by key, as the command line spells it.
    """
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = prefix + key
        if isinstance(value, Mapping) and name not in ("task.schedule", "task.observations"):
            flat |= decisive_settings(value, f"{name}.")
        elif (prefix and not isinstance(value, Mapping)) or name in ("seed", "overlap"):
            flat[name] = value
    # Shown as the command line spells it: the group's option, not its name's key.
    return {name.removesuffix(".name"): value for name, value in flat.items()}


def _checkpoint_at(path: Path) -> Path:
    """The checkpoint that a path means: itself, or the newest of a run folder."""
    if (path / "manifest.json").is_file():
        return path.resolve()
    for root in (path, path.parent, path.parent.parent):
        found = _latest(root)
        if found is not None and root == path:
            return found.resolve()
        if found is not None:
            raise UsageError(f"resume: no checkpoint at {path}; nearest valid: resume={found}")
    raise UsageError(
        f"resume: no checkpoint at {path}; give a run folder or one of its checkpoints, or leave resume out"
    )


def _latest(root: Path) -> Path | None:
    from agents import latest_checkpoint

    folder = root / "checkpoints"
    return latest_checkpoint(folder) if folder.is_dir() else None


def _newest(settings: Settings) -> RunPlan:
    """The newest run of this task and seed that has a checkpoint, or a new one."""
    for root in sorted(_home(settings).glob(f"*_seed{settings.seed}*"), reverse=True):
        checkpoint = _latest(root)
        if checkpoint is not None:
            return RunPlan(root, checkpoint)
    return RunPlan(_fresh_folder(settings), None)


def _home(settings: Settings) -> Path:
    return Path("runs") / settings.task.name


def _fresh_folder(settings: Settings) -> Path:
    name = f"{datetime.now():%Y-%m-%d_%H-%M-%S}_seed{settings.seed}"
    root = _home(settings) / name
    copies = 2
    while root.exists():
        root = _home(settings) / f"{name}_{copies}"
        copies += 1
    return root


class CsvLog:
    """Append rows to a CSV file, each on disk at once."""

    def __init__(self, path: Path, columns: Iterable[str]) -> None:
        self._columns = list(columns)
        fresh = not path.exists() or path.stat().st_size == 0
        self._file = path.open("a", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file, lineterminator="\n")
        if fresh:
            self._writer.writerow(self._columns)
            self._file.flush()

    def write(self, row: Mapping[str, Any]) -> None:
        """Append one row; floats keep every digit."""
        self._writer.writerow([row[name] for name in self._columns])
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV file; a last row that was cut short is left out."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if None not in row.values() and None not in row]


def keep_rows(source: Path, target: Path, columns: Iterable[str], last_episode: int) -> None:
    """Copy the rows up to an episode, so that a continued run neither doubles nor loses one.

    A column that the rows do not have yet, in a run of an older version, is filled with nan.

    Args:
        source: file of the run that is continued
        target: file of the run that continues; may be the same
        columns: its header
        last_episode: the checkpoint's episode
    """
    rows = [row for row in read_rows(source) if int(row["episode"]) <= last_episode]
    names = list(columns)
    lines = [",".join(names)] + [",".join(row.get(name, "nan") for name in names) for row in rows]
    write_atomically(target, "\n".join(lines) + "\n")


def write_atomically(path: Path, text: str) -> None:
    """Write a whole text file or leave the old one."""
    draft = path.with_name(path.name + ".tmp")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write JSON atomically; what was not measured (NaN) becomes null."""
    write_atomically(path, json.dumps(_plain(values), indent=2, allow_nan=False) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def versions() -> dict[str, str]:
    """Name the versions that results depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
