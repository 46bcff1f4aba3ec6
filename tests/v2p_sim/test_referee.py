"""Every dish gets one outcome with the right cause, from forces, places and rubbing work."""

import numpy as np
import pytest

from v2p_sim.breakage import ERROR_CAUSES, Outcome
from v2p_sim.dishes import CATALOGUE
from v2p_sim.referee import HELD_M, SLOT_TOLERANCE_M, SOAK_MPS
from v2p_sim.scene import CUP_FORCE, DISH_SENSORS, FORCE, NORMAL, TOTAL_FORCE, VELOCITY
from v2p_sim.skills import PICKED, PLACING, RELEASED, SCRUB
from v2p_sim.workcell import Traces

from .conftest import COUNT, DT_S, INDEX, SCENE, Cell

TRUE = np.array([True])


def still(substeps: int = 20, cells: int = 1) -> Traces:
    """Traces in which nothing happens."""
    return Traces(np.zeros((cells, substeps, DISH_SENSORS * COUNT + 3)), np.zeros(cells, bool), failed=False)


def struck(dish: int | slice, when: slice, blow, substeps: int = 20, cells: int = 1) -> Traces:
    """Traces in which furniture strikes dishes: force, normal and velocity."""
    traces = still(substeps, cells)
    force, normal, velocity = np.split(np.array(blow, float), 3)
    for start, values in ((FORCE, force), (TOTAL_FORCE, force), (NORMAL, normal), (VELOCITY, velocity)):
        traces.dishes[:, when, dish, start : start + 3] = values
    return traces


def squeezed(dish: int, force_n: np.ndarray, traces: Traces | None = None) -> Traces:
    """Traces in which the cup squeezes a dish along its axis; forces are (cells, substeps)."""
    traces = still(force_n.shape[1], len(force_n)) if traces is None else traces
    for start in (CUP_FORCE, TOTAL_FORCE):
        traces.dishes[:, :, dish, start + 2] += force_n
    return traces


@pytest.mark.parametrize("substeps", [1, 3, 20])
def test_a_short_peak_is_no_squeeze_and_a_squeeze_may_span_control_steps(substeps):
    crush_n = SCENE.kinds[0].crush_n
    peak, squeeze = np.zeros((1, 60)), np.zeros((1, 60))
    peak[0, 20] = 1.6 * crush_n
    squeeze[0, 17:22] = 1.01 * crush_n
    for force_n, outcome in ((peak, Outcome.PENDING), (squeeze, Outcome.CRUSHED)):
        cell = Cell()
        for start in range(0, 60, substeps):
            cell.watch(squeezed(0, force_n[:, start : start + substeps]))
        assert cell.outcome == outcome


@pytest.mark.parametrize(("share", "outcome"), [(0.93, Outcome.BROKEN_IMPACT), (1.08, Outcome.PENDING)])
@pytest.mark.parametrize("name", CATALOGUE)
def test_a_fall_breaks_what_is_weaker_than_its_energy(name, share, outcome):
    cell = Cell(INDEX[name])
    energy_j = 9.81 * 0.75 * SCENE.kinds[cell.dish].mass_kg
    cell.cycle.strength_j[0, cell.dish] = share * energy_j
    cell.raise_dish(0.75)
    events = cell.wait(0.6)
    assert cell.outcome == outcome
    event = events[0]
    assert (event["dish"], event["outcome"]) == (cell.dish, outcome.name.lower())
    assert event["energy_j"] == pytest.approx(energy_j, rel=0.07)
    assert (event["kind"], event["partner"], event["phase"]) == (name, "tray", "approach")
    assert set(event) == {
        *("dish", "kind", "partner", "phase", "peak_n", "impulse_ns", "energy_j", "sustained_n", "outcome"),
    }


def test_an_event_is_told_with_the_phase_in_which_it_began():
    cell = Cell(0)
    traces = struck(0, slice(40, 60), (0, 0, -200, 0, 0, -1, 0, 0, -1.0), 100)
    progress = np.linspace(PLACING + 0.95, RELEASED + 0.5, 100)[None]
    progress[0, :50] = PLACING + 0.9
    cell.cycle.progress[:] = progress[:, -1]
    cell.referee.watch(traces, progress, TRUE)
    assert [event["phase"] for event in cell.referee.events[0]] == ["place"]


