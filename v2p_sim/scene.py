"""Assets and catalogue -> one MJCF model of a workcell, and where everything in it lies.

The parts are attached with dm_control's PyMJCF. Every dish gets five sensors, read at every substep: 18 numbers in the
world frame, three a quantity. They are the net contact force that it exerts on the furniture [N]; place [m] and normal
of the strongest of these contacts (from the dish into the furniture); the velocity of its centre of mass [m/s]; the net
contact force that it exerts on everything, and on the cup [N]. The last three numbers of `sensordata` are the cup's
velocity [m/s].
"""

# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# (MuJoCo and PyOpenGL ship no types.)
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from v2p_sim.dishes import CATALOGUE, TRAY_MIX, DishKind
from v2p_sim.gl import choose_backend

HOME_TIP_M = 0.30  # height of the cup's tip at qpos z = 0: as assets/robot.xml has it
COUNTER_MATERIALS = ("counter", "counter_granite", "counter_wood")
SLOT_M = 0.095  # half the distance between two slots, and the width of the mats around them
SPONGE_M = 0.08  # half-width of the sponge, and a little
DISH_SENSORS = 18  # numbers a dish in sensordata; where each quantity's three begin:
FORCE, POSITION, NORMAL, VELOCITY, TOTAL_FORCE, CUP_FORCE = range(0, DISH_SENSORS, 3)


@dataclass(frozen=True)
class Scene:
    """A compiled workcell and the addresses of what matters in it; D dishes, K slots.

    Attributes:
        model: the compiled MuJoCo model with everything that is seen; it is drawn.
        physics: the same without what is only seen; it is stepped, with the same numbers.
        kinds: kind of each dish, length D.
        dish_qpos: first qpos address of each dish's free joint, (D,).
        dish_qvel: first qvel address of each dish's free joint, (D,).
        tip_qpos: qpos addresses of the slides x, y, z and of the cup's spring, (4,).
        dish_bodies: body id of each dish, (D,).
        dish_geoms: geom ids that show a dish, one array per dish.
        soil_geoms: geom id of each dish's soil, (D,).
        tray_slots_m: x, y of the source slots [m], (K, 2).
        rack_slots_m: x, y of the rack's slots [m], (K, 2).
        scrub_m: x, y and height of the scrub pad's top [m], (3,).
        counter_geom: geom id of the counter.
        counter_materials: ids of the materials that it may have, the nominal one first.
    """

    model: mujoco.MjModel
    physics: mujoco.MjModel
    kinds: tuple[DishKind, ...]
    dish_qpos: np.ndarray
    dish_qvel: np.ndarray
    tip_qpos: np.ndarray
    dish_bodies: np.ndarray
    dish_geoms: tuple[np.ndarray, ...]
    soil_geoms: np.ndarray
    tray_slots_m: np.ndarray
    rack_slots_m: np.ndarray
    scrub_m: np.ndarray
    counter_geom: int
    counter_materials: np.ndarray

    def station_at(self, position_m: tuple[float, float, float]) -> str:
        """Name the furniture at a place: "tray", "scrubber", "rack" or, between them, "counter".

        Args:
            position_m: x, y and z [m].
        """
        x, y, z = position_m
        if z > 0.5 * self.scrub_m[2] and max(abs(x - self.scrub_m[0]), abs(y - self.scrub_m[1])) < SPONGE_M:
            return "scrubber"
        for name, slots_m in (("tray", self.tray_slots_m), ("rack", self.rack_slots_m)):
            (west, south), (east, north) = slots_m.min(axis=0) - SLOT_M, slots_m.max(axis=0) + SLOT_M
            if west <= x <= east and south <= y <= north:
                return name
        return "counter"


