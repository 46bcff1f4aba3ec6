"""N workcells stepped natively: one `mujoco.batch` rollout per control step. The only module that steps physics.

Contact sensors are recorded at every substep, with no Python in the substep loop. Resting dishes sleep.
"""

# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# (MuJoCo and PyOpenGL ship no types.)
from __future__ import annotations

import math
from typing import Any, NamedTuple

import mujoco
import numpy as np
from mujoco.batch import Batch
from numba import njit

from v2p_sim.randomization import DrawnCells
from v2p_sim.scene import CUP_FORCE, DISH_SENSORS, HOME_TIP_M, VELOCITY, Scene

_RECORDED = ["sensordata"]
BIN_M = (0.0, -3.0)  # where dishes that left the cell lie, behind every camera
SEAT_M = 1e-6  # a turned rim is this far in the counter, or rounding lets only part of it touch and the dish rocks
MAX_SPEED_MPS = 20.0  # no body of the cell is faster: the robot reaches 1.4 m/s, a fall of 75 cm 3.8 m/s
# All of MuJoCo's warnings of the solver: a cell that ran out of room for contacts has stopped as one with bad numbers.
_DIVERGED = (
    int(mujoco.mjtWarning.mjWARN_INERTIA),
    int(mujoco.mjtWarning.mjWARN_CONTACTFULL),
    int(mujoco.mjtWarning.mjWARN_CNSTRFULL),
    int(mujoco.mjtWarning.mjWARN_BADQPOS),
    int(mujoco.mjtWarning.mjWARN_BADQVEL),
    int(mujoco.mjtWarning.mjWARN_BADQACC),
    int(mujoco.mjtWarning.mjWARN_BADCTRL),
)


class Traces(NamedTuple):
    """What one control step left behind; N cells, S substeps, D dishes.

    Attributes:
        record: sensors of every substep, laid out as `v2p_sim.scene` says, (N, S, 18 D + 3); the next step reuses it.
        diverged: cells whose physics failed in this step, (N,).
        failed: whether there are any.
    """

    record: np.ndarray
    diverged: np.ndarray
    failed: bool

    @property
    def dishes(self) -> np.ndarray:
        """The sensors of every dish, (N, S, D, 18)."""
        return self.record[..., :-3].reshape(*self.record.shape[:2], -1, DISH_SENSORS)

    @property
    def cup_force_n(self) -> np.ndarray:
        """Force between the cup and every dish along the cup's axis, (N, S, D) [N]."""
        return np.abs(self.dishes[..., CUP_FORCE + 2])