def test_a_dish_that_is_not_at_hand_can_break_as_well():
    cell = Cell(0)
    cell.cycle.strength_j[0, 3] = 0.01
    cell.workcell.qpos[0, SCENE.dish_qpos[3] + 2] = 0.3
    cell.wait(0.4)
    assert cell.outcome == Outcome.PENDING
    assert cell.cycle.outcome[0, 3] == Outcome.BROKEN_IMPACT


def test_inspection_completes_a_dish_in_its_slot_clean_and_at_rest():
    cell = Cell(1)
    cell.place((0.6 * SLOT_TOLERANCE_M, -0.6 * SLOT_TOLERANCE_M))
    cell.watch(still())
    cell.referee.inspect(0, 1)
    assert cell.outcome == Outcome.DONE
    assert (cell.referee.completed[0], cell.referee.errors[0]) == (1, 0)
    assert not cell.referee.causes.any()


def beside_its_slot(cell: Cell) -> None:
    cell.place((1.1 * SLOT_TOLERANCE_M, 0.0))


def still_on_the_tray(cell: Cell) -> None:
    pass


def lying(cell: Cell) -> None:
    cell.place()
    cell.workcell.qpos[0, SCENE.dish_qpos[cell.dish] + 3 :][:4] = (np.sqrt(0.5), np.sqrt(0.5), 0.0, 0.0)


def moving(cell: Cell) -> None:
    cell.place()
    cell.raise_dish(0.01)
    cell.workcell.step(np.zeros((1, 15, 4)))


def hanging(cell: Cell) -> None:
    cell.place()
    cell.raise_dish(0.1)


@pytest.mark.parametrize("fault", [beside_its_slot, still_on_the_tray, lying, moving, hanging])
def test_inspection_finds_what_is_misplaced(fault):
    cell = Cell(2)
    fault(cell)
    cell.referee.inspect(0, 2)
    assert cell.outcome == Outcome.MISPLACED
    assert cell.referee.causes[0, ERROR_CAUSES.index(Outcome.MISPLACED)] == 1


def test_inspection_finds_what_is_unclean():
    cell = Cell(2)
    cell.place()
    cell.cycle.scrubbed_nm[0, 2] = 0.99 * cell.cycle.soil_nm[0, 2]
    cell.referee.inspect(0, 2)
    assert cell.outcome == Outcome.UNCLEAN


def test_the_first_outcome_stands_and_counts_once():
    cell = Cell(2)
    cell.referee.inspect(0, 2)
    cell.place()
    cell.referee.inspect(0, 2)
    squeeze_n = np.full((1, 20), 1e5)
    assert cell.outcome == Outcome.MISPLACED
    assert cell.referee.errors[0] == cell.referee.causes.sum() == 1
    cell.watch(squeezed(2, squeeze_n))
    assert cell.outcome == Outcome.MISPLACED
    assert cell.referee.errors[0] == 0
    assert cell.referee.causes.sum() == 1


@pytest.mark.parametrize(
    ("progress", "lost"), [(PICKED - 0.1, False), (PICKED + 0.1, True), (PLACING - 0.1, True), (PLACING + 0.1, False)]
)
def test_a_dish_that_does_not_hang_on_the_cup_while_it_is_carried_is_dropped(progress, lost):
    cell = Cell(4)
    cell.cycle.progress[:] = progress
    cell.watch(still())
    assert cell.outcome == (Outcome.DROPPED if lost else Outcome.PENDING)


@pytest.mark.parametrize(("distance", "outcome"), [(0.8, Outcome.PENDING), (1.2, Outcome.DROPPED)])
def test_a_dish_under_the_cup_is_held(distance, outcome):
    cell = Cell(4)
    cell.cycle.progress[:] = PICKED + 1.0
    top_m = cell.workcell.tip_position_m()[0] - (0.0, 0.0, SCENE.kinds[4].height_m)
    cell.workcell.qpos[0, SCENE.dish_qpos[4] :][:3] = np.add(top_m, (distance * HELD_M, 0.0, 0.0))
    cell.watch(still())
    assert cell.outcome == outcome


