"""Random shifts of frames: one shift for all frames that a sample shows."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from agents.replay import Batch


def random_shift(clips: Tensor, pad: int, generator: torch.Generator) -> Tensor:
    """Pad each sample by its border pixels and crop it at a random place, all its frames alike.

    Args:
        clips: Stacks (B, T, C, H, W) or frames (B, C, H, W) of any type.
        pad: Pixels added on each side; 0 leaves the clips as they are.
        generator: Source of randomness, on the clips' device.

    Returns:
        Crops of the same shape and type.

    Reference: Yarats et al., "Mastering visual continuous control", https://arxiv.org/abs/2107.09645
    """
    frames = clips.reshape(-1, *clips.shape[-3:])
    samples = torch.arange(len(clips), device=clips.device).repeat_interleave(len(frames) // max(len(clips), 1))
    return shift_groups(frames, samples, pad, generator).unflatten(0, clips.shape[:-3])


def shift_groups(frames: Tensor, groups: Tensor, pad: int, generator: torch.Generator) -> Tensor:
    """Shift frames at random, those of one group alike.

    Args:
        frames: Frames (M, C, H, W) of any type.
        groups: Number of each frame's group, below M (M,).
        pad: Largest shift in pixels; 0 leaves the frames as they are.
        generator: Source of randomness, on the frames' device.

    Returns:
        Shifted frames (M, C, H, W).
    """
    if pad == 0:
        return frames
    offsets = torch.randint(-pad, pad + 1, (len(frames), 2), generator=generator, device=frames.device)
    return shift_frames(frames, offsets[groups])


def shift_frames(frames: Tensor, offsets: Tensor) -> Tensor:
    """Move the window over each frame, border pixels repeated: out[y, x] = in[clamp(y + dy), clamp(x + dx)].

    Whole pixels need no interpolation: copying rows and gathering columns keeps bytes bytes and is faster.

    Args:
        frames: Frames (M, C, H, W); channels last in memory is fastest.
        offsets: Whole pixels dy, dx of each frame (M, 2).

    Returns:
        Frames (M, C, H, W) of the same type, channels last in memory.
    """
    count, channels, height, width = frames.shape
    first = torch.arange(count, device=frames.device)[:, None] * height
    rows = first + _window(offsets[:, :1], height)
    columns = _window(offsets[:, 1:], width)[:, :, None] * channels + torch.arange(channels, device=frames.device)
    lines = frames.permute(0, 2, 3, 1).reshape(count * height, width * channels).index_select(0, rows.flatten())
    index = columns.flatten(1)[:, None].expand(-1, height, -1)
    shifted = lines.view(count, height, width * channels).gather(2, index)
    return shifted.view(count, height, width, channels).permute(0, 3, 1, 2)


def sharing_groups(stacks: np.ndarray, num_frames: int) -> np.ndarray:
    """Group frames so that a stack, and all stacks that share a frame with it, fall into one group.

    Args:
        stacks: For every sample the numbers of its frames (B, K).
        num_frames: Number of frames M.

    Returns:
        The lowest frame of each frame's group (M,).
    """
    groups = np.arange(num_frames)
    while True:
        merged = groups.copy()
        np.minimum.at(merged, stacks, groups[stacks].min(axis=1, keepdims=True))
        # A frame's group may itself have joined a lower one.
        merged = merged[merged]
        if np.array_equal(merged, groups):
            return groups
        groups = merged


def index_clips(batch: Batch) -> Batch:
    """Write a batch of whole clips (B, T, C, H, W) as indices into its frames, none of them shared."""
    (count, length), shape = batch.observations.shape[:2], batch.observations.shape[2:]
    index = np.arange(count * length).reshape(count, length)
    frames = np.concatenate([batch.observations.reshape(-1, *shape), batch.next_observations.reshape(-1, *shape)])
    return replace(
        batch, observations=index, next_observations=index + index.size, frames=frames, num_current=index.size
    )


def _window(offsets: Tensor, size: int) -> Tensor:
    return (torch.arange(size, device=offsets.device) + offsets).clamp(0, size - 1)
