"""The ledger: one row a shift, one schema for every task and learner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from economics.prices import Prices
from economics.productivity import error_rate, marginal_product
from economics.reward import econ_lagrangian_reward, flow_profit, profit_rate
from economics.wage import implied_robot_wage, wage_parity

NOT_MEASURED = float("nan")


@dataclass(frozen=True)
class LedgerRow:
    """What a shift did, what that was worth, and how the learner stood.

    Dollars are per hour and in the rate form, so that revenue - error_cost - energy_cost = profit; `profit_flow` is the
    flow form. `reward` is the Lagrangian reward in the rate form. A learner's number that was not measured is NaN.
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
    critic_loss: float = NOT_MEASURED
    actor_loss: float = NOT_MEASURED
    alpha: float = NOT_MEASURED
    buffer_size: float = NOT_MEASURED
    wall_s: float = NOT_MEASURED


LEDGER_COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(LedgerRow))
"""Names of the ledger's columns, in order."""


def make_row(
    counters: Mapping[str, float], prices: Prices, err_target: float, lambda_dual: float, **run: Any
) -> LedgerRow:
    """Price a finished shift.

    Args:
        counters: `attempts`, `completed`, `errors` and `hours` of the shift; other keys are left aside
        prices: what the work is worth
        err_target: error target e* that the shift was held to
        lambda_dual: multiplier that the shift was held to, >= 0
        **run: the columns that money does not decide: episode, task, seed, env_steps, and the learner's

    Returns:
        The row; its money agrees with itself by construction.

    Raises:
        ValueError: a counter is negative or not finite, hours is zero, or a rate exceeds 1.
        TypeError: a column of `run` is unknown or one of episode, task, seed, env_steps is missing.
    """
    attempts, completed, errors, hours = (float(counters[key]) for key in ("attempts", "completed", "errors", "hours"))
    p, c_damage, c_energy = prices.price_usd, prices.damage_usd, prices.energy_usd_per_hour
    mp_r = float(marginal_product(completed, hours))
    err = float(error_rate(errors, attempts))
    w_hat_r = float(implied_robot_wage(p, mp_r, err, c_damage))
    return LedgerRow(
        hours=hours,
        attempts=attempts,
        completed=completed,
        errors=errors,
        mp_r=mp_r,
        err_rate=err,
        err_target=err_target,
        w_hat_r=w_hat_r,
        w_h=prices.wage_usd_per_hour,
        wage_parity=float(wage_parity(w_hat_r, prices.wage_usd_per_hour)),
        revenue=p * mp_r,
        error_cost=c_damage * err * mp_r,
        energy_cost=c_energy,
        profit=float(profit_rate(mp_r, err, p, c_damage, c_energy)),
        profit_flow=float(flow_profit(completed, errors, hours, prices)) / hours,
        lambda_dual=lambda_dual,
        reward=float(econ_lagrangian_reward(mp_r, err, p, c_damage, lambda_dual, err_target, c_energy)),
        **run,
    )
