"""Tests for the search of action tables, on a bench whose best tables are known."""

from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, VectorEnv
from scipy.optimize import minimize

from agents.scripted import (
    BLIND_CONSTANT,
    BLIND_SCHEDULE,
    ORACLE,
    SearchConfig,
    SearchTask,
    Ties,
    WorkLayout,
    search_table,
)

KINDS, PHASES = ("steel", "china"), ("reach", "wipe", "place")
SHARES = np.array([0.5, 0.5])
SECONDS = np.array([5.0, 8.0, 4.0])  # of each phase at speed 1, care 0
CARE_COST = np.array([0.3, 0.2, 0.6])
RISK = np.array([[0.0, 0.02, 0.01], [0.3, 0.02, 0.6]])  # of each kind and phase at speed 1, care 0
STEP_S, PRICE, DAMAGE = 1.0, 0.3, 1.0
LAYOUT = {
    "phase": {"slice": [0, 3], "values": list(PHASES)},
    "progress": {"slice": [3, 4], "values": []},
    "kind": {"slice": [4, 6], "values": list(KINDS)},
}


def phase_seconds(rows: np.ndarray) -> np.ndarray:
    """Seconds of each phase under rows (..., P, 2)."""
    return SECONDS / (rows[..., 0] * (1.0 - CARE_COST * rows[..., 1]))


def phase_risks(rows: np.ndarray) -> np.ndarray:
    """Hazard of each phase under rows (..., P, 2), kinds in front of phases where the risks broadcast."""
    return rows[..., 0] ** 2 * (1.0 - rows[..., 1]) ** 2


def usd_per_hour(table: np.ndarray) -> float:
    """What a table (K, P, 2) earns in expectation."""
    failure = 1.0 - np.exp(-(RISK * phase_risks(table)).sum(axis=1))
    dollars = SHARES @ (PRICE - (PRICE + DAMAGE) * failure)
    return float(3600.0 * dollars / (SHARES @ phase_seconds(table).sum(axis=1)))


def best_usd_per_hour(ties: Ties) -> float:
    """What the best table of its kind earns."""
    layout = WorkLayout.from_env(LAYOUT)
    shape = (*ties.shape(layout), 2)

    def loss(flat: np.ndarray) -> float:
        return -usd_per_hour(ties.table(flat.reshape(shape), layout))

    starts = np.random.default_rng(0).uniform(0.3, 0.9, (8, int(np.prod(shape))))
    bounds = [(0.3, 1.0), (0.0, 1.0)] * (starts.shape[1] // 2)
    return -min(float(minimize(loss, start, bounds=bounds, method="L-BFGS-B").fun) for start in starts)


class Bench(VectorEnv):
    """N shifts of ten minutes: units of two kinds go through three phases, each a risk and a time of its own."""

    def __init__(self, num_envs: int, minutes: float = 10.0):
        self.num_envs = num_envs
        self.metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP}
        self.single_observation_space = gym.spaces.Box(0, 1, (6,), np.float32)
        self.single_action_space = gym.spaces.Box(0, 1, (2,), np.float32)
        self.steps = round(60.0 * minutes / STEP_S)

    def reset(self, *, seed: Any = None, options: Any = None):
        self.rng = np.random.default_rng(seed)
        self.time = np.zeros(self.num_envs, np.int64)
        self.totals = np.zeros((5, self.num_envs))
        self.hazard, self.progress = np.zeros((2, self.num_envs))
        self.kind = self.rng.choice(2, self.num_envs, p=SHARES)
        return self._observe(), self._infos(np.zeros(self.num_envs), np.zeros(self.num_envs))

    def step(self, actions: np.ndarray):
        cells = np.arange(self.num_envs)
        pace_of, risk_of = 1.0 / phase_seconds(actions[:, None]), RISK[self.kind] * phase_risks(actions[:, None])
        left = np.full(self.num_envs, STEP_S)
        for _ in PHASES:  # a step may end in a later phase than it began in
            phase = np.minimum(self.progress.astype(int), 2)
            pace = pace_of[cells, phase]
            span = np.minimum(left, (phase + 1 - self.progress) / pace)
            self.hazard += risk_of[cells, phase] * span * pace
            self.progress = np.where(span < left, phase + 1.0, self.progress + span * pace)
            left -= span
        self.time += 1
        done = self.progress >= 3.0
        failed = done & (self.rng.random(self.num_envs) < 1.0 - np.exp(-self.hazard))
        self.hazard[done], self.progress[done] = 0.0, 0.0
        self.kind = np.where(done, self.rng.choice(2, self.num_envs, p=SHARES), self.kind)
        rewards = PRICE * (done & ~failed) - DAMAGE * failed
        self.totals += np.stack([done, failed, np.full(self.num_envs, STEP_S / 3600.0), rewards, failed])
        over = self.time >= self.steps
        return self._observe(), rewards, np.zeros(self.num_envs, bool), over, self._infos(done, failed)

    def _observe(self) -> np.ndarray:
        phase = np.eye(3)[np.minimum(self.progress.astype(int), 2)]
        return np.concatenate([phase, self.progress[:, None] / 3.0, np.eye(2)[self.kind]], axis=1).astype(np.float32)

    def _infos(self, attempts: np.ndarray, errors: np.ndarray) -> dict[str, Any]:
        names = ("attempts", "errors", "hours", "profit_usd", "broken")
        infos: dict[str, Any] = dict(zip(names, self.totals.copy(), strict=True))
        return infos | {"attempts_step": attempts.astype(float), "errors_step": errors.astype(float)}


