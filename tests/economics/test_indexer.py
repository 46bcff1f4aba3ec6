"""Tests for indexer.py: the wage series that ships, and how it is read."""

from importlib import resources
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from economics import (
    IndexSeries,
    choose_series,
    decimal_year,
    human_wage_path,
    index_at,
    load_series,
    series_names,
)

POINTS = IndexSeries("points", np.array([2000.0, 2001.0, 2003.0]), np.array([1.0, 2.0, 8.0]))


def test_the_series_ships_as_data_with_source_and_status():
    text = resources.files("economics").joinpath("data", "wages.csv").read_text(encoding="utf-8")
    header = "\n".join(line for line in text.splitlines() if line.startswith("#"))
    for name in series_names():
        series = load_series(name)
        assert name in header
        assert set(series.statuses) == {"published"}
        assert all(f"#   {source} " in header for source in series.sources)


def test_known_figures():
    dishwashers, eci = load_series("dishwashers_35_9021"), load_series("eci_private_wages")
    assert index_at(dishwashers, decimal_year("2007-05")) == pytest.approx(7.89)
    assert index_at(dishwashers, decimal_year("2025-05")) == pytest.approx(16.73)
    assert (np.diff(dishwashers.values) > 0.0).all() and len(dishwashers.years) == 15
    year = np.asarray(index_at(eci, np.array([decimal_year("2025-03"), decimal_year("2026-03")])))
    assert round(100.0 * (year[1] / year[0] - 1.0), 1) == 3.4
    assert index_at(eci, decimal_year("2005-12")) == pytest.approx(100.0)


def test_the_occupation_comes_before_the_general_series():
    assert choose_series("35-9021").name == "dishwashers_35_9021"
    assert choose_series("99-9999").name == choose_series().name == "eci_private_wages"


@pytest.mark.parametrize(("method", "answer"), [("geometric", 4.0), ("linear", 5.0), ("step", 2.0)])
def test_between_two_dates(method, answer):
    assert index_at(POINTS, 2002.0, method) == pytest.approx(answer)
    np.testing.assert_allclose(index_at(POINTS, POINTS.years, method), POINTS.values)


def test_beyond_the_dates():
    with pytest.raises(ValueError, match=r"year must lie in \[2000\.00, 2003\.00\] or .*, got 2004\.0"):
        index_at(POINTS, np.array([2001.0, 2004.0]))
    assert index_at(POINTS, 2004.0, extrapolation="hold") == pytest.approx(8.0)
    assert index_at(POINTS, 2004.0, extrapolation="growth") == pytest.approx(16.0)
    assert index_at(POINTS, 1999.0, extrapolation="growth") == pytest.approx(0.5)


@given(base=st.floats(2000.0, 2003.0), year=st.floats(2000.0, 2003.0), wage=st.floats(1.0, 100.0))
def test_a_wage_moved_there_and_back_is_the_wage(base, year, wage):
    there = float(human_wage_path(wage, base, year, POINTS))
    assert human_wage_path(there, year, base, POINTS) == pytest.approx(wage, rel=1e-9)


def test_a_wage_path_known_answer():
    np.testing.assert_allclose(human_wage_path(18.0, 2001.0, POINTS.years, POINTS), [9.0, 18.0, 72.0])
    assert human_wage_path(18.0, 2001.0, 2005.0, POINTS, "hold") == pytest.approx(72.0)


@pytest.mark.parametrize("bad", ["2007", "2007-13", "2007-00", "May 2007", ""])
def test_months_that_are_none_are_refused(bad):
    with pytest.raises(ValueError, match="month must be YYYY-MM"):
        decimal_year(bad)


def test_bad_series_and_methods_are_refused():
    with pytest.raises(ValueError, match=r"name must be one of dishwashers_35_9021, eci_private_wages, .*, got 'cpi'"):
        load_series("cpi")
    unknown: Any = "spline"
    with pytest.raises(ValueError, match="interpolation must be geometric, linear or step, got 'spline'"):
        index_at(POINTS, 2001.0, unknown)
    with pytest.raises(ValueError, match="extrapolation must be error, hold or growth, got 'spline'"):
        index_at(POINTS, 2001.0, extrapolation=unknown)
    with pytest.raises(ValueError, match="year must be finite"):
        index_at(POINTS, float("nan"))
    with pytest.raises(ValueError, match="wage_usd_per_hour must be finite and > 0"):
        human_wage_path(0.0, 2001.0, 2001.0, POINTS)


@pytest.mark.parametrize(
    ("years", "values", "said"),
    [
        ([2000.0], [1.0], "two vectors of one length >= 2"),
        ([2000.0, 2001.0], [1.0], "two vectors of one length >= 2"),
        ([2001.0, 2000.0], [1.0, 1.0], "years must rise"),
        ([2000.0, 2001.0], [1.0, 0.0], "values must be finite and > 0"),
    ],
)
def test_a_series_checks_itself(years, values, said):
    with pytest.raises(ValueError, match=said):
        IndexSeries("bad", np.array(years), np.array(values))
