"""The formula of abstract dishwashing: constants, error probability, pace, and what any sequence of actions earns."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import optimize

from economics import Prices, error_rate, flow_profit, marginal_product, profit_rate
from v2p_sim._checks import checked_choice


@dataclass(frozen=True)
class DishwashingConfig:
    """Constants of the abstract task: the project's reference constants, to be fitted to the physical workcell.

    Attributes:
        p_min: error probability of the most careful work
        k: error probability that full speed without care adds
        q_s: exponent of speed
        q_c: exponent of carelessness, 1 - care
        attempts_per_minute: pace at speed 1, care 0 [1 / min]
        care_cost: share of the pace that full care costs
        steps: control steps of a shift
        shift_hours: duration of a shift [h]

    Raises:
        ValueError: a constant is not finite or out of its range.
    """

    p_min: float = 0.02
    k: float = 0.12
    q_s: float = 1.2
    q_c: float = 1.5
    attempts_per_minute: float = 2.4
    care_cost: float = 0.25
    steps: int = 60
    shift_hours: float = 1.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0.0 <= value < np.inf:
                raise ValueError(f"{field.name} must be finite and >= 0, got {value}")
        if self.p_min + self.k > 1.0:
            raise ValueError(f"p_min + k must be <= 1, got {self.p_min + self.k}")
        if self.care_cost > 1.0:
            raise ValueError(f"care_cost must be <= 1, got {self.care_cost}")
        if self.steps < 1 or self.steps != int(self.steps):
            raise ValueError(f"steps must be a whole number >= 1, got {self.steps}")
        if self.shift_hours == 0.0:
            raise ValueError("shift_hours must be > 0, got 0")

    @property
    def step_hours(self) -> float:
        """Duration of a control step [h]."""
        return self.shift_hours / self.steps


def error_probability(
    speed: npt.NDArray[np.float64], care: npt.NDArray[np.float64], config: DishwashingConfig
) -> npt.NDArray[np.float64]:
    """Return the chance that an attempt fails: p_err = p_min + k * speed^q_s * (1 - care)^q_c.

    Args:
        speed: in [0, 1], any shape
        care: in [0, 1], broadcasts
        config: constants of the task

    Returns:
        Error probability of an attempt.
    """
    return config.p_min + config.k * speed**config.q_s * (1.0 - care) ** config.q_c


def attempts_per_hour(
    speed: npt.NDArray[np.float64], care: npt.NDArray[np.float64], config: DishwashingConfig
) -> npt.NDArray[np.float64]:
    """Return the pace: 60 * attempts_per_minute * speed * (1 - care_cost * care).

    Args:
        speed: in [0, 1], any shape
        care: in [0, 1], broadcasts
        config: constants of the task

    Returns:
        Attempts [1 / h].
    """
    return 60.0 * config.attempts_per_minute * speed * (1.0 - config.care_cost * care)


def expected_rate_profit(actions: npt.ArrayLike, config: DishwashingConfig, prices: Prices) -> float:
    """Return the rate profit of a sequence of actions at its expected counts: p * mp - c * err * mp - c_energy.

    Args:
        actions: [speed, care] of each control step, in [0, 1], shape (T, 2)
        config: constants of the task
        prices: what the work is worth

    Returns:
        Profit in the rate form, free of chance [$ / h].
    """
    attempts, errors, hours = _expected_counts(actions, config)
    mp_r, err = marginal_product(attempts - errors, hours), error_rate(errors, attempts)
    return float(profit_rate(mp_r, err, prices.price_usd, prices.damage_usd, prices.energy_usd_per_hour))


def expected_flow_profit(actions: npt.ArrayLike, config: DishwashingConfig, prices: Prices) -> float:
    """Return the flow profit of a sequence of actions at its expected counts: (p * mp - c * errors / h) - c_energy.

    Args:
        actions: [speed, care] of each control step, in [0, 1], shape (T, 2)
        config: constants of the task
        prices: what the work is worth

    Returns:
        Profit in the flow form, free of chance [$ / h].
    """
    attempts, errors, hours = _expected_counts(actions, config)
    return float(flow_profit(attempts - errors, errors, hours, prices) / hours)


def expected_error_rate(actions: npt.ArrayLike, config: DishwashingConfig) -> float:
    """Return the error rate of a sequence of actions at its expected counts: errors / attempts.

    Args:
        actions: [speed, care] of each control step, in [0, 1], shape (T, 2)
        config: constants of the task

    Returns:
        Error rate, free of chance; 0 without attempts.
    """
    attempts, errors, _ = _expected_counts(actions, config)
    return float(error_rate(errors, attempts))


def optimal_action(
    config: DishwashingConfig, prices: Prices, form: Literal["rate", "flow"] = "rate"
) -> npt.NDArray[np.float64]:
    """Find the constant action that earns most.

    Args:
        config: constants of the task
        prices: what the work is worth
        form: form of the profit, "rate" or "flow"

    Returns:
        [speed, care], shape (2,).

    Raises:
        ValueError: form is unknown.
    """
    profit = {"rate": expected_rate_profit, "flow": expected_flow_profit}[
        checked_choice("form", form, ("rate", "flow"))
    ]

    def loss(action: npt.NDArray[np.float64]) -> float:
        return -profit(action[None], config, prices)

    grid = np.stack(np.meshgrid(*[np.linspace(0.0, 1.0, 21)] * 2), axis=-1).reshape(-1, 2)
    start = min(grid, key=loss)
    return optimize.minimize(loss, start, bounds=[(0.0, 1.0)] * 2, method="L-BFGS-B", tol=1e-12).x


def optimum_usd_per_hour(config: DishwashingConfig, prices: Prices, form: Literal["rate", "flow"] = "rate") -> float:
    """Return what the best constant action earns in expectation.

    Args:
        config: constants of the task
        prices: what the work is worth
        form: form of the profit, "rate" or "flow"

    Returns:
        Profit [$ / h].

    Raises:
        ValueError: form is unknown.
    """
    action = optimal_action(config, prices, form)[None]
    profit = expected_rate_profit if form == "rate" else expected_flow_profit
    return profit(action, config, prices)


def constrained_action(config: DishwashingConfig, prices: Prices, error_target: float) -> npt.NDArray[np.float64]:
    """Find the constant action that earns most in the rate form among those that err at most at the target.

    Where the target binds, care follows from speed: care = 1 - ((e* - p_min) / (k speed^q_s))^(1 / q_c).

    Args:
        config: constants of the task
        prices: what the work is worth
        error_target: error rate e* that is allowed, above p_min

    Returns:
        [speed, care], shape (2,).

    Raises:
        ValueError: no action keeps the target.
    """
    if error_target <= config.p_min:
        raise ValueError(f"error_target must be > p_min = {config.p_min}, got {error_target}")
    free = optimal_action(config, prices)
    if expected_error_rate(free[None], config) <= error_target:
        return free

    def action(speed: float) -> npt.NDArray[np.float64]:
        carelessness = ((error_target - config.p_min) / (config.k * speed**config.q_s)) ** (1.0 / config.q_c)
        return np.array([speed, max(0.0, 1.0 - carelessness)])

    def loss(speed: npt.NDArray[np.float64]) -> float:
        return -expected_rate_profit(action(speed[0])[None], config, prices)

    start = min(np.linspace(0.01, 1.0, 100)[:, None], key=loss)
    return action(optimize.minimize(loss, start, bounds=[(0.01, 1.0)], method="L-BFGS-B", tol=1e-12).x[0])


def _expected_counts(actions: npt.ArrayLike, config: DishwashingConfig) -> tuple[float, float, float]:
    """Return the expected attempts and errors of a sequence of actions, and its hours."""
    speed, care = np.asarray(actions, np.float64).T
    attempts = attempts_per_hour(speed, care, config) * config.step_hours
    errors = attempts * error_probability(speed, care, config)
    return float(attempts.sum()), float(errors.sum()), len(speed) * config.step_hours
