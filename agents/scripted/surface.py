"""What a row of actions is worth, fitted to turns: competing risks of failure, additive seconds, two prices.

    P(failure | rows) = 1 - exp(-sum_g exp(theta_g . phi(rows_g)))   phi = [1, speed, care, care^2], centred
    seconds(rows) = tau_0 + sum_g tau_g . psi(rows_g) / speed_g      psi = [1, care, care^2, care^3, 1 / (1.2 - care)]

Risks that act in different phases add up, and so do the times; with one group g the same model serves the constant.
Kinds are fitted together, theta_kind = theta_shared + delta_kind with normal priors, so that a kind borrows from all
kinds where its own turns say little, and is not mistaken for an effect of the rows that it was given.

Reference: D. R. Cox, "The Analysis of Exponentially Distributed Life-Times with Two Types of Failure" (1959).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.scripted.turns import Turns

_CENTRE = np.array([0.75, 0.5])
_SHARED_SD = np.array([3.0, 3.0, 3.0, 2.5])
_KIND_SD = np.array([2.0, 1.5, 1.5, 1.5])
_LOG_RISK = (-25.0, 3.0)
_SHARED_RIDGE, _KIND_RIDGE = 1e-3, 30.0
_SHARED_TURNS, _KIND_TURNS = 1e-6, 5.0


@dataclass(frozen=True)
class Surface:
    """A fitted response.

    Attributes:
        risk: theta, (G, 4).
        pace: tau_0 and the tau_g, (1 + 5 G,) [s].
        clean_usd: dollars of a unit that succeeds [$].
        failed_usd: dollars of one that fails [$].
    """

    risk: np.ndarray
    pace: np.ndarray
    clean_usd: float
    failed_usd: float

    def failure(self, rows: np.ndarray) -> np.ndarray:
        """Return the chance of failure of rows (..., G, 2)."""
        return -np.expm1(-_risks(_risk_features(rows), self.risk).sum(axis=-1))

    def seconds(self, rows: np.ndarray) -> np.ndarray:
        """Return the expected seconds of a unit under rows (..., G, 2)."""
        return _pace_features(rows) @ self.pace

    def dollars(self, rows: np.ndarray) -> np.ndarray:
        """Return the expected dollars of a unit under rows (..., G, 2)."""
        return self.clean_usd + (self.failed_usd - self.clean_usd) * self.failure(rows)


def fit_surfaces(turns: Turns, weights: np.ndarray, kinds: int) -> list[Surface]:
    """Fit the response of each kind to turns, by penalised likelihood and penalised least squares.

    Args:
        turns: at least one turn with an attempt
        weights: how much each counts, (M,)
        kinds: how many kinds are told apart; 1 takes all turns together

    Returns:
        One response a kind.

    Raises:
        ValueError: no turn holds an attempt.
    """
    known = turns.attempts > 0
    if not known.any():
        raise ValueError("no turn holds an attempt: give the search longer or more shifts")
    turns, weights = turns.select(known), weights[known]
    own = [turns.kind == kind for kind in range(kinds)] if kinds > 1 else [np.ones(len(turns), bool)]
    risks = _fit_risks(turns, weights, own)
    pace, money = _fit_pace(turns, weights), _fit_money(turns, weights)
    surfaces = []
    for risk, mask in zip(risks, own, strict=True):
        mine, mattering = turns.select(mask), weights[mask]
        surfaces.append(Surface(risk, _fit_pace(mine, mattering, pace), *_fit_money(mine, mattering, money)))
    return surfaces


def best_rows(
    surface: Surface, usd_per_second: float, box: tuple[np.ndarray, np.ndarray], starts: np.ndarray
) -> np.ndarray:
    """Find the rows in a box that earn most beyond what the time is worth: dollars - rho seconds.

    Args:
        surface: fitted response
        usd_per_second: worth of time, rho [$ / s]
        box: lowest and highest rows, (G, 2) each
        starts: rows to climb from, (S, G, 2)

    Returns:
        Rows (G, 2).
    """
    shape = starts.shape[1:]
    bounds = list(zip(box[0].ravel(), box[1].ravel(), strict=True))
    steps = 1e-5 * np.eye(starts[0].size)

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        rows = np.concatenate([flat[None], flat + steps, flat - steps]).reshape(-1, *shape)
        values = usd_per_second * surface.seconds(rows) - surface.dollars(rows)
        above, below = np.split(values[1:], 2)
        return float(values[0]), (above - below) / 2e-5

    found = [_minimize(loss, start.ravel(), bounds=bounds) for start in starts]
    return min(found, key=lambda result: float(result.fun)).x.reshape(shape)


def _risk_features(rows: np.ndarray) -> np.ndarray:
    speed, care = rows[..., 0] - _CENTRE[0], rows[..., 1] - _CENTRE[1]
    return np.stack([np.ones_like(speed), speed, care, care * care], axis=-1)


def _risks(features: np.ndarray, risk: np.ndarray) -> np.ndarray:
    return np.exp(np.clip(np.einsum("...gf,gf->...g", features, risk), *_LOG_RISK))


def _pace_features(rows: np.ndarray) -> np.ndarray:
    speed, care = rows[..., 0], rows[..., 1]
    terms = np.stack([np.ones_like(care), care, care**2, care**3, 1.0 / (1.2 - care)], axis=-1) / speed[..., None]
    flat = terms.reshape(*rows.shape[:-2], terms.shape[-2] * terms.shape[-1])
    return np.concatenate([np.ones((*flat.shape[:-1], 1)), flat], axis=-1)


def _fit_risks(turns: Turns, weights: np.ndarray, own: list[np.ndarray]) -> np.ndarray:
    """Return theta of each kind, (K, G, 4), at the mode of the joint posterior."""
    features = _risk_features(turns.rows)
    fails, passes = weights * turns.errors, weights * (turns.attempts - turns.errors)
    parts = [(features[mask], fails[mask], passes[mask]) for mask in own]
    shape = (len(own) + 1, features.shape[1], 4)
    centre, sd = np.zeros(shape), np.broadcast_to(_KIND_SD, shape).copy()
    rate = (fails.sum() + 0.5) / (fails.sum() + passes.sum() + 1.0)
    centre[0, :, 0], sd[0] = np.log(rate / shape[1]), _SHARED_SD

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        theta = flat.reshape(shape)
        pull = (theta - centre) / sd
        value, gradient = 0.5 * float((pull**2).sum()), pull / sd
        for kind, part in enumerate(parts, start=1):
            likelihood, slope = _likelihood(theta[0] + theta[kind], *part)
            value += likelihood
            gradient[0] += slope
            gradient[kind] += slope
        return value, gradient.ravel()

    found = _minimize(loss, centre.ravel(), options={"maxiter": 300}).x.reshape(shape)
    return found[0] + found[1:]


def _likelihood(
    theta: np.ndarray, features: np.ndarray, fails: np.ndarray, passes: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return -log likelihood of one kind's turns and its gradient, (G, 4)."""
    risks = _risks(features, theta)
    total = risks.sum(axis=1)
    slope = passes - fails / np.expm1(total)
    value = passes @ total - fails @ np.log(-np.expm1(-total))
    return float(value), np.einsum("m,mg,mgf->gf", slope, risks, features)


