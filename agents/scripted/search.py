"""Fill a table of actions by trying rows unit by unit: one search for constants, schedules and oracles alike.

Every unit gets rows drawn around the present ones; after each round a response is fitted to all turns so far, the rows
move to its best point within reach, and the reach shrinks. What is maximised is dollars per second, by Dinkelbach's
steps: dollars - rho x seconds at the present best rate rho. The last shifts of the budget compare a few candidates.

Reference: W. Dinkelbach, "On Nonlinear Fractional Programming", Management Science 13 (1967).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agents.evaluation import evaluate
from agents.scripted.climb import Climb
from agents.scripted.explore import Explorer, SearchTask
from agents.scripted.tables import TablePolicy, Ties
from agents.scripted.turns import Turns

SEARCHED = "searched"


@dataclass(frozen=True)
class SearchConfig:
    """How much and how wide is searched.

    Attributes:
        shifts: budget, the comparison of the candidates included.
        seed: of the rows that are tried.
        first_seed: seed of the first shift; the search uses `shifts` consecutive ones.
        compare_share: share of the budget that compares the rows found with the rivals, where there are any.
        start: first rows' [speed, care], one for all, (A,), or one for each free row, (K' or 1, P' or 1, A).
        low: least speed and care that are tried.
        spread: spread of the rows that are tried, in the first and in the last round.
    """

    shifts: int
    seed: int = 0
    first_seed: int = 0
    compare_share: float = 0.25
    start: npt.ArrayLike = (0.75, 0.5)
    low: tuple[float, float] = (0.3, 0.0)
    spread: tuple[float, float] = (0.3, 0.08)

    def __post_init__(self):
        if self.shifts < 1:
            raise ValueError(f"shifts must be at least 1, got {self.shifts}")
        if not 0.0 <= self.compare_share < 1.0:
            raise ValueError(f"compare_share must be in [0, 1), got {self.compare_share}")
        if self.low[0] <= 0.0:
            raise ValueError(f"low speed must be above 0, where no work is done, got {self.low[0]}")
        if not np.all((np.asarray(self.start) >= self.low) & (np.asarray(self.start) <= 1.0)):
            raise ValueError(f"start must be at least low = {self.low} and at most 1, got {self.start}")


@dataclass(frozen=True)
class SearchRound:
    """One round: its number from 1, of how many, its turns, the table after it, and what the fit promises [$ / h]."""

    number: int
    rounds: int
    turns: Turns
    table: np.ndarray
    promised_usd_per_hour: float


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        table: the chosen actions, (K, P, A).
        chosen: name of the chosen candidate.
        scores: mean score of each candidate in the comparison [$ / h]; nan where the budget left none.
        shifts: shifts that were worked.
    """

    table: np.ndarray
    chosen: str
    scores: dict[str, float]
    shifts: int


def search_table(
    task: SearchTask,
    ties: Ties,
    config: SearchConfig,
    rivals: Mapping[str, np.ndarray] | None = None,
    on_round: Callable[[SearchRound], None] | None = None,
) -> SearchResult:
    """Search the table that earns most per hour.

    Args:
        task: what is searched on
        ties: which rows are free
        config: how much and how wide
        rivals: tables (K, P, A) that join the comparison, by name
        on_round: hears of every round

    Returns:
        The best candidate: the last rows of the search, or a rival.

    Raises:
        ValueError: the budget does not give every cell a shift.
    """
    cells = task.env.num_envs
    if config.shifts < cells:
        raise ValueError(f"shifts must be at least the env's {cells} cells, got {config.shifts}")
    share = config.compare_share if rivals else 0.0
    rounds = max(1, int(config.shifts * (1.0 - share)) // cells)
    rng = np.random.default_rng(config.seed)
    climb = Climb(ties.shape(task.layout), config.start, config.low)
    for number in range(rounds):
        spread = config.spread[0] * (config.spread[1] / config.spread[0]) ** (number / max(1, rounds - 1))
        explorer = Explorer(task, climb.rows, config.low, spread, rng)
        turns = explorer.work([config.first_seed + number * cells + cell for cell in range(cells)])
        promised = climb.learn(turns, spread, rng)
        if on_round is not None and turns is not None:
            on_round(SearchRound(number + 1, rounds, turns, ties.table(climb.rows, task.layout), promised))
    tables = {SEARCHED: ties.table(climb.rows, task.layout), **({} if rivals is None else rivals)}
    used = rounds * cells
    scores, compared = compare_tables(task, tables, config.shifts - used, config.first_seed + used)
    chosen = max(scores, key=lambda name: -np.inf if np.isnan(scores[name]) else scores[name])
    return SearchResult(tables[chosen], chosen, scores, used + compared)


def compare_tables(
    task: SearchTask, tables: Mapping[str, np.ndarray], shifts: int, first_seed: int
) -> tuple[dict[str, float], int]:
    """Score tables on the same seeds, side by side.

    Args:
        task: what they work on
        tables: tables (K, P, A) by name
        shifts: budget of all together
        first_seed: seed of each one's first shift

    Returns:
        Mean score by name, nan where the budget gives none of them a shift; and the shifts worked.
    """
    each = max(0, shifts) // len(tables)
    if each == 0:
        return dict.fromkeys(tables, float("nan")), 0
    jobs = [(name, first_seed + shift) for shift in range(each) for name in tables]
    scores: dict[str, list[float]] = {name: [] for name in tables}
    cells = task.env.num_envs
    for first in range(0, len(jobs), cells):
        chosen = jobs[first : first + cells]
        padded = chosen + [chosen[-1]] * (cells - len(chosen))
        policy = TablePolicy(np.stack([tables[name] for name, _ in padded]), task.layout)
        results = evaluate(_ticking(policy, task.tick), task.env, [seed for _, seed in chosen])
        for (name, _), result in zip(chosen, results, strict=True):
            if result.info["hours"] > 0.0 and not result.info.get("physics_error", 0.0) > 0.0:
                scores[name].append(task.score(result.info))
    means = {name: float(np.mean(values)) if values else float("nan") for name, values in scores.items()}
    return means, len(jobs)


def _ticking(policy: TablePolicy, tick: Callable[[], None]) -> Callable[[np.ndarray], np.ndarray]:
    def act(observations: np.ndarray) -> np.ndarray:
        tick()
        return policy(observations)

    return act
