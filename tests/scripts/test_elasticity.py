"""Tests for elasticity.py: laws of the optimum, derivatives found by other means, prices of a run."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

from economics import Prices
from scripts import elasticity
from scripts._optima import QUANTITIES, draw_optima, elasticity_table, optima_table, optimum, starting_point
from scripts._runs import read_rows
from v2p_sim.tasks.dishwashing_formula import DishwashingConfig


def best_care(price, damage):
    """Care at which the rate profit per hour at full speed is stationary, from its derivative by hand."""

    def slope(care):
        err = 0.02 + 0.12 * (1.0 - care) ** 1.5
        d_err = -0.18 * (1.0 - care) ** 0.5
        pace, worth, kept = 1.0 - 0.25 * care, price - damage * err, 1.0 - err
        return -0.25 * kept * worth - pace * d_err * worth - pace * kept * damage * d_err

    root: Any = brentq(slope, 0.3, 0.99)
    return float(root)


def test_the_optimum_is_the_stationary_point_of_the_formula():
    for price, damage in ((0.30, 1.0), (0.45, 1.0), (0.30, 2.0)):
        found = optimum(DishwashingConfig(), Prices(price_usd=price, damage_usd=damage))
        assert found["speed"] == pytest.approx(1.0)
        assert found["care"] == pytest.approx(best_care(price, damage), abs=1e-4)
    assert optimum(DishwashingConfig(), Prices())["profit"] == pytest.approx(30.03, abs=0.01)


def test_the_action_answers_damage_over_price_alone_and_the_wage_moves_parity_alone():
    table = elasticity_table(starting_point(None, {}))
    middle, price, damage, wage = (dict(zip(table.columns, row, strict=True)) for row in table.rows)
    for name in ("care", "err_rate", "mp_r"):
        assert price[name] == pytest.approx(-damage[name], abs=1e-4) and abs(price[name]) > 0.01
    assert {name: wage[name] for name in QUANTITIES} == pytest.approx(
        dict.fromkeys(QUANTITIES, 0.0) | {"wage_parity": -1.0}
    )
    by_hand = math.log(best_care(0.315, 1.0) / best_care(0.30 / 1.05, 1.0)) / math.log(1.05**2)
    assert price["care"] == pytest.approx(by_hand, abs=1e-3)
    # All dollars scaled scale the wage: Euler's theorem for a function homogeneous of degree one.
    assert price["w_hat_r"] + damage["w_hat_r"] == pytest.approx(1.0, abs=1e-4)
    assert (middle["care"], middle["wage_parity"]) == (pytest.approx(0.8575, abs=1e-3), pytest.approx(1.674, abs=1e-3))


def test_paths_rise_and_fall_as_the_trade_says():
    start = starting_point(None, {})
    table = optima_table(start, factor=2.0, points=5)
    at = {name: np.array([row[3:] for row in table.rows if row[0] == name]) for name in ("price_usd", "damage_usd")}
    care, err = list(QUANTITIES).index("care"), list(QUANTITIES).index("err_rate")
    assert (np.diff(at["price_usd"][:, care]) < 0.0).all() and (np.diff(at["price_usd"][:, err]) > 0.0).all()
    assert (np.diff(at["damage_usd"][:, care]) > 0.0).all() and (np.diff(at["damage_usd"][:, err]) < 0.0).all()
    assert [row[2] for row in table.rows[:5]] == pytest.approx([0.15, 0.15 * 2**0.5, 0.3, 0.3 * 2**0.5, 0.6])
    figure = draw_optima(table, start)
    assert [axis.get_ylabel() for axis in figure.axes][:2] == ["care [-]", "error rate [%]"]


def test_a_price_below_the_least_damage_has_no_profit_and_no_elasticity():
    table = elasticity_table(starting_point(None, {"price_usd": 0.01}))
    price = dict(zip(table.columns, table.rows[1], strict=True))
    assert math.isnan(price["profit"])


def test_prices_of_a_run_count_and_the_command_line_overrides_them(make_run, tmp_path, capsys):
    run = make_run(dict, 5, "economics.damage_usd=0.5", "economics.wage_usd_per_hour=20.0")
    assert elasticity.run([f"run_dir={run}", "points=3", "price_usd=0.6", f"output={tmp_path}"]) == 0
    assert f"prices of {run}; the closed form is its own" in capsys.readouterr().out
    rows = {(row["moved"], row["factor"]): row for row in read_rows(tmp_path / "optimum.csv")}
    assert float(rows["damage_usd", "1.0"]["value"]) == 0.5
    assert float(rows["wage_usd_per_hour", "2.0"]["value"]) == pytest.approx(40.0)
    assert float(rows["price_usd", "0.5"]["value"]) == pytest.approx(0.3)
    wage = float(rows["price_usd", "1.0"]["w_hat_r"])
    assert float(rows["price_usd", "1.0"]["wage_parity"]) == pytest.approx(wage / 20.0)
