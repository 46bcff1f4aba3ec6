"""The quality SLA as a Lagrangian constraint: dual ascent on the signed gap, under a tightening target."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from economics._checks import require_fraction, require_non_negative, require_positive
from economics.productivity import error_rate


def dual_ascent(lam: float, err: float, e_target: float, eta: float) -> float:
    """Move the multiplier along the signed gap: lambda <- max(0, lambda + eta * (err - e*)).

    Args:
        lam: multiplier before the step, >= 0
        err: measured error rate in [0, 1]
        e_target: error rate that the SLA allows, in [0, 1]
        eta: step size, >= 0

    Returns:
        Multiplier after the step, >= 0.

    Raises:
        ValueError: an argument is not finite or out of its range.
    """
    require_non_negative(lam=lam, eta=eta)
    require_fraction(err=err, e_target=e_target)
    return max(0.0, lam + eta * (err - e_target))


def interp_error_target(episode: float, start: float = 0.10, end: float = 0.06, episodes: float = 600) -> float:
    """Anneal the error target: e* = interp(episode, [0, episodes], [start, end]), held at the end.

    Args:
        episode: shifts worked so far, >= 0
        start: target of the first shift, in [0, 1]
        end: target from shift `episodes` on, in [0, 1]
        episodes: length of the curriculum; 0 begins at its end [shifts]

    Returns:
        Error target in [0, 1].

    Raises:
        ValueError: an argument is not finite or out of its range.
    """
    require_non_negative(episode=episode, episodes=episodes)
    require_fraction(start=start, end=end)
    if episodes == 0:
        return end
    return float(np.interp(episode, [0.0, episodes], [start, end]))


@dataclass(frozen=True)
class ConstraintConfig:
    """Settings of the SLA constraint.

    Attributes:
        eta: step size of the dual ascent, per shift
        window_shifts: shifts that the measured error rate covers
        target_start: error target of the first shift
        target_end: error target after the curriculum: the SLA
        target_episodes: length of the curriculum [shifts]
        lambda_start: multiplier before the first shift

    Raises:
        ValueError: a setting is not finite or out of its range.
    """

    eta: float = 0.01
    window_shifts: int = 10
    target_start: float = 0.10
    target_end: float = 0.06
    target_episodes: int = 600
    lambda_start: float = 0.0

    def __post_init__(self) -> None:
        require_non_negative(eta=self.eta, target_episodes=self.target_episodes, lambda_start=self.lambda_start)
        require_positive(window_shifts=self.window_shifts)
        require_fraction(target_start=self.target_start, target_end=self.target_end)


class SlaConstraint:
    """Keep the multiplier of the SLA, moved once a shift on the pooled error rate of the last shifts."""

    def __init__(self, config: ConstraintConfig | None = None) -> None:
        self.config = ConstraintConfig() if config is None else config
        self._value = self.config.lambda_start
        self._shifts = 0
        self._errors: deque[float] = deque(maxlen=self.config.window_shifts)
        self._attempts: deque[float] = deque(maxlen=self.config.window_shifts)

    @property
    def value(self) -> float:
        """The multiplier lambda, >= 0 [$ / error]."""
        return self._value

    @property
    def error_target(self) -> float:
        """The error target e* of the shift to come."""
        config = self.config
        return interp_error_target(self._shifts, config.target_start, config.target_end, config.target_episodes)

    @property
    def error_rate(self) -> float:
        """Errors over attempts of the shifts in the window; 0 before the first attempt."""
        return float(error_rate(sum(self._errors), sum(self._attempts)))

    def update(self, errors: float, attempts: float) -> None:
        """Take in a finished shift: measure, move lambda against that shift's target, advance the curriculum.

        Args:
            errors: failed attempts of the shift [attempts]
            attempts: all attempts of the shift [attempts]

        Raises:
            ValueError: a count is negative or not finite, or errors exceed attempts; nothing has moved then.
        """
        error_rate(errors, attempts)
        self._errors.append(float(errors))
        self._attempts.append(float(attempts))
        self._value = dual_ascent(self._value, self.error_rate, self.error_target, self.config.eta)
        self._shifts += 1

    def state_dict(self) -> dict[str, Any]:
        """Return all that `load_state_dict` needs, as plain numbers and lists."""
        return {
            "value": self._value,
            "shifts": self._shifts,
            "errors": list(self._errors),
            "attempts": list(self._attempts),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state_dict`.

        Args:
            state: what `state_dict` returned
        """
        self._value = float(state["value"])
        self._shifts = int(state["shifts"])
        self._errors = deque(map(float, state["errors"]), maxlen=self.config.window_shifts)
        self._attempts = deque(map(float, state["attempts"]), maxlen=self.config.window_shifts)
