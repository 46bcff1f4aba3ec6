"""Settings of the novelty measures. All figures are ours unless a reference is named."""

from dataclasses import dataclass

from agents._checks import check_float, check_int, unknown_name
from agents.novelty.schedule import SCHEDULES

PREDICTIONS = ("eps", "v")


@dataclass(frozen=True)
class DiffusionConfig:
    """How the denoiser is trained and how it scores.

    Attributes:
        prediction: What the denoiser predicts, "eps" (the noise) or "v" (the velocity).
        schedule: Noise schedule, "cosine" or "linear".
        num_steps: Steps T of the forward process.
        train_level: Largest standard deviation of the noise that the denoiser is trained on: scores ask about no more,
            and what it would learn of stronger noise costs it what it learns of theirs.
        score_levels: Standard deviations sqrt(1 - alpha_bar) of the noise under which the noise gap is measured;
            reconstructions start from the last.
        recon_steps: Steps of a reconstruction.
        draws: Fixed noise vectors for scoring, each used with both signs.
        hidden: Width of the denoiser.
        learning_rate: Adam's.
        average_decay: Share of the averaged weights that a gradient step keeps.
        train_every: Calls of `update` per gradient step.
        train_rows: Latents of a gradient step, at most.
    """

    prediction: str = "v"
    schedule: str = "cosine"
    num_steps: int = 100
    train_level: float = 0.1
    score_levels: tuple[float, ...] = (0.04,)
    recon_steps: int = 2
    draws: int = 1
    hidden: int = 128
    learning_rate: float = 1e-3
    average_decay: float = 0.995
    train_every: int = 4
    train_rows: int = 128

    def __post_init__(self):
        for field, valid in (("prediction", PREDICTIONS), ("schedule", SCHEDULES)):
            if getattr(self, field) not in valid:
                raise unknown_name(field, getattr(self, field), valid)
        for field in ("num_steps", "recon_steps", "draws", "hidden", "train_every"):
            check_int(field, getattr(self, field), 1)
        check_int("train_rows", self.train_rows, 2)
        check_float("learning_rate", self.learning_rate, 0.0, open_low=True)
        check_float("average_decay", self.average_decay, 0.0, 1.0)
        check_float("train_level", self.train_level, 0.0, 1.0, open_low=True)
        if not self.score_levels:
            raise ValueError("score_levels must name at least one noise level, got none")
        for level in self.score_levels:
            check_float("score_levels", level, 0.0, self.train_level, open_low=True)
        if self.recon_steps >= self.num_steps:
            raise ValueError(f"recon_steps must be less than num_steps {self.num_steps}, got {self.recon_steps}")


@dataclass(frozen=True)
class RNDConfig:
    """How the predictor is trained.

    Attributes:
        features: Width of the target's output.
        hidden: Width of both networks.
        learning_rate: Adam's.
        train_every: Calls of `update` per gradient step.
        train_rows: Latents of a gradient step, at most.
    """

    features: int = 64
    hidden: int = 128
    learning_rate: float = 1e-3
    train_every: int = 4
    train_rows: int = 128

    def __post_init__(self):
        for field in ("features", "hidden", "train_every"):
            check_int(field, getattr(self, field), 1)
        check_int("train_rows", self.train_rows, 2)
        check_float("learning_rate", self.learning_rate, 0.0, open_low=True)


@dataclass(frozen=True)
class KNNConfig:
    """What the reservoir holds.

    Attributes:
        capacity: Latents kept.
        neighbours: Nearest latents k whose distances count.
        chunk_rows: Latents whose distances are computed at once.
        train_every: Calls of `update` per filling.
        train_rows: Latents that a filling adds, at most.
    """

    capacity: int = 2048
    neighbours: int = 5
    chunk_rows: int = 1024
    train_every: int = 4
    train_rows: int = 128

    def __post_init__(self):
        for field in ("capacity", "neighbours", "chunk_rows", "train_every"):
            check_int(field, getattr(self, field), 1)
        check_int("train_rows", self.train_rows, 2)
        if self.neighbours > self.capacity:
            raise ValueError(f"neighbours must be at most capacity {self.capacity}, got {self.neighbours}")
