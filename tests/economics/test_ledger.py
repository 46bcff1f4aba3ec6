"""The ledger's row."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from economics import LEDGER_COLUMNS, Prices, make_row

RUN = {"episode": 1, "task": "dishwashing", "seed": 0, "env_steps": 60}
SHIFT = {"attempts": 112.0, "completed": 109.0, "errors": 3.0, "hours": 1.0}


def test_columns_are_the_schema():
    assert (
        *("episode", "task", "seed", "env_steps", "hours", "attempts", "completed", "errors", "mp_r", "err_rate"),
        *("err_target", "w_hat_r", "w_h", "wage_parity", "revenue", "error_cost", "energy_cost", "profit"),
        *("profit_flow", "lambda_dual", "reward", "novelty_raw", "novelty_norm", "mean_weight", "critic_loss"),
        *("actor_loss", "alpha", "buffer_size", "wall_s"),
    ) == LEDGER_COLUMNS


def test_reference_shift():
    row = make_row(SHIFT, Prices(), 0.10, 0.0, **RUN)
    assert round(row.profit, 2) == 29.68
    assert round(row.wage_parity, 2) == 1.65
    assert row.profit_flow == pytest.approx(29.60)
    assert row.reward == row.profit
    assert math.isnan(row.critic_loss)
    assert tuple(dataclasses.asdict(row)) == LEDGER_COLUMNS


@given(completed=st.integers(0, 200), errors=st.integers(0, 200), hours=st.floats(0.1, 8.0), lam=st.floats(0, 5))
def test_the_money_of_a_row_agrees_with_itself(completed, errors, hours, lam):
    shift = {"attempts": completed + errors, "completed": completed, "errors": errors, "hours": hours}
    row = make_row(shift, Prices(), 0.06, lam, **RUN)
    assert row.revenue - row.error_cost - row.energy_cost == pytest.approx(row.profit, abs=1e-9)
    assert row.w_hat_r == pytest.approx(row.profit + row.energy_cost)
    assert row.wage_parity * row.w_h == pytest.approx(row.w_hat_r)
    assert (row.profit - row.profit_flow) * hours == pytest.approx(row.err_rate * errors, abs=1e-9)
    assert row.reward == pytest.approx(row.profit - lam * max(0.0, row.err_rate - 0.06))


def test_learner_columns_pass_through_and_unknown_ones_do_not():
    assert make_row(SHIFT, Prices(), 0.1, 0.0, alpha=0.05, **RUN).alpha == 0.05
    with pytest.raises(TypeError, match="entropy"):
        make_row(SHIFT, Prices(), 0.1, 0.0, entropy=1.0, **RUN)


def test_a_shift_of_no_time_is_refused():
    with pytest.raises(ValueError, match="hours must be finite and > 0"):
        make_row(SHIFT | {"hours": 0.0}, Prices(), 0.1, 0.0, **RUN)
