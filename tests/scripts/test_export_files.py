"""Tests for _export_files.py and _export_stats.py: files roll over by size and lose nothing, statistics are exact."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from scripts._explain import UsageError
from scripts._export_files import TableFiles, VideoFiles
from scripts._export_stats import QUANTILES, column_stats, pixel_counts, pixel_stats


def decoded(path: Path) -> tuple[np.ndarray, dict[str, Any]]:
    reader = imageio_ffmpeg.read_frames(path)
    about: Any = next(reader)
    width, height = about["size"]
    frames = [np.frombuffer(frame, np.uint8).reshape(height, width, 3) for frame in reader]
    return np.stack(frames).transpose(0, 3, 1, 2), about


def test_full_files_are_followed_by_the_next(tmp_path):
    videos, tables = (
        VideoFiles(tmp_path, "key", Fraction(25, 2), 1e-6),
        TableFiles(tmp_path, "{file_index}.parquet", 1e-6),
    )
    rng, places = np.random.default_rng(0), []
    frames = rng.integers(0, 256, (3, 5, 3, 32, 48), np.uint8)
    for number in range(3):
        places.append(videos.add(frames[number]) | {"table": tables.add(pa.table({"a": [number]}))["file_index"]})
    videos.close()
    tables.close()
    for number, place in enumerate(places):
        assert (place["file_index"], place["table"], place["chunk_index"]) == (number, number, 0)
        assert (place["from_timestamp"], place["to_timestamp"]) == (0.0, 0.4)
        seen, about = decoded(tmp_path / f"videos/key/chunk-000/file-00{number}.mp4")
        np.testing.assert_array_equal(seen, frames[number])
        assert about["fps"] == 12.5
        assert parquet.read_table(tmp_path / f"{number}.parquet").to_pydict() == {"a": [number]}


def test_statistics_equal_numpys():
    values = np.random.default_rng(1).normal(size=(500, 2))
    found = column_stats(values)
    np.testing.assert_allclose(found["std"], values.std(axis=0))
    np.testing.assert_allclose(
        [found[name] for name in QUANTILES], np.quantile(values, list(QUANTILES.values()), axis=0)
    )
    frames = np.random.default_rng(1).integers(9, 200, (40, 3, 8, 8), np.uint8)
    pixels = pixel_stats(pixel_counts(frames[:10]) + pixel_counts(frames[10:]), 40)
    for name, share in QUANTILES.items():
        exact = np.quantile(frames, share, axis=(0, 2, 3), method="inverted_cdf") / 255.0
        np.testing.assert_allclose(np.squeeze(pixels[name]), exact)


def test_episodes_share_a_file_while_there_is_room(tmp_path):
    videos = VideoFiles(tmp_path, "key", Fraction(1, 60))
    frames = np.random.default_rng(0).integers(0, 256, (2, 7, 3, 32, 32), np.uint8)
    places = [videos.add(part) for part in frames]
    videos.close()
    assert [(place["file_index"], place["from_timestamp"], place["to_timestamp"]) for place in places] == [
        (0, 0.0, 420.0),
        (0, 420.0, 840.0),
    ]
    seen, _ = decoded(tmp_path / "videos/key/chunk-000/file-000.mp4")
    np.testing.assert_array_equal(seen, frames.reshape(14, 3, 32, 32))
    _, seconds = imageio_ffmpeg.count_frames_and_secs(str(tmp_path / "videos/key/chunk-000/file-000.mp4"))
    assert seconds == 840.0


def test_frames_that_were_lost_are_noticed(tmp_path):
    videos = VideoFiles(tmp_path, "key", Fraction(2))
    videos.add(np.zeros((3, 3, 32, 32), np.uint8))
    videos._frames += 1
    with pytest.raises(UsageError, match="only 3 of 4 frames were written"):
        videos.close()
