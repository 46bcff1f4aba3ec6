"""The folder of a measurement that can be interrupted and continued, as long as it is the same measurement."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import agents
import v2p_sim
from scripts._explain import UsageError
from scripts._runs import write_json
from scripts._settings import Settings

IDENTITY = "measurement.json"
SOURCES = {"simulation": v2p_sim, "learners": agents}
"""What is measured: the package whose sources decide the numbers."""


def open_measurement(
    output: str | None, kind: str, identity: Mapping[str, Any], key: str = "output", sources: str = "simulation"
) -> tuple[Path, bool]:
    """Make a measurement's folder, or find the one to continue.

    Args:
        output: the folder; None makes a fresh one, runs/<kind>/<task>_<time>
        kind: what is measured
        identity: the settings that decide its numbers, `task` among them
        key: what the command line calls the folder
        sources: a key of SOURCES

    Returns:
        The folder, and whether it holds the beginning of this very measurement.

    Raises:
        UsageError: the folder holds something else, or cannot be written.
    """
    identity = {"measurement": kind, **identity, sources: sources_digest(sources)}
    fresh = Path("runs") / kind / f"{identity['task']}_{datetime.now():%Y-%m-%d_%H-%M-%S}"
    root = fresh if output is None else Path(output).expanduser()
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        _check(root, identity, key)
        return root, True
    try:
        root.mkdir(parents=True, exist_ok=True)
        write_json(root / IDENTITY, identity)
    except OSError as error:
        raise UsageError(f"{key}: cannot write {root} ({error.strerror}); choose another {key}") from error
    return root, False


def task_identity(settings: Settings) -> dict[str, Any]:
    """Return what decides a task's numbers: its name, its own settings and the seed; not how it is seen or stepped."""
    own = {key: value for key, value in settings.variant.kwargs.items() if key not in ("observation", "threads")}
    constants = settings.task.constants
    known = {} if constants is None else {"constants": constants.model_dump()}
    return {"task": settings.task.name, "seed": settings.seed, **own, **known}


@cache
def sources_digest(sources: str) -> str:
    """Return a digest of a package's sources and assets: measurements of two versions are not mixed.

    Args:
        sources: a key of SOURCES
    """
    package = Path(str(SOURCES[sources].__file__)).parent
    folders = [package, package.parent / "assets"] if sources == "simulation" else [package]
    digest = hashlib.sha256()
    for root in folders:
        for path in sorted(root.rglob("*")):
            if path.suffix in (".py", ".xml", ".png"):
                digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _check(root: Path, identity: Mapping[str, Any], key: str) -> None:
    """See that the folder holds the same measurement."""
    try:
        before = json.loads((root / IDENTITY).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{key}: {root} is not empty and holds no measurement; choose another {key}") from error
    now = json.loads(json.dumps(identity))
    for name in (*now, *before):
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        if name in SOURCES:
            package = SOURCES[name].__name__
            raise UsageError(f"{key}: {root} was measured with another version of {package}; choose another {key}")
        raise UsageError(f"{key}: {root} was measured with {name}={old}, not {new}; choose another {key}")