def test_rubbing_work_is_normal_force_times_path():
    """A load of 5 N at 0.2 m/s rubs 1 W, and soaks beside it, in the scrubbing segment alone."""
    cell = Cell(3)
    cell.cycle.scrubbed_nm[:] = 0.0
    traces = struck(3, slice(None), (2.0, 1.0, -5.0, 0.0, 0.0, -1.0, 0.12, -0.16, 0.0), 100)
    progress = np.where(np.arange(100) < 50, SCRUB + 0.5, SCRUB + 1.5)[None]
    cell.referee.watch(traces, progress, TRUE)
    assert cell.cycle.scrubbed_nm[0, 3] == pytest.approx(5.0 * (0.2 + SOAK_MPS) * 50 * DT_S)
    assert np.count_nonzero(cell.cycle.scrubbed_nm) == 1


def test_a_cell_that_does_not_work_is_not_judged():
    cell = Cell(0, num_cells=2)
    progress = np.full((2, 20), SCRUB + 0.5)
    traces = struck(slice(None), slice(5, 10), (0, 0, -500, 0, 0, -1, 0.5, 0, -3.0), cells=2)
    cell.cycle.strength_j[:], cell.cycle.scrubbed_nm[:] = 0.0, 0.0
    cell.cycle.progress[:] = SCRUB + 0.5
    squeezed(0, np.full((2, 20), 1e5), traces)
    cell.referee.watch(traces, progress, np.array([False, True]))
    assert (cell.cycle.outcome[0] == Outcome.PENDING).all()
    assert (cell.cycle.outcome[1] == Outcome.BROKEN_IMPACT).all()
    np.testing.assert_array_equal(cell.referee.errors, [0, COUNT])
    assert cell.referee.events[0] == []
    assert len(cell.referee.events[1]) == COUNT
    assert not cell.cycle.scrubbed_nm[0].any()


@pytest.mark.parametrize("outcome", ERROR_CAUSES)
@pytest.mark.parametrize("name", CATALOGUE)
def test_what_broke_was_crushed_or_dropped_has_to_be_replaced_once(name, outcome):
    cell = Cell(INDEX[name], num_cells=2)
    bought = outcome in (Outcome.BROKEN_IMPACT, Outcome.CRUSHED, Outcome.DROPPED)
    price_usd = CATALOGUE[name].replacement_usd if bought else 0.0
    for then in (outcome, Outcome.CRUSHED, Outcome.DONE):
        cell.referee._conclude(1, cell.dish, then)
        np.testing.assert_array_equal(cell.referee.replacement_usd, [0.0, price_usd])
    cell.referee._conclude(1, (cell.dish + 1) % COUNT, Outcome.DONE)
    np.testing.assert_array_equal(cell.referee.info()["replacement_usd"], [0.0, price_usd])
    assert [cell.referee.cell_info(each)["replacement_usd"] for each in range(2)] == [0.0, price_usd]


def test_replacements_add_up_until_the_reset():
    cell = Cell(4, num_cells=2)
    cell.cycle.progress[:] = PICKED + 0.1
    cell.watch(squeezed(0, np.full((2, 20), 1e4)), working=np.array([True, False]))
    before = cell.referee.info()["replacement_usd"]
    np.testing.assert_array_equal(before, [SCENE.kinds[0].replacement_usd + SCENE.kinds[4].replacement_usd, 0.0])
    cell.referee._conclude(0, 1, Outcome.BROKEN_IMPACT)
    assert cell.referee.replacement_usd[0] == before[0] + SCENE.kinds[1].replacement_usd
    cell.referee.reset(np.array([0]))
    assert not cell.referee.replacement_usd.any() and before[0] > 0.0


def test_reset_and_restore():
    cell, other = Cell(2), Cell(2)
    fresh = cell.referee.state_dict()
    blow = struck(2, slice(10, None), (0, 0, -50, 0, 0, -1, 0, 0, -1.0))
    cell.watch(squeezed(2, np.full((1, 20), 5.0), squeezed(3, np.full((1, 20), 1e4), blow)))
    cell.referee.inspect(0, 2)
    state = cell.referee.state_dict()
    assert all(not np.array_equal(state[name], fresh[name]) for name in fresh)
    other.referee.load_state_dict(state)
    cell.referee.reset(np.array([0]))
    for name in fresh:
        np.testing.assert_array_equal(other.referee.state_dict()[name], state[name])
        np.testing.assert_array_equal(cell.referee.state_dict()[name], fresh[name])
