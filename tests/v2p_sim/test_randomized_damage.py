"""Dishes of drawn mass and strength are judged by what was drawn for them, not by the catalogue."""

from typing import Any

import numpy as np
import pytest

from v2p_sim.breakage import Outcome
from v2p_sim.dishes import CATALOGUE
from v2p_sim.randomization import DrawnCells
from v2p_sim.scene import CUP_FORCE, DISH_SENSORS
from v2p_sim.tasks.dishwashing_mujoco import DishwashingMujoco, MujocoConfig
from v2p_sim.workcell import Traces

from .conftest import COUNT, INDEX, QUIET, SCENE, Cell


def drawn_task() -> Any:
    task = DishwashingMujoco(2, MujocoConfig(**QUIET, randomization="strong"))
    task.reset(np.arange(2), [np.random.default_rng(cell) for cell in range(2)])
    return task


@pytest.mark.parametrize("mass", [0.8, 1.0, 1.2])
@pytest.mark.parametrize("name", CATALOGUE)
def test_a_dish_of_any_mass_absorbs_m_g_h(name, mass):
    """A fall of 2 cm: what the furniture bears of the weight drawn, not of the nominal one, is left out."""
    shares = []
    for factor in (1.0, mass):
        cell, drawn = Cell(INDEX[name], num_cells=2), DrawnCells(SCENE, 2)
        drawn.mass[0] = factor
        for part in (cell.workcell, cell.referee):
            part.set_parameters(np.arange(2), drawn)
        cell.raise_dish(0.02)
        energy_j = sum(event["energy_j"] for event in cell.wait(0.4))
        shares.append(energy_j / (9.81 * factor * CATALOGUE[name].mass_kg * 0.02))
    assert shares == pytest.approx([1.0, 1.0], rel=0.01)
    assert shares[0] == pytest.approx(shares[1], rel=1e-4)


@pytest.mark.parametrize("strength", [0.8, 1.0, 1.25])
def test_a_dish_drawn_weaker_is_crushed_by_less(strength):
    drawn = DrawnCells(SCENE, 2)
    drawn.strength[1, 3] = strength
    nominal_n, crush_n = CATALOGUE["glass"].crush_n, strength * CATALOGUE["glass"].crush_n
    for force_n in (0.99 * crush_n, 1.01 * crush_n):
        cell = Cell(3, num_cells=2)
        cell.referee.set_parameters(np.arange(2), drawn)
        record = np.zeros((2, 20, DISH_SENSORS * COUNT + 3))
        record[:, :, DISH_SENSORS * 3 + CUP_FORCE + 2] = force_n
        cell.watch(Traces(record, np.zeros(2, np.bool_), failed=False))
        crushed = cell.cycle.outcome[:, 3] == Outcome.CRUSHED
        np.testing.assert_array_equal(crushed, [force_n > nominal_n, force_n > crush_n])
        assert (np.delete(cell.cycle.outcome, 3, axis=1) == Outcome.PENDING).all()


def test_the_referee_knows_what_was_drawn_in_every_shift_and_after_loading():
    task, other = drawn_task(), drawn_task()
    state = task.state_dict()
    for each in (task, other):
        each.reset(np.array([1]), [np.random.default_rng(8)])
    other.load_state_dict(state)
    for each in (task, other):
        weights_n = 9.81 * each.drawn.mass * [kind.mass_kg for kind in SCENE.kinds]
        crush_n = each.drawn.strength * [kind.crush_n for kind in SCENE.kinds]
        np.testing.assert_allclose(each.referee._tracker.weights_n, weights_n)
        np.testing.assert_allclose(each.referee._crush_n, crush_n)
        assert each.referee._least_crush_n == each.referee._crush_n.min()
    assert (task.referee._crush_n[1] != other.referee._crush_n[1]).all()
    np.testing.assert_array_equal(task.referee._crush_n[0], other.referee._crush_n[0])
