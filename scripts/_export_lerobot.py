"""Shifts as a LeRobotDataset v3.0, without the lerobot package.

Layout: meta/info.json, meta/stats.json, meta/tasks.parquet, meta/episodes/chunk-000/file-000.parquet,
data/chunk-000/file-000.parquet and, for video, videos/<key>/chunk-000/file-000.mp4. A row holds what was seen, what was
done upon it, and as `next.*` what came of that. Frames are single: the newest of the stack that the policy saw.

Reference: https://huggingface.co/docs/lerobot/lerobot-dataset-v3
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from scripts._episodes import Episode
from scripts._export import ACTION_NAMES, Dataset, drafted, entry_names
from scripts._export_files import (
    CHUNK_FILES,
    DATA_FILE_MB,
    DATA_PATH,
    EPISODES_PATH,
    VIDEO_FILE_MB,
    VIDEO_FORMAT,
    VIDEO_PATH,
    TableFiles,
    VideoFiles,
)
from scripts._export_stats import column_stats, flat_stats, pixel_counts, pixel_stats

VERSION = "v3.0"
KEYS = {
    "video": "observation.images.policy",
    "state": "observation.state",
    "privileged": "observation.environment_state",
}
"""Feature that holds each kind of observation."""

_MAX_FPS_DENOMINATOR = 1000
_SCALARS = {
    "next.reward": "float32",
    "next.cost": "int64",
    "next.done": "bool",
    "next.truncated": "bool",
    "next.success": "bool",
    "timestamp": "float32",
    "frame_index": "int64",
    "episode_index": "int64",
    "index": "int64",
    "task_index": "int64",
}


def write_lerobot(root: Path, dataset: Dataset, episodes: Iterable[Episode]) -> int:
    """Write a dataset.

    Args:
        root: folder that does not exist yet.
        dataset: what is exported.
        episodes: the shifts, all with control steps of one length.

    Returns:
        Number of episodes written.

    Raises:
        UsageError: the folder exists or cannot be written.
    """
    with drafted(root) as draft:
        writer = _Writer(draft, dataset)
        try:
            for episode in episodes:
                writer.add(episode)
        except BaseException:
            writer.abandon()
            raise
        writer.close()
    return writer.num_episodes


class _Writer:
    """Streams episodes into data and video files, and keeps what the metadata will say."""

    def __init__(self, root: Path, dataset: Dataset) -> None:
        self._root, self._dataset = root, dataset
        self._key = KEYS[dataset.observation]
        self._is_video = dataset.observation == "video"
        self._data = TableFiles(root, DATA_PATH)
        self._videos: VideoFiles | None = None
        self._fps = Fraction(0)
        self._rows: list[dict[str, Any]] = []
        self._columns: list[dict[str, np.ndarray]] = []
        self._pixels = np.zeros((3, 256), np.int64)
        self._num_frames = 0

    @property
    def num_episodes(self) -> int:
        """Episodes so far."""
        return len(self._rows)

    def add(self, episode: Episode) -> None:
        """Append an episode."""
        if not self._rows:
            self._fps = (1 / Fraction(episode.step_s)).limit_denominator(_MAX_FPS_DENOMINATOR)
        columns = self._columns_of(episode)
        place = self._data.add(_table(columns))
        row = {
            "episode_index": self.num_episodes,
            "tasks": [self._dataset.instruction],
            "length": len(episode),
            "seed": episode.seed,
            **{f"data/{name}": value for name, value in place.items()},
            "dataset_from_index": self._num_frames,
            "dataset_to_index": self._num_frames + len(episode),
        }
        stats = {name: column_stats(values) for name, values in columns.items()}
        if self._is_video:
            row |= self._add_frames(episode.observations[:-1], stats)
        self._rows.append(row | self._dataset.numbers(episode) | flat_stats(stats))
        self._columns.append(columns)
        self._num_frames += len(episode)

    def close(self) -> None:
        """Finish the files and write the metadata."""
        self._data.close()
        if self._videos is not None:
            self._videos.close()
        stats = {
            name: column_stats(np.concatenate([columns[name] for columns in self._columns]))
            for name in self._columns[0]
        }
        if self._is_video:
            stats[self._key] = pixel_stats(self._pixels, self._num_frames)
        _write_episodes(self._root, self._rows)
        _write_tasks(self._root, [self._dataset.instruction])
        _write_json(self._root / "meta" / "stats.json", stats)
        _write_json(self._root / "meta" / "info.json", self._info())

    def abandon(self) -> None:
        """Let go of the files."""
        self._data.close()
        if self._videos is not None:
            self._videos.abandon()

    def _columns_of(self, episode: Episode) -> dict[str, np.ndarray]:
        """Lay out an episode's rows, one a control step."""
        steps = np.arange(len(episode))
        seen = {} if self._is_video else {self._key: episode.observations[:-1].astype(np.float32)}
        last = steps == len(episode) - 1
        scalars = (
            *(episode.rewards_usd, episode.costs, last, last, episode.success),
            *(steps / float(self._fps), steps, np.full_like(steps, self.num_episodes)),
            *(steps + self._num_frames, np.zeros_like(steps)),
        )
        named = {name: values.astype(_SCALARS[name]) for name, values in zip(_SCALARS, scalars, strict=True)}
        return seen | {"action": episode.actions} | named

    def _add_frames(self, frames: np.ndarray, stats: dict[str, dict[str, Any]]) -> dict[str, float]:
        """Append frames to the video; describe them in `stats`; say where they lie."""
        if self._videos is None:
            self._videos = VideoFiles(self._root, self._key, self._fps)
        counts = pixel_counts(frames)
        self._pixels += counts
        stats[self._key] = pixel_stats(counts, len(frames))
        return {f"videos/{self._key}/{name}": value for name, value in self._videos.add(frames).items()}

    def _info(self) -> dict[str, Any]:
        """Describe the dataset as a whole, with the names that the format gives."""
        return {
            "codebase_version": VERSION,
            "robot_type": None,
            "total_episodes": self.num_episodes,
            "total_frames": self._num_frames,
            "total_tasks": 1,
            "chunks_size": CHUNK_FILES,
            "data_files_size_in_mb": DATA_FILE_MB,
            "video_files_size_in_mb": VIDEO_FILE_MB,
            "fps": _plain(self._fps),
            "splits": {"train": f"0:{self.num_episodes}"},
            "data_path": DATA_PATH,
            "video_path": VIDEO_PATH if self._is_video else None,
            "features": self._features(),
        }

    def _features(self) -> dict[str, Any]:
        if self._is_video:
            seen = self._video_feature()
        else:
            names = entry_names(self._dataset)
            seen = {"dtype": "float32", "shape": [len(names)], "names": names}
        action = {"dtype": "float32", "shape": [len(ACTION_NAMES)], "names": list(ACTION_NAMES)}
        scalars = {name: {"dtype": dtype, "shape": [1], "names": None} for name, dtype in _SCALARS.items()}
        return {self._key: seen, "action": action, **scalars}

    def _video_feature(self) -> dict[str, Any]:
        channels, height, width = self._dataset.observation_space.shape[-3:]
        info = {
            "video.height": height,
            "video.width": width,
            "video.codec": "h264",
            "video.pix_fmt": VIDEO_FORMAT,
            "video.fps": _plain(self._fps),
            "video.channels": channels,
            "has_audio": False,
            "is_depth_map": False,
        }
        shape = [height, width, channels]
        return {"dtype": "video", "shape": shape, "names": ["height", "width", "channels"], "info": info}


