"""Every number of the auxiliary losses, checked when it is made."""

from dataclasses import dataclass

from agents._checks import check_float, check_int

PIXEL_SETTINGS = ("random_shift", "history_dropout", "infonce_coefficient")
"""Settings that need frames where they are above 0."""


@dataclass(frozen=True)
class AuxiliaryConfig:
    """Holds the settings of random shift, temporal consistency and InfoNCE; by default all are off.

    Attributes:
        random_shift: Largest shift in pixels of the frames that the critic learns from; 0 shifts none.
        history_dropout: Share of the clips learned from that show their newest frame alone; 0 leaves all whole.
        consistency_coefficient: Weight of the temporal consistency loss; 0 leaves it out.
        infonce_coefficient: Weight of the InfoNCE loss; 0 leaves it out.
        infonce_temperature: What InfoNCE divides cosine similarities by.
        hidden: Width of the hidden layer of predictor and projection.
        learning_rate: Adam's step size for them.
        n_step: Steps between an observation and the one to bootstrap from.
        segment_length: Consecutive transitions per sampled start.
    """

    random_shift: int = 0
    history_dropout: float = 0.0
    consistency_coefficient: float = 0.0
    infonce_coefficient: float = 0.0
    infonce_temperature: float = 0.1
    hidden: int = 256
    learning_rate: float = 3e-4
    n_step: int = 1
    segment_length: int = 1

    def __post_init__(self):
        check_int("random_shift", self.random_shift, 0)
        check_float("history_dropout", self.history_dropout, 0.0, 1.0)
        for name in ("consistency_coefficient", "infonce_coefficient"):
            check_float(name, getattr(self, name), 0.0)
        for name in ("infonce_temperature", "learning_rate"):
            check_float(name, getattr(self, name), 0.0, open_low=True)
        for name in ("hidden", "n_step", "segment_length"):
            check_int(name, getattr(self, name), 1)
        if self.consistency_coefficient > 0.0 and self.n_step > 1 and self.segment_length == 1:
            raise ValueError(
                f"consistency_coefficient needs n_step 1 or segment_length 2 and more to see the next step, "
                f"got n_step {self.n_step} and segment_length 1"
            )

    @property
    def reads_pixels(self) -> bool:
        """Tell whether a setting that is on needs frames."""
        return any(getattr(self, name) > 0 for name in PIXEL_SETTINGS)
