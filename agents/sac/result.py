"""What an update of SAC gives back."""

from typing import NamedTuple

import numpy as np


class UpdateResult(NamedTuple):
    """What one update leaves behind.

    Attributes:
        metrics: Scalars as floats.
        priorities: |TD error| x novelty of the batch's transitions (B,).
    """

    metrics: dict[str, float]
    priorities: np.ndarray
