"""The compiled workcell against its catalogue and its documentation."""

# pyright: reportAttributeAccessIssue=false
import mujoco
import numpy as np
import pytest

from v2p_sim.dishes import CATALOGUE, TRAY_MIX
from v2p_sim.scene import (
    CUP_FORCE,
    DISH_SENSORS,
    FORCE,
    HOME_TIP_M,
    NORMAL,
    POSITION,
    TOTAL_FORCE,
    VELOCITY,
    assets_folder,
    build_mjcf,
    build_scene,
)
from v2p_sim.skills import NEAR_M, TRAVEL_M

SCENE = build_scene()
MODEL = SCENE.model


def forward(qpos: np.ndarray | None = None, qvel: np.ndarray | None = None) -> mujoco.MjData:
    data = mujoco.MjData(MODEL)
    for state, values in ((data.qpos, qpos), (data.qvel, qvel)):
        if values is not None:
            state[:] = values
    mujoco.mj_forward(MODEL, data)
    return data


def standing_on_the_tray() -> np.ndarray:
    qpos = MODEL.qpos0.copy()
    for address, xy in zip(SCENE.dish_qpos, SCENE.tray_slots_m, strict=False):
        qpos[address : address + 7] = (*xy, 0.0, 1, 0, 0, 0)
    return qpos


def test_every_thing_is_one_asset():
    names = {"workcell", "robot", "tray", "rack", "scrubber"}
    assert names <= {path.stem for path in assets_folder().glob("*.xml")}
    assert set(CATALOGUE) == {path.stem for path in (assets_folder() / "dishes").glob("*.xml")}


def test_the_tray_holds_the_mix():
    assert tuple(kind.name for kind in SCENE.kinds) == TRAY_MIX
    assert set(TRAY_MIX) == set(CATALOGUE)
    assert build_scene(TRAY_MIX) is build_scene(TRAY_MIX)
    lone = build_scene(("glass",))
    assert [kind.name for kind in lone.kinds] == ["glass"]
    assert lone.model.nq == MODEL.nq - 7 * (len(TRAY_MIX) - 1)


def test_what_is_stepped_lacks_what_is_only_seen_and_moves_alike():
    physics, seen = SCENE.physics, MODEL.geom_contype | MODEL.geom_conaffinity
    assert physics.ngeom == np.count_nonzero(seen) < MODEL.ngeom
    np.testing.assert_array_equal(physics.body_mass, MODEL.body_mass)
    np.testing.assert_array_equal(physics.jnt_qposadr, MODEL.jnt_qposadr)
    steps = [_fall_and_reach(model) for model in (MODEL, physics)]
    for with_looks, without in zip(*steps, strict=True):
        np.testing.assert_array_equal(with_looks, without)


def _fall_and_reach(model: mujoco.MjModel, steps: int = 60) -> list[np.ndarray]:
    """Let a dish fall while the robot reaches down; return qpos and sensors of every step."""
    data, numbers = mujoco.MjData(model), []
    data.qpos[:] = standing_on_the_tray()
    data.qpos[SCENE.dish_qpos[0] + 2] = 0.05
    data.ctrl[:] = (-0.1, -0.1, -0.2, 1.0)
    for _ in range(steps):
        mujoco.mj_step(model, data)
        numbers.append(np.concatenate([data.qpos, data.sensordata]))
    return numbers


def test_an_unknown_kind_is_refused():
    with pytest.raises(KeyError, match="wok"):
        build_mjcf(("plate", "wok"))


