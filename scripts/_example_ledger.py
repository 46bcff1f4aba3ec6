"""An illustrative ledger: a policy that learns the closed form of the abstract task, made up where there is no run."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from economics import Prices, make_row
from v2p_sim.tasks.dishwashing_formula import (
    DishwashingConfig,
    attempts_per_hour,
    error_probability,
    optimal_action,
)

EPISODES = 250
LEARNING_EPISODES = 60.0  # placeholder: shifts in which 1 - 1/e of the way to the optimum is learnt
START = (0.6, 0.3)  # placeholder: [speed, care] of the first shift
NOVELTY_NOISE = 0.1  # placeholder
ERR_TARGET = 0.06


def example_rows(prices: Prices, seed: int, episodes: int = EPISODES) -> list[dict[str, Any]]:
    """Make up shifts: the action goes to the optimum exponentially, errors are binomial, novelty fades.

    Args:
        prices: what the work is worth
        seed: of the errors and the novelty
        episodes: shifts

    Returns:
        Rows of the ledger. How fast it learns and how novelty fades are placeholders.
    """
    rng, config = np.random.default_rng(seed), DishwashingConfig()
    best, rows, before = optimal_action(config, prices), [], math.nan
    for episode in range(1, episodes + 1):
        left = math.exp(-episode / LEARNING_EPISODES)
        speed, care = best + left * (np.asarray(START) - best)
        attempts = round(float(attempts_per_hour(speed, care, config)))
        errors = int(rng.binomial(attempts, float(error_probability(speed, care, config))))
        counts = {"attempts": attempts, "completed": attempts - errors, "errors": errors, "hours": 1.0}
        run = {"episode": episode, "task": "illustrative", "seed": seed, "env_steps": 60 * episode}
        run["novelty_norm"] = left + NOVELTY_NOISE * rng.standard_normal()
        row = make_row(counts, prices, ERR_TARGET, 0.0, delta_mpl_total=counts["completed"] - before, **run)
        rows.append(asdict(row))
        before = row.mp_r
    return rows
