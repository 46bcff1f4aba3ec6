"""Stacks of frames rebuilt from single frames by index."""

import numpy as np

FRAME_MULTIPLE = 16
"""Numbers of frames are multiples of this: oneDNN prepares its kernels anew for every size that it has not met."""


def share_frames(current: np.ndarray, following: np.ndarray) -> tuple[np.ndarray, int, np.ndarray, np.ndarray]:
    """List the distinct frames of two sets of stacks, those of the current stacks first.

    Both numbers returned are multiples of `FRAME_MULTIPLE`: the first frames of the next stacks alone, and the last row
    once more, fill them up.

    Args:
        current: Rows of the current stacks' frames (B, T).
        following: Rows of the next stacks' frames (B, T).

    Returns:
        Rows (M,), the number of leading ones that hold all of `current`, and both stacks as indices into the rows,
        (B, T) each.
    """
    rows, index = np.unique(current, return_inverse=True)
    place = np.minimum(np.searchsorted(rows, following), len(rows) - 1)
    fresh = rows[place] != following
    extra, extra_index = np.unique(following[fresh], return_inverse=True)
    place[fresh] = len(rows) + extra_index
    distinct = np.concatenate([rows, extra])
    distinct = np.pad(distinct, (0, -len(distinct) % FRAME_MULTIPLE), mode="edge")
    return distinct, len(rows) + -len(rows) % FRAME_MULTIPLE, index.reshape(current.shape), place


class FrameStore:
    """Keeps the newest frame of every row, channels last: the layout in which CPUs convolve fastest."""

    def __init__(self, num_rows: int, frame_shape: tuple[int, ...]):
        channels, height, width = frame_shape
        self._frames = np.zeros((num_rows, height, width, channels), np.uint8)

    def write(self, rows: slice, stacks: np.ndarray) -> None:
        """Store the newest frames of stacks (N, T, C, H, W) in `rows`."""
        self._frames[rows] = stacks[:, -1].transpose(0, 2, 3, 1)

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Return the frames of `rows` as (M, C, H, W)."""
        return self._frames.take(rows, axis=0).transpose(0, 3, 1, 2)

    def dump(self, count: int) -> np.ndarray:
        """Return the first `count` frames as stored, without a copy."""
        return self._frames[:count]

    def load(self, frames: np.ndarray) -> None:
        """Take back what `dump` returned."""
        self._frames[: len(frames)] = frames