@pytest.mark.parametrize("index", range(len(TRAY_MIX)))
def test_a_dish_has_its_mass_size_and_address(index):
    kind, body = SCENE.kinds[index], MODEL.body(f"dish{index}/")
    shape = MODEL.geom(f"dish{index}/body")
    assert MODEL.body_mass[body.id] == pytest.approx(kind.mass_kg)
    radius_m, half_m = shape.size[:2]
    assert (shape.pos[2] - half_m, shape.pos[2] + half_m) == pytest.approx((0.0, kind.height_m))
    assert radius_m == pytest.approx(kind.radius_m)
    joint = body.jntadr[0]
    assert SCENE.dish_qpos[index] == MODEL.jnt_qposadr[joint]
    assert SCENE.dish_qvel[index] == MODEL.jnt_dofadr[joint]
    assert set(SCENE.dish_geoms[index]) == set(np.flatnonzero(MODEL.geom_bodyid == body.id))
    assert SCENE.soil_geoms[index] in SCENE.dish_geoms[index]


def test_kinds_differ_in_looks_and_strength():
    first = [TRAY_MIX.index(name) for name in CATALOGUE]
    looks = {tuple(MODEL.geom(f"dish{i}/body").rgba) for i in first}
    strengths = {kind.strength_scale_j for kind in CATALOGUE.values()}
    assert len(looks) == len(strengths) == len(CATALOGUE)


def test_sensors_lie_as_documented():
    count = len(SCENE.kinds)
    assert MODEL.nsensordata == DISH_SENSORS * count + 3
    names = {
        "force": FORCE,
        "place": POSITION,
        "velocity": VELOCITY,
        "total_force": TOTAL_FORCE,
        "cup_force": CUP_FORCE,
    }
    for i in range(count):
        for name, start in names.items():
            assert MODEL.sensor(f"{name}{i}").adr[0] == DISH_SENSORS * i + start
    assert POSITION + 3 == NORMAL
    assert MODEL.sensor("cup_velocity").adr[0] == DISH_SENSORS * count


def test_sensors_measure_forces_place_normal_and_velocity_in_the_world():
    qpos, qvel = standing_on_the_tray(), np.zeros(MODEL.nv)
    qpos[SCENE.dish_qpos[1] + 2] = 0.2
    qpos[SCENE.dish_qpos[1] + 3 :][:4] = (np.sqrt(0.5), np.sqrt(0.5), 0, 0)
    qvel[SCENE.dish_qvel[1] : SCENE.dish_qvel[1] + 3] = (0.1, -0.2, 0.3)
    qpos[SCENE.dish_qpos[0] + 2] = -1e-3
    sensors = forward(qpos, qvel).sensordata[:-3].reshape(-1, DISH_SENSORS)
    np.testing.assert_allclose(sensors[1, VELOCITY : VELOCITY + 3], (0.1, -0.2, 0.3), atol=1e-12)
    assert not np.delete(sensors[1], [VELOCITY, VELOCITY + 1, VELOCITY + 2]).any()
    np.testing.assert_allclose(sensors[0, NORMAL : NORMAL + 3], (0, 0, -1), atol=1e-9)
    np.testing.assert_allclose(sensors[0, POSITION : POSITION + 2], SCENE.tray_slots_m[0], atol=0.1)
    assert sensors[0, FORCE + 2] < 0.0
    np.testing.assert_allclose(sensors[0, TOTAL_FORCE : TOTAL_FORCE + 3], sensors[0, FORCE : FORCE + 3], atol=1e-9)


def test_forces_between_dishes_and_on_the_cup_are_opposite_and_told_apart():
    qpos = standing_on_the_tray()
    top_m = SCENE.kinds[0].height_m
    qpos[SCENE.dish_qpos[1] :][:3] = (*SCENE.tray_slots_m[0], top_m - 1e-3)
    tip_m = (*SCENE.tray_slots_m[0], top_m + SCENE.kinds[1].height_m - 3e-3 - HOME_TIP_M)
    qpos[SCENE.tip_qpos[:3]] = tip_m
    qvel = np.zeros(MODEL.nv)
    qvel[:3] = (0.0, 0.0, -0.1)
    sensors = forward(qpos, qvel).sensordata
    lower, upper = sensors[:-3].reshape(-1, DISH_SENSORS)[:2]
    between_n = upper[TOTAL_FORCE : TOTAL_FORCE + 3] - upper[CUP_FORCE : CUP_FORCE + 3]
    lower_n = lower[TOTAL_FORCE : TOTAL_FORCE + 3] - lower[FORCE : FORCE + 3]
    assert between_n[2] < 0.0 < upper[CUP_FORCE + 2]
    np.testing.assert_allclose(lower_n, -between_n, atol=1e-9)
    assert not upper[FORCE : FORCE + 3].any()
    assert not lower[CUP_FORCE : CUP_FORCE + 3].any()
    np.testing.assert_allclose(sensors[-3:], (0.0, 0.0, -0.1), atol=1e-12)


