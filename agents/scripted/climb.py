"""One uphill move after each round: fit all turns so far, go to the best rows within reach."""

import numpy as np
import numpy.typing as npt

from agents.scripted.surface import Surface, best_rows, fit_surfaces
from agents.scripted.turns import Turns

_RATE_STEPS = 4
_REACH = 2.0  # how far the rows may move in a round, in spreads of what was tried
_FORGET = 0.97  # weight of a round's turns, per later round
_STARTS = 3


class Climb:
    """The present rows (K' or 1, P' or 1, 2), and all turns that led to them."""

    def __init__(self, shape: tuple[int, int], start: npt.ArrayLike, low: tuple[float, float]):
        self.rows = np.broadcast_to(np.asarray(start), (*shape, 2)).copy()
        self._low = np.broadcast_to(np.asarray(low), self.rows.shape[1:])
        self._turns: list[Turns] = []

    def learn(self, turns: Turns | None, spread: float, rng: np.random.Generator) -> float:
        """Fit all turns so far, move the rows, and return what they promise [$ / h]."""
        self._turns += [] if turns is None else [turns]
        if not self._turns or not any(part.attempts.any() for part in self._turns):
            return float("nan")
        ages = np.concatenate([np.full(len(part), age) for age, part in enumerate(reversed(self._turns))][::-1])
        everything, weights = Turns.joined(self._turns), _FORGET**ages
        surfaces = fit_surfaces(everything, weights, len(self.rows))
        shares = np.ones(1)
        if len(surfaces) > 1:
            shares = np.bincount(everything.kind, everything.attempts, len(surfaces)) / everything.attempts.sum()
        rate = self._rate(self.rows, surfaces, shares)
        centre = self.rows
        for _ in range(_RATE_STEPS):
            moved = [self._best(centre[kind], surfaces[kind], rate, spread, rng) for kind in range(len(centre))]
            self.rows = np.stack(moved)
            rate = self._rate(self.rows, surfaces, shares)
        return 3600.0 * rate

    def _rate(self, rows: np.ndarray, surfaces: list[Surface], shares: np.ndarray) -> float:
        pairs = list(zip(rows, surfaces, strict=True))
        dollars = shares @ [float(surface.dollars(own)) for own, surface in pairs]
        return float(dollars / (shares @ [float(surface.seconds(own)) for own, surface in pairs]))

    def _best(
        self, rows: np.ndarray, surface: Surface, rate: float, spread: float, rng: np.random.Generator
    ) -> np.ndarray:
        box = (np.maximum(self._low, rows - _REACH * spread), np.minimum(1.0, rows + _REACH * spread))
        starts = np.concatenate([rows[None], rng.uniform(*box, (_STARTS, *rows.shape))])
        return best_rows(surface, rate, box, starts)