def _plain(fps: Fraction) -> int | float:
    return fps.numerator if fps.denominator == 1 else float(fps)


def _table(columns: Mapping[str, np.ndarray]) -> Any:
    """Make a pyarrow table; a column (T, D) becomes lists of the fixed length D."""
    import pyarrow as pa

    arrays = {}
    for name, values in columns.items():
        flat = pa.array(values.ravel())
        arrays[name] = flat if values.ndim == 1 else pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
    return pa.table(arrays)


def _write_episodes(root: Path, rows: list[dict[str, Any]]) -> None:
    """Write one row an episode; what no row has a number for is a column of doubles all the same."""
    import pyarrow as pa

    place = {"meta/episodes/chunk_index": 0, "meta/episodes/file_index": 0}
    table = pa.Table.from_pylist([row | place for row in rows])
    for position, column in enumerate(table.schema):
        if pa.types.is_null(column.type):
            table = table.set_column(position, column.name, table[column.name].cast(pa.float64()))
    files = TableFiles(root, EPISODES_PATH)
    files.add(table)
    files.close()


def _write_tasks(root: Path, instructions: list[str]) -> None:
    """Write the tasks as pandas writes a frame that is indexed by "task": readers look tasks up by that index."""
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {"task_index": ("int64", "int64"), "task": ("unicode", "object")}
    columns = [
        {"name": name, "field_name": name, "pandas_type": kind, "numpy_type": numpy_type, "metadata": None}
        for name, (kind, numpy_type) in kinds.items()
    ]
    pandas = {"index_columns": ["task"], "column_indexes": [], "columns": columns, "pandas_version": "2.2.0"}
    table = pa.table({"task_index": pa.array(range(len(instructions)), pa.int64()), "task": instructions})
    parquet.write_table(table.replace_schema_metadata({"pandas": json.dumps(pandas)}), root / "meta" / "tasks.parquet")


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=4, allow_nan=False) + "\n", encoding="utf-8")
