"""Contact events against closed forms, on small inline scenes whose sensors are laid out as `scene` documents."""

# pyright: reportAttributeAccessIssue=false
import mujoco
import numpy as np
import pytest

from v2p_sim._contact_kernels import FORCE_FLOOR_N, QUIET_MPS
from v2p_sim.contacts import FURNITURE, REPORT_J, SUSTAINED_S, ContactEvent, ContactTracker, window_samples

MASS_KG, GRAVITY = 0.35, 9.81
TIMESTEPS_S = (0.001, 0.002, 0.004)
HEIGHTS_M = (0.10, 0.75)
SENSORS = """<sensor>
  <contact name="force0" body1="dish0" subtree2="furniture" data="force" reduce="netforce" num="1"/>
  <contact name="place0" body1="dish0" subtree2="furniture" data="pos normal" reduce="maxforce" num="1"/>
  <framelinvel name="velocity0" objtype="body" objname="dish0"/>
  <contact name="total_force0" body1="dish0" data="force" reduce="netforce" num="1"/>
</sensor>"""
NO_CUP = 6  # numbers that a scene without a cup lacks: force on the cup, the cup's velocity
DISC = f'<geom name="disc" type="cylinder" size="0.085 0.01" pos="0 0 0.01" mass="{MASS_KG}" solref="0.01 1"/>'
FLOOR = '<geom name="floor" type="plane" size="3 3 0.1" solref="0.01 1"/>'


def compile_scene(dish: str, dt_s: float, furniture: str = FLOOR, extra: str = "") -> mujoco.MjModel:
    return mujoco.MjModel.from_xml_string(
        f"""<mujoco><option timestep="{dt_s}" integrator="implicitfast"/>
        <worldbody><body name="furniture">{furniture}</body><body name="dish0">{dish}</body></worldbody>
        {SENSORS}{extra}</mujoco>"""
    )


def record(model: mujoco.MjModel, seconds: float, qpos=None, qvel=None, control=None) -> np.ndarray:
    """Return the sensors of every substep, (S, 21), the cup's at 0."""
    data = mujoco.MjData(model)
    for state, values in ((data.qpos, qpos), (data.qvel, qvel)):
        if values is not None:
            state[:] = values
    rows = []
    for k in range(round(seconds / model.opt.timestep)):
        if control is not None:
            data.ctrl[:] = control(k * model.opt.timestep)
        mujoco.mj_step(model, data)
        rows.append(data.sensordata.copy())
    return np.pad(np.array(rows), ((0, 0), (0, NO_CUP)))


def events_of(trace: np.ndarray, dt_s: float, chunk: int | None = None) -> list[ContactEvent]:
    """Feed one dish's trace whole or in control steps of `chunk` substeps."""
    tracker = ContactTracker(1, 1, dt_s)
    size = len(trace) if chunk is None else chunk
    cuts = (trace[start : start + size] for start in range(0, len(trace), size))
    return [event for cut in cuts for event in tracker.update(cut[None])]


def drop(height_m: float, dt_s: float, seconds: float = 1.0) -> np.ndarray:
    model = compile_scene(f"<freejoint/>{DISC}", dt_s)
    return record(model, seconds, qpos=(0, 0, height_m, 1, 0, 0, 0))


def rows_of(events: list[ContactEvent]) -> np.ndarray:
    return np.array([(e.peak_n, e.impulse_ns, e.energy_j, e.sustained_n) for e in events]).reshape(-1, 4)


@pytest.mark.parametrize("dt_s", TIMESTEPS_S)
def test_a_resting_dish_presses_with_its_weight_and_makes_no_event(dt_s):
    trace = drop(0.0, dt_s)
    force_n = np.einsum("sk,sk->s", trace[:, 0:3], trace[:, 6:9])
    assert force_n[-1] == pytest.approx(MASS_KG * GRAVITY, rel=0.01)
    np.testing.assert_allclose(trace[-1, 6:9], (0, 0, -1), atol=1e-6)
    assert events_of(trace, dt_s) == []


