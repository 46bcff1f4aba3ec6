"""Tests for correlation.py, against scipy's own."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from economics import pearson, spearman
from economics.correlation import merge_ties

pairs = st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20)), min_size=3, max_size=30)


@settings(deadline=None)
@given(pairs)
def test_they_are_those_of_scipy(points):
    x, y = np.array(points, np.float64).T
    for ours, theirs in ((pearson, stats.pearsonr), (spearman, stats.spearmanr)):
        r, p_value = ours(x, y)
        if np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
            assert math.isnan(r) and math.isnan(p_value)
            continue
        expected: Any = theirs(x, y, alternative="greater")
        assert r == pytest.approx(expected.statistic, abs=1e-9)
        assert p_value == pytest.approx(expected.pvalue, abs=1e-6)


def test_perfect_order_and_its_opposite():
    assert pearson([1.0, 2.0, 3.0], [2.0, 4.0, 6.0]) == (1.0, 0.0)
    assert spearman([1.0, 2.0, 3.0], [9.0, 4.0, 1.0]) == (-1.0, 1.0)


def test_refusals():
    with pytest.raises(ValueError, match="two vectors of one length >= 3"):
        pearson([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="y must be finite, got nan"):
        spearman([1.0, 2.0, 3.0], [1.0, math.nan, 3.0])


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_merged_values_stay_within_the_tolerance_and_in_their_order(values):
    merged = merge_ties(values, tolerance=0.01)
    width = 0.01 * max(map(abs, values))
    assert ((merged <= values) & (values - merged <= width * (1.0 + 1e-12))).all()
    assert (np.diff(merged[np.argsort(values)]) >= 0.0).all()


def test_a_path_that_creeps_is_no_tie():
    creeping = 1.0 + 0.006 * np.arange(5.0)
    np.testing.assert_allclose(merge_ties(creeping, tolerance=0.01), [1.0, 1.0, 1.012, 1.012, 1.024])
    assert merge_ties([]).tolist() == []
    with pytest.raises(ValueError, match="values must be finite"):
        merge_ties([math.inf])
    with pytest.raises(ValueError, match="tolerance must be finite and >= 0, got -1"):
        merge_ties([1.0], tolerance=-1.0)
