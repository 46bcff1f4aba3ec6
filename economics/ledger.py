"""The ledger: one row a shift, one schema for every task and learner."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from economics._checks import require_fraction, require_non_negative
from economics.prices import Prices
from economics.productivity import error_rate, marginal_product
from economics.reward import econ_lagrangian_reward, flow_profit, profit_rate
from economics.spread import compute_spread_allocation
from economics.surplus import consumer_surplus
from economics.wage import implied_robot_wage, wage_parity

NOT_MEASURED = float("nan")


@dataclass(frozen=True)
class LedgerRow:
    """What a shift did, what that was worth, who got it, and how the learner stood.

    Rates are dollars per hour in the rate form, so that revenue - error_cost - energy_cost = profit; `profit_flow` is
    the flow form. `reward` is the Lagrangian reward in the rate form. `spread` is a rate; spread_value, rebate,
    captured_spread and consumer_surplus are dollars of the shift: rebate + captured_spread = spread_value, and
    consumer_surplus + captured_spread = (w_hat_r - w_h) * hours.

    A number that was not measured is NaN. `delta_mpl_total` is mp(t) - mp(t - 1), NaN for the first shift.
    `delta_mpl_cust_pred`, `data_value` and `price_quoted` need a customer whose data came in: without one nothing is
    predicted, valued or quoted (NaN), and by definition the customer's share of the spread is 0. `price_quoted` is also
    NaN where data was valued but not priced. `physics_error` is 1 where the simulation diverged and so ended the shift
    before its time, else 0.
    """

    episode: int
    task: str
    seed: int
    env_steps: int
    hours: float
    attempts: float
    completed: float
    errors: float
    mp_r: float
    err_rate: float
    err_target: float
    w_hat_r: float
    w_h: float
    wage_parity: float
    revenue: float
    error_cost: float
    energy_cost: float
    profit: float
    profit_flow: float
    lambda_dual: float
    reward: float
    novelty_raw: float = NOT_MEASURED
    novelty_norm: float = NOT_MEASURED
    mean_weight: float = NOT_MEASURED
    delta_mpl_cust_pred: float = NOT_MEASURED
    delta_mpl_total: float = NOT_MEASURED
    data_value: float = NOT_MEASURED
    price_quoted: float = NOT_MEASURED
    spread: float = NOT_MEASURED
    spread_value: float = NOT_MEASURED
    s_cust: float = NOT_MEASURED
    s_plat: float = NOT_MEASURED
    rebate: float = NOT_MEASURED
    captured_spread: float = NOT_MEASURED
    consumer_surplus: float = NOT_MEASURED
    critic_loss: float = NOT_MEASURED
    actor_loss: float = NOT_MEASURED
    alpha: float = NOT_MEASURED
    buffer_size: float = NOT_MEASURED
    wall_s: float = NOT_MEASURED
    physics_error: float = NOT_MEASURED


LEDGER_COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(LedgerRow))
"""Names of the ledger's columns, in order."""


