"""Tests for runs of consecutive transitions: within one episode, each once, with whole stacks."""

import numpy as np
import pytest

from tests.agents.replay.test_buffer import LENGTH, STATE, VIDEO, Recorder


def test_segments_are_runs_within_one_episode_and_begin_earlier_where_that_ends():
    batch = Recorder(STATE, segment_length=4).step(20).sample(400)
    rows = batch.actions.reshape(-1, 4)
    np.testing.assert_array_equal(rows, rows[:, :1] + np.arange(4))
    assert set(rows[:, 0] % 7) == {0, 1, 2}
    assert set(rows.ravel()) == {row for row in range(20) if row % 7 != 6}
    cells = batch.observations[:, 0].reshape(-1, 4)
    np.testing.assert_array_equal(cells, np.repeat(cells[:, :1], 4, axis=1))


def test_a_segment_longer_than_its_episode_is_all_of_it_and_repeats_the_last():
    recorder = Recorder(STATE, segment_length=8).step(2 * LENGTH)  # the second episode has five steps so far
    rows = recorder.sample(320).actions.reshape(-1, 8)
    wholes = {tuple(run) for run in rows.astype(int)}
    assert wholes == {(0, 1, 2, 3, 4, 5, 5, 5), (7, 8, 9, 10, 11, 11, 11, 11)}


@pytest.mark.parametrize("spec", [STATE, VIDEO])
@pytest.mark.parametrize("terminates", [False, True])
def test_segments_reach_back_no_farther_than_whole_stacks_are_kept(spec, terminates):
    recorder = Recorder(spec, segment_length=4, capacity=22, terminates=terminates)  # 11 rows a cell
    for steps in range(1, 60):
        batch = recorder.step().sample(64)
        taken = batch.actions.reshape(-1, 4).astype(int)
        assert np.all(np.isin(np.diff(taken), (0, 1)))
        assert taken.min() >= max(0, steps - 10)
        assert np.all(taken // 7 == taken[:, :1] // 7)
        if spec is VIDEO:
            assert batch.frames is not None
            shown = batch.frames[batch.observations][..., 0, 0, 0] % 100
            first = 7 * (taken.ravel() // 7)
            expected = np.maximum(taken.ravel()[:, None] + np.arange(-2, 1), first[:, None])
            np.testing.assert_array_equal(shown, expected)
