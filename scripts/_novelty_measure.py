"""The measures of novelty, trained on normal latents and asked about all others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from agents import build_novelty
from agents.novelty import GapNovelty
from scripts._explain import UsageError
from scripts._novelty_auroc import MEAN, Interval, Scored, Wins, bootstrap, count_wins, interval, shift_means, summarise
from scripts._novelty_cases import NORMAL, TRAIN
from scripts._novelty_latents import DERIVED, CaseLatents
from scripts._settings import Settings

MEASURES = ("diffusion", "rnd", "knn")
BATCH = 128
NEIGHBOURS = 5
SCORE_EVERY = 8  # updates; the running statistics that scores are normalised by follow
GOAL_AUROC = 0.90
OBSERVATION, SHIFT = "observation", "shift"
"""What is scored: one observation, or a shift by the mean score of what it shows."""


def fit(name: str, latents: npt.NDArray[np.float32], settings: Settings, updates: int, tick: Callable[[], None]) -> Any:
    """Train a measure on normal latents, in epochs of random order; neighbours are found among all of them.

    Args:
        name: of the measure
        latents: (B, L)
        settings: seed; novelty's settings count for the measure that they are of
        updates: batches to learn from; kNN needs every latent once, and takes no more
        tick: called after each

    Returns:
        The trained measure.

    Raises:
        UsageError: there are too few latents.
    """
    if len(latents) < 2:
        raise UsageError(f"train_shifts: normal shifts gave {len(latents)} observations; take more, or a smaller every")
    options = dict(settings.novelty.options) if settings.novelty.name == name else {}
    if name == "knn":
        # What is kept must be neither a part of the normal latents nor the same one twice, or kNN is a weak baseline.
        options |= {"capacity": len(latents), "neighbours": min(NEIGHBOURS, len(latents))}
        updates = -(-len(latents) // BATCH)
    novelty = build_novelty(name, latents.shape[1], seed=settings.seed, train_every=1, **options)
    assert isinstance(novelty, GapNovelty)
    for update, rows in enumerate(_batches(len(latents), updates, np.random.default_rng(settings.seed))):
        batch = torch.from_numpy(latents[rows])
        novelty.update(batch)
        if update % SCORE_EVERY == 0 or update == updates - 1:
            novelty.score(batch)
        tick()
    return novelty


def _batches(count: int, updates: int, rng: np.random.Generator) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the rows of each batch: all rows once, in random order, then all again."""
    left = rng.permutation(count)
    for _ in range(updates):
        yield left[:BATCH]
        left = left[BATCH:] if len(left) > BATCH else rng.permutation(count)


def score(novelty: GapNovelty, cases: Mapping[str, CaseLatents]) -> dict[str, Scored]:
    """Return what a trained measure says of every observation of a test case, and its shift, by case."""
    return {
        name: (novelty.deviation(torch.from_numpy(case.latents)).numpy(), case.shifts)
        for name, case in cases.items()
        if name != TRAIN
    }


def compare(scored: Mapping[str, Scored]) -> dict[str, Wins]:
    """Compare the scores of each anomaly with those of normal test shifts.

    Args:
        scored: scores and shifts by case, `normal` among them; of observations, or of whole shifts (`shift_means`)

    Returns:
        Counts by anomaly.
    """
    normal = scored[NORMAL]
    return {name: count_wins(normal, own, paired=name in DERIVED) for name, own in scored.items() if name != NORMAL}


def judge(wins: Mapping[str, Mapping[str, Wins]], seed: int) -> dict[str, Any]:
    """Sum up all measures.

    Args:
        wins: counts by measure and anomaly
        seed: of the bootstrap, the same for every measure

    Returns:
        `auroc` by measure and anomaly with 95 % intervals, and what was asked of diffusion: its mean, and how far that
        lies above the best baseline's.
    """
    draws = {measure: bootstrap(own, seed) for measure, own in wins.items()}
    auroc = {measure: summarise(own, draws[measure]) for measure, own in wins.items()}
    means = {measure: found[MEAN].value for measure, found in auroc.items()}
    best = max((name for name in means if name != "diffusion"), key=lambda name: means[name])
    margin = interval(means["diffusion"] - means[best], draws["diffusion"][MEAN] - draws[best][MEAN])
    goals = {"mean_auroc": means["diffusion"] >= GOAL_AUROC, "not_below_the_best_baseline": margin.value >= 0.0}
    return {"auroc": auroc, "best_baseline": best, "margin": margin, "goals": goals}


def judge_units(
    scored: Mapping[str, Mapping[str, Scored]], seed: int
) -> tuple[dict[str, Any], dict[str, tuple[int, int]]]:
    """Sum up all measures, of single observations and of whole shifts.

    Args:
        scored: scores and shifts by measure and case
        seed: of the bootstrap

    Returns:
        What `judge` returns, by unit, and what `observed` returns.
    """
    wins = {measure: compare(own) for measure, own in scored.items()}
    means = {measure: {case: shift_means(each) for case, each in own.items()} for measure, own in scored.items()}
    of_shifts = {measure: compare(own) for measure, own in means.items()}
    return {OBSERVATION: judge(wins, seed), SHIFT: judge(of_shifts, seed)}, observed(wins["diffusion"])


def observed(wins: Mapping[str, Wins]) -> dict[str, tuple[int, int]]:
    """Return how many observations of each anomaly were scored, and in how many shifts."""
    return {name: (int(own.anomalous.sum()), int((own.anomalous > 0).sum())) for name, own in wins.items()}


__all__ = [
    "GOAL_AUROC",
    "MEASURES",
    "OBSERVATION",
    "SHIFT",
    "Interval",
    "compare",
    "fit",
    "judge",
    "judge_units",
    "observed",
    "score",
]
