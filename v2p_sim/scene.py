"""Assets and catalogue -> one MJCF model of a workcell, and where everything in it lies.

The parts are attached with dm_control's PyMJCF. Every dish gets three sensors, read at every substep, nine numbers in
the world frame: the net contact force that it exerts on the furniture [N], the normal of the strongest of these
contacts (from the dish into the furniture), and the linear velocity of its centre of mass [m/s]. The last three numbers
of `sensordata` are the net contact force that the cup exerts on what it touches [N].
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

HOME_TIP_M = 0.30  # height of the cup's tip at qpos z = 0


@dataclass(frozen=True)
class Scene:
    """A compiled workcell and the addresses of what matters in it; D dishes, K slots.

    Attributes:
        model: the compiled MuJoCo model (never stepped; the workcell steps copies).
        kinds: kind of each dish, length D.
        dish_qpos: first qpos address of each dish's free joint, (D,).
        dish_qvel: first qvel address of each dish's free joint, (D,).
        tip_qpos: qpos addresses of the slides x, y, z and of the cup's spring, (4,).
        dish_geoms: geom ids that show a dish, one array per dish.
        soil_geoms: geom id of each dish's soil, (D,).
        tray_slots_m: x, y of the source slots [m], (K, 2).
        rack_slots_m: x, y of the rack's slots [m], (K, 2).
        scrub_m: x, y and height of the scrub pad's top [m], (3,).
    """

    model: mujoco.MjModel
    kinds: tuple[DishKind, ...]
    dish_qpos: np.ndarray
    dish_qvel: np.ndarray
    tip_qpos: np.ndarray
    dish_geoms: tuple[np.ndarray, ...]
    soil_geoms: np.ndarray
    tray_slots_m: np.ndarray
    rack_slots_m: np.ndarray
    scrub_m: np.ndarray


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
    body.solref = (0.01, 1)
    body.friction = (0.5, 0.005, 0.0001)
    body.contype = body.conaffinity = 3
    root.attach(part).add("freejoint")
    name = f"dish{index}/"
    for quantity, reduce in (("force", "netforce"), ("normal", "maxforce")):
        root.sensor.add(
            "contact", name=f"{quantity}{index}", body1=name, subtree2="furniture", data=quantity, reduce=reduce, num=1
        )
    root.sensor.add("framelinvel", name=f"velocity{index}", objtype="body", objname=name)


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
    root.sensor.add("contact", name="cup_force", body1="robot/cup", data="force", reduce="netforce", num=1)
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
    indices = range(len(mix))
    joints = [model.body(f"dish{i}/").jntadr[0] for i in indices]
    bodies = [model.body(f"dish{i}/").id for i in indices]
    tip = [model.joint(f"robot/{name}").qposadr[0] for name in ("x", "y", "z", "spring")]
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    return Scene(
        model=model,
        kinds=tuple(CATALOGUE[name] for name in mix),
        dish_qpos=model.jnt_qposadr[joints],
        dish_qvel=model.jnt_dofadr[joints],
        tip_qpos=np.array(tip),
        dish_geoms=tuple(np.flatnonzero(model.geom_bodyid == body) for body in bodies),
        soil_geoms=np.array([model.geom(f"dish{i}/soil").id for i in indices]),
        tray_slots_m=_slots(model, "tray"),
        rack_slots_m=_slots(model, "rack"),
        scrub_m=data.site("scrubber/centre").xpos.copy(),
    )
