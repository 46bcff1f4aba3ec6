"""Settings of the physical task."""

from __future__ import annotations

from dataclasses import dataclass, field

from economics import Prices
from v2p_sim._checks import checked_choice
from v2p_sim.randomization import randomization_level

OBSERVATIONS = ("video", "state", "privileged")


@dataclass(frozen=True)
class MujocoConfig:
    """Settings of the physical task.

    Attributes:
        observation: "video", "state" or "privileged".
        shift_minutes: simulated length of a shift [min].
        substeps: physics steps of 4 ms a control step; None makes control steps of 0.5 s.
        threads: native threads.
        randomization: how far shifts differ from nominal, "off", "mild" or "strong".
        prices: what the work is worth.
    """

    observation: str = "video"
    shift_minutes: float = 10.0
    substeps: int | None = None
    threads: int = 1
    randomization: str = "off"
    prices: Prices = field(default_factory=Prices)

    def __post_init__(self) -> None:
        checked_choice("observation", self.observation, OBSERVATIONS)
        if not 0.0 < self.shift_minutes <= 24 * 60:
            raise ValueError(f"shift_minutes must be in (0, 1440], got {self.shift_minutes}")
        if self.substeps is not None and self.substeps < 1:
            raise ValueError(f"substeps must be at least 1 or None, got {self.substeps}")
        if self.threads is None or self.threads < 1:
            raise ValueError(f"threads must be at least 1, got {self.threads}")
        randomization_level(self.randomization)
