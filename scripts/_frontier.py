"""A grid of constant actions, worked in rounds of whole shifts until each point has enough dishes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agents import evaluate
from economics import Prices
from scripts._evaluate import FIRST_SEED
from scripts._frontier_table import FrontierRow, priced_row, write_table
from scripts._runs import read_rows

LOWEST_SPEED = 0.4  # speed 0 does no work
MAX_CELLS = 64
_SEEDS_PER_POINT = 10_000
_HOPELESS_SHIFTS = 2

Act = Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]


@dataclass(frozen=True)
class ShiftCounts:
    """One shift of one grid point: its number from 0, its seed and what was counted."""

    point: int
    number: int
    seed: int
    attempts: float
    completed: float
    errors: float
    hours: float
    physics_error: float = 0.0


def grid_points(grid: int) -> npt.NDArray[np.float64]:
    """Return the grid's actions, speed by speed, shape (grid^2, 2)."""
    speeds, cares = np.linspace(LOWEST_SPEED, 1.0, grid), np.linspace(0.0, 1.0, grid)
    return np.stack(np.meshgrid(speeds, cares, indexing="ij"), axis=-1).reshape(-1, 2)


def next_points(shifts: npt.NDArray[Any], attempts: npt.NDArray[Any], dishes: int, cells: int) -> list[int]:
    """Choose the points of a round: none waits while another has enough, and no cell idles.

    Args:
        shifts: shifts worked by each point, (P,)
        attempts: attempts of each point so far, (P,)
        dishes: attempts that each point shall reach
        cells: shifts of a round

    Returns:
        A point for each cell; empty when every point has enough. A point that never attempts anything is given up.
    """
    known = shifts > 0
    pace = attempts / np.maximum(shifts, 1)
    pace[~known] = pace[known].mean() if known.any() and pace[known].any() else float(dishes)
    missing = (attempts < dishes) & ~((shifts >= _HOPELESS_SHIFTS) & (attempts == 0))
    need = np.where(missing, np.ceil((dishes - attempts) / np.maximum(pace, 1e-3)), 0.0)
    need[missing & ~known] = np.maximum(need[missing & ~known], 1.0)
    if not missing.any():
        return []
    chosen: list[int] = []
    expected = attempts.astype(np.float64)
    for _ in range(cells):
        # Where nothing is missing any more, the spare cells narrow the widest intervals.
        point = int(need.argmax()) if need.max() > 0.0 else int(np.where(pace > 0.0, expected, np.inf).argmin())
        chosen.append(point)
        need[point] -= 1.0
        expected[point] += pace[point]
    return chosen


class Sweep:
    """A grid's shifts so far; `work_round` adds one for every cell of an env and puts them on disk."""

    def __init__(self, root: Path, grid: int, dishes: int, seed: int) -> None:
        self.root, self.points, self.dishes, self._seed = root, grid_points(grid), dishes, seed
        self.shifts = [_parse(row) for row in read_rows(self._path)]

    @property
    def _path(self) -> Path:
        return self.root / "shifts.csv"

    @property
    def attempts(self) -> npt.NDArray[np.float64]:
        """Attempts of each point, (P,)."""
        return self._sum("attempts")

    @property
    def done(self) -> float:
        """Attempts that count towards the goal."""
        return float(np.minimum(self.attempts, self.dishes).sum())

    @property
    def goal(self) -> float:
        """Attempts that are wanted in all."""
        return float(self.dishes * len(self.points))

    def next_points(self, cells: int) -> list[int]:
        """Choose the points of the next round."""
        worked = np.bincount(self._where(), minlength=len(self.points))
        return next_points(worked, self.attempts, self.dishes, cells)

    def work_round(self, env: Any, chosen: Sequence[int], watch: Callable[[Act], Act]) -> None:
        """Work a shift of each chosen point and write what was counted.

        Args:
            env: vector env with a cell for each
            chosen: a point for each cell
            watch: wraps the policy, to interrupt it and to show progress
        """
        actions = self.points[list(chosen)].astype(np.float32)
        numbers = self._numbers(chosen)
        seeds = [self._shift_seed(point, number) for point, number in zip(chosen, numbers, strict=True)]
        results = evaluate(watch(lambda _: actions), env, seeds)
        for point, number, result in zip(chosen, numbers, results, strict=True):
            counts = {name: result.info[name] for name in ("attempts", "completed", "errors", "hours")}
            broken = result.info.get("physics_error", 0.0)
            self.shifts.append(ShiftCounts(point, number, result.seed, **counts, physics_error=broken))
        write_table(self._path, self.shifts, ShiftCounts)

    def rows(self, prices: Prices) -> list[FrontierRow]:
        """Price every point that has worked."""
        counts = np.stack([self._sum(name) for name in ("attempts", "completed", "errors", "hours")], axis=1)
        worked = counts[:, 3] > 0.0
        return [priced_row(*row, prices) for row in zip(self.points[worked], counts[worked], strict=True)]

    def _sum(self, name: str) -> npt.NDArray[np.float64]:
        values = np.array([getattr(shift, name) for shift in self.shifts], np.float64)
        return np.bincount(self._where(), values, minlength=len(self.points)).astype(np.float64)

    def _where(self) -> npt.NDArray[np.int64]:
        return np.array([shift.point for shift in self.shifts], np.int64)

    def _numbers(self, chosen: Sequence[int]) -> list[int]:
        worked = np.bincount(self._where(), minlength=len(self.points))
        numbers = []
        for point in chosen:
            numbers.append(int(worked[point]))
            worked[point] += 1
        return numbers

    def _shift_seed(self, point: int, number: int) -> int:
        """Every shift of every point has a seed of its own, below those of evaluation."""
        return (self._seed * 1_000_003 + point * _SEEDS_PER_POINT + number) % FIRST_SEED


def _parse(row: Mapping[str, str]) -> ShiftCounts:
    counts = {name: float(row[name]) for name in ("attempts", "completed", "errors", "hours", "physics_error")}
    return ShiftCounts(int(row["point"]), int(row["number"]), int(row["seed"]), **counts)
