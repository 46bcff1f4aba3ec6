"""Settings of the replay buffer."""

from dataclasses import dataclass

from agents._checks import check_float, check_int


@dataclass(frozen=True)
class ReplayConfig:
    """Holds the settings of a replay buffer.

    Attributes:
        capacity: Rows (observations; one frame each for video) over all cells.
        n_step: Rewards summed before bootstrapping.
        gamma: Discount per step.
        segment_length: Consecutive transitions per sampled start.
        prioritized: Whether starts are drawn by priority rather than evenly.
        priority_exponent: Power of the priority.
        importance_exponent: Power of the importance weights.
        centering_steps: Env steps, over all cells, whose mean reward is taken from every reward; 0 takes nothing.
    """

    capacity: int = 1_000_000
    n_step: int = 1
    gamma: float = 0.995
    segment_length: int = 1
    prioritized: bool = True
    priority_exponent: float = 0.6
    importance_exponent: float = 0.4
    centering_steps: int = 0

    def __post_init__(self):
        for name in ("capacity", "n_step", "segment_length"):
            value = getattr(self, name)
            check_int("replay_capacity" if name == "capacity" else name, value, 1)
        check_int("centering_steps", self.centering_steps, 0)
        for name in ("gamma", "priority_exponent", "importance_exponent"):
            check_float(name, getattr(self, name), 0.0, 1.0)
