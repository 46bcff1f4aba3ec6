"""Latents of whole shifts in one file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from scripts._episodes import Shift
from scripts._explain import UsageError


@dataclass(frozen=True)
class Embeddings:
    """E shifts of S steps in all, one after the other.

    Attributes:
        latents: of a shift of T steps T + 1 rows, (S + E, L).
        actions: what was done in each step, in the task's units, (S, A).
        profit_usd: dollars of each step, (S,).
        errors: errors of each step, (S,).
        attempts: attempts of each step, (S,).
        ends: the last step of each shift, whose time was over, (S,).
        seeds: seed of each shift, (E,).
        encoder: name of the encoder, a scalar.
        digest: of the encoder's weights, a scalar.
        policy: who worked, a scalar.
    """

    latents: npt.NDArray[np.float32]
    actions: npt.NDArray[np.float32]
    profit_usd: npt.NDArray[np.float32]
    errors: npt.NDArray[np.float32]
    attempts: npt.NDArray[np.float32]
    ends: npt.NDArray[np.bool_]
    seeds: npt.NDArray[np.int64]
    encoder: npt.NDArray[np.str_]
    digest: npt.NDArray[np.str_]
    policy: npt.NDArray[np.str_]

    def __len__(self) -> int:
        """Return the number of steps, S."""
        return len(self.actions)


def gather(shifts: Iterable[Shift], encoder: str, digest: str, policy: str) -> Embeddings:
    """Put shifts of latents together.

    Args:
        shifts: those whose observations are latents
        encoder: its name
        digest: of its weights
        policy: who worked

    Returns:
        The embeddings.

    Raises:
        UsageError: there is no shift.
    """
    shifts = list(shifts)
    if not shifts:
        raise UsageError("seed: the physics of every shift diverged, nothing is left to encode; choose another seed")
    return Embeddings(
        latents=np.concatenate([shift.observations for shift in shifts]).astype(np.float32),
        actions=np.concatenate([shift.actions for shift in shifts]),
        profit_usd=np.concatenate([shift.rewards_usd for shift in shifts]).astype(np.float32),
        errors=np.concatenate([shift.costs for shift in shifts]).astype(np.float32),
        attempts=np.concatenate([shift.attempts for shift in shifts]).astype(np.float32),
        ends=np.concatenate([np.arange(1, len(shift) + 1) == len(shift) for shift in shifts]),
        seeds=np.array([shift.seed for shift in shifts]),
        encoder=np.array(encoder),
        digest=np.array(digest),
        policy=np.array(policy),
    )


def save_embeddings(path: Path, embeddings: Embeddings) -> None:
    """Write an .npz file that appears whole; it holds plain arrays alone.

    Raises:
        UsageError: it cannot be written.
    """
    draft = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            np.savez(file, **{field.name: getattr(embeddings, field.name) for field in fields(Embeddings)})
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise UsageError(f"output: cannot write {path} ({error.strerror}); choose another output=FILE") from error


def load_embeddings(path: Path) -> Embeddings:
    """Read what `save_embeddings` wrote.

    Raises:
        UsageError: there is no such file, or it is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as saved:
            found = Embeddings(**{field.name: saved[field.name] for field in fields(Embeddings)})
    except FileNotFoundError as error:
        raise UsageError(
            f"embeddings: there is no {path}; write it: python scripts/precompute_embeddings.py"
        ) from error
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise UsageError(f"embeddings: {path} is damaged ({type(error).__name__}); write it again") from error
    if len(found.latents) != len(found) + found.ends.sum() or not np.isfinite(found.latents).all():
        raise UsageError(f"embeddings: {path} is damaged (latents do not fit the steps); write it again")
    return found
