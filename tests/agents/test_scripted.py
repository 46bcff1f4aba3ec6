"""Tests for the scripted policies: constant, random, tables, and the turns that a search learns from."""

import numpy as np
import pytest

from agents import ConstantPolicy, EnvSpec, RandomPolicy, TablePolicy
from agents.scripted import BLIND_CONSTANT, BLIND_SCHEDULE, ORACLE, WorkLayout
from agents.scripted.surface import Surface, best_rows, fit_surfaces
from agents.scripted.turns import HOLD_STEPS, TurnRecorder, Turns

SPEC = EnvSpec((4,), "float32", (0.0, -2.0), (1.0, 2.0))
LAYOUT = WorkLayout.from_env(
    {
        "shift": {"slice": [0, 1], "values": ["t"]},
        "phase": {"slice": [1, 4], "values": ["reach", "wipe", "place"]},
        "progress": {"slice": [4, 5], "values": []},
        "kind": {"slice": [5, 7], "values": ["china", "steel"]},
    }
)


def seen(phase: int, progress: float, kind: int) -> np.ndarray:
    return np.array([0.5, *np.eye(3)[phase], progress, *np.eye(2)[kind]])


def infos(hours: float, attempts: float, errors: float, broken: float, unclean: float) -> dict[str, np.ndarray]:
    names = ("hours", "attempts_step", "errors_step", "broken", "unclean")
    return {
        name: np.array([value]) for name, value in zip(names, (hours, attempts, errors, broken, unclean), strict=True)
    }


def test_constant_policy_repeats_its_action():
    actions = ConstantPolicy([0.5, 0.25])(np.zeros((3, 4)))
    assert actions.tolist() == [[0.5, 0.25]] * 3
    assert actions.dtype == np.float32


def test_random_policy_fills_the_bounds_and_follows_its_seed():
    actions = RandomPolicy(SPEC, seed=1)(np.zeros((2000, 4)))
    np.testing.assert_allclose(actions.mean(0), [0.5, 0.0], atol=0.1)
    assert np.all((actions >= SPEC.action_low) & (actions <= SPEC.action_high))
    assert np.array_equal(actions, RandomPolicy(SPEC, seed=1)(np.zeros((2000, 4))))
    assert not np.array_equal(actions, RandomPolicy(SPEC, seed=2)(np.zeros((2000, 4))))


def test_a_table_is_read_by_kind_and_phase():
    table = np.arange(12.0).reshape(2, 3, 2) / 12.0
    observations = np.stack([seen(0, 0.1, 0), seen(2, 0.9, 0), seen(1, 0.5, 1)])
    actions = TablePolicy(table, LAYOUT)(observations)
    np.testing.assert_allclose(actions, [table[0, 0], table[0, 2], table[1, 1]], rtol=1e-6)
    assert actions.dtype == np.float32
    own = TablePolicy(np.stack([table, table + 1.0, table + 2.0]), LAYOUT)(observations)
    np.testing.assert_allclose(own, actions + np.arange(3.0)[:, None], rtol=1e-6)


def test_a_table_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"\(\.\.\., 2, 3, A\), got \(3, 2, 2\)"):
        TablePolicy(np.zeros((3, 2, 2)), LAYOUT)


@pytest.mark.parametrize(("ties", "shape"), [(BLIND_CONSTANT, (1, 1)), (BLIND_SCHEDULE, (1, 3)), (ORACLE, (2, 3))])
def test_ties_say_which_rows_are_free(ties, shape):
    assert ties.shape(LAYOUT) == shape
    rows = np.random.default_rng(0).random((*shape, 2))
    table = ties.table(rows, LAYOUT)
    assert table.shape == (2, 3, 2)
    assert len(np.unique(table.reshape(6, 2), axis=0)) == shape[0] * shape[1]


def test_a_layout_without_kinds_phases_and_progress_has_one_of_each():
    layout = WorkLayout.from_env({"time_fraction": {"slice": [0, 1]}})
    observations = np.random.default_rng(0).random((4, 1))
    assert layout.kinds == layout.phases == ("any",)
    assert layout.kind_of(observations).tolist() == layout.phase_of(observations).tolist() == [0] * 4
    assert layout.turned(observations, observations, otherwise=True).all()


def test_a_step_belongs_to_the_unit_that_was_at_hand_before_it():
    recorder = TurnRecorder(LAYOUT, ("broken", "unclean"), num_cells=1)
    working, first, second = np.ones(1, bool), np.full((1, 3, 2), 0.25), np.full((1, 3, 2), 0.75)
    path = [seen(0, 0.0, 1), seen(1, 0.4, 1), seen(0, 0.0, 0), seen(2, 0.9, 0), seen(0, 0.0, 1)]
    news = [infos(0.25, 0, 0, 0, 0), infos(0.5, 1, 1, 0, 1), infos(0.75, 0, 0, 0, 1), infos(1.0, 1, 0, 0, 1)]
    turned = [
        recorder.step(
            path[t][None], first if t < 2 else second, np.array([t + 1.0]), news[t], path[t + 1][None], working
        )
        for t in range(4)
    ]
    assert np.concatenate(turned).tolist() == [False, True, False, True]
    turns = recorder.take()
    assert turns is not None
    assert turns.kind.tolist() == [1, 0]
    assert turns.dollars.tolist() == [3.0, 7.0]
    assert turns.seconds.tolist() == [1800.0, 1800.0]
    assert turns.attempts.tolist() == [1.0, 1.0] and turns.errors.tolist() == [1.0, 0.0]
    assert turns.cause.tolist() == [1, -1]
    assert turns.rows[:, 0, 0].tolist() == [0.25, 0.75]
    assert recorder.take() is None


