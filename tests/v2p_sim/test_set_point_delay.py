"""Tests for SetPointDelay in randomization.py: set-points arrive late by each cell's latency, across control steps."""

import numpy as np

from v2p_sim.randomization import SetPointDelay
from v2p_sim.scene import HOME_TIP_M
from v2p_sim.tasks.dishwashing_mujoco import DishwashingMujoco, MujocoConfig
from v2p_sim.workcell import Traces

from .conftest import DT_S, HASTY, QUIET


def test_set_points_arrive_late_by_each_cells_latency_also_across_control_steps():
    delay = SetPointDelay(3, np.array([7.0, 8.0, HOME_TIP_M]), dt_s=0.5)
    sent = np.zeros((3, 5, 4))
    sent[..., 0], sent[..., 3] = np.arange(1, 6), 1.0
    latency_s = np.array([0.0, 0.5, 1.6])  # 0, 1 and 3 substeps
    first, second = delay.apply(sent[:, :2], latency_s), delay.apply(sent[:, 2:], latency_s)
    np.testing.assert_array_equal(first[..., 0], [[1, 2], [7, 1], [7, 7]])
    np.testing.assert_array_equal(second[..., 0], [[3, 4, 5], [2, 3, 4], [7, 1, 2]])
    np.testing.assert_array_equal(first[..., 3], [[1, 1], [0, 1], [0, 0]])
    np.testing.assert_array_equal(first[2], [[7, 8, 0, 0]] * 2)
    delay.reset(np.array([1]))
    np.testing.assert_array_equal(delay.apply(sent[:, :2], latency_s)[..., 0], [[1, 2], [7, 1], [3, 4]])


def test_a_cells_robot_moves_late_by_the_latency_that_was_drawn_for_it():
    task = DishwashingMujoco(2, MujocoConfig(randomization="strong", **QUIET))
    task.reset(np.arange(2), [np.random.default_rng(0), np.random.default_rng(0)])
    assert task.drawn is not None
    task.drawn.latency_s[:] = (0.0, 5 * DT_S)
    step, arrived = task.workcell.step, []

    def spy(control: np.ndarray) -> Traces:
        arrived.append(control.copy())
        return step(control)

    task.workcell.step = spy  # type: ignore[method-assign]
    for _ in range(2):
        task.step(np.repeat(HASTY[None].astype(float), 2, axis=0), np.ones(2, np.bool_))
    prompt, late = np.concatenate(arrived, axis=1)
    np.testing.assert_array_equal(late[5:], prompt[:-5])
    np.testing.assert_array_equal(late[:5], 0.0)
    assert (prompt[1:] != prompt[:-1]).any(axis=1).all()


def test_a_delay_goes_on_where_it_was_saved():
    rng = np.random.default_rng(0)
    first, second = (SetPointDelay(2, np.zeros(3), DT_S) for _ in range(2))
    latency_s, sent = np.array([0.024, 0.0]), rng.random((2, 3, 4))
    first.apply(sent, latency_s)
    state = first.state_dict()
    first.apply(sent, latency_s)
    second.load_state_dict(state)
    first.load_state_dict(state)
    np.testing.assert_array_equal(second.apply(sent, latency_s), first.apply(sent, latency_s))
