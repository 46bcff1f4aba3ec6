"""Greedy shifts on fixed seeds, priced, with 95 % intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
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
BROKEN = "physics_error"
EVAL_COLUMNS = ("episode", "shift", "seed", *COUNTS, *MONEY, BROKEN)
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
Row = Mapping[str, Any]


def evaluate_shifts(policy: Policy, env: Any, shifts: int, prices: Prices, episode: int = 0) -> list[dict[str, Any]]:
    """Work shifts on the fixed seeds and price them.

    Args:
        policy: observations (N, ...) -> actions (N, 2)
        env: vector environment that training does not use
        shifts: how many
        prices: what the work is worth
        episode: shifts that the policy was trained for

    Returns:
        A row of eval.csv for each shift. Of one whose physics diverged the counts are those up to then and the money
        is nan: a part of a shift earns at another rate than a whole one.
    """
    seeds = list(range(FIRST_SEED, FIRST_SEED + shifts))
    formula = abstract_config(env)
    rows = []
    for number, result in enumerate(evaluate(policy, env, seeds), start=1):
        row = _priced(result, prices) | {"episode": episode, "shift": number, "seed": result.seed}
        if formula is not None:
            optimum = optimum_usd_per_hour(formula, prices)
            reached = expected_rate_profit(result.actions, formula, prices) / optimum
            row[OPTIMUM] = math.nan if row[BROKEN] else reached
        rows.append(row)
    return rows


def eval_columns(env: Any) -> tuple[str, ...]:
    """Return the columns of eval.csv; only the abstract task has a closed-form optimum to compare with."""
    return EVAL_COLUMNS if abstract_config(env) is None else (*EVAL_COLUMNS, OPTIMUM)


def abstract_config(env: Any) -> DishwashingConfig | None:
    """Return the formula's constants where the task is the abstract one."""
    config = getattr(getattr(env.unwrapped, "task", None), "config", None)
    return config if isinstance(config, DishwashingConfig) else None


def whole(rows: Sequence[Row]) -> list[Row]:
    """Leave out the shifts whose physics diverged; rows of an older version do not tell, and stay."""
    return [row for row in rows if not float(row.get(BROKEN, math.nan)) > 0.0]


def whole_pairs(rows: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """Leave a shift out of every policy's where it diverged for one of them, so that pairs stay pairs.

    Args:
        rows: what `evaluate_shifts` returned by policy, the same seeds in the same order

    Returns:
        The others by policy.
    """
    kept = [place for place, shift in enumerate(zip(*rows.values(), strict=True)) if len(whole(shift)) == len(shift)]
    return {name: [own[place] for place in kept] for name, own in rows.items()}


def diverged(rows: Sequence[Row]) -> int:
    """Count the shifts whose physics diverged."""
    return len(rows) - len(whole(rows))


def divergence_note(lost: int, shifts: int) -> str:
    """Say how many shifts diverged, and what that means for the means."""
    rest = "" if lost == 0 else ", left out of every mean" if lost < shifts else ", nothing is left to average"
    return f"diverged: {lost} of {shifts} shifts{rest}"


def intervals(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Average the shifts that were worked to their end.

    Args:
        rows: what `evaluate_shifts` returned

    Returns:
        For each quantity its mean over the shifts and the 95 % interval: value, low, high; nan without a whole shift.
    """
    known, found = rows[0] if rows else EVAL_COLUMNS, {}
    for column, name in SUMMARY_NAMES.items():
        if column in known:
            values = [row[column] for row in whole(rows)]
            value, low, high = mean_interval(values) if values else (math.nan,) * 3
            found[name] = {"value": value, "low": low, "high": high}
    return found


def sum_up(rows: Sequence[Row]) -> dict[str, Any]:
    """Return what `intervals` does, and beside it the numbers of shifts and of those that diverged."""
    return {**intervals(rows), "shifts": len(rows), "diverged": diverged(rows)}


def gauges(found: Mapping[str, Any]) -> dict[str, float]:
    """Take what TensorBoard shows out of what `sum_up` returned: the means by column, and how many shifts diverged."""
    return {column: found[SUMMARY_NAMES[column]]["value"] for column in MONEY} | {"diverged": found["diverged"]}


def evaluation_line(found: Mapping[str, Any], episode: int) -> str:
    """Put what `sum_up` returned into one line.

    Args:
        found: what it returned
        episode: shifts that the policy was trained for
    """
    profit, mp, err, parity = (
        found[name]["value"] for name in ("profit_usd_per_hour", "mp_per_hour", "err_rate", "wage_parity")
    )
    lost, shifts = found["diverged"], found["shifts"]
    parts = [f"profit {profit:.2f} $/h", f"MP {mp:.1f} /h", f"err {100 * err:.1f} %", f"parity {parity:.2f}"]
    parts = [] if lost == shifts else [*parts, f"{shifts - lost} shifts"]
    return " | ".join([f"evaluation after {episode}", *parts, *([divergence_note(lost, shifts)] if lost else [])])


def _priced(result: ShiftResult, prices: Prices) -> dict[str, Any]:
    if result.info.get(BROKEN, 0.0) > 0.0:
        return {name: result.info[name] for name in COUNTS} | dict.fromkeys(MONEY, math.nan) | {BROKEN: 1.0}
    row = make_row(result.info, prices, 0.0, 0.0, episode=0, task="", seed=0, env_steps=0)
    return {name: getattr(row, name) for name in (*COUNTS, *MONEY)} | {BROKEN: 0.0}
