"""Tests for buffer.py and frames.py: what goes in comes out, as the transitions it was."""

import numpy as np
import pytest

from agents import CheckpointError, EnvSpec, ReplayBuffer, ReplayConfig, Step
from agents.replay.frames import share_frames

STATE = EnvSpec((2,), "float32", (0.0,), (1.0,))
VIDEO = EnvSpec((3, 1, 4, 4), "uint8", (0.0,), (1.0,))
LENGTH = 6


class Recorder:
    """Feeds N cells of six-step episodes into replay; a row's observation is [cell, number of the row]."""

    def __init__(self, spec: EnvSpec, num_cells: int = 2, terminates: bool = False, **settings):
        settings = {"capacity": 200, "gamma": 0.5, "prioritized": False} | settings
        self.replay = ReplayBuffer(spec, num_cells, ReplayConfig(**settings))
        self.spec, self.num_cells, self.terminates = spec, num_cells, terminates
        self.row, self.age = 0, 0
        self.broken_row = -1
        self.stack: list[int] = [0] * 3
        self.replay.start(self._observations())

    def _observations(self) -> np.ndarray:
        cells = np.arange(self.num_cells)
        if not self.spec.is_video:
            return np.stack([cells, np.full(self.num_cells, self.row)], axis=1).astype(np.float32)
        frames = 100 * cells[:, None] + np.array(self.stack)
        return np.broadcast_to(frames[:, :, None, None, None], (self.num_cells, 3, 1, 4, 4)).astype(np.uint8)

    def step(self, count: int = 1) -> "Recorder":
        for _ in range(count):
            reset, taken = self.age == LENGTH, self.row
            self.row += 1
            self.age = 0 if reset else self.age + 1
            self.stack = [self.row] * 3 if reset else [*self.stack[1:], self.row]
            ones = np.ones(self.num_cells)
            self.replay.add(
                Step(
                    actions=np.full((self.num_cells, 1), taken, np.float32),
                    rewards=ones * taken,
                    errors=ones * (taken % 2),
                    attempts=ones,
                    next_observations=self._observations(),
                    terminated=np.full(self.num_cells, self.terminates and self.age == LENGTH),
                    reset=np.full(self.num_cells, reset),
                    broken=np.full(self.num_cells, taken == self.broken_row),
                )
            )
        return self

    def sample(self, size: int = 512, seed: int = 0):
        return self.replay.sample(size, np.random.default_rng(seed))


def test_reset_rows_never_enter_and_last_rows_only_as_next():
    batch = Recorder(STATE).step(3 * (LENGTH + 1) - 1).sample()
    rows = batch.observations[:, 1]
    assert set(rows) == {row for row in range(20) if row % 7 != 6}
    np.testing.assert_array_equal(batch.next_observations[:, 1], rows + 1)
    np.testing.assert_array_equal(batch.actions[:, 0], rows)
    np.testing.assert_array_equal(batch.profit, rows)
    assert 6 in batch.next_observations[:, 1]
    np.testing.assert_array_equal(batch.next_observations[:, 0], batch.observations[:, 0])
    assert np.all(batch.discount == 0.5)


@pytest.mark.parametrize("spec", [STATE, VIDEO])
def test_a_broken_step_is_no_transition_and_cuts_off_what_came_before(spec):
    recorder = Recorder(spec, num_cells=1, terminates=True, n_step=3, prioritized=True)
    recorder.broken_row = LENGTH - 1  # the step that would terminate
    batch = recorder.step(2 * LENGTH).sample()
    rows = batch.actions[:, 0]
    assert set(rows) == {0, 1, 2, 3, 4, *range(LENGTH + 1, 2 * LENGTH)}
    for row, discount in ((2, 0.125), (3, 0.25), (4, 0.5)):
        np.testing.assert_array_equal(batch.discount[rows == row], discount)
    np.testing.assert_allclose(batch.profit[rows == 3], 3 + 0.5 * 4)
    if spec is STATE:
        np.testing.assert_array_equal(batch.next_observations[rows == 4, 1], 5)
        assert LENGTH not in batch.next_observations[:, 1]