def assets_folder() -> Path:
    """Return the folder of MJCF parts: inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / "assets"
    return inside if inside.is_dir() else inside.parents[1] / "assets"


def _load_part(name: str) -> Any:
    choose_backend()  # dm_control imports GL, so the choice comes first
    from dm_control import mjcf

    return mjcf.from_path(str(assets_folder() / f"{name}.xml"))


def _attach_dish(root: Any, index: int, kind: DishKind) -> None:
    part = _load_part(f"dishes/{kind.name}")
    part.model = f"dish{index}"
    body = part.find("geom", "body")
    body.mass = kind.mass_kg
    body.solref = (0.01, 1)  # placeholder: time constant [s], critically damped
    body.friction = (0.5, 0.005, 0.0001)  # the first is a placeholder for wet glaze, the others are MuJoCo's defaults
    body.contype = body.conaffinity = 3
    root.attach(part).add("freejoint")
    name = f"dish{index}/"
    _add_sensors(root, index, name)


def _add_sensors(root: Any, index: int, body: str) -> None:
    """Add a dish's sensors in the order of FORCE, POSITION, ..., CUP_FORCE."""
    net: dict[str, Any] = {"data": "force", "reduce": "netforce", "num": 1, "body1": body}
    strongest: dict[str, Any] = net | {"data": "pos normal", "reduce": "maxforce"}
    root.sensor.add("contact", name=f"force{index}", subtree2="furniture", **net)
    root.sensor.add("contact", name=f"place{index}", subtree2="furniture", **strongest)
    root.sensor.add("framelinvel", name=f"velocity{index}", objtype="body", objname=body)
    root.sensor.add("contact", name=f"total_force{index}", **net)
    root.sensor.add("contact", name=f"cup_force{index}", body2="robot/cup", **net)


def build_mjcf(mix: tuple[str, ...] = TRAY_MIX) -> Any:
    """Assemble the workcell's MJCF tree.

    Args:
        mix: the kind of every dish on the tray.

    Returns:
        The root element (dm_control `mjcf.RootElement`).

    Raises:
        KeyError: a kind that the catalogue lacks.
    """
    root = _load_part("workcell")
    for part in ("tray", "scrubber", "rack"):
        root.find("site", part).attach(_load_part(part))
    root.attach(_load_part("robot"))
    for index, name in enumerate(mix):
        _attach_dish(root, index, CATALOGUE[name])
    root.sensor.add("framelinvel", name="cup_velocity", objtype="body", objname="robot/cup")
    return root


def _slots(model: mujoco.MjModel, part: str) -> np.ndarray:
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    names = [model.site(i).name for i in range(model.nsite)]
    return np.array([data.site(name).xpos for name in names if name.startswith(f"{part}/slot")])[:, :2]


@lru_cache(maxsize=4)
def build_scene(mix: tuple[str, ...] = TRAY_MIX) -> Scene:
    """Compile the workcell; the same mix gives the same object.

    Args:
        mix: the kind of every dish on the tray.

    Returns:
        The scene.

    Raises:
        KeyError: a kind that the catalogue lacks.
    """
    tree = build_mjcf(mix)
    model = mujoco.MjModel.from_xml_string(tree.to_xml_string(), tree.get_assets())
    tree.compiler.discardvisual = "true"
    physics = mujoco.MjModel.from_xml_string(tree.to_xml_string(), tree.get_assets())
    indices = range(len(mix))
    joints = [model.body(f"dish{i}/").jntadr[0] for i in indices]
    bodies = [model.body(f"dish{i}/").id for i in indices]
    tip = [model.joint(f"robot/{name}").qposadr[0] for name in ("x", "y", "z", "spring")]
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    return Scene(
        model=model,
        physics=physics,
        kinds=tuple(CATALOGUE[name] for name in mix),
        dish_qpos=model.jnt_qposadr[joints],
        dish_qvel=model.jnt_dofadr[joints],
        tip_qpos=np.array(tip),
        dish_bodies=np.array(bodies),
        dish_geoms=tuple(np.flatnonzero(model.geom_bodyid == body) for body in bodies),
        soil_geoms=np.array([model.geom(f"dish{i}/soil").id for i in indices]),
        tray_slots_m=_slots(model, "tray"),
        rack_slots_m=_slots(model, "rack"),
        scrub_m=data.site("scrubber/centre").xpos.copy(),
        counter_geom=model.geom("counter").id,
        counter_materials=np.array([model.material(name).id for name in COUNTER_MATERIALS]),
    )
