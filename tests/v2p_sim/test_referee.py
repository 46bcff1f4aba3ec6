"""Every dish gets one outcome with the right cause, from forces, places and rubbing work."""

from dataclasses import replace

import numpy as np
import pytest

from v2p_sim.breakage import ERROR_CAUSES, Outcome
from v2p_sim.cycle import CycleState
from v2p_sim.dishes import CATALOGUE, TRAY_MIX
from v2p_sim.referee import HELD_M, SLOT_TOLERANCE_M, Referee
from v2p_sim.scene import CUP_FORCE, DISH_SENSORS, FORCE, HOME_TIP_M, NORMAL, TOTAL_FORCE, VELOCITY, build_scene
from v2p_sim.skills import PICKED, PLACING, RELEASED, SCRUB
from v2p_sim.workcell import Traces, Workcell

SCENE = build_scene()
DT_S = SCENE.model.opt.timestep
COUNT = len(SCENE.kinds)
TRUE = np.array([True])
INDEX = {name: TRAY_MIX.index(name) for name in CATALOGUE}


class Cell:
    """One cell under a referee, its dish at hand chosen, its strengths endless and its soil rubbed off."""

    def __init__(self, dish: int = 0, scene=SCENE, num_cells: int = 1) -> None:
        self.workcell = Workcell(scene, num_cells)
        self.cycle = CycleState(scene, num_cells)
        self.referee = Referee(self.workcell, self.cycle)
        for cell in range(num_cells):
            self.cycle.start_tray(cell, np.random.default_rng(cell))
            self.cycle.source_xy_m[cell] = scene.tray_slots_m[:COUNT]
        self.cycle.strength_j[:], self.cycle.scrubbed_nm[:] = np.inf, np.inf
        self.cycle.position[:] = np.flatnonzero(self.cycle.order[0] == dish)[0]
        self.cycle.dish[:] = dish
        self.workcell.reset(np.arange(num_cells), self.cycle.source_xy_m)
        self.dish, self.cells = dish, num_cells

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.cycle.outcome[0, self.dish])

    def watch(self, traces: Traces, working: np.ndarray | None = None) -> None:
        progress = np.repeat(self.cycle.progress[:, None], traces.record.shape[1], axis=1)
        self.referee.watch(traces, progress, np.ones(self.cells, bool) if working is None else working)

    def wait(self, seconds: float, substeps: int = 100) -> list[dict]:
        """Let physics run with the robot home; return the events."""
        events = []
        for _ in range(round(seconds / DT_S / substeps)):
            self.watch(self.workcell.step(np.zeros((self.cells, substeps, 4))))
            events += self.referee.events[0]
        return events

    def place(self, offset_m=(0.0, 0.0)) -> None:
        slot_m = SCENE.rack_slots_m[self.cycle.rack_slot[0, self.dish]]
        self.workcell.stand(0, np.array([self.dish]), (slot_m + offset_m)[None])

    def raise_dish(self, height_m: float) -> None:
        self.workcell.qpos[0, SCENE.dish_qpos[self.dish] + 2] = height_m


def still(substeps: int = 20, cells: int = 1) -> Traces:
    """Traces in which nothing happens."""
    return Traces(np.zeros((cells, substeps, DISH_SENSORS * COUNT + 3)), np.zeros(cells, bool))


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


def pressing(dish: int) -> np.ndarray:
    """Set-points that come down slowly on a dish as far as the robot reaches, (1, S, 4)."""
    top_m = SCENE.kinds[dish].height_m + 0.01 - HOME_TIP_M
    control = np.zeros((1, 2500, 4))
    control[..., :2] = SCENE.tray_slots_m[dish]
    control[0, :250, 2] = np.linspace(0.0, top_m, 250)
    control[0, 250:, 2] = np.linspace(top_m, SCENE.model.actuator("robot/z").ctrlrange[0], 2250)
    return control


def moving_mean(force_n: np.ndarray) -> np.ndarray:
    return np.convolve(force_n, np.ones(3) / 3.0, "valid")  # 10 ms are 3 substeps


def press(cell: Cell, substeps: int = 20) -> list[float]:
    """Press the dish at hand until it is crushed; return the largest 10 ms mean of each control step."""
    control, means = pressing(cell.dish), []
    for start in range(0, control.shape[1], substeps):
        traces = cell.workcell.step(control[:, start : start + substeps])
        means.append(float(moving_mean(traces.cup_force_n[0, :, cell.dish]).max()))
        cell.watch(traces)
        if cell.outcome != Outcome.PENDING:
            break
    return means


def with_crush_strength(dish: int, crush_n: float):
    kinds = list(SCENE.kinds)
    kinds[dish] = replace(kinds[dish], crush_n=crush_n)
    return replace(SCENE, kinds=tuple(kinds))


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_press_crushes_at_the_crush_strength(name):
    """The cup on its spring reaches every kind with at least 20 N; so that is each kind's strength here."""
    crush_n = 20.0
    cell = Cell(INDEX[name], with_crush_strength(INDEX[name], crush_n))
    means = press(cell)
    assert cell.outcome == Outcome.CRUSHED
    assert crush_n < means[-1] < 1.05 * crush_n
    assert max(means[:-1]) <= crush_n
    assert cell.referee.errors[0] == 1


def test_a_press_crushes_a_glass_at_the_strength_in_the_catalogue():
    cell = Cell(INDEX["glass"])
    means = press(cell)
    assert cell.outcome == Outcome.CRUSHED
    assert means[-1] == pytest.approx(CATALOGUE["glass"].crush_n, rel=0.05)


def test_a_press_never_crushes_steel():
    cell = Cell(INDEX["steel_cup"])
    assert max(press(cell)) > 50.0
    assert cell.outcome == Outcome.PENDING


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
    """A load of 5 N over 0.2 m/s for 0.1 s rubs 0.1 N m, in the scrubbing segment alone."""
    cell = Cell(3)
    cell.cycle.scrubbed_nm[:] = 0.0
    traces = struck(3, slice(None), (2.0, 1.0, -5.0, 0.0, 0.0, -1.0, 0.12, -0.16, 0.0), 100)
    progress = np.where(np.arange(100) < 50, SCRUB + 0.5, SCRUB + 1.5)[None]
    cell.referee.watch(traces, progress, TRUE)
    assert cell.cycle.scrubbed_nm[0, 3] == pytest.approx(5.0 * 0.2 * 50 * DT_S)
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


def test_reset_and_restore():
    cell, other = Cell(2), Cell(2)
    fresh = cell.referee.state_dict()
    blow = struck(2, slice(10, None), (0, 0, -50, 0, 0, -1, 0, 0, -1.0))
    cell.watch(squeezed(2, np.full((1, 20), 5.0), blow))
    cell.referee.inspect(0, 2)
    state = cell.referee.state_dict()
    assert all(not np.array_equal(state[name], fresh[name]) for name in fresh)
    other.referee.load_state_dict(state)
    cell.referee.reset(np.array([0]))
    for name in fresh:
        np.testing.assert_array_equal(other.referee.state_dict()[name], state[name])
        np.testing.assert_array_equal(cell.referee.state_dict()[name], fresh[name])