def test_n_step_sums_stop_at_the_end_of_the_episode_and_bootstrap_there():
    batch = Recorder(STATE, n_step=3).step(LENGTH + 1).sample()
    rows = batch.observations[:, 1]
    expected = {0: (0 + 0.5 + 0.5, 0.125, 3), 3: (3 + 2 + 1.25, 0.125, 6), 4: (4 + 2.5, 0.25, 6), 5: (5, 0.5, 6)}
    for row, (profit, discount, following) in expected.items():
        chosen = rows == row
        assert chosen.any()
        np.testing.assert_allclose(batch.profit[chosen], profit)
        np.testing.assert_allclose(batch.discount[chosen], discount)
        np.testing.assert_array_equal(batch.next_observations[chosen, 1], following)
    np.testing.assert_allclose(batch.errors[rows == 3], 1 + 0.25)
    np.testing.assert_allclose(batch.attempts[rows == 4], 1.5)


def test_centred_sums_are_of_what_exceeds_the_mean_of_the_newest_steps():
    recorder = Recorder(STATE, n_step=2, centering_steps=8).step(5)  # 8 steps of 2 cells: rows 1 to 4
    batch = recorder.sample()
    rows = batch.observations[:, 1]
    np.testing.assert_allclose(batch.profit[rows == 3], (3 - 2.5) + 0.5 * (4 - 2.5))
    np.testing.assert_allclose(batch.profit[rows == 4], 4 - 2.5)
    np.testing.assert_allclose(batch.errors[rows == 3], 0.5 * 1 - 0.25 * 1)
    np.testing.assert_allclose(batch.attempts, 0.0)
    batch = recorder.step(3).sample()  # rows 4, 5 and 7: 6 is the row of a reset
    rows = batch.observations[:, 1]
    np.testing.assert_allclose(batch.profit[rows == 0], (0 + 0.5 * 1) - 1.5 * 16 / 3, rtol=1e-6)
    np.testing.assert_allclose(batch.profit[rows == 5], 5 - 16 / 3, rtol=1e-6)


def test_centring_takes_all_there_is_where_less_is_there_and_follows_the_ring_around():
    batch = Recorder(STATE, centering_steps=1000).step(3).sample()
    np.testing.assert_allclose(batch.profit, batch.observations[:, 1] - 1.0)
    recorder = Recorder(STATE, num_cells=1, capacity=10, centering_steps=3).step(22)
    batch = recorder.sample()  # rows 19 and 21: 20 is the row of a reset
    np.testing.assert_allclose(batch.profit, batch.observations[:, 1] - 20.0)
    assert (batch.observations[:, 1] == 21).any()


def test_what_a_critic_is_told_stays_with_its_observation():
    told = lambda row: np.array([[row, 10.0], [row, 11.0]])  # noqa: E731
    replay = ReplayBuffer(EnvSpec((2,), "float32", (0.0,), (1.0,), 2), 2, ReplayConfig(capacity=16, n_step=2))
    with pytest.raises(ValueError, match=r"replay needs privileged numbers \(2, 2\), got none"):
        replay.start(np.zeros((2, 2), np.float32))
    replay.start(np.zeros((2, 2), np.float32), told(0))
    nothing, one = np.zeros(2, bool), np.ones(2)
    for row in range(1, 12):
        seen = np.full((2, 2), row, np.float32)
        step = Step(one[:, None], one, one, one, seen, nothing, nothing, privileged=told(row))
        replay.add(step)
    copied = ReplayBuffer(EnvSpec((2,), "float32", (0.0,), (1.0,), 2), 2, ReplayConfig(capacity=16, n_step=2))
    copied.load_state_dict(replay.state_dict())
    for each in (replay, copied):
        batch = each.sample(64, np.random.default_rng(0))
        assert batch.privileged is not None and batch.next_privileged is not None
        np.testing.assert_array_equal(batch.privileged[:, 0], batch.observations[:, 0])
        np.testing.assert_array_equal(batch.next_privileged[:, 0], batch.next_observations[:, 0])
        np.testing.assert_array_equal(batch.privileged[:, 1], batch.next_privileged[:, 1])
    assert Recorder(STATE).step(3).sample().privileged is None


