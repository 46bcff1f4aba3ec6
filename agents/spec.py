"""What a learner needs to know of a task: the shapes and bounds of its spaces."""

import math
from dataclasses import dataclass

import numpy as np
from gymnasium import spaces


@dataclass(frozen=True)
class EnvSpec:
    """Describes one cell's observation and action as plain numbers.

    Attributes:
        observation_shape: Shape of one observation, (D,) for a state or (T, C, H, W) for video.
        observation_dtype: NumPy name of the observation's type.
        action_low: Lower bound of each action component.
        action_high: Upper bound of each action component.
        privileged_dim: Numbers that infos tell beside an observation, for a critic alone; 0 where they tell none.
    """

    observation_shape: tuple[int, ...]
    observation_dtype: str
    action_low: tuple[float, ...]
    action_high: tuple[float, ...]
    privileged_dim: int = 0

    def __post_init__(self):
        if len(self.action_low) != len(self.action_high):
            raise ValueError(f"action bounds differ in length: {len(self.action_low)} and {len(self.action_high)}")
        pairs = zip(self.action_low, self.action_high, strict=True)
        if not all(math.isfinite(low) and math.isfinite(high) and low < high for low, high in pairs):
            raise ValueError(
                f"action bounds must be finite with low < high, got {self.action_low} and {self.action_high}"
            )

    @classmethod
    def from_spaces(
        cls, observation_space: spaces.Space, action_space: spaces.Space, privileged_dim: int = 0
    ) -> "EnvSpec":
        """Read a spec off the spaces of one cell.

        Args:
            observation_space: A Box of any shape and type.
            action_space: A one-dimensional Box with finite bounds.
            privileged_dim: Numbers that infos tell beside an observation.

        Returns:
            The spec.

        Raises:
            ValueError: A space is no Box, or the actions are not a bounded vector.
        """
        for name, space in (("observation", observation_space), ("action", action_space)):
            if not isinstance(space, spaces.Box):
                cure = "; gymnasium.wrappers.FlattenObservation makes one" if name == "observation" else ""
                raise ValueError(f"{name} space must be a Box, got {type(space).__name__}{cure}")
        assert isinstance(observation_space, spaces.Box) and isinstance(action_space, spaces.Box)
        if len(action_space.shape) != 1:
            raise ValueError(f"action space must have one dimension, got shape {action_space.shape}")
        return cls(
            observation_shape=tuple(int(size) for size in observation_space.shape),
            observation_dtype=np.dtype(observation_space.dtype).name,
            action_low=tuple(float(low) for low in action_space.low),
            action_high=tuple(float(high) for high in action_space.high),
            privileged_dim=privileged_dim,
        )

    @property
    def is_video(self) -> bool:
        """Tell whether observations are stacks of uint8 frames (T, C, H, W)."""
        return len(self.observation_shape) == 4 and self.observation_dtype == "uint8"

    @property
    def action_dim(self) -> int:
        """Return the number of action components."""
        return len(self.action_low)
