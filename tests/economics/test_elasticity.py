"""Tests for elasticity.py."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from economics import arc_elasticity, elasticities_along

positive = st.floats(0.1, 100.0)


@given(x=positive, ratio=st.floats(1.1, 10.0), scale=positive, power=st.floats(-3.0, 3.0))
def test_a_power_law_has_its_power_everywhere(x, ratio, scale, power):
    there, back = x * ratio, scale * x**power
    assert arc_elasticity(x, there, back, scale * there**power) == pytest.approx(power, abs=1e-6)
    assert arc_elasticity(there, x, scale * there**power, back) == pytest.approx(power, abs=1e-6)


def test_along_a_path_and_broadcast():
    np.testing.assert_allclose(elasticities_along([1.0, 2.0, 4.0], [1.0, 4.0, 4.0]), [2.0, 0.0])
    assert np.shape(arc_elasticity(1.0, np.array([2.0, 3.0]), 1.0, 2.0)) == (2,)


def test_refusals():
    with pytest.raises(ValueError, match=r"x_to must differ from x_from, got 1\.0 and 1\.0"):
        arc_elasticity(1.0, 1.0, 1.0, 2.0)
    with pytest.raises(ValueError, match="y_to must be finite and > 0"):
        arc_elasticity(1.0, 2.0, 1.0, 0.0)
    with pytest.raises(ValueError, match="two vectors of one length >= 2"):
        elasticities_along([1.0], [1.0])
