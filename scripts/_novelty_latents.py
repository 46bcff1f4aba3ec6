"""Latents of the benchmark's cases, collected once and kept in its folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from agents import Encoder
from scripts._explain import UsageError
from scripts._novelty_cases import NORMAL, TRAIN, Case, Policy, Rounds, shift_seeds, watch_case
from scripts._settings import Settings

FROZEN, NOISE = "frozen", "noise"
DERIVED = (FROZEN, NOISE)
"""Cases made of the normal test shifts: the newest frame in every place of the stack; frames of uniform noise."""


@dataclass(frozen=True)
class CaseLatents:
    """What was seen of a case.

    Attributes:
        latents: (B, L).
        shifts: number of the shift of each, (B,).
        example: the newest frame of one observation, (H, W, 3).
    """

    latents: npt.NDArray[np.float32]
    shifts: npt.NDArray[np.int64]
    example: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Plan:
    """How much of each case is looked at, and through which encoder.

    Attributes:
        root: folder that keeps what is finished.
        kind: kind of dish that normal shifts never show.
        train_shifts: shifts to learn from.
        test_shifts: shifts of every other case.
        every: control steps between two observations.
        encoder: observations to latents.
        policy: at work in all shifts; None = steady work.
    """

    root: Path
    kind: str
    train_shifts: int
    test_shifts: int
    every: int
    encoder: Encoder
    policy: Policy | None

    def shifts(self, case: Case) -> int:
        """Return how many shifts of a case are worked."""
        return self.train_shifts if case.name == TRAIN else self.test_shifts


def collect_case(
    settings: Settings, plan: Plan, case: Case, number: int, watch: Callable[[Policy], Policy]
) -> dict[str, CaseLatents]:
    """Work a case's shifts, unless its latents are kept already.

    Args:
        settings: task, seed, threads
        plan: how much, and the encoder
        case: what is shown
        number: of the case, for its seeds
        watch: wraps the policy, to interrupt it and to show progress

    Returns:
        Latents of the case, and of those made of it, by name.

    Raises:
        UsageError: what is kept cannot be read.
    """
    names = [case.name, *(derived_cases(plan.encoder) if case.name == NORMAL else ())]
    paths = [plan.root / f"latents_{name}.npz" for name in names]
    if not all(path.exists() for path in paths):
        rounds = Rounds(shift_seeds(settings.seed, number, plan.shifts(case)), plan.every, plan.policy, watch)
        rng = np.random.default_rng([settings.seed, number])
        parts: dict[str, _Pile] = {name: _Pile() for name in names}
        for seen in watch_case(settings, case, plan.kind, rounds):
            for name, observations in _variants(names, seen.observations, rng).items():
                parts[name].add(encode(plan.encoder, observations), seen.shifts, observations[0, -1])
        for name, path in zip(names, paths, strict=True):
            _save(path, parts[name].stack(plan.encoder.latent_dim))
    return {name: _load(path) for name, path in zip(names, paths, strict=True)}


def derived_cases(encoder: Encoder) -> list[str]:
    """Name the cases made of normal shifts that an encoder can tell from them: one frame is never seen to be frozen."""
    return [name for name in DERIVED if name != FROZEN or encoder.observation_shape[0] > 1]


def encode(encoder: Encoder, observations: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return latents (B, L) of observations (B, ...)."""
    device = next(encoder.parameters()).device
    with torch.no_grad():
        return encoder(torch.tensor(observations, device=device)).cpu().numpy()


def encoder_digest(encoder: Encoder) -> str:
    """Return a digest of an encoder's weights: latents of two encoders are not mixed."""
    digest = hashlib.sha256(encoder.name.encode())
    for name, value in encoder.state_dict().items():
        digest.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def _variants(
    names: list[str], observations: npt.NDArray[np.uint8], rng: np.random.Generator
) -> dict[str, npt.NDArray[np.uint8]]:
    """The observations themselves, and where they are asked for the frozen ones and those of pure noise."""
    made = {names[0]: observations}
    if FROZEN in names:
        made[FROZEN] = np.repeat(observations[:, -1:], observations.shape[1], axis=1)
    if NOISE in names:
        made[NOISE] = rng.integers(0, 256, observations.shape, np.uint8)
    return made


class _Pile:
    """Latents of one case as they come."""

    def __init__(self) -> None:
        self._latents: list[npt.NDArray[np.float32]] = []
        self._shifts: list[npt.NDArray[np.int64]] = []
        self._example = np.zeros((1, 1, 3), np.uint8)

    def add(
        self, latents: npt.NDArray[np.float32], shifts: npt.NDArray[np.int64], frame: npt.NDArray[np.uint8]
    ) -> None:
        self._latents.append(latents)
        self._shifts.append(shifts)
        self._example = frame.transpose(1, 2, 0)

    def stack(self, latent_dim: int) -> CaseLatents:
        latents = np.concatenate([np.zeros((0, latent_dim), np.float32), *self._latents])
        return CaseLatents(latents, np.concatenate([np.zeros(0, np.int64), *self._shifts]), self._example)


def _save(path: Path, case: CaseLatents) -> None:
    draft = path.with_name(path.name + ".tmp")
    with draft.open("wb") as file:
        np.savez(file, latents=case.latents, shifts=case.shifts, example=case.example)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _load(path: Path) -> CaseLatents:
    try:
        with np.load(path, allow_pickle=False) as saved:
            return CaseLatents(saved["latents"], saved["shifts"], saved["example"])
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(
            f"output: {path} is damaged ({type(error).__name__}); delete it to collect it again"
        ) from error
