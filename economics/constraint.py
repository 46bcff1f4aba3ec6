"""The quality SLA as a Lagrangian constraint: a multiplier moved once a shift, under a tightening target."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from economics._checks import FloatOrArray, plain, require_fraction, require_non_negative, require_whole
from economics.dual import PiGains, dual_ascent, pi_step
from economics.intervals import wilson_interval
from economics.productivity import error_rate

__all__ = ["ConstraintConfig", "SlaConstraint", "dual_ascent", "interp_error_target"]


def interp_error_target(
    episode: FloatOrArray, start: float = 0.10, end: float = 0.06, episodes: float = 600
) -> FloatOrArray:
    """Anneal the error target: e* = interp(episode, [0, episodes], [start, end]), held at the end.

    Args:
        episode: shifts worked so far, >= 0, any shape [shifts]
        start: target of the first shift, in [0, 1]
        end: target from shift `episodes` on, in [0, 1]
        episodes: length of the curriculum; 0 begins at its end [shifts]

    Returns:
        Error target in [0, 1].

    Raises:
        ValueError: an argument is not finite or out of its range.

    Reference:
        Y. Bengio et al., "Curriculum Learning", ICML 2009: from the easy problem to the one that is meant.

    >>> round(interp_error_target(300), 3)
    0.08
    """
    require_non_negative(episode=episode, episodes=episodes)
    require_fraction(start=start, end=end)
    if episodes == 0:
        return plain(np.full(np.shape(episode), end))
    return plain(np.interp(episode, [0.0, episodes], [start, end]))


@dataclass(frozen=True)
class ConstraintConfig:
    """Settings of the SLA constraint.

    Attributes:
        eta: step size of the dual ascent, per shift [$ / error]
        window_shifts: shifts that the measured error rate covers
        target_start: error target of the first shift
        target_end: error target after the curriculum: the SLA
        target_episodes: length of the curriculum [shifts]
        lambda_start: multiplier before the first shift [$ / error]
        gate_confidence: None moves the curriculum every shift; a number in (0, 1) moves it only after shifts whose
            window keeps the target with this confidence: the upper bound of Wilson's interval lies at or below it
        pi: None moves the multiplier by dual ascent; gains move it by the PI controller, and eta is not used

    Raises:
        ValueError: a setting is not finite or out of its range.
    """

    eta: float = 0.01
    window_shifts: int = 10
    target_start: float = 0.10
    target_end: float = 0.06
    target_episodes: int = 600
    lambda_start: float = 0.0
    gate_confidence: float | None = None
    pi: PiGains | None = None

    def __post_init__(self) -> None:
        require_non_negative(eta=self.eta, target_episodes=self.target_episodes, lambda_start=self.lambda_start)
        require_whole(1, window_shifts=self.window_shifts)
        require_fraction(target_start=self.target_start, target_end=self.target_end)
        if self.gate_confidence is not None and not 0.0 < self.gate_confidence < 1.0:
            raise ValueError(f"gate_confidence must be None or lie in (0, 1), got {self.gate_confidence}")
        if self.pi is not None and self.lambda_start > self.pi.limit:
            raise ValueError(f"lambda_start must not exceed pi.limit = {self.pi.limit}, got {self.lambda_start}")


class SlaConstraint:
    """Keep the multiplier of the SLA, moved once a shift on the pooled error rate of the last shifts."""

    def __init__(self, config: ConstraintConfig | None = None) -> None:
        self.config = ConstraintConfig() if config is None else config
        self._value = self._integral = self.config.lambda_start
        self._shifts = 0
        self._stage = 0
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
        target = interp_error_target(self._stage, config.target_start, config.target_end, config.target_episodes)
        return float(target)

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
        self._move(self.error_target)
        self._stage += self._passes(self.error_target)
        self._shifts += 1

    def state_dict(self) -> dict[str, Any]:
        """Return all that `load_state_dict` needs, as plain numbers and lists."""
        return {
            "value": self._value,
            "integral": self._integral,
            "shifts": self._shifts,
            "stage": self._stage,
            "errors": list(self._errors),
            "attempts": list(self._attempts),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state_dict`; one without integral and stage comes from dual ascent without a gate.

        Args:
            state: what `state_dict` returned
        """
        self._value = float(state["value"])
        self._integral = float(state.get("integral", state["value"]))
        self._shifts = int(state["shifts"])
        self._stage = int(state.get("stage", state["shifts"]))
        self._errors = deque(map(float, state["errors"]), maxlen=self.config.window_shifts)
        self._attempts = deque(map(float, state["attempts"]), maxlen=self.config.window_shifts)

    def _move(self, target: float) -> None:
        if self.config.pi is None:
            self._value = self._integral = float(dual_ascent(self._value, self.error_rate, target, self.config.eta))
        else:
            value, integral = pi_step(self._integral, self.error_rate, target, self.config.pi)
            self._value, self._integral = float(value), float(integral)

    def _passes(self, target: float) -> bool:
        """Say whether the curriculum may go on: without a gate always."""
        if self.config.gate_confidence is None:
            return True
        _, high = wilson_interval(sum(self._errors), sum(self._attempts), self.config.gate_confidence)
        return bool(high <= target)