@pytest.mark.parametrize("height_m", HEIGHTS_M)
def test_the_energy_of_a_drop_is_its_potential_energy_at_every_timestep(height_m):
    energies_j = np.array([events_of(drop(height_m, dt_s), dt_s)[0].energy_j for dt_s in TIMESTEPS_S])
    np.testing.assert_allclose(energies_j, MASS_KG * GRAVITY * height_m, rtol=0.05)
    assert np.ptp(energies_j) < 0.05 * energies_j.mean()


@pytest.mark.parametrize("dt_s", TIMESTEPS_S)
@pytest.mark.parametrize("height_m", HEIGHTS_M)
def test_the_impulse_of_a_drop_is_the_change_of_momentum(height_m, dt_s):
    trace = drop(height_m, dt_s)
    touching = -trace[:, 2] > FORCE_FLOOR_N
    moving = np.maximum(np.abs(trace[:-1, 11]), np.abs(trace[1:, 11])) > QUIET_MPS
    start = int(touching.argmax())
    stop = start + int((~(touching[:-1] & moving)[start:]).argmax())
    assert trace[start, 11] == pytest.approx(-np.sqrt(2 * GRAVITY * height_m), rel=0.05)
    momentum = MASS_KG * (trace[stop, 11] - trace[start, 11])
    weight = MASS_KG * GRAVITY * (stop - start) * dt_s
    first = events_of(trace, dt_s)[0]
    assert first.impulse_ns == pytest.approx(momentum + weight, rel=0.01)
    assert first.impulse_ns - weight == pytest.approx(momentum, rel=0.05)


@pytest.mark.parametrize("dt_s", TIMESTEPS_S)
def test_an_impact_is_one_event(dt_s):
    """Compression and rebound belong together, wherever the substep in which the dish turns round falls."""
    trace = drop(0.10, dt_s)
    (event,) = events_of(trace, dt_s)
    assert event.peak_n == pytest.approx(np.linalg.norm(trace[:, 0:3], axis=1).max())
    assert event.impulse_ns > 1.2 * MASS_KG * np.sqrt(2 * GRAVITY * 0.10)