def bench_task(cells: int, minutes: float = 10.0) -> SearchTask:
    layout = WorkLayout.from_env(LAYOUT)
    return SearchTask(Bench(cells, minutes), layout, ("broken",), lambda info: info["profit_usd"] / info["hours"])


@pytest.mark.soak
@pytest.mark.parametrize("ties", [BLIND_CONSTANT, BLIND_SCHEDULE, ORACLE])
def test_the_search_finds_nearly_the_best_table(ties):
    shape = ties.shape(WorkLayout.from_env(LAYOUT))
    result = search_table(bench_task(32), ties, SearchConfig(shifts=192, seed=1))
    assert usd_per_hour(result.table) >= 0.96 * best_usd_per_hour(ties)
    assert len(np.unique(result.table.reshape(6, 2), axis=0)) <= shape[0] * shape[1]
    assert (result.chosen, result.shifts) == ("searched", 192)


def test_what_may_be_told_more_can_earn_more():
    best = [best_usd_per_hour(ties) for ties in (BLIND_CONSTANT, BLIND_SCHEDULE, ORACLE)]
    assert best[0] < best[1] < 0.95 * best[2]


def test_a_better_rival_is_chosen_and_the_budget_is_kept():
    layout = WorkLayout.from_env(LAYOUT)
    good, poor = (BLIND_CONSTANT.table(np.array([[action]]), layout) for action in ([1.0, 0.83], [0.3, 0.0]))
    config = SearchConfig(shifts=16, compare_share=0.5, start=(0.35, 0.0), spread=(0.01, 0.01))
    heard = []
    result = search_table(bench_task(4), BLIND_CONSTANT, config, {"good": good, "poor": poor}, heard.append)
    assert result.chosen == "good" and np.array_equal(result.table, good)
    assert set(result.scores) == {"searched", "good", "poor"}
    assert result.scores["good"] > result.scores["poor"]
    assert result.shifts == 8 + 6  # two rounds of four, then two of each of three
    assert [(done.number, done.rounds) for done in heard] == [(1, 2), (2, 2)]
    assert all(len(done.turns) > 0 for done in heard)


def test_every_shift_has_a_seed_of_its_own_and_rivals_share_theirs(monkeypatch):
    reset, seeds = Bench.reset, []

    def noted(self, *, seed, options=None):
        seeds.append(list(range(seed, seed + 4)) if isinstance(seed, int) else list(seed))
        return reset(self, seed=seed)

    monkeypatch.setattr(Bench, "reset", noted)
    rival = BLIND_CONSTANT.table(np.array([[[1.0, 0.8]]]), WorkLayout.from_env(LAYOUT))
    config = SearchConfig(shifts=16, first_seed=100, compare_share=0.5)
    search_table(bench_task(4, minutes=2.0), BLIND_CONSTANT, config, {"rival": rival})
    assert seeds[:2] == [[100, 101, 102, 103], [104, 105, 106, 107]]
    assert seeds[2:] == [[108, 108, 109, 109], [110, 110, 111, 111]]


def test_the_same_seed_finds_the_same_table():
    tables = [
        search_table(bench_task(4, minutes=2.0), ORACLE, SearchConfig(shifts=4, seed=seed)).table for seed in (1, 1, 2)
    ]
    assert np.array_equal(tables[0], tables[1])
    assert not np.array_equal(tables[0], tables[2])


def test_a_tick_can_stop_the_search():
    class StopError(Exception):
        pass

    def stop() -> None:
        raise StopError

    with pytest.raises(StopError):
        search_table(replace(bench_task(2), tick=stop), ORACLE, SearchConfig(shifts=2))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"shifts": 0}, "shifts"),
        ({"shifts": 9, "compare_share": 1.0}, "compare_share"),
        ({"shifts": 9, "low": (0.0, 0.0)}, "low"),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        SearchConfig(**settings)


def test_a_budget_below_a_shift_a_cell_is_refused():
    with pytest.raises(ValueError, match="at least the env's 4 cells, got 3"):
        search_table(bench_task(4), ORACLE, SearchConfig(shifts=3))
