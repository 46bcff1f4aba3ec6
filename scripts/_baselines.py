"""What can be earned without learning: random actions, the best constant, the best schedule, the oracle."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agents import EnvSpec, RandomPolicy, TablePolicy
from agents.scripted import (
    BLIND_CONSTANT,
    BLIND_SCHEDULE,
    ORACLE,
    SearchConfig,
    SearchResult,
    SearchRound,
    SearchTask,
    Ties,
    WorkLayout,
    search_table,
)
from economics import Prices, error_rate, marginal_product, profit_rate
from scripts._evaluate import FIRST_SEED, evaluate_shifts
from scripts._runs import write_json
from v2p_sim.breakage import ERROR_CAUSES

RANDOM = "random"
TIES: dict[str, Ties] = {"blind_constant": BLIND_CONSTANT, "blind_schedule": BLIND_SCHEDULE, "oracle": ORACLE}
"""Searched policies, each one's tables within the next one's."""

POLICIES = "policies.json"
_SEARCH_SEEDS = 1_000_000  # seeds of a search; below those of evaluation

Act = Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Bench:
    """What the baselines work on.

    Attributes:
        env: vector env with flat observations that nothing else steps.
        prices: what the work is worth.
        seed: of the searches.
        tick: called before every control step; may raise to stop.
        told_kinds: whether a baseline may be told the kind at hand.
    """

    env: Any
    prices: Prices
    seed: int
    tick: Callable[[], None]
    told_kinds: bool = True

    @property
    def layout(self) -> WorkLayout:
        """Where the observations tell kind, phase and progress."""
        return WorkLayout.from_env(self.env.unwrapped.observation_layout)

    @property
    def causes(self) -> tuple[str, ...]:
        """Keys of the info that count errors by cause."""
        there = self.env.unwrapped.task.extra_info()
        return tuple(cause.name.lower() for cause in ERROR_CAUSES if cause.name.lower() in there)

    @property
    def names(self) -> tuple[str, ...]:
        """The baselines that this task has; without phases and kinds there is nothing to schedule or to know."""
        phases, kinds = len(self.layout.phases) > 1, self.told_kinds and len(self.layout.kinds) > 1
        searched = [
            name for name, ties in TIES.items() if (phases or not ties.by_phase) and (kinds or not ties.by_kind)
        ]
        return (RANDOM, *searched)


def search_baselines(
    bench: Bench,
    root: Path,
    budget: int,
    rivals: Mapping[str, npt.NDArray[np.float64]],
    on_round: Callable[[str, SearchRound], None],
) -> dict[str, npt.NDArray[np.float64]]:
    """Search each policy with the same budget, skipping those that the folder already holds.

    Args:
        bench: what they work on
        root: folder of policies.json, written after each search
        budget: shifts a policy
        rivals: actions (2,) by name that are known to be good: every search starts at the first one, and all of them
            join the constant's comparison
        on_round: hears of every round, with the policy's name

    Returns:
        Tables (K, P, 2) by policy.
    """
    task = SearchTask(bench.env, bench.layout, bench.causes, lambda info: rate_profit(info, bench.prices), bench.tick)
    found = read_policies(root)
    for number, name in enumerate(bench.names[1:]):
        if name in found:
            continue
        config = _search_config(bench.seed, number, budget, rivals)
        joining = {rival: BLIND_CONSTANT.table(action[None, None], bench.layout) for rival, action in rivals.items()}
        if name != "blind_constant":
            before = bench.names[number]
            joining = {before: np.array(found[before]["table"])}
        result = search_table(task, TIES[name], config, joining, lambda done, name=name: on_round(name, done))
        found[name] = _described(result, bench.layout)
        write_json(root / POLICIES, found)
    return {name: np.array(found[name]["table"]) for name in bench.names[1:]}


def read_policies(root: Path) -> dict[str, Any]:
    """Read policies.json; empty where there is none."""
    path = root / POLICIES
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def evaluate_baselines(
    bench: Bench, tables: Mapping[str, npt.NDArray[np.float64]], shifts: int
) -> dict[str, list[dict[str, Any]]]:
    """Work the same shifts with every baseline, on seeds that no search uses.

    Args:
        bench: what they work on
        tables: tables by policy
        shifts: how many

    Returns:
        A row of eval.csv for each shift, by policy.
    """
    spec = EnvSpec.from_spaces(bench.env.single_observation_space, bench.env.single_action_space)
    policies: dict[str, Act] = {RANDOM: RandomPolicy(spec, seed=FIRST_SEED)}
    policies |= {name: TablePolicy(table, bench.layout) for name, table in tables.items()}
    return {
        name: evaluate_shifts(_ticking(policy, bench.tick), bench.env, shifts, bench.prices)
        for name, policy in policies.items()
    }


def rate_profit(info: Mapping[str, float], prices: Prices) -> float:
    """Return a shift's profit in the rate form [$/h]."""
    mp, err = marginal_product(info["completed"], info["hours"]), error_rate(info["errors"], info["attempts"])
    return float(profit_rate(mp, err, prices.price_usd, prices.damage_usd, prices.energy_usd_per_hour))


def _first_seed(seed: int, number: int, budget: int) -> int:
    """Every search has shifts of its own, all below the seeds of evaluation."""
    return (seed * len(TIES) + number) * max(budget, _SEARCH_SEEDS) % (FIRST_SEED - budget)


def _search_config(seed: int, number: int, budget: int, rivals: Mapping[str, npt.NDArray[np.float64]]) -> SearchConfig:
    config = SearchConfig(budget, seed=seed, first_seed=_first_seed(seed, number, budget))
    return replace(config, start=next(iter(rivals.values()))) if rivals else config


def _described(result: SearchResult, layout: WorkLayout) -> dict[str, Any]:
    return {
        "table": result.table.tolist(),
        "kinds": list(layout.kinds),
        "phases": list(layout.phases),
        "actions": ["speed", "care"],
        "chosen": result.chosen,
        "compared_usd_per_hour": result.scores,
        "shifts": result.shifts,
    }


def _ticking(policy: Act, tick: Callable[[], None]) -> Act:
    def act(observations: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        tick()
        return policy(observations)

    return act