def test_termination_stops_the_bootstrap():
    batch = Recorder(STATE, terminates=True, n_step=2).step(2 * LENGTH + 1).sample()
    ends = np.isin(batch.observations[:, 1], [4, 5, 11, 12])
    assert np.all(batch.discount[ends] == 0.0)
    assert np.all(batch.discount[~ends] == 0.25)


def test_the_newest_rows_bootstrap_from_what_is_there():
    batch = Recorder(STATE, n_step=4).step(3).sample()
    newest = batch.observations[:, 1] == 2
    np.testing.assert_array_equal(batch.next_observations[newest, 1], 3)
    np.testing.assert_allclose(batch.discount[newest], 0.5)


@pytest.mark.parametrize("steps", [30, 57, 101, 250])
def test_a_full_ring_keeps_only_whole_transitions(steps):
    recorder = Recorder(STATE, capacity=40, n_step=3).step(steps)
    batch = recorder.sample()
    rows = batch.observations[:, 1]
    assert rows.min() >= steps - 20
    assert not np.any(rows % 7 == 6)
    np.testing.assert_array_equal(batch.actions[:, 0], rows)
    last = np.minimum(np.minimum(rows + 3, rows - rows % 7 + LENGTH), steps)
    np.testing.assert_array_equal(batch.next_observations[:, 1], last)


@pytest.mark.parametrize("steps", [5, 19, 60, 113])
def test_stacks_are_rebuilt_and_start_with_the_first_frame_repeated(steps):
    recorder = Recorder(VIDEO, capacity=40).step(steps)
    batch = recorder.sample()
    assert batch.frames is not None
    rows, cells = batch.actions[:, 0], batch.rows % 2
    first = rows - rows % 7
    for indices, newest in ((batch.observations, rows), (batch.next_observations, rows + 1)):
        seen = batch.frames[indices][:, :, 0, 0, 0].astype(int) - 100 * cells[:, None]
        expected = np.maximum(newest[:, None] + np.arange(-2, 1), first[:, None])
        np.testing.assert_array_equal(seen, expected)
    assert batch.frames.shape[1:] == (1, 4, 4)


def test_frames_are_stored_once_and_shared_in_a_batch():
    recorder = Recorder(VIDEO).step(LENGTH)
    batch = recorder.sample(64)
    assert batch.frames is not None
    assert batch.observations.max() == 2 * LENGTH - 1
    assert batch.next_observations.max() == 2 * (LENGTH + 1) - 1
    big = ReplayBuffer(EnvSpec((8, 3, 64, 64), "uint8", (0.0,) * 2, (1.0,) * 2), 4, ReplayConfig(capacity=1000))
    assert big.bytes_per_row <= 1.05 * 3 * 64 * 64


def test_share_frames_lists_current_frames_first():
    rows, num_current, index, following = share_frames(np.array([[4, 7]]), np.array([[7, 2]]))
    assert rows.tolist() == [4, 7, *[2] * 14]
    assert num_current == 16
    assert index.tolist() == [[0, 1]]
    assert following.tolist() == [[1, 2]]


@pytest.mark.parametrize(("current", "following"), [(1, 0), (16, 0), (16, 1), (17, 14), (17, 15), (17, 16), (40, 40)])
def test_numbers_of_frames_are_multiples_of_16(current: int, following: int):
    old = np.arange(100, 100 + current)[:, None]
    new = np.resize(np.arange(200, 200 + following), (current, 1)) if following else old
    rows, num_current, index, next_index = share_frames(old, new)
    assert len(rows) % 16 == num_current % 16 == 0
    assert current <= num_current < current + 16
    assert max(num_current, current + following) <= len(rows) < current + following + 16
    np.testing.assert_array_equal(rows[index], old)
    np.testing.assert_array_equal(rows[next_index], new)
    assert index.max() < num_current


