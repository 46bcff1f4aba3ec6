"""Greedy shifts on fixed seeds, priced, with 95 % intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from agents import ShiftResult, evaluate, mean_interval
from economics import Prices, make_row
from scripts._settings import MAX_SEED
from v2p_sim.tasks.dishwashing import DishwashingConfig, expected_rate_profit, optimum_usd_per_hour

FIRST_SEED = MAX_SEED + 1  # above every seed that training can be given
COUNTS = ("hours", "attempts", "completed", "errors")
MONEY = ("mp_r", "err_rate", "wage_parity", "profit", "profit_flow")
EVAL_COLUMNS = ("episode", "shift", "seed", *COUNTS, *MONEY)
OPTIMUM = "optimum_fraction"

SUMMARY_NAMES = {
    "profit": "profit_usd_per_hour",
    "profit_flow": "profit_flow_usd_per_hour",
    "mp_r": "mp_per_hour",
    "err_rate": "err_rate",
    "wage_parity": "wage_parity",
    OPTIMUM: OPTIMUM,
}
"""From a column of eval.csv to its name in summary.json."""

Policy = Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]


def evaluate_shifts(policy: Policy, env: Any, shifts: int, prices: Prices, episode: int = 0) -> list[dict[str, Any]]:
    """Work shifts on the fixed seeds and price them.

    Args:
        policy: observations (N, ...) -> actions (N, 2)
        env: vector environment that training does not use
        shifts: how many
        prices: what the work is worth
        episode: shifts that the policy was trained for

    Returns:
        A row of eval.csv for each shift.
    """
    seeds = list(range(FIRST_SEED, FIRST_SEED + shifts))
    formula = abstract_config(env)
    rows = []
    for number, result in enumerate(evaluate(policy, env, seeds), start=1):
        row = _priced(result, prices) | {"episode": episode, "shift": number, "seed": result.seed}
        if formula is not None:
            optimum = optimum_usd_per_hour(formula, prices)
            row[OPTIMUM] = expected_rate_profit(result.actions, formula, prices) / optimum
        rows.append(row)
    return rows


def eval_columns(env: Any) -> tuple[str, ...]:
    """Return the columns of eval.csv; only the abstract task has a closed-form optimum to compare with."""
    return EVAL_COLUMNS if abstract_config(env) is None else (*EVAL_COLUMNS, OPTIMUM)


def abstract_config(env: Any) -> DishwashingConfig | None:
    """Return the formula's constants where the task is the abstract one."""
    config = getattr(getattr(env.unwrapped, "task", None), "config", None)
    return config if isinstance(config, DishwashingConfig) else None


def intervals(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Summarise shifts.

    Args:
        rows: what `evaluate_shifts` returned

    Returns:
        For each quantity its mean over the shifts and the 95 % interval: value, low, high.
    """
    found = {}
    for column, name in SUMMARY_NAMES.items():
        if column in rows[0]:
            value, low, high = mean_interval([row[column] for row in rows])
            found[name] = {"value": value, "low": low, "high": high}
    return found


def _priced(result: ShiftResult, prices: Prices) -> dict[str, Any]:
    row = make_row(result.info, prices, 0.0, 0.0, episode=0, task="", seed=0, env_steps=0)
    return {name: getattr(row, name) for name in (*COUNTS, *MONEY)}
