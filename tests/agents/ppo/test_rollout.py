"""Tests for rollout.py."""

import copy

import numpy as np
import pytest

from agents import CheckpointError, EnvSpec, Step
from agents.ppo import Choice, Rollout, Targets

STATE = EnvSpec((2,), "float64", (0.0,), (1.0,))
VIDEO = EnvSpec((3, 1, 4, 4), "uint8", (0.0,), (1.0,))


class Recorder:
    """Feeds a rollout with stacks whose frames show when they were made, and remembers the stacks."""

    def __init__(self, num_cells: int = 2, num_steps: int = 6, spec: EnvSpec = VIDEO):
        self.rollout, self.spec, self.cells = Rollout(spec, num_cells, num_steps), spec, num_cells
        self.clock = 0
        frame = self._frame(np.arange(num_cells))
        self.now = np.repeat(frame[:, None], 3, axis=1)
        self.seen = [self.now]
        self.rollout.start(self._shown())

    def _frame(self, cell: np.ndarray) -> np.ndarray:
        self.clock += 1
        return np.broadcast_to((10 * self.clock + cell)[:, None, None, None], (len(cell), 1, 4, 4)).astype(np.uint8)

    def _shown(self) -> np.ndarray:
        return self.now if self.spec.is_video else self.now[:, -1, 0, 0, :2].astype(np.float64)

    def step(self, reset=(False, False), terminated=(False, False), broken=None) -> None:
        frame = self._frame(np.arange(self.cells))[:, None]
        reset = np.array(reset)
        pushed = np.concatenate([self.now[:, 1:], frame], axis=1)
        self.now = np.where(reset[:, None, None, None, None], np.repeat(frame, 3, axis=1), pushed)
        self.seen.append(self.now)
        number = np.arange(self.cells, dtype=np.float32) + self.clock
        choice = Choice(number[:, None], number[:, None] / 7, number / 3, number / 5)
        broken = None if broken is None else np.array(broken)
        step = Step(choice.actions, number, number, number, self._shown(), np.array(terminated), reset, broken)
        self.rollout.add(choice, step)

    def stacks(self, steps: np.ndarray, cells: np.ndarray) -> np.ndarray:
        index, frames = self.rollout.observations(steps, cells)
        assert frames is not None
        return frames[index]


def everything(recorder: Recorder, num_steps: int) -> None:
    """Check all stacks of the rollout against what was seen."""
    steps, cells = (part.ravel() for part in np.meshgrid(np.arange(num_steps + 1), [0, 1], indexing="ij"))
    expected = np.stack(recorder.seen[-num_steps - 1 :])[steps, cells]
    np.testing.assert_array_equal(recorder.stacks(steps, cells), expected)


def test_stacks_are_rebuilt_from_single_frames_across_resets_and_rollouts():
    recorder = Recorder()
    for reset in [(0, 0), (1, 0), (0, 0), (0, 1), (1, 0), (0, 0)]:
        recorder.step(reset=np.array(reset, bool))
    everything(recorder, 6)
    recorder.rollout.restart()
    assert len(recorder.rollout) == 0
    for reset in [(0, 1), (0, 0), (0, 0)]:
        recorder.step(reset=np.array(reset, bool))
    everything(recorder, 3)
    np.testing.assert_array_equal(recorder.rollout.newest(), recorder.now)


def test_a_frame_is_stored_once():
    rollout = Rollout(EnvSpec((8, 3, 64, 64), "uint8", (0.0,), (1.0,)), 4, 100)
    assert rollout._frames is not None
    assert rollout._frames.dump(10**9).nbytes == (100 + 8) * 4 * 3 * 64 * 64


def test_a_batch_holds_each_frame_once():
    recorder = Recorder()
    for _ in range(4):
        recorder.step()
    index, frames = recorder.rollout.observations(np.array([2, 3, 3]), np.array([0, 0, 0]))
    assert frames is not None
    assert frames.shape == (4, 1, 4, 4)
    assert index.tolist() == [[0, 1, 2], [1, 2, 3], [1, 2, 3]]


def test_states_are_kept_as_float32():
    recorder = Recorder(spec=STATE)
    recorder.step()
    states, frames = recorder.rollout.observations(np.array([0, 1]), np.array([1, 0]))
    assert frames is None
    assert states.dtype == np.float32
    assert states.tolist() == [[11.0, 11.0], [20.0, 20.0]]


def test_reset_rows_and_failed_simulations_are_no_transitions():
    recorder = Recorder()
    recorder.step(reset=(False, True))
    recorder.step(terminated=(True, True), broken=(True, False))
    assert recorder.rollout.valid[:2].tolist() == [[True, False], [False, True]]
    assert recorder.rollout.terminated[1].tolist() == [True, True]


def test_a_minibatch_gathers_the_chosen_transitions():
    recorder = Recorder()
    for _ in range(3):
        recorder.step()
    targets = Targets(np.array([0, 1, 2]), np.array([0, 1, 0]), np.array([5.0, 6.0, 7.0]), np.array([8.0, 9.0, 10.0]))
    batch = recorder.rollout.minibatch(targets, np.array([2, 1]))
    np.testing.assert_allclose(batch.raw[:, 0], [4 / 7, 4 / 7])
    np.testing.assert_allclose(batch.log_probs, [4 / 3, 4 / 3])
    assert (batch.advantages.tolist(), batch.returns.tolist()) == ([7.0, 6.0], [10.0, 9.0])
    assert batch.frames is not None
    np.testing.assert_array_equal(
        batch.frames[batch.observations], np.stack([recorder.seen[2][0], recorder.seen[1][1]])
    )


@pytest.mark.parametrize("spec", [STATE, VIDEO])
@pytest.mark.parametrize("steps", [0, 3, 6])
def test_a_restored_rollout_holds_the_same(spec, steps):
    recorder = Recorder(spec=spec)
    for number in range(steps):
        recorder.step(reset=(number == 1, False))
    restored = Rollout(spec, 2, 6)
    restored.load_state_dict(copy.deepcopy(recorder.rollout.state_dict()))
    assert len(restored) == 2 * steps
    assert restored.is_full == (steps == 6)
    np.testing.assert_array_equal(restored.newest(), recorder.rollout.newest())
    for name in Rollout.PER_STEP:
        np.testing.assert_array_equal(getattr(restored, name), getattr(recorder.rollout, name))


def test_misuse_is_one_line():
    with pytest.raises(RuntimeError, match="rollout needs start"):
        Rollout(VIDEO, 2, 6).add(Choice(*4 * (np.zeros(2),)), Step(*7 * (np.zeros(2),)))
    recorder = Recorder(num_steps=1)
    recorder.step()
    with pytest.raises(RuntimeError, match="rollout is full"):
        recorder.step()
    with pytest.raises(CheckpointError, match="saved rollout has num_steps 1, this one has 2"):
        Rollout(VIDEO, 2, 2).load_state_dict(recorder.rollout.state_dict())
