"""Settings of the physical task."""

from __future__ import annotations

from dataclasses import dataclass, field

from economics import Prices
from v2p_sim._checks import checked_choice
from v2p_sim.dishes import CATALOGUE, TRAY_MIX
from v2p_sim.randomization import Randomization, randomization_level

OBSERVATIONS = ("video", "state", "privileged")
FRAMES = 8
"""Frames that an observation of video holds where nothing else is asked for."""


@dataclass(frozen=True)
class MujocoConfig:
    """Settings of the physical task.

    Attributes:
        observation: "video", "state" or "privileged".
        frames: newest frames that an observation of video holds.
        privileged_info: whether infos hold "privileged": the privileged observation without the counters, for a critic
            that knows more in training than the policy sees.
        shift_minutes: simulated length of a shift [min].
        substeps: physics steps of 4 ms a control step; None makes control steps of 0.5 s.
        threads: native threads.
        randomization: how far shifts differ from nominal, "off", "mild", "strong" or widths of one's own.
        tray_mix: the kind of every dish on the tray, names of the catalogue.
        prices: what the work is worth.
    """

    observation: str = "video"
    frames: int = FRAMES
    privileged_info: bool = False
    shift_minutes: float = 10.0
    substeps: int | None = None
    threads: int = 1
    randomization: str | Randomization = "off"
    tray_mix: tuple[str, ...] = TRAY_MIX
    prices: Prices = field(default_factory=Prices)

    def __post_init__(self) -> None:
        checked_choice("observation", self.observation, OBSERVATIONS)
        if self.frames < 1:
            raise ValueError(f"frames must be at least 1, got {self.frames}")
        if not 0.0 < self.shift_minutes <= 24 * 60:
            raise ValueError(f"shift_minutes must be in (0, 1440], got {self.shift_minutes}")
        if self.substeps is not None and self.substeps < 1:
            raise ValueError(f"substeps must be at least 1 or None, got {self.substeps}")
        if self.threads is None or self.threads < 1:
            raise ValueError(f"threads must be at least 1, got {self.threads}")
        if not self.tray_mix:
            raise ValueError("tray_mix must name at least one dish, got none")
        for kind in self.tray_mix:
            checked_choice("tray_mix", kind, tuple(CATALOGUE))
        if not isinstance(self.randomization, Randomization):
            randomization_level(self.randomization)

    @property
    def widths(self) -> Randomization:
        """Widths of what varies between shifts."""
        own = self.randomization
        return own if isinstance(own, Randomization) else randomization_level(own)
