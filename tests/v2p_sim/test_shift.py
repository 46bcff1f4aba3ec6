"""The counters of a shift."""

import numpy as np
import pytest

from economics import Prices
from v2p_sim.shift import ShiftCounters

INFO_KEYS = {
    *("attempts", "completed", "errors", "hours", "profit_usd", "attempts_step", "errors_step", "cost"),
    *("success", "is_success"),
}


def counters_after(completed: int, errors: int, hours: float) -> ShiftCounters:
    counters = ShiftCounters(1, Prices(), 1.0)
    counters.add(np.array([completed]), np.array([errors]), np.array([hours]))
    return counters


def test_counts_add_up_and_steps_are_the_last_ones():
    counters = ShiftCounters(2, Prices(), 1.0)
    counters.add(np.array([2, 0]), np.array([1, 0]), np.array([0.5, 0.0]))
    counters.add(np.array([1, 3]), np.array([0, 2]), np.array([0.5, 0.5]))
    np.testing.assert_array_equal(counters.attempts, [4, 5])
    np.testing.assert_array_equal(counters.attempts, counters.completed + counters.errors)
    np.testing.assert_array_equal(counters.attempts_step, [1, 5])
    np.testing.assert_array_equal(counters.errors_step, [0, 2])
    np.testing.assert_allclose(counters.hours, [1.0, 0.5])
    np.testing.assert_allclose(counters.step_profit_usd, [0.30 - 0.05, 0.90 - 2.0 - 0.05])
    np.testing.assert_allclose(counters.profit_usd, [0.90 - 1.0 - 0.10, 0.90 - 2.0 - 0.05])


def test_reset_clears_only_the_named_cells():
    counters = ShiftCounters(2, Prices(), 1.0)
    counters.add(np.array([2, 3]), np.array([1, 1]), np.array([0.5, 0.5]))
    counters.reset(np.array([0]))
    np.testing.assert_array_equal(counters.attempts, [0, 4])
    np.testing.assert_array_equal(counters.step_profit_usd[0], 0.0)


def test_info_is_fresh_floats_with_fixed_keys():
    counters = counters_after(100, 5, 1.0)
    info = counters.info()
    assert set(info) == INFO_KEYS
    assert all(values.dtype == np.float64 and values.shape == (1,) for values in info.values())
    info["attempts"][:] = -1.0
    assert counters.attempts[0] == 105
    assert all(type(value) is float for value in counters.cell_info(0).values())
    assert counters.cell_info(0) == {key: values[0] for key, values in counters.info().items()}


@pytest.mark.parametrize(
    ("completed", "errors", "success"),
    [(94, 6, 1.0), (93, 7, 0.0), (62, 0, 1.0), (60, 0, 0.0), (0, 0, 0.0)],
    ids=["at the SLA", "beyond the SLA", "above the wage", "below the wage", "idle"],
)
def test_success_needs_the_sla_and_the_human_wage(completed, errors, success):
    info = counters_after(completed, errors, 1.0).cell_info(0)
    assert info["success"] == info["is_success"] == success
    assert info["cost"] == info["errors_step"] == errors


def test_a_shift_that_has_not_begun_is_no_success():
    assert ShiftCounters(1, Prices(), 1.0).cell_info(0)["success"] == 0.0


def test_state_observation_is_scaled_by_the_full_rate():
    counters = ShiftCounters(1, Prices(), 0.5)
    counters.add(np.array([34]), np.array([2]), np.array([0.25]))
    state = counters.state_observation(0.5)
    assert state.dtype == np.float32
    np.testing.assert_allclose(state, [[0.5, 34 / 72, 36 / 72, 2 / 72]], rtol=1e-6)


@pytest.mark.parametrize("cells", [1, 2])
def test_state_dict_round_trip(cells):
    first, second = (ShiftCounters(cells, Prices(), 1.0) for _ in range(2))
    first.add(np.arange(cells) + 10, np.ones(cells), 0.5)
    state = first.state_dict()
    assert {name: values.shape for name, values in state.items()} == {"totals": (5, cells), "step": (3, cells)}
    second.load_state_dict(state)
    for counters in (first, second):
        counters.add(np.ones(cells), np.zeros(cells), 0.1)
    np.testing.assert_equal(second.info(), first.info())
    assert state["totals"][0, 0] == 10.0


@pytest.mark.parametrize("cells", [1, 3])
@pytest.mark.parametrize(
    ("name", "step"), [("errors", (2, -1, 0.1)), ("completed", (np.nan, 1, 0.1)), ("hours", (2, 1, np.inf))]
)
def test_bad_counts_are_refused_and_change_nothing(cells, name, step):
    counters = ShiftCounters(cells, Prices(), 1.0)
    counters.add(*np.ones((3, cells)))
    before = counters.state_dict()
    rows = np.ones((3, cells))
    rows[:, -1] = step
    with pytest.raises(ValueError, match=f"{name} must be finite and >= 0"):
        counters.add(*rows)
    np.testing.assert_equal(counters.state_dict(), before)


@pytest.mark.parametrize("prices", [Prices(), Prices(0.37, 1.9, 0.3, 11.0)])
def test_one_cell_counts_as_a_cell_of_many_does_bit_for_bit(prices):
    """One cell counts in plain floats, many in arrays."""
    rng = np.random.default_rng(0)
    alone, many = ShiftCounters(1, prices, 0.7), ShiftCounters(3, prices, 0.7)
    successes = set()
    for step in range(200):
        completed, errors, hours = rng.integers(0, 4, 3), rng.integers(0, 2, 3) * (step % 9 == 0), rng.random(3) / 30.0
        alone.add(completed[1:2], errors[1:2], hours[1:2])
        many.add(completed, errors, hours)
        info = many.info()
        assert alone.cell_info(0) == many.cell_info(1) == {key: values[1] for key, values in info.items()}
        assert alone.info() == {key: values[1:2] for key, values in info.items()}
        assert alone.cell_step_profit_usd(0) == many.cell_step_profit_usd(1) == many.step_profit_usd[1]
        np.testing.assert_array_equal(alone.state_observation(0.3)[0], many.state_observation(0.3)[1])
        successes.add(alone.cell_info(0)["success"])
        if step == 100:
            alone.reset(np.array([0]))
            many.reset(np.array([1]))
    assert successes == {0.0, 1.0}


def test_hours_may_be_one_number_for_all_cells():
    counters = ShiftCounters(2, Prices(), 1.0)
    counters.add([1, 2], [0, 0], 0.25)
    np.testing.assert_array_equal(counters.hours, [0.25, 0.25])


def test_info_of_many_cells_is_fresh_at_every_call():
    counters = ShiftCounters(2, Prices(), 1.0)
    counters.add([3, 4], [1, 0], 0.25)
    first, second, expected = counters.info(), counters.info(), counters.info()
    for values in first.values():
        values[:] = -1.0
    np.testing.assert_equal(second, expected)
    np.testing.assert_array_equal(counters.attempts, [4, 4])
    np.testing.assert_array_equal(counters.attempts_step, [4, 4])
