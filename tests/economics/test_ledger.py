"""The ledger's row."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from economics import LEDGER_COLUMNS, Prices, make_row, read_columns

RUN = {"episode": 1, "task": "dishwashing", "seed": 0, "env_steps": 60}
SHIFT = {"attempts": 112.0, "completed": 109.0, "errors": 3.0, "hours": 1.0}


def test_columns_are_the_schema():
    assert (
        *("episode", "task", "seed", "env_steps", "hours", "attempts", "completed", "errors", "mp_r", "err_rate"),
        *("err_target", "w_hat_r", "w_h", "wage_parity", "revenue", "error_cost", "energy_cost", "profit"),
        *("profit_flow", "lambda_dual", "reward", "novelty_raw", "novelty_norm", "mean_weight"),
        *("delta_mpl_cust_pred", "delta_mpl_total", "data_value", "price_quoted", "spread", "spread_value", "s_cust"),
        *("s_plat", "rebate", "captured_spread", "consumer_surplus", "critic_loss", "actor_loss", "alpha"),
        *("buffer_size", "wall_s", "physics_error"),
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
    assert row.w_hat_r == pytest.approx(row.profit + row.energy_cost, abs=1e-9)
    assert row.wage_parity * row.w_h == pytest.approx(row.w_hat_r, abs=1e-9)
    assert (row.profit - row.profit_flow) * hours == pytest.approx(row.err_rate * errors, abs=1e-9)
    assert row.reward == pytest.approx(row.profit - lam * max(0.0, row.err_rate - 0.06), abs=1e-9)
    assert row.rebate + row.captured_spread == pytest.approx(row.spread_value, abs=1e-9)
    assert row.consumer_surplus + row.captured_spread == pytest.approx((row.w_hat_r - row.w_h) * hours, abs=1e-9)
    assert row.s_cust + row.s_plat == 1.0


def test_learner_columns_pass_through_and_unknown_ones_do_not():
    assert make_row(SHIFT, Prices(), 0.1, 0.0, alpha=0.05, **RUN).alpha == 0.05
    with pytest.raises(TypeError, match="entropy"):
        make_row(SHIFT, Prices(), 0.1, 0.0, entropy=1.0, **RUN)


def test_a_shift_of_no_time_is_refused():
    with pytest.raises(ValueError, match="hours must be finite and > 0"):
        make_row(SHIFT | {"hours": 0.0}, Prices(), 0.1, 0.0, **RUN)


def test_without_a_data_customer_nothing_is_quoted_and_the_platform_keeps_the_spread():
    row = make_row(SHIFT, Prices(), 0.1, 0.0, delta_mpl_total=4.0, **RUN)
    assert math.isnan(row.delta_mpl_cust_pred) and math.isnan(row.data_value) and math.isnan(row.price_quoted)
    assert (row.s_cust, row.s_plat, row.rebate) == (0.0, 1.0, 0.0)
    assert row.captured_spread == row.spread_value == pytest.approx(row.w_hat_r - 18.0)
    assert row.consumer_surplus == pytest.approx(0.0, abs=1e-12)


def test_a_customers_contribution_earns_its_share_of_the_spread():
    row = make_row(SHIFT | {"hours": 2.0}, Prices(0.60), 0.1, 0.0, delta_mpl_cust_pred=1.0, delta_mpl_total=4.0, **RUN)
    assert row.s_cust == 0.25
    assert row.spread == pytest.approx(row.w_hat_r - 18.0)
    assert row.rebate == pytest.approx(0.25 * 2.0 * row.spread)
    assert row.consumer_surplus == pytest.approx(row.rebate)


def test_below_parity_the_customer_is_worse_off_and_nothing_is_shared():
    row = make_row(SHIFT, Prices(0.10), 0.1, 0.0, delta_mpl_cust_pred=1.0, delta_mpl_total=4.0, **RUN)
    assert (row.spread, row.rebate, row.captured_spread) == (0.0, 0.0, 0.0)
    assert row.consumer_surplus == pytest.approx(row.w_hat_r - 18.0) and row.consumer_surplus < 0.0


def test_columns_are_read_from_text_and_what_is_missing_is_nan():
    rows = [{"mp_r": "1.5", "alpha": "nan", "task": "x"}, {"mp_r": 2, "alpha": "", "task": "x"}]
    columns = read_columns(rows, ["mp_r", "alpha", "profit", "task"])
    assert set(columns) == {"mp_r", "alpha", "profit"}
    assert columns["mp_r"].tolist() == [1.5, 2.0]
    assert all(math.isnan(value) for name in ("alpha", "profit") for value in columns[name])
    row = dataclasses.asdict(make_row(SHIFT, Prices(), 0.1, 0.0, **RUN))
    assert set(read_columns([row])) == set(LEDGER_COLUMNS) - {"task"}
