"""The tool pushes on a dish with growing force: each kind is crushed at its crush strength."""

import numpy as np
import pytest

from v2p_sim.breakage import Outcome
from v2p_sim.dishes import CATALOGUE
from v2p_sim.scene import HOME_TIP_M

from .conftest import INDEX, SCENE, Cell


def moving_mean(force_n: np.ndarray) -> np.ndarray:
    return np.convolve(force_n, np.ones(3) / 3.0, "valid")  # 10 ms are 3 substeps


def set_down(cell: Cell) -> np.ndarray:
    """Bring the cup down on the dish at hand, slowly; return the set-points of a step that holds it there."""
    control = np.zeros((1, 20, 4))
    control[..., :2] = SCENE.tray_slots_m[cell.dish]
    for z in np.linspace(0.0, SCENE.kinds[cell.dish].height_m - 0.002 - HOME_TIP_M, 60):
        control[..., 2] = z
        cell.watch(cell.workcell.step(control))
    return control


def press(cell: Cell, most_n: float, steps: int = 100) -> list[float]:
    """Push the cup down with a load that grows to `most_n`; return the largest 10 ms mean of each control step.

    The robot's own spring reaches some 40 N, so the load comes from outside.
    """
    control, means = set_down(cell), []
    load_n = cell.workcell._batch.bind("xfrc_applied")
    for step in range(steps):
        load_n[0, SCENE.model.body("robot/cup").id, 2] = -most_n * step / steps
        traces = cell.workcell.step(control)
        means.append(float(moving_mean(traces.cup_force_n[0, :, cell.dish]).max()))
        cell.watch(traces)
        if cell.outcome != Outcome.PENDING:
            break
    return means


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_press_crushes_each_kind_at_its_crush_strength(name):
    cell, crush_n = Cell(INDEX[name]), CATALOGUE[name].crush_n
    means = press(cell, 1.2 * crush_n)
    assert cell.outcome == Outcome.CRUSHED
    assert means[-1] == pytest.approx(crush_n, rel=0.05)
    assert max(means[:-1]) <= crush_n
    assert cell.referee.errors[0] == 1


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_press_below_the_crush_strength_does_nothing(name):
    cell = Cell(INDEX[name])
    press(cell, 0.97 * CATALOGUE[name].crush_n)
    assert cell.outcome == Outcome.PENDING
