"""Shifts as a Minari dataset, stored as Parquet without loss.

Frames are single: the newest of the stack that the policy saw.

Reference: https://minari.farama.org/content/dataset_standards/
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces

from scripts._episodes import Episode
from scripts._explain import UsageError
from scripts._export import VALUES_NOTE, Dataset, drafted
from scripts._runs import versions
from v2p_sim.core import ACTION_SPACE

NAMESPACE = "v2p"
# Minari takes the first record batch of an episode's Parquet file for the whole of it; pyarrow's batches end here.
MAX_ROWS = 32_768


def minari_id(task: str) -> str:
    """Return the id under which `minari.load_dataset` finds a task's dataset."""
    return f"{NAMESPACE}/{task}-v0"


def write_minari(root: Path, dataset: Dataset, episodes: Iterable[Episode]) -> int:
    """Write a dataset into a folder that Minari reads where MINARI_DATASETS_PATH names it.

    Args:
        root: the folder; may hold other datasets.
        dataset: what is exported.
        episodes: the shifts.

    Returns:
        Number of episodes written.

    Raises:
        UsageError: the dataset is there already, or a shift is longer than Minari reads.
    """
    from minari.dataset.minari_storage import MinariStorage
    from minari.namespace import NAMESPACE_METADATA_FILENAME

    with drafted(root / minari_id(dataset.task)) as draft:
        storage = MinariStorage.new(
            draft / "data",
            observation_space=_single_space(dataset.observation_space),
            action_space=ACTION_SPACE,
            data_format="parquet",
            jpeg_encoding=False,
        )
        storage.update_metadata(_metadata(dataset))
        metadatas: list[dict[str, Any]] = []
        storage.update_episodes(_buffers(dataset, episodes, metadatas))
        storage.update_episode_metadata(metadatas)
    about = root / NAMESPACE / NAMESPACE_METADATA_FILENAME
    about.write_text(json.dumps({"description": "Robots priced like labor."}))
    return len(metadatas)


def _buffers(dataset: Dataset, episodes: Iterable[Episode], metadatas: list[dict[str, Any]]) -> Iterator[Any]:
    """Yield Minari's buffers, and note what each shift earned."""
    from minari.data_collector.episode_buffer import EpisodeBuffer

    for episode in episodes:
        steps = len(episode)
        if steps >= MAX_ROWS:
            raise UsageError(
                f"format: minari reads at most {MAX_ROWS - 1} steps a shift, not {steps}; nearest valid: format=lerobot"
            )
        metadatas.append(dataset.numbers(episode))
        fields: dict[str, Any] = {
            "observations": episode.observations,
            "actions": episode.actions,
            "rewards": episode.rewards_usd,
            "terminations": np.zeros(steps, np.bool_),
            "truncations": np.arange(steps) == steps - 1,
            "infos": {"attempts_step": _from_reset(episode.attempts), "cost": _from_reset(episode.costs)},
        }
        yield EpisodeBuffer(seed=episode.seed, **fields)


def _from_reset(values: np.ndarray) -> list[float]:
    """Put the reset's zero before the steps: infos have T + 1 entries, as lists, for Minari reads no flat arrays."""
    return [0.0, *values.astype(float).tolist()]


def _single_space(space: spaces.Box[Any]) -> spaces.Box[Any]:
    """Return the space of one frame of a stack; a flat space as it is."""
    return spaces.Box(space.low[-1], space.high[-1], dtype=np.uint8) if len(space.shape) == 4 else space


def _metadata(dataset: Dataset) -> dict[str, Any]:
    found = versions()
    frames = "Frames are single, (C, H, W): the newest of the stack. " if dataset.observation == "video" else ""
    worth = f"{VALUES_NOTE} " if dataset.values else ""
    about = {
        "dataset_id": minari_id(dataset.task),
        "minari_version": version("minari"),
        "algorithm_name": dataset.policy,
        "author": {"V2P"},
        "description": f"{dataset.instruction} Rewards are dollars, actions [speed, care]. {frames}{worth}".strip(),
        "requirements": [f"{name}=={found[name]}" for name in ("v2p", "mujoco") if found[name][0].isdigit()],
    }
    return about if dataset.env_spec is None else about | {"env_spec": dataset.env_spec}
