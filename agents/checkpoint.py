"""Checkpoints: a folder of hashed files that appears whole or not at all, without pickle."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

MANIFEST = "manifest.json"
STATE = "state.json"
TENSORS = "tensors.safetensors"
NAME = re.compile(r"checkpoint_(\d{6,})")
HASH_CHUNK_BYTES = 1 << 20


class CheckpointError(Exception):
    """A checkpoint is missing, damaged or of something else than what it is loaded into."""


def save_checkpoint(folder: str | Path, state: dict[str, Any], keep: int = 2) -> Path:
    """Write a checkpoint atomically and remove all but the newest `keep`.

    Files are written and synced in a hidden folder, the manifest with their SHA-256 last, then the folder is renamed.

    Args:
        folder: Folder of checkpoints, made if missing.
        state: Nested dictionaries (string keys) and lists of tensors, arrays, numbers, strings, booleans and None.
        keep: Number of checkpoints to leave.

    Returns:
        The new checkpoint, folder/checkpoint_NNNNNN, numbered upwards.

    Raises:
        TypeError: The state holds something else.
        ValueError: keep < 1.
    """
    if keep < 1:
        raise ValueError(f"keep must be >= 1, got {keep}")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(folder)
    number = max((_number(path) for path in _checkpoints(folder)), default=0) + 1
    target, hidden = folder / f"checkpoint_{number:06d}", folder / f".checkpoint_{number:06d}.part"
    hidden.mkdir()
    try:
        write_state(hidden, state)
        hidden.rename(target)
    except BaseException:
        shutil.rmtree(hidden, ignore_errors=True)
        raise
    _sync(folder)
    for old in _checkpoints(folder)[:-keep]:
        shutil.rmtree(old)
    return target


def load_checkpoint(path: str | Path, only: Sequence[str] = ()) -> dict[str, Any]:
    """Verify a checkpoint's hashes and read it.

    Args:
        path: The checkpoint's folder.
        only: Keys that lead to the one branch to read; empty reads all.

    Returns:
        The state as saved; tuples come back as lists.

    Raises:
        CheckpointError: It is missing or damaged; the message names the nearest valid one.
    """
    path = Path(path)
    fault = find_fault(path)
    if fault is not None:
        nearest = latest_checkpoint(path.parent)
        cure = "no valid checkpoint beside it" if nearest is None else f"nearest valid one is {nearest}"
        raise CheckpointError(f"{fault}; {cure}")
    tree = json.loads((path / STATE).read_text())
    for key in only:
        if key not in tree.get("dict", {}):
            raise CheckpointError(f"checkpoint {path} holds no {'/'.join(only)}")
        tree = tree["dict"][key]
    with safe_open(path / TENSORS, "np") as tensors:
        return _unflatten(tree, tensors)


def latest_checkpoint(folder: str | Path) -> Path | None:
    """Return the newest checkpoint in `folder` that verifies, or None."""
    for path in reversed(_checkpoints(Path(folder))):
        if find_fault(path) is None:
            return path
    return None


def find_fault(path: Path) -> str | None:
    """Say in a phrase what is wrong with a checkpoint, or None if it verifies."""
    if not path.is_dir():
        return f"no checkpoint at {path}"
    try:
        hashes = json.loads((path / MANIFEST).read_text())["sha256"]
        for name, expected in hashes.items():
            if _sha256(path / name) != expected:
                return f"checkpoint {path} is damaged: {name} does not match its hash"
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return f"checkpoint {path} is damaged: {type(error).__name__} in {MANIFEST} or a file that it names"
    return None


def write_state(folder: Path, state: dict[str, Any]) -> None:
    """Write a state's files into an existing folder and sync them, the manifest last."""
    arrays: dict[str, np.ndarray] = {}
    tree = _flatten(state, "", arrays)
    (folder / STATE).write_text(json.dumps(tree))
    try:
        save_file(arrays, folder / TENSORS)
    except SafetensorError as error:
        raise OSError(f"cannot write {folder / TENSORS}: {error}") from error
    for name in (STATE, TENSORS):
        _sync(folder / name)
    hashes = {name: _sha256(folder / name) for name in (STATE, TENSORS)}
    (folder / MANIFEST).write_text(json.dumps({"format": 1, "sha256": hashes}, indent=1))
    _sync(folder / MANIFEST)
    _sync(folder)


def _flatten(value: Any, path: str, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(value, torch.Tensor):
        arrays[path] = value.detach().cpu().contiguous().numpy()
        return {"torch": path}
    if isinstance(value, np.ndarray):
        arrays[path] = value if value.flags.c_contiguous else value.copy()
        return {"numpy": path}
    if isinstance(value, np.generic):
        return {"value": value.item()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return {"value": value}
    if isinstance(value, (list, tuple)):
        return {"list": [_flatten(item, f"{path}/{number}", arrays) for number, item in enumerate(value)]}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"dict": {key: _flatten(item, f"{path}/{key}", arrays) for key, item in value.items()}}
    raise TypeError(f"a checkpoint cannot hold {type(value).__name__} at {path or '/'}")


def _unflatten(node: dict[str, Any], tensors: Any) -> Any:
    kind, content = next(iter(node.items()))
    if kind == "dict":
        return {key: _unflatten(item, tensors) for key, item in content.items()}
    if kind == "list":
        return [_unflatten(item, tensors) for item in content]
    if kind == "value":
        return content
    array = tensors.get_tensor(content)
    return torch.from_numpy(array.copy()) if kind == "torch" else array


def _checkpoints(folder: Path) -> list[Path]:
    found = [path for path in folder.glob("checkpoint_*") if NAME.fullmatch(path.name)]
    return sorted(found, key=_number)


def _number(path: Path) -> int:
    match = NAME.fullmatch(path.name)
    return 0 if match is None else int(match.group(1))


def _remove_leftovers(folder: Path) -> None:
    for path in folder.glob(".checkpoint_*.part"):
        shutil.rmtree(path)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
