"""What a search works on, and a round of it: shifts in which every unit gets rows of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv

from agents.scripted.layout import WorkLayout
from agents.scripted.turns import TurnRecorder, Turns


@dataclass(frozen=True)
class SearchTask:
    """What is searched on.

    Attributes:
        env: vector env with flat observations that nothing else steps.
        layout: where its observations tell kind, phase and progress.
        causes: keys of its info that count errors by cause.
        score: a shift's info -> what it is worth [$ / h].
        tick: called before every control step; may raise to stop the search.
    """

    env: VectorEnv
    layout: WorkLayout
    causes: tuple[str, ...]
    score: Callable[[Mapping[str, float]], float]
    tick: Callable[[], None] = lambda: None


class Explorer:
    """Works one shift in every cell, each unit under rows of its own."""

    def __init__(
        self,
        task: SearchTask,
        rows: np.ndarray,
        low: tuple[float, float],
        spread: float,
        rng: np.random.Generator,
    ):
        self._task, self._rows, self._low, self._spread, self._rng = task, rows, np.asarray(low), spread, rng
        self._recorder = TurnRecorder(task.layout, task.causes, task.env.num_envs)

    def work(self, seeds: list[int]) -> Turns | None:
        """Return the turns finished in these shifts."""
        env: Any = self._task.env
        observations, _ = env.reset(seed=seeds)
        tried = self._draw(self._task.layout.kind_of(observations))
        working = np.ones(env.num_envs, bool)
        everyone = np.arange(env.num_envs)
        while working.any():
            self._task.tick()
            phase = self._task.layout.phase_of(observations) if tried.shape[1] > 1 else 0
            after, rewards, terminated, truncated, infos = env.step(tried[everyone, phase].astype(np.float32))
            turned = self._recorder.step(observations, tried, rewards, infos, after, working)
            working &= ~(terminated | truncated)
            if turned.any():
                tried[turned] = self._draw(self._task.layout.kind_of(after[turned]))
            observations = after
        return self._recorder.take()

    def _draw(self, kinds: np.ndarray) -> np.ndarray:
        rows = self._rows[kinds if len(self._rows) > 1 else np.zeros(len(kinds), np.int64)]
        return np.clip(rows + self._spread * self._rng.standard_normal(rows.shape), self._low, 1.0)
