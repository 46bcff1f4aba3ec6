"""What the tests of the physical task share."""

from typing import Any

import numpy as np

from v2p_sim.breakage import ERROR_CAUSES
from v2p_sim.tasks.dishwashing_mujoco import DishwashingMujoco

CAUSES = {cause.name.lower() for cause in ERROR_CAUSES}
INFO_KEYS = {
    *("attempts", "completed", "errors", "hours", "profit_usd", "attempts_step", "errors_step", "cost"),
    *("success", "is_success", "physics_error"),
    *CAUSES,
}
HASTY = np.array([1.0, 0.0], np.float32)
QUIET: dict[str, Any] = {"observation": "privileged"}  # no frames: fast


def physical(env: Any) -> DishwashingMujoco:
    """Return the physical task behind a face."""
    task = env.unwrapped.task
    assert isinstance(task, DishwashingMujoco)
    return task


def shift_of(env: Any, actions: np.ndarray, **reset: Any) -> list[tuple]:
    """Reset and step; return observation, reward, terminated, truncated and info of every step."""
    observation, info = env.reset(**reset)
    rows = [(observation, 0.0, False, False, info)]
    rows += [env.step(action) for action in actions]
    return rows
