"""Shifts that `scripts/export_dataset.py format=minari` wrote, read back and seen through an encoder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agents import EnvSpec
from scripts._episodes import Shift
from scripts._explain import UsageError
from scripts._export_minari import NAMESPACE, minari_id
from scripts._latent_cells import Comparison
from scripts._novelty_latents import encode

BATCH = 64
"""Observations encoded at once."""

_DAMAGE = (OSError, ValueError, KeyError, IndexError, TypeError, AssertionError)


@dataclass(frozen=True)
class Recording:
    """Shifts in a folder.

    Attributes:
        path: of the dataset.
        policy: who worked.
        count: how many shifts.
        spec: of what is seen, and of the actions.
        storage: Minari's.
    """

    path: Path
    policy: str
    count: int
    spec: EnvSpec
    storage: Any

    def __iter__(self) -> Iterator[Shift]:
        """Read one shift after the other.

        Yields:
            The shifts, of a video the newest frames alone.

        Raises:
            UsageError: the dataset is damaged.
        """
        for number in range(self.count):
            with _read(self.path):
                shift, steps = _load(self.storage, number)
            if len(shift) != steps or not _is_whole(shift, self.spec):
                raise UsageError(f"recorded: {self.path} is damaged (shift {number} is not whole); export it again")
            yield shift


def open_recording(root: Path, task: str, spec: EnvSpec) -> Recording:
    """Find a task's dataset in a folder.

    Args:
        root: `output` of the export
        task: name of the run's task
        spec: of the run's policy

    Returns:
        The recording.

    Raises:
        UsageError: the folder holds no dataset of the task, another kind of observation, or a damaged one.
    """
    from minari.dataset.minari_storage import MinariStorage

    path = root / minari_id(task)
    if not path.is_dir():
        raise UsageError(_absent(root, task))
    with _read(path):
        storage = MinariStorage.read(path / "data")
        space, about = storage.observation_space, storage.metadata
        policy, count = str(about["algorithm_name"]), int(about["total_episodes"])
    shape = spec.observation_shape[1:] if spec.is_video else spec.observation_shape
    if (space.shape, str(space.dtype)) != (shape, spec.observation_dtype):
        raise UsageError(
            f"recorded: {path} holds observations {space.shape} of {space.dtype}, the run's encoder reads {shape} of"
            f" {spec.observation_dtype}; choose a dataset of a run that sees the same"
        )
    if count < 1:
        raise UsageError(f"recorded: {path} holds no shift; export it again")
    return Recording(path, policy, count, spec, storage)


def encode_recording(recording: Recording, comparison: Comparison) -> Iterator[Shift]:
    """See recorded shifts through a policy's encoder.

    Args:
        recording: the shifts
        comparison: of the policy's actions; it compares the first ones

    Yields:
        The shifts, with latents for observations.

    Raises:
        UsageError: the dataset is damaged.
    """
    encoder, shape = comparison.from_pixels.encoder, recording.spec.observation_shape
    for shift in recording:
        latents = []
        for first in range(0, len(shift) + 1, BATCH):
            rows = np.arange(first, min(first + BATCH, len(shift) + 1))
            seen = stacked(shift.observations, rows, shape[0]) if recording.spec.is_video else shift.observations[rows]
            latents.append(encode(encoder, seen))
            comparison.act(seen, latents[-1])
        yield replace(shift, observations=np.concatenate(latents))


def stacked(frames: npt.NDArray[Any], rows: npt.NDArray[np.int64], length: int) -> npt.NDArray[Any]:
    """Put back the stacks of which single frames are the newest.

    Args:
        frames: of a whole shift, (T + 1, C, H, W)
        rows: which stacks, (B,)
        length: frames of a stack, K

    Returns:
        Stacks (B, K, C, H, W), old to new; before the first frame stands the first frame, as after a reset.
    """
    return frames[np.maximum(rows[:, None] + np.arange(1 - length, 1), 0)]


def _absent(root: Path, task: str) -> str:
    """Say what is in the folder in place of the task's dataset."""
    found = sorted(str(path.parent.relative_to(root)) for path in root.glob(f"{NAMESPACE}/*/data"))
    if found:
        return f"recorded: {root} holds {', '.join(found)}, the run's task is {task}; choose a folder of that task"
    return (
        f"recorded: there is no Minari dataset in {root}; write it:"
        f" python scripts/export_dataset.py run_dir=RUN format=minari output={root}"
    )


def _load(storage: Any, number: int) -> tuple[Shift, int]:
    """Read a shift, and how many steps it is said to have."""
    (episode,), (metadata,) = storage.get_episodes([number]), storage.get_episode_metadata([number])
    infos = episode["infos"]
    shift = Shift(
        seed=int(metadata["seed"]),
        observations=episode["observations"],
        actions=episode["actions"],
        rewards_usd=episode["rewards"],
        attempts=np.asarray(infos["attempts_step"][1:]).astype(np.int64),
        costs=np.asarray(infos["cost"][1:]).astype(np.int64),
    )
    return shift, metadata["total_steps"]


def _is_whole(shift: Shift, spec: EnvSpec) -> bool:
    """Tell whether there is all of every step, in numbers that a learner can use."""
    steps = len(shift)
    numbers = (shift.rewards_usd, shift.attempts, shift.costs)
    return (
        steps > 0
        and len(shift.observations) == steps + 1
        and shift.actions.shape == (steps, spec.action_dim)
        and all(values.shape == (steps,) for values in numbers)
        and all(bool(np.isfinite(values).all()) for values in (shift.observations, shift.actions, shift.rewards_usd))
        and bool(((shift.costs >= 0) & (shift.costs <= shift.attempts)).all())
    )


@contextmanager
def _read(path: Path) -> Iterator[None]:
    """Turn what a damaged dataset raises into one line."""
    try:
        yield
    except _DAMAGE as error:
        raise UsageError(f"recorded: {path} is damaged ({type(error).__name__}); export it again") from error