def test_priorities_set_how_often_a_row_is_drawn_and_weights_undo_it():
    recorder = Recorder(STATE, num_cells=1, prioritized=True, priority_exponent=0.5, importance_exponent=1.0).step(3)
    recorder.replay.update_priorities(np.arange(3), np.array([1.0, 4.0, 25.0]))
    batch = recorder.sample(8000)
    drawn = np.bincount(batch.rows, minlength=3) / 8000
    np.testing.assert_allclose(drawn, np.array([1.0, 2.0, 5.0]) / 8.0, atol=2e-3)
    weight = {row: batch.weights[batch.rows == row][0] for row in range(3)}
    assert weight == {0: pytest.approx(1.0), 1: pytest.approx(0.5), 2: pytest.approx(0.2)}
    recorder.step()
    assert recorder.replay._tree.get(np.array([3]))[0] == pytest.approx(5.0)


def test_without_priorities_all_rows_weigh_the_same():
    recorder = Recorder(STATE, num_cells=1).step(3)
    recorder.replay.update_priorities(np.arange(3), np.array([1.0, 4.0, 25.0]))
    batch = recorder.sample(300)
    assert np.bincount(batch.rows).tolist() == [100, 100, 100]
    assert np.all(batch.weights == 1.0)


def test_priorities_of_rows_without_a_transition_stay_zero():
    recorder = Recorder(STATE, num_cells=1, prioritized=True).step(LENGTH + 2)
    recorder.replay.update_priorities(np.arange(9), np.ones(9))
    assert set(recorder.sample(500).rows) == {0, 1, 2, 3, 4, 5, 7}
    with pytest.raises(ValueError, match="priorities must be finite"):
        recorder.replay.update_priorities(np.array([0]), np.array([np.nan]))


@pytest.mark.parametrize("spec", [STATE, VIDEO])
@pytest.mark.parametrize("steps", [9, 77])
def test_a_restored_buffer_samples_the_same_and_goes_on(spec, steps):
    settings = {"capacity": 40, "n_step": 2, "prioritized": True}
    recorder, restored = Recorder(spec, **settings).step(steps), Recorder(spec, **settings).step(3)
    batch = recorder.sample(16)
    recorder.replay.update_priorities(batch.rows, np.linspace(0.1, 2.0, 16))
    restored.replay.load_state_dict(recorder.replay.state_dict())
    restored.row, restored.age, restored.stack = recorder.row, recorder.age, recorder.stack
    for _ in range(3):
        expected, found = recorder.step(5).sample(32), restored.step(5).sample(32)
        for name in ("observations", "next_observations", "profit", "discount", "weights", "rows"):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
        if expected.frames is not None:
            np.testing.assert_array_equal(found.frames, expected.frames)


def test_the_state_holds_the_used_part_only():
    state = Recorder(VIDEO, capacity=100_000).step(3).replay.state_dict()
    assert len(state["arrays"]["frames"]) == len(state["priorities"]) == 8


def test_misuse_is_one_line():
    replay = ReplayBuffer(STATE, 2, ReplayConfig(capacity=100))
    with pytest.raises(RuntimeError, match="no transition yet"):
        replay.sample(4, np.random.default_rng(0))
    with pytest.raises(ValueError, match="replay_capacity must be >= 24, got 10"):
        ReplayBuffer(STATE, 2, ReplayConfig(capacity=10, n_step=10))
    with pytest.raises(CheckpointError, match="saved replay has num_cells 1, this one has 2"):
        replay.load_state_dict(ReplayBuffer(STATE, 1, ReplayConfig(capacity=50)).state_dict())
