"""Tests for dual.py, and for the constraint's PI control and gated curriculum."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from economics import ConstraintConfig, PiGains, SlaConstraint, dual_ascent, interp_error_target, pi_step

rates = st.floats(0.0, 1.0)
GAINS = PiGains(proportional=2.0, integral=0.5, limit=3.0)


def test_dual_ascent_broadcasts():
    np.testing.assert_allclose(dual_ascent(np.array([0.0, 1.0]), 0.0, 0.5, 1.0), [0.0, 0.5])
    np.testing.assert_allclose(interp_error_target(np.array([0.0, 600.0])), [0.10, 0.06])
    np.testing.assert_allclose(interp_error_target(np.array([0.0, 5.0]), episodes=0), [0.06, 0.06])


def test_pi_known_answers():
    assert pi_step(0.0, 0.3, 0.1, GAINS) == (pytest.approx(0.5), pytest.approx(0.1))
    assert pi_step(1.0, 0.1, 0.1, GAINS) == (1.0, 1.0)
    assert pi_step(1.0, 0.0, 0.2, GAINS) == (pytest.approx(0.5), pytest.approx(0.9))


@given(integral=st.floats(0.0, 3.0), err=rates, target=rates)
def test_pi_stays_in_its_range(integral, err, target):
    value, kept = pi_step(integral, err, target, GAINS)
    assert 0.0 <= value <= 3.0 and 0.0 <= kept <= 3.0


@given(errors=st.lists(st.integers(0, 6), min_size=1, max_size=40), pi=st.booleans())
def test_lambda_stays_zero_while_the_sla_holds(errors, pi):
    constraint = SlaConstraint(ConstraintConfig(target_episodes=0, pi=GAINS if pi else None))
    for count in errors:
        constraint.update(count, 100)
    assert constraint.value == 0.0


def test_the_integral_does_not_wind_up_at_the_limit():
    gains = PiGains(proportional=100.0, integral=1.0, limit=2.0)
    value = integral = 0.0
    for _ in range(50):
        value, integral = pi_step(integral, 0.5, 0.1, gains)
    assert (value, integral) == (2.0, 0.0)
    value, integral = pi_step(integral, 0.1, 0.1, gains)
    assert (value, integral) == (0.0, 0.0)


def test_the_integral_unwinds_while_lambda_is_zero():
    gains = PiGains(proportional=100.0, integral=1.0, limit=10.0)
    integral = 5.0
    for _ in range(100):
        value, integral = pi_step(integral, 0.0, 0.1, gains)
        assert value == 0.0
    assert integral == 0.0


def test_pi_reacts_at_once_where_dual_ascent_drifts():
    slow, fast = (SlaConstraint(ConstraintConfig(pi=pi)) for pi in (None, PiGains()))
    for constraint in (slow, fast):
        constraint.update(30, 100)
    assert fast.value > 10.0 * slow.value > 0.0


def test_arrays_broadcast_and_bad_numbers_are_refused():
    value, kept = pi_step(np.zeros(2), np.array([0.0, 0.5]), 0.1, GAINS)
    assert np.shape(value) == np.shape(kept) == (2,)
    with pytest.raises(ValueError, match=r"integral must lie in \[0, 3\.0\], got 4\.0"):
        pi_step(4.0, 0.1, 0.1, GAINS)
    with pytest.raises(ValueError, match="err must lie"):
        pi_step(0.0, 1.1, 0.1, GAINS)
    with pytest.raises(ValueError, match="limit must be finite"):
        PiGains(limit=float("inf"))
    with pytest.raises(ValueError, match=r"gate_confidence must be None or lie in \(0, 1\), got 1\.0"):
        ConstraintConfig(gate_confidence=1.0)
    with pytest.raises(ValueError, match="lambda_start must not exceed"):
        ConstraintConfig(lambda_start=5.0, pi=GAINS)


def test_a_gated_curriculum_moves_only_when_the_upper_bound_passes():
    config = ConstraintConfig(target_episodes=10, window_shifts=1, gate_confidence=0.95)
    constraint = SlaConstraint(config)
    constraint.update(9, 100)
    assert constraint.error_target == 0.10, "9 % of 100 attempts may well be more than 10 %"
    constraint.update(1, 100)
    assert constraint.error_target == pytest.approx(0.096)
    constraint.update(0, 0)
    assert constraint.error_target == pytest.approx(0.096), "no attempts prove nothing"


def test_state_survives_json_with_pi_and_gate_and_old_states_still_load():
    config = ConstraintConfig(pi=GAINS, gate_confidence=0.9)
    first, second = SlaConstraint(config), SlaConstraint(config)
    for errors in (30, 1, 2):
        first.update(errors, 100)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    for errors in (20, 0, 0, 1):
        first.update(errors, 100)
        second.update(errors, 100)
    assert first.state_dict() == second.state_dict()
    old = SlaConstraint()
    old.load_state_dict({"value": 0.5, "shifts": 300, "errors": [1.0], "attempts": [10.0]})
    assert (old.value, old.error_target) == (0.5, pytest.approx(0.08))