def test_the_energy_of_a_sideways_impact_is_the_kinetic_energy():
    wall = '<geom name="wall" type="box" size="0.1 1 1" pos="0.6 0 0" solref="0.01 1"/>'
    dish = f'<joint type="slide" axis="1 0 0"/>{DISC}'
    model = compile_scene(dish, 0.002, furniture=wall)
    (event,) = events_of(record(model, 1.0, qvel=[0.8]), 0.002)
    assert event.energy_j == pytest.approx(0.5 * MASS_KG * 0.8**2, rel=0.05)


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 20, 125, 250])
@pytest.mark.parametrize("height_m", HEIGHTS_M)
def test_events_of_a_drop_do_not_depend_on_the_cut_into_control_steps(height_m, chunk):
    trace = drop(height_m, 0.002)
    whole = rows_of(events_of(trace, 0.002))
    assert len(whole) >= 1
    np.testing.assert_allclose(rows_of(events_of(trace, 0.002, chunk)), whole, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("chunk", [1, 2, 4, 5, 13, 100])
@pytest.mark.parametrize("seed", range(5))
def test_events_of_any_trace_do_not_depend_on_the_cut(seed, chunk):
    """Forces come and go, and press at rest before and after they strike."""
    rng = np.random.default_rng(seed)
    blocks = np.repeat(rng.random((60, 3)), rng.integers(1, 12, 60), axis=0)
    trace = np.zeros((len(blocks), 21))
    trace[:, 2] = np.where(blocks[:, 0] < 0.6, -200.0 * blocks[:, 1], 0.0) * rng.uniform(0.5, 1.0, len(blocks))
    trace[:, 8] = -1.0
    trace[:, 11] = np.where(blocks[:, 2] < 0.5, rng.uniform(-2.0, 2.0, len(blocks)), 0.0)
    whole = rows_of(events_of(trace, 0.002))
    assert len(whole) > 5
    np.testing.assert_allclose(rows_of(events_of(trace, 0.002, chunk)), whole, rtol=1e-10)


@pytest.mark.parametrize("speed_mps", [0.1, 0.5])
def test_sliding_over_the_floor_makes_no_energy(speed_mps):
    model = compile_scene(f"<freejoint/>{DISC}", 0.002)
    trace = record(model, 1.0, qpos=(-1, 0, 0, 1, 0, 0, 0), qvel=(speed_mps, 0, 0, 0, 0, 0))
    assert np.hypot(*trace[:, 0:2].T).max() > 1.0
    assert events_of(trace, 0.002) == []


@pytest.mark.parametrize("speed_mps", [0.04, 0.12])
def test_scrubbing_makes_no_energy(speed_mps):
    """A slippery pad, a load of 12 N, to and fro; pyramidal friction cones would kick a dish that turns round."""
    pad = FLOOR.replace('solref="0.01 1"', 'solref="0.03 1" friction="0.1 0.005 0.0001" priority="2"')
    model = compile_scene(
        f'<joint name="x" type="slide" axis="1 0 0"/><joint name="z" type="slide" axis="0 0 1"/>{DISC}',
        0.002,
        furniture=pad,
        extra='<option cone="elliptic"/><actuator><velocity joint="x" kv="1000"/><motor joint="z"/></actuator>',
    )
    trace = record(model, 1.0, control=lambda t_s: (speed_mps * np.sin(6.0 * t_s), -12.0 * min(t_s / 0.2, 1.0)))
    assert -trace[250:, 2].mean() == pytest.approx(12.0 + MASS_KG * GRAVITY, rel=0.02)
    assert np.abs(trace[:, 9]).max() == pytest.approx(speed_mps, rel=0.05)
    assert events_of(trace, 0.002) == []


def held(speed_mps: float, start_m: float, stop_m: float) -> np.ndarray:
    """Move a dish that an actuator holds, along z, to a height; then hold it there."""
    servo = '<actuator><position joint="z" kp="3000" kv="60"/></actuator>'
    model = compile_scene(f'<joint name="z" type="slide" axis="0 0 1"/>{DISC}', 0.002, extra=servo)
    direction = np.sign(stop_m - start_m)
    seconds = abs(stop_m - start_m) / speed_mps

    def control(t_s: float) -> float:
        return start_m + direction * speed_mps * min(t_s, seconds)

    return record(model, seconds + 0.5, qpos=[start_m], control=control)


def test_lowering_a_held_dish_makes_no_energy():
    trace = held(0.05, 0.04, 0.0)
    assert -trace[-1, 2] > FORCE_FLOOR_N
    assert events_of(trace, 0.002) == []


def test_carrying_a_held_dish_makes_no_energy():
    assert events_of(held(1.0, 0.05, 0.6), 0.002) == []


def test_a_held_dish_set_down_hard_makes_energy():
    (event, *_) = events_of(held(1.0, 0.4, -0.02), 0.002)
    assert event.energy_j > 0.3 * 0.5 * MASS_KG * 1.0**2


def test_events_carry_their_cell_and_dish_and_cells_do_not_mix():
    record = np.zeros((2, 500, 3 * 18 + 3))
    record[1, :, 36:] = drop(0.10, 0.002)
    (event,) = ContactTracker(2, 3, 0.002).update(record)
    assert (event.cell, event.dish) == (1, 2)
    np.testing.assert_array_equal(rows_of([event]), rows_of(events_of(drop(0.10, 0.002), 0.002)))


def test_an_event_says_at_which_substep_it_began():
    trace = drop(0.10, 0.002)
    began = int((-trace[:, 2] > FORCE_FLOOR_N).argmax())
    (whole,) = events_of(trace, 0.002)
    assert whole.substep == pytest.approx(began, abs=1)
    (cut,) = events_of(trace, 0.002, began - 10)
    assert cut.substep == pytest.approx(10, abs=1)
    (late,) = events_of(trace, 0.002, began + 5)
    assert late.substep == 0


def in_the_middle_of_a_bounce() -> tuple[np.ndarray, int]:
    trace = drop(0.10, 0.002)
    return trace, int((-trace[:, 2]).argmax()) + 1


def test_a_restored_tracker_goes_on_with_the_open_event():
    trace, cut = in_the_middle_of_a_bounce()
    first, second = ContactTracker(1, 1, 0.002), ContactTracker(1, 1, 0.002)
    assert first.update(trace[None, :cut]) == []
    second.load_state_dict(first.state_dict())
    assert first.update(trace[None, cut:]) == second.update(trace[None, cut:]) != []


def test_reset_forgets_the_open_event_of_its_cells_alone():
    trace, cut = in_the_middle_of_a_bounce()
    both = np.stack([trace, trace])
    tracker = ContactTracker(2, 1, 0.002)
    tracker.update(both[:, :cut])
    tracker.reset(np.array([0]))
    still = np.zeros_like(both)
    still[1] = both[1]
    assert [event.cell for event in tracker.update(still[:, cut:])] == [1]


def test_small_events_are_not_reported():
    height_m = 0.2 * REPORT_J / (MASS_KG * GRAVITY)
    assert events_of(drop(height_m, 0.002), 0.002) == []


def test_sustained_force_is_the_largest_mean_over_ten_milliseconds():
    assert SUSTAINED_S == 0.010
    assert [window_samples(dt_s) for dt_s in (0.001, 0.002, 0.004, 0.010, 0.5)] == [10, 5, 3, 1, 1]
    force_n = np.array([3.0, 100.0, 2.0, 10.0, 10.0, 10.0, 1.0, 30.0])
    trace = np.zeros((15, 21))
    trace[1:9, 2], trace[:, 8], trace[:, 11] = -force_n, -1.0, -1.0
    for dt_s, sustained_n in ((0.002, (100 + 2 + 10 + 10 + 10) / 5), (0.010, 100.0), (0.001, force_n.sum() / 10)):
        (event,) = events_of(trace, dt_s)
        assert event.sustained_n == pytest.approx(sustained_n)
        assert event.peak_n == 100.0


@pytest.mark.parametrize("chunk", [1, 3, 30])
@pytest.mark.parametrize(("dt_s", "substeps", "events"), [(0.001, 4, 1), (0.001, 5, 2), (0.002, 2, 1), (0.004, 2, 2)])
def test_a_dish_that_lands_on_one_edge_and_then_on_the_other_lands_once(dt_s, substeps, events, chunk):
    """Off its partner for 4 ms it is still landing; longer, and the second edge is a blow of its own."""
    trace = np.zeros((30, 21))
    trace[:, 8], trace[:, 11] = -1.0, -1.0
    trace[[3, 4 + substeps], 2] = -100.0, -50.0
    found = events_of(trace, dt_s, chunk)
    assert len(found) == events
    assert sum(event.impulse_ns for event in found) == pytest.approx(150.0 * dt_s)
    assert sum(event.energy_j for event in found) == pytest.approx(150.0 * dt_s)
    if events == 1:
        window = window_samples(dt_s)
        assert found[0].sustained_n == pytest.approx((150.0 if 2 + substeps <= window else 100.0) / window)


def test_a_dish_that_stands_still_for_a_moment_has_landed():
    trace = np.zeros((30, 21))
    trace[3:12, 2], trace[:, 8] = -50.0, -1.0
    trace[[3, 4, 8, 9], 11] = -1.0
    assert len(events_of(trace, 0.004)) == 2


@pytest.mark.parametrize("chunk", [1, 3, 12])
def test_a_squeeze_is_the_largest_mean_of_the_cup_s_axial_force(chunk):
    trace = np.zeros((12, 21))
    trace[2:9, 17] = (5.0, -40.0, 40.0, 40.0, 40.0, 40.0, 7.0)
    tracker, largest_n = ContactTracker(1, 1, 0.002), 0.0
    for start in range(0, 12, chunk):
        tracker.update(trace[None, start : start + chunk])
        largest_n = max(largest_n, float(tracker.squeeze_n[0, 0]))
    assert largest_n == pytest.approx(40.0)


def test_an_event_says_where_furniture_was_struck():
    trace = drop(0.10, 0.002)
    (event,) = events_of(trace, 0.002)
    assert event.partner == FURNITURE
    peak = np.linalg.norm(trace[:, 0:3], axis=1).argmax()
    assert event.position_m == tuple(trace[peak, 3:6])
