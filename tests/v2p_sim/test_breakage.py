"""Weibull's law: what is drawn is what `break_probability` says."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2p_sim.breakage import ERROR_CAUSES, Outcome, break_probability, draw_strengths_j
from v2p_sim.dishes import CATALOGUE, GLASS, PLATE, DishKind

KIND = DishKind(
    "test", 0.3, 0.1, 0.04, strength_scale_j=2.0, strength_modulus=3.0, crush_n=10.0, soil_nm=1.0, replacement_usd=1.0
)


class Literal:
    """A generator that gives the uniform numbers it was told."""

    def __init__(self, uniforms: list[float]) -> None:
        self.uniforms = uniforms

    def random(self, count: int) -> np.ndarray:
        assert count == len(self.uniforms)
        return np.array(self.uniforms)


def draw(kinds: list[DishKind], uniforms: list[float]) -> np.ndarray:
    return draw_strengths_j(kinds, cast(Any, Literal(uniforms)))


def test_known_answers():
    np.testing.assert_allclose(break_probability(np.array([0.0, 2.0]), KIND), [0.0, 1.0 - np.exp(-1.0)])
    assert break_probability(1.0, KIND) == pytest.approx(1.0 - np.exp(-1.0 / 8.0))
    assert break_probability(1e-6, KIND) == pytest.approx(0.125e-18, rel=1e-12)


def test_inversion_of_literal_uniforms():
    uniforms = [0.0, 0.25, 1.0 - np.exp(-1.0), 0.999]
    strengths_j = draw([KIND] * 4, uniforms)
    np.testing.assert_allclose(strengths_j, 2.0 * (-np.log1p(-np.array(uniforms))) ** (1 / 3), rtol=1e-14)
    assert strengths_j[2] == pytest.approx(2.0, rel=1e-14)
    np.testing.assert_allclose(break_probability(strengths_j, KIND), uniforms, atol=1e-14)


def test_each_dish_is_drawn_from_its_own_kind():
    other = replace(KIND, strength_scale_j=5.0, strength_modulus=1.0)
    np.testing.assert_allclose(draw([KIND, other], [0.5, 0.5]), [2.0 * np.log(2.0) ** (1 / 3), 5.0 * np.log(2.0)])


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=list(CATALOGUE))
def test_draws_follow_the_law(kind):
    count = 20_000
    strengths_j = np.sort(draw_strengths_j([kind] * count, np.random.default_rng(3)))
    steps = np.arange(count + 1) / count
    law = break_probability(strengths_j, kind)
    distance = max(np.abs(law - steps[1:]).max(), np.abs(law - steps[:-1]).max())
    assert distance < 1.63 / np.sqrt(count)  # Kolmogorov-Smirnov, 1 %


@given(st.sampled_from(list(CATALOGUE.values())), st.floats(0.0, 1e3), st.floats(0.0, 1e3))
def test_more_energy_never_breaks_less(kind, one_j, other_j):
    low, high = break_probability(np.sort([one_j, other_j]), kind)
    assert 0.0 <= low <= high <= 1.0


def test_draws_consume_one_uniform_a_dish():
    one, other = np.random.default_rng(8), np.random.default_rng(8)
    draw_strengths_j([PLATE, GLASS, KIND], one)
    other.random(3)
    assert one.bit_generator.state == other.bit_generator.state


def test_the_sanity_check_of_the_catalogue():
    """A 2 cm drop is nearly always survived by the ceramic, a 75 cm drop on a hard floor nearly never."""
    weight_n = PLATE.mass_kg * 9.81
    assert break_probability(0.02 * weight_n, PLATE) < 0.05
    assert break_probability(0.75 * weight_n, PLATE) > 0.95


def test_every_outcome_after_done_is_a_cause():
    assert [cause.name.lower() for cause in ERROR_CAUSES] == [
        *("broken_impact", "crushed", "dropped", "misplaced", "unclean"),
    ]
    assert Outcome.PENDING not in ERROR_CAUSES
    assert Outcome.DONE not in ERROR_CAUSES