def make_row(
    counters: Mapping[str, float], prices: Prices, err_target: float, lambda_dual: float, **run: Any
) -> LedgerRow:
    """Price a finished shift and split what it earned above the human wage.

    Args:
        counters: `attempts`, `completed`, `errors` and `hours` of the shift; other keys are left aside
        prices: what the work is worth
        err_target: error target e* that the shift was held to
        lambda_dual: multiplier that the shift was held to, >= 0
        **run: the columns that money does not decide: episode, task, seed, env_steps, physics_error, the learner's, and
            those of the data: delta_mpl_cust_pred, delta_mpl_total, data_value, price_quoted

    Returns:
        The row; its money agrees with itself by construction.

    Raises:
        ValueError: a counter, err_target or lambda_dual is negative or not finite, hours is zero, or a rate exceeds 1.
        TypeError: a column of `run` is unknown or one of episode, task, seed, env_steps is missing.

    Reference:
        See the functions of `economics.productivity`, `wage`, `reward`, `spread` and `surplus`.

    >>> shift = {"attempts": 112, "completed": 109, "errors": 3, "hours": 1.0}
    >>> row = make_row(shift, Prices(), 0.1, 0.0, episode=1, task="dishwashing", seed=0, env_steps=60)
    >>> round(row.profit, 2), round(row.wage_parity, 2), round(row.captured_spread, 2)
    (29.68, 1.65, 11.78)
    """
    require_fraction(err_target=err_target)
    require_non_negative(lambda_dual=lambda_dual)
    attempts, completed, errors, hours = (float(counters[key]) for key in ("attempts", "completed", "errors", "hours"))
    mp_r, err = float(marginal_product(completed, hours)), float(error_rate(errors, attempts))
    w_hat_r = float(implied_robot_wage(prices.price_usd, mp_r, err, prices.damage_usd))
    return LedgerRow(
        hours=hours,
        attempts=attempts,
        completed=completed,
        errors=errors,
        err_target=err_target,
        w_hat_r=w_hat_r,
        w_h=prices.wage_usd_per_hour,
        wage_parity=float(wage_parity(w_hat_r, prices.wage_usd_per_hour)),
        profit_flow=float(flow_profit(completed, errors, hours, prices)) / hours,
        lambda_dual=lambda_dual,
        **_rates(mp_r, err, prices, err_target, lambda_dual),
        **_split(w_hat_r, prices.wage_usd_per_hour, hours, run),
        **run,
    )


def _rates(mp_r: float, err: float, prices: Prices, err_target: float, lambda_dual: float) -> dict[str, float]:
    """Price an hour in the rate form."""
    p, c_damage, c_energy = prices.price_usd, prices.damage_usd, prices.energy_usd_per_hour
    return {
        "mp_r": mp_r,
        "err_rate": err,
        "revenue": p * mp_r,
        "error_cost": c_damage * err * mp_r,
        "energy_cost": c_energy,
        "profit": float(profit_rate(mp_r, err, p, c_damage, c_energy)),
        "reward": float(econ_lagrangian_reward(mp_r, err, p, c_damage, lambda_dual, err_target, c_energy)),
    }


def read_columns(
    rows: Iterable[Mapping[str, Any]], names: Iterable[str] = LEDGER_COLUMNS
) -> dict[str, npt.NDArray[np.float64]]:
    """Turn rows of a ledger into columns of numbers, as the claims and the cash flows take them.

    Args:
        rows: mappings from column to number or text, such as csv.DictReader gives
        names: the columns to read; the column of text, task, is left out

    Returns:
        Each column as a vector, shape (rows,); NaN where a row lacks the column or holds no number.

    Reference:
        The schema is `LEDGER_COLUMNS`.

    >>> read_columns([{"mp_r": "109.0", "alpha": ""}], ["mp_r", "alpha"])["mp_r"].tolist()
    [109.0]
    """
    table = list(rows)
    return {name: np.array([_number(row.get(name)) for row in table]) for name in names if name != "task"}


def _split(w_hat_r: float, w_h: float, hours: float, run: Mapping[str, Any]) -> dict[str, float]:
    """Split the spread; a contribution that was not predicted counts as none."""
    cust, total = (
        0.0 if math.isnan(gain) else gain
        for gain in (float(run.get(name, NOT_MEASURED)) for name in ("delta_mpl_cust_pred", "delta_mpl_total"))
    )
    split = compute_spread_allocation(w_hat_r, w_h, hours, cust, total)
    surplus = consumer_surplus(w_hat_r, w_h, np.divide(split.captured, hours))
    return {
        "spread": float(split.spread),
        "spread_value": float(split.spread_value),
        "s_cust": float(split.s_cust),
        "s_plat": float(split.s_plat),
        "rebate": float(split.rebate),
        "captured_spread": float(split.captured),
        "consumer_surplus": float(surplus) * hours,
    }


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return NOT_MEASURED
