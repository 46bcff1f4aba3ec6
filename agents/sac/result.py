"""What an update of SAC gives back, at once or when it has arrived."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from agents.divergence import check_losses
from agents.transfer import Arrival


class UpdateResult(NamedTuple):
    """What one update leaves behind.

    Attributes:
        metrics: Scalars as floats.
        priorities: |TD error| x novelty of the batch's transitions (B,).
    """

    metrics: dict[str, float]
    priorities: np.ndarray


class BegunUpdate:
    """An update that a GPU may still be at.

    Args:
        metrics: Scalars by name, in the order in which they are computed.
        priorities: |TD error| x novelty of the batch's transitions (B,).
        rewards: Finite rewards of the batch (B,), for the message of an error.
    """

    def __init__(self, metrics: Mapping[str, Tensor], priorities: Tensor, rewards: np.ndarray):
        self._names, self._rewards = tuple(metrics), rewards
        numbers = torch.stack([value.detach().float() for value in metrics.values()])
        self._arrival = Arrival(numbers, priorities)

    def read(self) -> UpdateResult:
        """Wait for the result and return it.

        Raises:
            DivergenceError: A loss or its gradient is not finite; no step was taken from it.
        """
        numbers, priorities = self._arrival.wait()
        found = dict(zip(self._names, numbers.tolist(), strict=True))
        check_losses(found, self._rewards)
        return UpdateResult(found, priorities.numpy())
