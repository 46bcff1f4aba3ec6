"""What the loop reports, and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.loop import LoopState


@dataclass(frozen=True)
class EpisodeResult:
    """One finished episode.

    Attributes:
        episode: Its number, from 1.
        env_steps: Env steps of all cells so far.
        cell: The cell that it ran in.
        info: The cell's numbers at its end.
        reward_sum: Sum of its rewards.
        metrics: The learner's metrics averaged over the updates since the last finished episode, its gauges, and
            lambda_dual and error_target as they were.
        wall_s: Seconds trained so far.
    """

    episode: int
    env_steps: int
    cell: int
    info: dict[str, float]
    reward_sum: float
    metrics: dict[str, float]
    wall_s: float


@dataclass(frozen=True)
class Progress:
    """Where training stands between two env steps.

    Attributes:
        episode: Episodes finished.
        episodes: Episodes to finish.
        env_steps: Env steps of all cells so far.
        updates: Updates so far.
        env_steps_per_s: Recent env steps a second.
        updates_per_s: Recent updates a second.
        info: Current numbers, averaged over cells.
        lambda_dual: Dual variable in dollars an error.
        wall_s: Seconds trained so far.
        seconds_left: Estimate of the time left; nan before the first step.
    """

    episode: int
    episodes: int
    env_steps: int
    updates: int
    env_steps_per_s: float
    updates_per_s: float
    info: dict[str, float]
    lambda_dual: float
    wall_s: float
    seconds_left: float


class Observer:
    """Hears of training; override what is of interest."""

    def on_episode(self, result: EpisodeResult) -> None:
        """Take a finished episode."""

    def on_progress(self, progress: Progress) -> None:
        """Take a sign of life, about every `progress_every_s`."""

    def on_boundary(self, state: LoopState) -> None:
        """Act between two env steps, after the episodes that just ended were reported."""
