"""Tests for correlation.py, against scipy's own."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from economics import pearson, spearman

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
