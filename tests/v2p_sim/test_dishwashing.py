"""Abstract dishwashing: the formula, its optimum, and the shift that draws from it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from economics import Prices
from v2p_sim.tasks._dishwashing_kernel import uniform
from v2p_sim.tasks.dishwashing import (
    Dishwashing,
    DishwashingConfig,
    attempts_per_hour,
    error_probability,
    expected_flow_profit,
    expected_rate_profit,
    make_env,
    make_vector_env,
    optimal_action,
    optimum_usd_per_hour,
)
from v2p_sim.tasks.dishwashing_formula import constrained_action, expected_error_rate

CONFIG, PRICES = DishwashingConfig(), Prices()
shares = st.floats(0.0, 1.0)


def error_at(speed: float, care: float) -> float:
    return float(error_probability(np.array(speed), np.array(care), CONFIG))


def pace_at(speed: float, care: float) -> float:
    return float(attempts_per_hour(np.array(speed), np.array(care), CONFIG))


def test_formula_known_answers():
    assert error_at(1.0, 0.0) == pytest.approx(0.14)
    assert error_at(1.0, 1.0) == pytest.approx(0.02)
    assert error_at(0.5, 0.5) == pytest.approx(0.02 + 0.12 * 0.5**1.2 * 0.5**1.5)
    assert pace_at(1.0, 0.0) == pytest.approx(144.0)
    assert pace_at(1.0, 1.0) == pytest.approx(108.0)
    assert pace_at(0.0, 0.3) == 0.0


@given(low=st.tuples(shares, shares), more=shares)
def test_speed_breaks_and_care_protects_and_slows(low, more):
    speed, care = low
    faster, kinder = max(speed, more), max(care, more)
    assert error_at(faster, care) >= error_at(speed, care)
    assert error_at(speed, kinder) <= error_at(speed, care)
    assert pace_at(faster, care) >= pace_at(speed, care) >= pace_at(speed, kinder)


@pytest.mark.parametrize(("form", "care", "usd"), [("rate", 0.855, 30.03), ("flow", 0.87, 29.95)])
def test_optimum_in_closed_form(form, care, usd):
    action = optimal_action(CONFIG, PRICES, form)
    assert action[0] == pytest.approx(1.0)
    assert action[1] == pytest.approx(care, abs=0.005)
    assert round(optimum_usd_per_hour(CONFIG, PRICES, form), 2) == usd


def test_optimum_is_the_reference_shift():
    care = optimal_action(CONFIG, PRICES)[1]
    assert round(error_at(1.0, care), 3) == 0.026
    assert round(pace_at(1.0, care) * (1.0 - error_at(1.0, care))) == 110


def test_cheap_errors_make_the_sla_bind():
    speed, care = optimal_action(CONFIG, Prices(damage_usd=0.10))
    assert error_at(speed, care) == pytest.approx(0.124, abs=5e-4)


def test_the_best_action_under_the_sla_errs_as_often_as_it_may():
    prices = Prices(damage_usd=0.10)
    action = constrained_action(CONFIG, prices, 0.06)
    assert action == pytest.approx([1.0, 0.519], abs=5e-4)
    assert expected_error_rate(action[None], CONFIG) == pytest.approx(0.06)
    assert round(expected_rate_profit(action[None], CONFIG, prices), 2) == 34.53


def test_an_sla_that_does_not_bind_changes_nothing():
    assert constrained_action(CONFIG, PRICES, 0.06) == pytest.approx(optimal_action(CONFIG, PRICES))
    with pytest.raises(ValueError, match=r"error_target must be > p_min = 0\.02, got 0\.02"):
        constrained_action(CONFIG, PRICES, 0.02)


@given(action=st.tuples(shares, shares), error_target=st.sampled_from([0.025, 0.06, 0.1]))
def test_no_action_that_keeps_the_sla_beats_the_constrained_one(action, error_target):
    prices = Prices(damage_usd=0.10)
    best = constrained_action(CONFIG, prices, error_target)
    if expected_error_rate([action], CONFIG) <= error_target:
        most = expected_rate_profit(best[None], CONFIG, prices)
        assert expected_rate_profit([action], CONFIG, prices) <= most + 1e-6


def test_the_expected_error_rate_weighs_by_attempts():
    slow, fast = (0.5, 0.0), (1.0, 0.0)
    expected = (72 * error_at(*slow) + 144 * error_at(*fast)) / 216
    assert expected_error_rate([slow, fast], CONFIG) == pytest.approx(expected)
    assert expected_error_rate([(0.0, 1.0)], CONFIG) == 0.0


@given(action=st.tuples(shares, shares))
def test_no_constant_action_beats_the_optimum(action):
    assert expected_rate_profit([action], CONFIG, PRICES) <= 30.03
    assert expected_flow_profit([action], CONFIG, PRICES) <= 29.955


def test_expected_profit_of_a_sequence_pools_its_counts():
    actions = np.array([[1.0, 0.0], [0.0, 0.0]])
    attempts, err = 144.0 / 2.0, 0.14
    mp = attempts * (1.0 - err)
    assert expected_rate_profit(actions, CONFIG, PRICES) == pytest.approx(0.3 * mp - err * mp - 0.1)
    assert expected_flow_profit(actions, CONFIG, PRICES) == pytest.approx(0.3 * mp - err * attempts - 0.1)


@pytest.mark.parametrize(("action", "attempts"), [((1.0, 0.0), 144), ((1.0, 1.0), 108), ((0.5, 0.4), 64)])
def test_fractions_of_attempts_are_carried_over(action, attempts):
    env = make_env()
    env.reset(seed=0)
    for _ in range(60):
        *_, info = env.step(np.array(action))
    assert info["attempts"] == attempts


def test_shifts_agree_with_the_closed_form_on_average():
    env = make_vector_env(400)
    env.reset(seed=0)
    action = optimal_action(CONFIG, PRICES, "flow")
    for _ in range(60):
        *_, info = env.step(np.tile(action.astype(np.float32), (400, 1)))
    standard_error = info["profit_usd"].std(ddof=1) / 20.0
    assert abs(info["profit_usd"].mean() - 29.95) < 4.0 * standard_error + 0.3


def test_the_draws_fail_with_the_error_probability():
    env = make_vector_env(200)
    env.reset(seed=1)
    for _ in range(60):
        *_, info = env.step(np.tile(np.array([1.0, 0.0], np.float32), (200, 1)))
    assert info["errors"].sum() / info["attempts"].sum() == pytest.approx(0.14, abs=0.01)


def test_draws_are_those_of_splitmix64():
    key = np.uint64(1234567)
    bits = (6457827717110365317, 3203168211198807973, 9817491932198370423)
    assert [uniform(key, index) for index in range(3)] == [(word >> 11) / 2.0**53 for word in bits]


def test_draws_of_a_shift_are_uniform_and_independent():
    draws = np.array([[uniform(key, index) for index in range(150)] for key in np.arange(200, dtype=np.uint64)])
    assert stats.kstest(draws.ravel(), "uniform").pvalue > 0.01
    assert abs(np.corrcoef(draws[:, 1:].ravel(), draws[:, :-1].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(draws[1:].ravel(), draws[:-1].ravel())[0, 1]) < 0.02


def test_every_shift_has_draws_of_its_own_and_a_seed_repeats_them():
    action = np.array([1.0, 0.0])
    env = make_env()

    def errors(seed: int | None) -> list[float]:
        env.reset(seed=seed)
        return [env.step(action)[4]["errors"] for _ in range(60)]

    first, second, again, other = errors(0), errors(None), errors(0), errors(1)
    assert first == again
    assert first != second != other != first


@pytest.mark.parametrize("steps", [20, 60, 144])
def test_the_same_attempts_fail_whatever_the_control_step(steps):
    env = make_env(config=DishwashingConfig(steps=steps))
    env.reset(seed=3)
    for _ in range(steps):
        *_, info = env.step(np.array([1.0, 0.0]))
    reference = make_env()
    reference.reset(seed=3)
    for _ in range(60):
        *_, expected = reference.step(np.array([1.0, 0.0]))
    assert (info["attempts"], info["errors"]) == (expected["attempts"], expected["errors"])


def test_state_observation_follows_the_counters():
    env = make_env()
    env.reset(seed=0)
    for _ in range(30):
        observation, *_, info = env.step(np.array([1.0, 0.0]))
    expected = [0.5, info["completed"] / 144, info["attempts"] / 144, info["errors"] / 144]
    np.testing.assert_allclose(observation, expected, rtol=1e-6)
    assert env.observation_layout["errors"]["slice"] == [3, 4]


def test_video_shows_the_newest_frame_last():
    env = make_env(observation="video")
    first, _ = env.reset(seed=0)
    assert first.shape == (8, 3, 64, 64)
    second, *_ = env.step(np.array([1.0, 0.0]))
    np.testing.assert_array_equal(second[:-1], first[1:])
    assert (second[-1] != first[-1]).any()


def test_inactive_cells_stand_still():
    task = Dishwashing(2)
    task.reset(np.arange(2), [np.random.default_rng(i) for i in range(2)])
    task.step(np.ones((2, 2)), np.array([True, False]))
    np.testing.assert_array_equal(task.counters.hours > 0.0, [True, False])
    np.testing.assert_array_equal(task.counters.attempts_step, [1, 0])


@pytest.mark.parametrize("steps", [1, 10, 600])
def test_any_control_step_gives_the_same_shift(steps):
    env = make_env(config=DishwashingConfig(steps=steps))
    env.reset(seed=0)
    for _ in range(steps):
        *_, truncated, info = env.step(np.array([1.0, 0.0]))
    assert truncated
    assert info["attempts"] == 144


def test_bad_settings_are_refused_in_one_line():
    with pytest.raises(ValueError, match="observation 'vidoe' is unknown: did you mean 'video'"):
        make_env(observation="vidoe")
    with pytest.raises(ValueError, match="p_min must be finite and >= 0, got nan"):
        DishwashingConfig(p_min=float("nan"))
    with pytest.raises(ValueError, match="p_min \\+ k must be <= 1"):
        DishwashingConfig(k=0.99)
    with pytest.raises(ValueError, match="steps must be a whole number >= 1, got 0"):
        DishwashingConfig(steps=0)
    with pytest.raises(ValueError, match="shift_hours must be > 0"):
        DishwashingConfig(shift_hours=0.0)
    with pytest.raises(ValueError, match="num_envs must be >= 1, got 0"):
        make_vector_env(0)
    with pytest.raises(ValueError, match="form 'flwo' is unknown: did you mean 'flow'"):
        optimal_action(CONFIG, PRICES, "flwo")  # pyright: ignore[reportArgumentType]