class Workcell:
    """N copies of a scene in one batch.

    Args:
        scene: the compiled workcell.
        num_cells: number of cells N.
        threads: native threads, at least 1.
    """

    def __init__(self, scene: Scene, num_cells: int, threads: int = 1) -> None:
        self.scene = scene
        self.num_cells = num_cells
        self.model = scene.physics
        self.timestep_s = float(self.model.opt.timestep)
        self._batch: Any = Batch(self.model, num_cells, threads, persistent=True)
        self._qpos, self._qvel = self._batch.bind("qpos"), self._batch.bind("qvel")
        self._dish_pose = scene.dish_qpos[:, None] + np.arange(7)
        self._dish_vel = scene.dish_qvel[:, None] + np.arange(6)
        self._raised = self._batch.warning[..., 1]
        self._warnings = self._raised.copy()
        self._record: np.ndarray | None = None

    @property
    def qpos(self) -> np.ndarray:
        """Generalised positions of every cell, (N, nq), live."""
        return self._qpos

    def reset(self, cells: np.ndarray, rest_xy_m: np.ndarray) -> None:
        """Put the robot home and every dish upright and at rest.

        Args:
            cells: indices of the cells.
            rest_xy_m: where each dish stands, (len(cells), D, 2) [m].
        """
        self.check_open()
        self._batch.reset(ids=np.asarray(cells, np.int32), stage=mujoco.mjtStage.mjSTAGE_NONE)
        for cell, xy in zip(cells, rest_xy_m, strict=True):
            self.stand(int(cell), np.arange(len(xy)), xy)
        self._warnings[:] = self._raised

    def set_parameters(self, cells: np.ndarray, drawn: DrawnCells) -> None:
        """Give cells the friction, masses and servo gains that were drawn for them.

        Args:
            cells: indices of the cells.
            drawn: factors on the nominal values.
        """
        self.check_open()
        batch, model, bodies = self._batch, self.model, self.scene.dish_bodies
        friction, gain = drawn.friction[cells, :, None], drawn.gain[cells, :, None]
        batch.expand("geom_friction")[cells] = model.geom_friction * friction
        for name in ("actuator_gainprm", "actuator_biasprm"):
            batch.expand(name)[cells] = getattr(model, name) * gain
        mass, inertia = batch.expand("body_mass"), batch.expand("body_inertia")
        where = (cells[:, None], bodies[None])
        mass[where] = model.body_mass[bodies] * drawn.mass[cells]
        inertia[where] = model.body_inertia[bodies] * drawn.mass[cells, :, None]
        batch.set_const(ids=np.asarray(cells, np.int32))

    def stand(self, cell: int, dishes: np.ndarray, xy_m: np.ndarray, yaw_rad: np.ndarray | float = 0.0) -> None:
        """Stand dishes upright and at rest on the counter.

        Args:
            cell: index of the cell.
            dishes: indices of the dishes.
            xy_m: their places, (len(dishes), 2) [m].
            yaw_rad: their turn about the vertical, (len(dishes),) or a number [rad].
        """
        pose = np.zeros((len(dishes), 7))
        turned = np.asarray(yaw_rad) != 0.0
        pose[:, 2] = np.where(turned, -SEAT_M, 0.0)
        pose[:, :2], pose[:, 3], pose[:, 6] = xy_m, np.cos(0.5 * np.asarray(yaw_rad)), np.sin(0.5 * np.asarray(yaw_rad))
        self._qpos[cell, self._dish_pose[dishes]] = pose
        self._qvel[cell, self._dish_vel[dishes]] = 0.0

    def discard(self, cell: int, dish: int) -> None:
        """Take a dish out of the cell."""
        self.stand(cell, np.array([dish]), np.array([[BIN_M[0] + 0.3 * dish, BIN_M[1]]]))

    def step(self, control: np.ndarray) -> Traces:
        """Advance every cell by S substeps.

        Args:
            control: set-points of x, y, z [m] and vacuum in [0, 1], (N, S, 4).

        Returns:
            The traces of all substeps.

        Raises:
            RuntimeError: the cells were closed.
        """
        self.check_open()
        if self._record is None or self._record.shape[1] != control.shape[1]:
            self._record = np.empty((self.num_cells, control.shape[1], self.model.nsensordata))
        self._batch.rollout(control.shape[1], control=control, record=_RECORDED, out={"sensordata": self._record})
        diverged = np.zeros(self.num_cells, np.bool_)
        failed = _find_diverged(self._qpos, self._raised, self._warnings, self._record, diverged)
        return Traces(self._record, diverged, failed)

    def dish_position_m(self) -> np.ndarray:
        """Return where the rim's centre of each dish is, (N, D, 3) [m]."""
        return self._qpos[:, self._dish_pose[:, :3]]

    def dish_upright(self) -> np.ndarray:
        """Return the cosine of each dish's tilt, (N, D)."""
        quat = self._qpos[:, self._dish_pose[:, 3:]]
        return 1.0 - 2.0 * (quat[..., 1] ** 2 + quat[..., 2] ** 2)

    def dish_speed_mps(self) -> np.ndarray:
        """Return the speed of each dish, (N, D) [m/s]."""
        return np.linalg.norm(self._qvel[:, self._dish_vel[:, :3]], axis=-1)

    def tip_position_m(self) -> np.ndarray:
        """Return where the cup's lowest point is, (N, 3) [m]."""
        slides = self._qpos[:, self.scene.tip_qpos]
        tip = slides[:, :3].copy()
        tip[:, 2] += slides[:, 3] + HOME_TIP_M
        return tip

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return the integration state of every cell."""
        self.check_open()
        return {"physics": np.array(self._batch.state)}

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Restore integration states. Dishes that slept are awake until they rest again."""
        self.check_open()
        self._batch.reset(stage=mujoco.mjtStage.mjSTAGE_NONE)
        self._batch.state[:] = state["physics"]
        self._warnings[:] = self._raised

    def close(self) -> None:
        """Let the batch and its threads go; a second call does nothing. Where everything is can still be read."""
        # A view of the batch's arrays would keep all of it alive.
        self._qpos, self._qvel, self._raised = self._qpos.copy(), self._qvel.copy(), self._warnings
        self._batch = self._record = None

    def check_open(self) -> None:
        """Raise a RuntimeError where the cells were closed."""
        if self._batch is None:
            raise RuntimeError("environment is closed; make a new one to go on")


@njit(cache=True)
def _find_diverged(qpos, raised, warnings, record, diverged):
    """Mark cells with numbers that are not finite, new warnings or impossible speeds; tell whether there are any."""
    failed = False
    for cell in range(len(diverged)):
        for value in qpos[cell]:
            diverged[cell] |= not math.isfinite(value)
        for warning in _DIVERGED:
            diverged[cell] |= raised[cell, warning] > warnings[cell, warning]
        for warning in range(raised.shape[1]):
            warnings[cell, warning] = raised[cell, warning]
        diverged[cell] |= _is_too_fast(record[cell])
        failed |= diverged[cell]
    return failed


@njit(cache=True)
def _is_too_fast(rows) -> bool:
    """Tell whether a dish or the cup moved faster than MAX_SPEED_MPS at any substep."""
    substeps, width = rows.shape
    too_fast = False
    for k in range(substeps):
        for start in range(VELOCITY, width - 3, DISH_SENSORS):
            too_fast |= _squared_speed(rows, k, start) > MAX_SPEED_MPS * MAX_SPEED_MPS
        too_fast |= _squared_speed(rows, k, width - 3) > MAX_SPEED_MPS * MAX_SPEED_MPS
    return too_fast


@njit(cache=True)
def _squared_speed(rows, k, start) -> float:
    return rows[k, start] ** 2 + rows[k, start + 1] ** 2 + rows[k, start + 2] ** 2
