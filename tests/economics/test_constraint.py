"""The dual ascent, the curriculum of the error target, and the SLA constraint."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from economics import ConstraintConfig, SlaConstraint, dual_ascent, interp_error_target

rates = st.floats(0.0, 1.0)


def test_dual_ascent_known_answers():
    assert dual_ascent(0.5, 0.16, 0.06, 0.01) == pytest.approx(0.501)
    assert dual_ascent(0.5, 0.0, 0.06, 0.01) == pytest.approx(0.4994)
    assert dual_ascent(0.0001, 0.0, 0.06, 0.01) == 0.0


@given(lam=st.floats(0.0, 10.0), err=st.tuples(rates, rates), target=rates, eta=st.floats(0.0, 1.0))
def test_dual_ascent_is_clamped_and_rises_with_errors(lam, err, target, eta):
    low, high = (dual_ascent(lam, e, target, eta) for e in sorted(err))
    assert 0.0 <= low <= high
    assert dual_ascent(lam, target, target, eta) == lam


@pytest.mark.parametrize(("episode", "target"), [(0, 0.10), (300, 0.08), (600, 0.06), (5000, 0.06)])
def test_error_target_is_annealed_and_held(episode, target):
    assert interp_error_target(episode) == pytest.approx(target)


def test_a_curriculum_of_no_length_begins_at_its_end():
    assert interp_error_target(0, episodes=0) == 0.06


@given(episodes=st.tuples(st.integers(0, 2000), st.integers(0, 2000)))
def test_error_target_never_loosens(episodes):
    assert interp_error_target(max(episodes)) <= interp_error_target(min(episodes))


def test_window_pools_the_last_shifts():
    constraint = SlaConstraint(ConstraintConfig(window_shifts=2))
    for errors, attempts in [(10, 10), (1, 10), (2, 20)]:
        constraint.update(errors, attempts)
    assert constraint.error_rate == pytest.approx(0.1)


def test_update_moves_lambda_on_the_signed_gap_once_a_shift():
    constraint = SlaConstraint(ConstraintConfig(eta=1.0, target_episodes=0))
    constraint.update(16, 100)
    assert constraint.value == pytest.approx(0.10)
    constraint.update(0, 100)
    assert constraint.value == pytest.approx(0.10 + (0.08 - 0.06))


def test_a_shift_without_attempts_counts_no_error():
    constraint = SlaConstraint()
    constraint.update(0, 0)
    assert constraint.error_rate == 0.0
    assert constraint.value == 0.0


def test_lambda_binds_where_errors_are_cheap():
    # The optimum at $0.10 an error fails 12.4 % of its attempts: lambda rises shift after shift.
    constraint = SlaConstraint()
    values = []
    for _ in range(50):
        constraint.update(17, 137)
        values.append(constraint.value)
    assert values == sorted(values)
    assert values[-1] > values[0] > 0.0


def test_state_dict_survives_json_and_continues_identically():
    first, second = SlaConstraint(), SlaConstraint()
    for errors in (30, 5, 12):
        first.update(errors, 100)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    for errors in (7, 40, 0) * 5:
        first.update(errors, 100)
        second.update(errors, 100)
    assert first.state_dict() == second.state_dict()
    assert (first.value, first.error_target) == (second.value, second.error_target)


def test_a_refused_update_moves_nothing():
    constraint = SlaConstraint()
    before = constraint.state_dict()
    with pytest.raises(ValueError, match="errors must be finite"):
        constraint.update(float("nan"), 10)
    assert constraint.state_dict() == before


@pytest.mark.parametrize("settings", [{"eta": -1.0}, {"window_shifts": 0}, {"target_end": 1.5}])
def test_bad_settings_are_refused_by_name(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        ConstraintConfig(**settings)
