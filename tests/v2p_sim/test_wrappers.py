"""Synthetic video, frame stack and the rate reward."""

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given
from hypothesis import strategies as st

from economics import Prices
from v2p_sim.tasks.dishwashing import make_env
from v2p_sim.wrappers import FrameStack, RateReward, SyntheticVideo, rate_profit_usd

BACKGROUND = [24, 26, 32]


def test_an_empty_state_draws_only_the_background():
    frames = SyntheticVideo().draw(np.zeros((2, 4), np.float32))
    assert frames.shape == (2, 3, 64, 64) and frames.dtype == np.uint8
    np.testing.assert_array_equal(np.unique(frames.reshape(2, 3, -1)[0, 0]), [24])


@pytest.mark.parametrize("bar", range(4))
def test_each_number_has_its_bar(bar):
    state = np.zeros((1, 4), np.float32)
    state[0, bar] = [0.5, 0.5, 0.5, 0.1][bar]
    frame = SyntheticVideo().draw(state)[0]
    drawn = (frame != np.array(BACKGROUND, np.uint8)[:, None, None]).any(axis=0)
    rows, columns = np.nonzero(drawn)
    assert (rows.min(), rows.max()) == (32, 63)
    assert (columns.min(), columns.max()) == (16 * bar + 2, 16 * bar + 13)


@given(share=st.floats(0.0, 1.0), more=st.floats(0.01, 1.0))
def test_a_bar_never_shrinks_when_its_number_grows(share, more):
    states = np.zeros((2, 4), np.float32)
    states[:, 0] = share, min(share + more, 1.0)
    low, high = SyntheticVideo().draw(states).astype(int)
    assert (high >= low).all()
    assert (share > 0.99) or high.sum() > low.sum()


def test_frames_of_a_batch_are_drawn_apart():
    states = np.random.default_rng(0).random((3, 4)).astype(np.float32)
    video = SyntheticVideo()
    np.testing.assert_array_equal(video.draw(states), np.concatenate([video.draw(state[None]) for state in states]))


def numbered(values: list[int]) -> np.ndarray:
    return np.array(values, np.uint8)[:, None, None, None] * np.ones((1, 1, 2, 2), np.uint8)


def test_frame_stack_repeats_the_first_frame_and_orders_old_to_new():
    stack = FrameStack(2, 3, (1, 2, 2))
    stack.reset(np.array([0, 1]), numbered([10, 20]))
    np.testing.assert_array_equal(stack.observe()[:, :, 0, 0, 0], [[10, 10, 10], [20, 20, 20]])
    stack.push(numbered([11, 21]))
    stack.push(numbered([12, 22]))
    np.testing.assert_array_equal(stack.observe()[:, :, 0, 0, 0], [[10, 11, 12], [20, 21, 22]])
    stack.reset(np.array([1]), numbered([30]))
    stack.push(numbered([13, 31]))
    np.testing.assert_array_equal(stack.observe()[:, :, 0, 0, 0], [[11, 12, 13], [30, 30, 31]])


def test_frame_stack_keeps_its_order_for_long():
    """Memory holds three lengths of the stack; then the frames move to its front."""
    stack = FrameStack(2, 3, (1, 2, 2))
    stack.reset(np.array([0, 1]), numbered([0, 100]))
    for value in range(1, 30):
        stack.push(numbered([value, 100 + value]))
        expected = np.maximum(np.arange(value - 2, value + 1), 0)
        np.testing.assert_array_equal(stack.observe()[:, :, 0, 0, 0], [expected, 100 + expected])
        np.testing.assert_array_equal(stack.newest(), numbered([value, 100 + value]))


def test_frame_stack_can_be_drawn_into():
    pushed, drawn = FrameStack(2, 3, (1, 2, 2)), FrameStack(2, 3, (1, 2, 2))
    for value in range(20):
        pushed.push(numbered([value, 50]))
        before, frames = drawn.newest(), drawn.advance()
        frames[0] = value
        frames[1] = 50 if value == 0 else before[1]
        np.testing.assert_array_equal(drawn.observe(), pushed.observe())


def test_an_observed_stack_never_changes():
    """Neither by frames that come, nor by a reset, nor by another state."""
    stack = FrameStack(2, 3, (1, 2, 2))
    states, seen, kept = [], [], []
    for value in range(1, 30):
        stack.push(numbered([value, 100 + value]))
        if value % 7 == 0:
            stack.reset(np.array([1]), numbered([200]))
        if value % 11 == 0:
            stack.load_state_dict(states[value // 2])
        states.append(stack.state_dict())
        seen.append(stack.observe())
        kept.append(stack.observe().copy())
    np.testing.assert_array_equal(seen, kept)


def test_observed_stacks_cannot_be_written():
    with pytest.raises(ValueError, match="read-only"):
        FrameStack(2, 2, (1, 2, 2)).observe()[:] = 9


def test_a_single_observed_stack_is_a_copy():
    stack = FrameStack(1, 2, (1, 2, 2))
    stack.observe()[:] = 9
    assert not stack.observe().any()


def test_frame_stack_state_round_trip():
    first, second = FrameStack(1, 3, (1, 2, 2)), FrameStack(1, 3, (1, 2, 2))
    first.reset(np.array([0]), numbered([1]))
    for value in (2, 3):
        first.push(numbered([value]))
    second.load_state_dict(first.state_dict())
    for stack in (first, second):
        stack.push(numbered([4]))
    np.testing.assert_array_equal(first.observe(), second.observe())


@pytest.mark.parametrize("prices", [Prices(), Prices(damage_usd=3.0, energy_usd_per_hour=0.5)])
def test_rate_and_flow_differ_by_c_err_errors_a_shift(prices):
    env = RateReward(make_env(prices=prices))
    for seed in range(3):
        env.reset(seed=seed)
        total, over, info = 0.0, False, {}
        while not over:
            _, reward, _, over, info = env.step(np.array([1.0, 0.2], np.float32))
            total += float(reward)
        err = info["errors"] / info["attempts"]
        assert info["errors"] > 0
        assert total == pytest.approx(rate_profit_usd(info, prices))
        assert total - info["profit_usd"] == pytest.approx(prices.damage_usd * err * info["errors"])


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_rate_reward_is_a_gymnasium_environment():
    check_env(RateReward(make_env()), skip_render_check=True)


def test_rate_profit_before_any_work_is_zero():
    _, info = make_env().reset(seed=0)
    assert rate_profit_usd(info, Prices()) == 0.0
