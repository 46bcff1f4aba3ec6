"""Synthetic video, frame stack, and the economic reward in its rate form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
import numpy.typing as npt

from economics import Prices, error_rate, marginal_product, profit_rate

_SIZE_PX = 64
_BAR_PX = 16
_MARGIN_PX = 2
_BACKGROUND = np.array([24.0, 26.0, 32.0], np.float32)
_COLOURS = np.array([[96, 144, 208], [88, 184, 112], [224, 176, 72], [216, 80, 72]], np.float32)
_GAINS = np.array([1.0, 1.0, 1.0, 5.0], np.float32)


class SyntheticVideo:
    """Draw a state as four bars: time (blue), completed (green), attempts (amber), errors (red, five times enlarged).

    The pixel at a bar's tip is shaded by the part of it that the bar covers, so no state is lost to rounding.
    """

    frame_shape = (3, _SIZE_PX, _SIZE_PX)

    def draw(self, states: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
        """Draw one frame a cell.

        Args:
            states: [t / T, completed / N, attempts / N, errors / N], shape (N, 4)

        Returns:
            Frames, shape (N, 3, 64, 64), the bars rising from the lower edge.
        """
        num_cells = len(states)
        heights_px = np.clip(states * _GAINS, 0.0, 1.0) * _SIZE_PX
        floors_px = np.arange(_SIZE_PX - 1, -1, -1, dtype=np.float32)
        covered = np.clip(heights_px[:, None, :] - floors_px[:, None], 0.0, 1.0)
        pixels = _BACKGROUND[:, None, None] + covered[:, None] * (_COLOURS - _BACKGROUND).T[:, None, :]
        frames = np.empty((num_cells, 3, _SIZE_PX, len(_COLOURS), _BAR_PX), np.uint8)
        frames[:] = _BACKGROUND.astype(np.uint8)[:, None, None, None]
        frames[..., _MARGIN_PX:-_MARGIN_PX] = np.rint(pixels).astype(np.uint8)[..., None]
        return frames.reshape(num_cells, *self.frame_shape)


class FrameStack:
    """Keep the last T frames of N cells. A reset repeats the first frame; the order is old to new.

    Every frame is written once, behind the one before it, so that the last T frames are always one slice, and stacks
    are observed without being copied. There is room for 3 T frames; where it ends, and before a reset writes over what
    was observed, the last frames move to the front of a fresh room, or of the same where nobody observes it (one cell).
    """

    def __init__(self, num_cells: int, num_frames: int, frame_shape: tuple[int, int, int]) -> None:
        self._frames = np.zeros((num_cells, 3 * num_frames, *frame_shape), np.uint8)
        self._length = num_frames
        self._end = num_frames

    def reset(self, cells: npt.NDArray[np.int64], frames: npt.NDArray[np.uint8]) -> None:
        """Fill the stacks of some cells with one frame each.

        Args:
            cells: indices of the cells, shape (M,)
            frames: their first frames, shape (M, C, H, W)
        """
        self._move(self._length)
        self._frames[cells, : self._length] = frames[:, None]

    def push(self, frames: npt.NDArray[np.uint8]) -> None:
        """Add the newest frame of every cell, dropping the oldest.

        Args:
            frames: shape (N, C, H, W)
        """
        self.advance()[:] = frames

    def advance(self) -> npt.NDArray[np.uint8]:
        """Drop the oldest frame of every cell and make room for the newest: `push` for who draws in place.

        Returns:
            The room, shape (N, C, H, W), live; its contents are undefined until they are written.
        """
        if self._end == self._frames.shape[1]:
            self._move(self._length - 1)
        self._end += 1
        return self._frames[:, self._end - 1]

    def newest(self) -> npt.NDArray[np.uint8]:
        """Return the newest frame of every cell, shape (N, C, H, W), live."""
        return self._frames[:, self._end - 1]

    def observe(self) -> npt.NDArray[np.uint8]:
        """Return the stacks, shape (N, T, C, H, W), the newest frame last; they are never written again.

        A single cell's is a copy: Gymnasium's checkers ask an `Env` for memory of its own. Several are read-only.
        """
        stacks = self._frames[:, self._end - self._length : self._end]
        if len(stacks) == 1:
            return stacks.copy()
        stacks.flags.writeable = False
        return stacks

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return a copy of the stacks."""
        return {"frames": np.array(self.observe())}

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue from a `state_dict`.

        Args:
            state: what `state_dict` of a stack of the same shape returned
        """
        self._move(self._length)
        self._frames[:, : self._length] = state["frames"]

    def _move(self, kept: int) -> None:
        """Leave the room to those who observed it: take a fresh one, the last `kept` frames at its front."""
        fresh = self._frames if len(self._frames) == 1 else np.empty_like(self._frames)
        fresh[:, :kept] = self._frames[:, self._end - kept : self._end]
        self._frames, self._end = fresh, kept


class RateReward(gym.Wrapper):
    """Reward each step with the change of the shift's profit in the rate form.

    r_t = P_t - P_{t-1} with P = (p * mp - c * err * mp - c_energy) * hours of the shift so far, so that the rewards of
    a shift sum to its rate profit times its hours. Over a shift this pays `c * err * errors` more than the flow form.
    """

    def __init__(self, env: gym.Env, prices: Prices | None = None) -> None:
        super().__init__(env)
        self._prices = env.get_wrapper_attr("prices") if prices is None else prices
        self._earned_usd = 0.0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Start a shift.

        Args:
            seed: restarts the generator; None continues it
            options: passed on

        Returns:
            First observation and info.
        """
        self._earned_usd = 0.0
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Work one control step.

        Args:
            action: passed on

        Returns:
            Observation, change of the rate profit [$], terminated, truncated, info.
        """
        observation, _, terminated, truncated, info = self.env.step(action)
        before, self._earned_usd = self._earned_usd, rate_profit_usd(info, self._prices)
        return observation, self._earned_usd - before, terminated, truncated, info


def rate_profit_usd(info: Mapping[str, Any], prices: Prices) -> float:
    """Return the rate-form profit of the shift so far: (p * mp - c * err * mp - c_energy) * hours.

    Args:
        info: cumulative `attempts`, `completed`, `errors`, `hours`
        prices: what the work is worth

    Returns:
        Dollars since the shift's start, 0 at zero hours [$].
    """
    hours = info["hours"]
    if hours == 0.0:
        return 0.0
    mp_r, err = marginal_product(info["completed"], hours), error_rate(info["errors"], info["attempts"])
    rate = profit_rate(mp_r, err, prices.price_usd, prices.damage_usd, prices.energy_usd_per_hour)
    return float(rate * hours)