def _fit_pace(turns: Turns, weights: np.ndarray, shared: np.ndarray | None = None) -> np.ndarray:
    """Ridge regression of the seconds of an attempt, towards what all kinds share."""
    features = _pace_features(turns.rows)
    weights = weights * turns.attempts
    centre = np.zeros(features.shape[1]) if shared is None else shared
    ridge = _SHARED_RIDGE if shared is None else _KIND_RIDGE
    residual = turns.seconds / turns.attempts - features @ centre
    gram = (features * weights[:, None]).T @ features + ridge * np.eye(features.shape[1])
    return centre + np.linalg.solve(gram, features.T @ (weights * residual))


def _fit_money(turns: Turns, weights: np.ndarray, shared: tuple[float, float] | None = None) -> tuple[float, float]:
    """Least squares of dollars = clean_usd x completed + failed_usd x errors, towards what all kinds share."""
    counts = np.stack([turns.attempts - turns.errors, turns.errors], axis=1)
    mean = turns.dollars.sum() / max(turns.attempts.sum(), 1.0)
    centre = np.array([mean, -abs(mean)] if shared is None else shared)
    pull = _SHARED_TURNS if shared is None else _KIND_TURNS
    gram = (counts * weights[:, None]).T @ counts + pull * np.eye(2)
    clean_usd, failed_usd = np.linalg.solve(gram, counts.T @ (weights * turns.dollars) + pull * centre)
    return float(clean_usd), float(failed_usd)


def _minimize(loss: Callable[[np.ndarray], tuple[float, np.ndarray]], start: np.ndarray, **settings: Any) -> Any:
    from scipy.optimize import minimize  # late: whoever imports a learner imports this package

    return minimize(loss, start, jac=True, method="L-BFGS-B", **settings)
