"""Tests for augmentation.py."""

import numpy as np
import pytest
import torch
from torch.nn.functional import pad as add_border

from agents.augmentation import index_clips, random_shift, sharing_groups, shift_frames, shift_groups
from agents.replay import Batch

PAD = 3


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def crops(clip: torch.Tensor) -> list[torch.Tensor]:
    """All windows of a padded clip (T, C, H, W)."""
    padded = add_border(clip.float(), (PAD,) * 4, mode="replicate").to(clip.dtype)
    height, width = clip.shape[-2:]
    return [
        padded[..., row : row + height, column : column + width]
        for row in range(2 * PAD + 1)
        for column in range(2 * PAD + 1)
    ]


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_every_clip_becomes_one_crop_of_its_padded_self(dtype):
    clips = torch.randint(0, 256, (40, 2, 3, 9, 11), generator=generator()).to(dtype)
    shifted = random_shift(clips, PAD, generator(1))
    assert shifted.shape == clips.shape
    assert shifted.dtype == dtype
    places = [
        [place for place, crop in enumerate(crops(clip)) if torch.equal(crop, moved)]
        for clip, moved in zip(clips, shifted, strict=True)
    ]
    assert all(len(found) == 1 for found in places)
    rows, columns = np.divmod(np.array(places)[:, 0], 2 * PAD + 1)
    assert set(rows) == set(columns) == set(range(2 * PAD + 1))
    assert len(set(zip(rows, columns, strict=True))) > 20


def test_frames_without_time_shift_one_by_one():
    frames = torch.randint(0, 256, (30, 1, 8, 8), generator=generator(), dtype=torch.uint8)
    assert torch.equal(random_shift(frames, PAD, generator(1)), random_shift(frames[:, None], PAD, generator(1))[:, 0])


def test_a_shift_repeats_the_border():
    frame = torch.arange(9).view(1, 1, 3, 3)
    moved = shift_frames(frame, torch.tensor([[1, -2]]))
    assert moved[0, 0].tolist() == [[3, 3, 3], [6, 6, 6], [6, 6, 6]]
    assert shift_frames(frame, torch.tensor([[0, 1]]))[0, 0].tolist() == [[1, 2, 2], [4, 5, 5], [7, 8, 8]]


def test_the_layout_in_memory_does_not_matter():
    frames = torch.randint(0, 256, (5, 3, 8, 6), generator=generator(), dtype=torch.uint8)
    stored = frames.contiguous(memory_format=torch.channels_last)
    offsets = torch.randint(-2, 3, (5, 2), generator=generator())
    assert torch.equal(shift_frames(frames, offsets), shift_frames(stored, offsets))
    assert shift_frames(stored, offsets).is_contiguous(memory_format=torch.channels_last)


def test_no_shift_draws_no_random_number():
    frames, source = torch.ones(2, 3, 4, 4), generator()
    before = source.get_state()
    assert random_shift(frames, 0, source) is not None
    assert torch.equal(random_shift(frames, 0, source), frames)
    assert torch.equal(source.get_state(), before)


def test_the_frames_of_a_group_shift_alike():
    frame = torch.randint(0, 256, (1, 3, 16, 16), generator=generator(), dtype=torch.uint8)
    groups = torch.tensor([0, 0, 2, 0, 2, 5])
    moved = shift_groups(frame.expand(6, -1, -1, -1), groups, PAD, generator(3))
    same = [[torch.equal(one, other) for other in moved] for one in moved]
    assert same == (groups[:, None] == groups).tolist()


def test_stacks_that_share_a_frame_are_one_group():
    stacks = np.array([[5, 6, 7], [0, 0, 1], [1, 2, 3], [7, 8, 9]])
    assert sharing_groups(stacks, 11).tolist() == [0, 0, 0, 0, 4, 5, 5, 5, 5, 5, 10]


def test_a_long_chain_is_one_group_in_any_order():
    chain = np.arange(200)[:, None] + np.arange(2)
    shuffled = np.random.default_rng(0).permutation(201)
    assert len(np.unique(sharing_groups(shuffled[chain], 201))) == 1


def test_whole_clips_become_indices():
    rng = np.random.default_rng(0)
    clips, following = rng.integers(0, 256, (2, 4, 3, 3, 6, 6), dtype=np.uint8)
    none = np.zeros(4, np.float32)
    batch = index_clips(Batch(clips, following, np.zeros((4, 2)), none, none, none, none, none, np.arange(4)))
    assert batch.frames is not None
    assert batch.num_current == 12
    assert np.array_equal(batch.frames[batch.observations], clips)
    assert np.array_equal(batch.frames[batch.next_observations], following)