def test_furniture_is_named_by_the_place():
    stations = {"tray": SCENE.tray_slots_m[4], "rack": SCENE.rack_slots_m[0], "counter": (0.0, 0.2)}
    for name, (x, y) in stations.items():
        assert SCENE.station_at((x, y, 0.0)) == name
    assert SCENE.station_at(tuple(SCENE.scrub_m)) == "scrubber"


def test_the_tip_is_the_cup_s_lowest_point():
    data = forward()
    cup = np.flatnonzero((MODEL.geom_bodyid == MODEL.body("robot/cup").id) & (MODEL.geom_contype != 0))
    pads = [data.geom(i) for i in cup]
    lowest_m = min(pad.xpos[2] - MODEL.geom(pad.id).size[0] for pad in pads)
    assert lowest_m == pytest.approx(HOME_TIP_M)
    np.testing.assert_allclose(np.mean([pad.xpos[:2] for pad in pads], axis=0), 0.0, atol=1e-12)
    names = [MODEL.joint(int(np.flatnonzero(MODEL.jnt_qposadr == a)[0])).name for a in SCENE.tip_qpos]
    assert names == ["robot/x", "robot/y", "robot/z", "robot/spring"]


def test_everything_is_within_reach():
    low, high = MODEL.actuator_ctrlrange.T
    for slots in (SCENE.tray_slots_m, SCENE.rack_slots_m, SCENE.scrub_m[None, :2]):
        assert (np.abs(slots) < high[:2] - 0.01).all()
    assert len(SCENE.tray_slots_m) >= len(SCENE.kinds) <= len(SCENE.rack_slots_m)
    lowest, highest = HOME_TIP_M + low[2], HOME_TIP_M + high[2]
    heights_m = [kind.height_m for kind in SCENE.kinds]
    assert lowest <= 0.0
    assert highest > TRAVEL_M
    assert TRAVEL_M - max(heights_m) > max(heights_m)  # a hanging dish clears a standing one
    assert SCENE.scrub_m[2] + max(heights_m) + NEAR_M < highest


def test_slots_keep_dishes_apart():
    widest_m = 2 * max(kind.radius_m for kind in SCENE.kinds)
    for slots in (SCENE.tray_slots_m, SCENE.rack_slots_m):
        distances = np.linalg.norm(slots[:, None] - slots, axis=2)[np.triu_indices(len(slots), 1)]
        assert distances.min() > widest_m
    assert (SCENE.tray_slots_m[:, 0] < 0.0).all()
    assert (SCENE.rack_slots_m[:, 0] > 0.0).all()


def test_a_full_tray_and_a_full_rack_touch_nothing_but_the_counter():
    for slots in (SCENE.tray_slots_m, SCENE.rack_slots_m):
        qpos = standing_on_the_tray()
        for address, xy in zip(SCENE.dish_qpos, slots, strict=False):
            qpos[address : address + 2] = xy
        data = forward(qpos)
        counter = MODEL.geom("counter").id
        assert all(counter in contact.geom for contact in data.contact)
        assert {int(max(contact.geom)) for contact in data.contact} == {
            MODEL.geom(f"dish{i}/body").id for i in range(len(SCENE.kinds))
        }


def test_cameras_lights_and_sleep_are_there():
    assert {MODEL.camera(i).name for i in range(MODEL.ncam)} == {"policy", "people"}
    assert MODEL.nlight >= 1
    assert MODEL.opt.enableflags & mujoco.mjtEnableBit.mjENBL_SLEEP
