"""Trainings under an SLA that binds: cheap damage, where the best action without the SLA errs twice as often."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium.vector import VectorEnv, VectorWrapper

from agents import EpisodeResult, GreedyPolicy, LoopConfig, Observer, Progress, evaluate, train
from economics import Prices, wilson_interval
from scripts._cli import compose_settings
from scripts._evaluate import FIRST_SEED, abstract_config
from scripts._interrupts import Interrupted, Interrupts
from scripts._session import Parts, make_parts
from v2p_sim.tasks.dishwashing import DishwashingConfig, expected_rate_profit
from v2p_sim.tasks.dishwashing_formula import constrained_action, expected_error_rate

DAMAGE_USD = 0.10
ERROR_TARGET = 0.06
AIM = 0.055
"""What training steers the mean to: at the SLA's own 6 % a tenth of the shifts would be beyond the tolerance."""
TOLERANCE = 1.1
"""An error rate above ERROR_TARGET x TOLERANCE is a violation."""
LATE_SHIFTS = 100
EVAL_SHIFTS = 100
GAINS = {"proportional": 1.0, "integral": 0.05, "limit": 100.0}
LAMBDA_START = 0.30
"""The price of a unit: what an error has lost before anything is measured."""
AGENT = {
    "lr": 5e-4,
    "n_step": 1,
    "gamma": 0.5,
    "initial_temperature": 0.02,
    "target_entropy": -3.0,
    "updates_per_step": 0.25,
    "batch_size": 256,
}
"""What is done in a minute earns in that minute: a short horizon and single steps bring the least of others' chance
into a value. A small step size and batches of twice the task's own hold the policy still: where it wavers it errs more
than its mean. Little is at stake a minute, so little temperature is enough.
"""


@dataclass(frozen=True)
class Training:
    """One training: where the SLA enters the learner, the seed, the length [shifts]."""

    form: str
    seed: int
    episodes: int

    @property
    def name(self) -> str:
        """Name of its file."""
        return f"{self.form}_seed{self.seed}_{self.episodes}"

    def overrides(self) -> list[str]:
        """Spell its settings as the command line does: the SLA from the first shift on, lambda by PI control."""
        gains = ", ".join(f"{name}: {value}" for name, value in GAINS.items())
        return [
            *("task=dishwashing", f"agent.constraint_form={self.form}", f"seed={self.seed}"),
            *(f"episodes={self.episodes}", f"economics.damage_usd={DAMAGE_USD}"),
            *(f"agent.{name}={value}" for name, value in AGENT.items()),
            *(f"economics.constraint.target_{end}={AIM}" for end in ("start", "end")),
            *("economics.constraint.target_episodes=0", f"economics.constraint.pi={{{gains}}}"),
            f"economics.constraint.lambda_start={LAMBDA_START}",
        ]


class ActionRecorder(VectorWrapper):
    """Keeps the actions of every cell's running shift until they are taken."""

    def __init__(self, env: VectorEnv) -> None:
        super().__init__(env)
        self._kept: list[list[npt.NDArray[Any]]] = [[] for _ in range(env.num_envs)]
        self._ended = np.zeros(env.num_envs, np.bool_)

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Work one control step; of a cell that it only resets, no action is kept."""
        for cell in np.flatnonzero(~self._ended):
            self._kept[cell].append(np.array(actions[cell], np.float64))
        found = self.env.step(actions)
        self._ended = np.logical_or(found[2], found[3])
        return found

    def take(self, cell: int) -> npt.NDArray[np.float64]:
        """Hand over the actions (T, 2) of a cell's shift."""
        kept, self._kept[cell] = self._kept[cell], []
        return np.array(kept)


class ErrorLog(Observer):
    """Notes how often each shift of training erred, as counted and free of chance, and what lambda was."""

    def __init__(self, recorder: ActionRecorder, formula: DishwashingConfig, stop: Interrupts) -> None:
        self._recorder, self._formula, self._stop = recorder, formula, stop
        self.rows: list[dict[str, float]] = []

    def on_episode(self, result: EpisodeResult) -> None:
        """Take a finished shift."""
        row = {"episode": float(result.episode), "lambda_dual": result.metrics["lambda_dual"]}
        row["expected"] = expected_error_rate(self._recorder.take(result.cell), self._formula)
        row["counted"] = result.info["errors"] / result.info["attempts"]
        self.rows.append(row)

    def on_progress(self, progress: Progress) -> None:
        """Stop where somebody asked for it."""
        if self._stop.requested:
            raise Interrupted


def measure(training: Training, stop: Interrupts) -> dict[str, Any]:
    """Train, then work greedy shifts on the fixed seeds.

    Args:
        training: which
        stop: where somebody asks to stop

    Returns:
        A row of the table, and of every shift of training its error rates and lambda under `shifts`.

    Raises:
        Interrupted: the user asked to stop.
    """
    settings = compose_settings(training.overrides())
    parts = make_parts(settings)
    formula = abstract_config(parts.env)
    assert formula is not None
    recorder = ActionRecorder(parts.env)
    log = ErrorLog(recorder, formula, stop)
    config = LoopConfig(episodes=training.episodes, seed=training.seed)
    state = train(recorder, parts.learner, parts.constraint, [log], config)
    if state.interrupted:
        raise Interrupted
    found = {**asdict(training), **evaluated(parts, formula, stop), **late(log.rows), "wall_s": state.wall_s}
    parts.env.close()
    parts.evaluation_env.close()
    return {**found, "shifts": log.rows}


def evaluated(parts: Parts, formula: DishwashingConfig, stop: Interrupts) -> dict[str, float]:
    """Work greedy shifts: the error rate with its upper 95 % bound, and the profit free of chance.

    Args:
        parts: of the training
        formula: constants of the task
        stop: where somebody asks to stop
    """
    seeds = range(FIRST_SEED, FIRST_SEED + EVAL_SHIFTS)
    shifts = evaluate(stop.watched(GreedyPolicy(parts.learner.agent)), parts.evaluation_env, list(seeds))
    errors, attempts = (sum(shift.info[name] for shift in shifts) for name in ("errors", "attempts"))
    profit = float(np.mean([expected_rate_profit(shift.actions, formula, parts.prices) for shift in shifts]))
    return {
        "err_rate": errors / attempts,
        "err_high": float(wilson_interval(errors, attempts)[1]),
        "profit": profit,
        "optimum_fraction": profit / best_profit(formula, parts.prices),
    }


def best_profit(formula: DishwashingConfig, prices: Prices) -> float:
    """Return what the best constant action earns that keeps the SLA [$ / h]."""
    return expected_rate_profit(constrained_action(formula, prices, ERROR_TARGET)[None], formula, prices)


def late(rows: list[dict[str, float]]) -> dict[str, float]:
    """Say which share of the last shifts of training violated the SLA, and where lambda was.

    A shift has some 120 attempts: at an error rate of exactly the target a third of all shifts count more than the
    violation's bound by chance alone. So what counts is the error rate that its actions have in expectation, those of
    exploration included; the counted share stands beside it.

    Args:
        rows: error rates of the shifts of training, in order
    """
    last = rows[-LATE_SHIFTS:]
    bound = ERROR_TARGET * TOLERANCE
    shares = {f"late_{name}": float(np.mean([row[name] > bound for row in last])) for name in ("expected", "counted")}
    return {**shares, "lambda_dual": float(np.mean([row["lambda_dual"] for row in last]))}