def test_a_cell_whose_shift_is_over_adds_nothing():
    recorder = TurnRecorder(LAYOUT, (), num_cells=1)
    over = recorder.step(
        seen(2, 0.9, 0)[None],
        np.zeros((1, 3, 2)),
        np.ones(1),
        infos(1, 1, 0, 0, 0),
        seen(0, 0, 0)[None],
        np.zeros(1, bool),
    )
    assert not over.any() and recorder.take() is None


def test_without_progress_a_turn_lasts_some_steps():
    recorder = TurnRecorder(WorkLayout(), (), num_cells=1)
    for step in range(2 * HOLD_STEPS + 3):
        news = infos((step + 1) / 60.0, 2.0, 0.0, 0, 0)
        recorder.step(np.zeros((1, 1)), np.zeros((1, 1, 2)), np.ones(1), news, np.zeros((1, 1)), np.ones(1, bool))
    turns = recorder.take()
    assert turns is not None and turns.attempts.tolist() == [2.0 * HOLD_STEPS] * 2


def drawn_turns(count: int) -> tuple[Turns, np.ndarray]:
    """Draw units of two kinds under random rows of two phases; only china is at risk, and it is given more care."""
    rng = np.random.default_rng(3)
    kind = rng.integers(0, 2, count)
    rows = np.stack([rng.uniform(0.5, 1.0, (count, 2)), rng.uniform(0.0, 1.0, (count, 2))], axis=-1)
    rows[kind == 0, 1, 1] = rows[kind == 0, 1, 1] * 0.5 + 0.5
    rows[kind == 1, 1, 1] *= 0.5
    risk = np.where(kind == 0, 0.5, 0.0) * rows[:, 1, 0] ** 2 * np.exp(-2.0 * rows[:, 1, 1])
    errors = (rng.random(count) < 1.0 - np.exp(-risk)).astype(float)
    seconds = 3.0 + (4.0 / (rows[..., 0] * (1.0 - 0.3 * rows[..., 1]))).sum(axis=1)
    dollars = 0.3 - 1.3 * errors
    return Turns(kind, rows, seconds, dollars, np.ones(count), errors, np.full(count, -1)), risk


def test_the_response_tells_kinds_apart_though_their_rows_differ():
    turns, risk = drawn_turns(6000)
    china, steel = fit_surfaces(turns, np.ones(6000), kinds=2)
    own = turns.kind == 0
    assert np.abs(china.failure(turns.rows[own]) - (1.0 - np.exp(-risk[own]))).mean() < 0.015
    assert steel.failure(turns.rows[~own]).mean() < 0.005
    hasty, careful = np.array([[1.0, 0.5], [1.0, 0.5]]), np.array([[1.0, 0.5], [1.0, 1.0]])
    assert china.failure(careful) < 0.6 * china.failure(hasty)
    np.testing.assert_allclose(china.seconds(turns.rows[own]), turns.seconds[own], atol=0.2)
    assert (china.clean_usd, china.failed_usd) == pytest.approx((0.3, -1.0), abs=1e-6)


def test_a_kind_that_was_never_met_is_given_what_all_kinds_share():
    turns, _ = drawn_turns(500)
    china = turns.select(turns.kind == 0)
    met, unmet = fit_surfaces(china, np.ones(len(china)), kinds=2)
    np.testing.assert_allclose(unmet.pace, met.pace, rtol=0.05)
    assert unmet.failure(china.rows).mean() == pytest.approx(china.errors.mean(), abs=0.1)


def test_best_rows_are_the_box_corner_where_only_time_counts():
    surface = Surface(
        np.full((2, 4), -20.0) * [1, 0, 0, 0], np.array([1.0, *([2.0, 1.0, 0.0, 0.0, 0.0] * 2)]), 0.3, -1.0
    )
    box = (np.full((2, 2), 0.2), np.full((2, 2), 0.9))
    rows = best_rows(surface, 0.01, box, np.full((1, 2, 2), 0.5))
    np.testing.assert_allclose(rows, [[0.9, 0.2], [0.9, 0.2]], atol=1e-4)


def test_a_fit_without_an_attempt_is_refused():
    turns, _ = drawn_turns(3)
    nothing = Turns(turns.kind, turns.rows, turns.seconds, turns.dollars, np.zeros(3), np.zeros(3), turns.cause)
    with pytest.raises(ValueError, match="no turn holds an attempt"):
        fit_surfaces(nothing, np.ones(3), kinds=1)
