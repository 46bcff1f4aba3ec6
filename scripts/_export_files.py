"""The sharded files of a LeRobot dataset: tables and videos that hold many episodes each, and roll over by size."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scripts._explain import UsageError

CHUNK_FILES = 1000
DATA_FILE_MB = 100
VIDEO_FILE_MB = 200

DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
EPISODES_PATH = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"

VIDEO_CODEC, VIDEO_FORMAT = "libx264rgb", "gbrp"
# Lossless, and a key frame every second frame, so that any frame is cheap to reach.
_ENCODING = ["-crf", "0", "-preset", "medium", "-g", "2", "-bf", "0"]


class _Shards:
    """Counts files: a full one is followed by the next, a full chunk by the next chunk.

    What is counted is the uncompressed size, so that files stay below the limit and the same episodes always lie in the
    same files, however far an encoder has got with them.
    """

    def __init__(self, root: Path, template: str, limit_mb: float, **names: str) -> None:
        self._root, self._template, self._names = root, template, names
        self._limit_bytes = limit_mb * 2**20
        self._bytes = self._number = 0

    @property
    def index(self) -> dict[str, int]:
        """Chunk and file that are written now."""
        return {"chunk_index": self._number // CHUNK_FILES, "file_index": self._number % CHUNK_FILES}

    @property
    def path(self) -> Path:
        """The file that is written now; its folder is there."""
        path = self._root / self._template.format(**self.index, **self._names)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def overflows(self, num_bytes: int) -> bool:
        """Tell whether so much more would be too much for the file at hand."""
        return self._bytes > 0 and self._bytes + num_bytes > self._limit_bytes

    def fill(self, num_bytes: int) -> None:
        """Count what is added to the file at hand."""
        self._bytes += num_bytes

    def turn(self) -> None:
        """Go on to the next file."""
        self._number += 1
        self._bytes = 0


class TableFiles:
    """Parquet files with one row group an episode."""

    def __init__(self, root: Path, template: str, limit_mb: float = DATA_FILE_MB) -> None:
        self._shards = _Shards(root, template, limit_mb)
        self._writer: Any = None

    def add(self, table: Any) -> dict[str, int]:
        """Append an episode's rows.

        Args:
            table: a pyarrow table; all have one schema.

        Returns:
            `chunk_index` and `file_index` of the file that holds them.
        """
        from pyarrow import parquet

        if self._shards.overflows(table.nbytes):
            self.close()
            self._shards.turn()
        if self._writer is None:
            self._writer = parquet.ParquetWriter(self._shards.path, table.schema, compression="snappy")
        self._writer.write_table(table)
        self._shards.fill(table.nbytes)
        return self._shards.index

    def close(self) -> None:
        """Finish the file at hand; a second call does nothing."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


class VideoFiles:
    """Videos of one camera, the frames of one episode after those of another, without loss."""

    def __init__(self, root: Path, key: str, fps: Fraction, limit_mb: float = VIDEO_FILE_MB) -> None:
        self._shards = _Shards(root, VIDEO_PATH, limit_mb, video_key=key)
        self._fps = fps
        self._writer: Any = None
        self._frames = 0

    def add(self, frames: npt.NDArray[np.uint8]) -> dict[str, float]:
        """Append an episode's frames.

        Args:
            frames: (T, 3, H, W) uint8, even sizes.

        Returns:
            `chunk_index`, `file_index`, `from_timestamp` and `to_timestamp` [s] of the frames in their file.

        Raises:
            UsageError: ffmpeg cannot write them.
        """
        if self._shards.overflows(frames.nbytes):
            self.close()
            self._shards.turn()
        if self._writer is None:
            self._writer = self._open(frames.shape[-1], frames.shape[-2])
            self._frames = 0
        first = self._frames
        try:
            for frame in frames:
                self._writer.send(np.ascontiguousarray(frame.transpose(1, 2, 0)))
        except OSError as error:
            raise UsageError(
                f"video: ffmpeg stopped writing {VIDEO_CODEC}; cure: pip install imageio-ffmpeg"
            ) from error
        self._frames += len(frames)
        self._shards.fill(frames.nbytes)
        times = {"from_timestamp": float(first / self._fps), "to_timestamp": float(self._frames / self._fps)}
        return {**self._shards.index, **times}

    def close(self) -> None:
        """Finish the file at hand and count its frames; a second call does nothing.

        Raises:
            UsageError: the file does not hold what was written.
        """
        if self._writer is None:
            return
        from imageio_ffmpeg import count_frames_and_secs

        self.abandon()
        written, _ = count_frames_and_secs(str(self._shards.path))
        if written != self._frames:
            raise UsageError(f"video: only {written} of {self._frames} frames were written; is the disk full?")

    def abandon(self) -> None:
        """Let ffmpeg end without a look at what it wrote."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _open(self, width: int, height: int) -> Any:
        from imageio_ffmpeg import write_frames

        options: dict[str, Any] = {"quality": None}  # the encoding says it
        writer = write_frames(
            str(self._shards.path),
            (width, height),
            codec=VIDEO_CODEC,
            pix_fmt_out="rgb24",
            macro_block_size=2,
            ffmpeg_log_level="error",
            input_params=["-r", str(self._fps)],  # exact also where it is no decimal, as 1/60
            output_params=_ENCODING,
            **options,
        )
        writer.send(None)
        return writer
