"""How a cell looks: its dishes soiled, clean or broken, and what domain randomisation drew for it."""

# pyright: reportAttributeAccessIssue=false
# (MuJoCo ships no types.)
from __future__ import annotations

import mujoco
import numpy as np
from numba import njit

from v2p_sim.breakage import Outcome
from v2p_sim.cycle import CycleState
from v2p_sim.randomization import DrawnCells
from v2p_sim.scene import Scene

BROKEN_RGBA = (0.55, 0.10, 0.08, 1.0)
_BROKEN, _CRUSHED = int(Outcome.BROKEN_IMPACT), int(Outcome.CRUSHED)


class DishLooks:
    """Paints a cell's dishes into a model's colours as they are: soiled, clean or broken.

    Args:
        scene: the workcell.
        model: a copy of its model, for drawing alone.
    """

    def __init__(self, scene: Scene, model: mujoco.MjModel) -> None:
        self._rgba = model.geom_rgba
        self._base = self._rgba.copy()
        pairs = [(geom, dish) for dish, geoms in enumerate(scene.dish_geoms) for geom in geoms]
        self._geoms = np.array([(geom, dish, geom in scene.soil_geoms) for geom, dish in pairs])

    def set_base(self, rgba: np.ndarray) -> None:
        """Change the colours of everything, (G, 4)."""
        self._base[:] = self._rgba[:] = rgba

    def paint(self, cycle: CycleState, cell: int) -> None:
        """Paint one cell's dishes.

        Args:
            cycle: how the dishes are.
            cell: index of the cell.
        """
        _paint(self._rgba, self._base, self._geoms, cell, cycle.scrubbed_nm, cycle.soil_nm, cycle.outcome)


@njit(cache=True)
def _paint(rgba, base, geoms, cell, scrubbed_nm, soil_nm, outcome):
    """Colour the geoms of dishes; rows of `geoms` are geom, dish, whether it is the soil."""
    for geom, dish, is_soil in geoms:
        if outcome[cell, dish] == _BROKEN or outcome[cell, dish] == _CRUSHED:
            for channel in range(4):
                rgba[geom, channel] = BROKEN_RGBA[channel]
        else:
            rgba[geom] = base[geom]
            if is_soil:
                rgba[geom, 3] = max(1.0 - scrubbed_nm[cell, dish] / soil_nm[cell, dish], 0.0)


class RandomLooks:
    """Gives a model the lights, colours, counter and camera that were drawn for a cell.

    Args:
        scene: the workcell.
        model: a copy of its model, for drawing alone.
        camera: name of the camera.
    """

    def __init__(self, scene: Scene, model: mujoco.MjModel, camera: str) -> None:
        self._scene, self._model, self._nominal = scene, model, scene.model
        self._camera = model.camera(camera).id
        # A material hides a geom's colour only as long as that is the default one.
        self._rgba = scene.model.geom_rgba.copy()
        covered = scene.model.geom_matid >= 0
        self._rgba[covered] = scene.model.mat_rgba[scene.model.geom_matid[covered]]
        self._shown: tuple[int, int] | None = None

    def show(self, drawn: DrawnCells, cell: int, dishes: DishLooks) -> None:
        """Change the model; what is shown already stays.

        Args:
            drawn: what was drawn.
            cell: index of the cell.
            dishes: the painter of the same model.
        """
        shown = (cell, int(drawn.noise_seed[cell]))
        if shown == self._shown:
            return
        self._shown = shown
        rgba = self._rgba.copy()
        rgba[:, :3] = np.clip(rgba[:, :3] + drawn.colour[cell], 0.0, 1.0)
        dishes.set_base(rgba)
        self._light(drawn.light[cell])
        self._model.geom_matid[self._scene.counter_geom] = self._scene.counter_materials[drawn.texture[cell]]
        self._move_camera(drawn.camera_m[cell], drawn.camera_rad[cell])

    def _light(self, factors: np.ndarray) -> None:
        self._model.light_diffuse[:] = np.clip(self._nominal.light_diffuse * factors[1:, None], 0.0, 1.0)
        for quantity in ("ambient", "diffuse"):
            nominal = getattr(self._nominal.vis.headlight, quantity)
            getattr(self._model.vis.headlight, quantity)[:] = np.clip(nominal * factors[0], 0.0, 1.0)

    def _move_camera(self, offset_m: np.ndarray, turn_rad: np.ndarray) -> None:
        turn, quat = np.empty(4), np.empty(4)
        mujoco.mju_euler2Quat(turn, turn_rad, "xyz")
        mujoco.mju_mulQuat(quat, self._nominal.cam_quat[self._camera], turn)
        self._model.cam_quat[self._camera] = quat
        self._model.cam_pos[self._camera] = self._nominal.cam_pos[self._camera] + offset_m


def add_noise(frame: np.ndarray, std: float, seed: int, step: int) -> np.ndarray:
    """Return a frame with normal noise: a function of seed and step alone.

    Args:
        frame: uint8, any shape.
        std: standard deviation [1 / 255].
        seed: key of a cell's shift.
        step: control step.

    Returns:
        uint8, same shape.
    """
    # The low words of the counter count a frame's own numbers: with the step there, frames would repeat each other.
    rng = np.random.Generator(np.random.Philox(key=seed, counter=step << 128))
    noisy = frame + std * rng.standard_normal(frame.shape, np.float32)
    return np.clip(np.rint(noisy), 0.0, 255.0).astype(np.uint8)


@njit(cache=True)
def to_planes(upside_down, planes):
    """Write a frame as GL reads it, from the bottom row up, as planes with the top row first.

    Args:
        upside_down: contiguous, (H, W, 3); a row is taken apart with wide instructions.
        planes: (3, H, W); overwritten.
    """
    height, width, _ = upside_down.shape
    for row in range(height):
        line = upside_down[height - 1 - row].reshape(-1)
        red, green, blue = planes[0, row], planes[1, row], planes[2, row]
        for column in range(width):
            red[column], green[column], blue[column] = line[3 * column], line[3 * column + 1], line[3 * column + 2]
