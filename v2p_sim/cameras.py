"""Offscreen cameras: one GL context per process, and in it one MuJoCo context per model and quality.

A frame is a function of (model, qpos, colours); no simulation state is touched. POLICY frames are what learners see:
small, no shadows, few slices a geom. PEOPLE pictures are for eyes: 640x480 with shadows and multisampling.
"""

# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# (MuJoCo and PyOpenGL ship no types.)
from __future__ import annotations

import atexit
import copy
from dataclasses import dataclass

import mujoco
import numpy as np

from v2p_sim.gl import GLContext, make_context


@dataclass(frozen=True)
class Quality:
    """How a camera draws: size in pixels, shadow map size, multisampling, tessellation."""

    width: int
    height: int
    shadow_size: int
    samples: int
    slices: int
    stacks: int


POLICY = Quality(width=64, height=64, shadow_size=0, samples=0, slices=12, stacks=2)  # MuJoCo draws no caps at 1 stack
PEOPLE = Quality(width=640, height=480, shadow_size=1024, samples=4, slices=32, stacks=2)
_MAX_GEOMS = 400


class _SharedContext:
    """The process's GL context, made on first use and released at exit."""

    def __init__(self) -> None:
        self._context: GLContext | None = None

    def make_current(self) -> None:
        if self._context is None:
            self._context = make_context()
            atexit.register(self._free)
        self._context.make_current()

    def _free(self) -> None:
        if self._context is not None:
            self._context.free()
            self._context = None


_GL = _SharedContext()


class Camera:
    """Draws one model from one named camera at one quality.

    Args:
        model: the compiled model; a private copy carries the quality settings and the colours.
        name: name of the MJCF camera.
        quality: how to draw.

    Raises:
        GLUnavailableError: offscreen GL does not work; the message names the cure.
    """

    def __init__(self, model: mujoco.MjModel, name: str, quality: Quality) -> None:
        _GL.make_current()
        self._model = copy.copy(model)
        self._set_quality(quality)
        # With sleep on, what never moves is placed once: a camera that was moved would stay where it was.
        self._model.opt.enableflags &= ~int(mujoco.mjtEnableBit.mjENBL_SLEEP)
        self._quality = quality
        self._data = mujoco.MjData(self._model)
        self._scene = mujoco.MjvScene(self._model, maxgeom=_MAX_GEOMS)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = quality.shadow_size > 0
        self._scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = 0
        self._option = mujoco.MjvOption()
        self._option.sitegroup[:] = 0
        self._camera = mujoco.MjvCamera()
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._camera.fixedcamid = self._model.camera(name).id
        self._viewport = mujoco.MjrRect(0, 0, quality.width, quality.height)
        self._pixels = np.empty((quality.height, quality.width, 3), np.uint8)
        self._gl: mujoco.MjrContext | None = mujoco.MjrContext(self._model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._gl)

    @property
    def model(self) -> mujoco.MjModel:
        """The model that is drawn; write geom_rgba here before a picture."""
        return self._model

    def draw(self, qpos: np.ndarray) -> np.ndarray:
        """Draw the model in a configuration.

        Args:
            qpos: generalised positions, (nq,).

        Returns:
            (H, W, 3) uint8, a view of a buffer that the next call overwrites.

        Raises:
            RuntimeError: the camera was closed.
        """
        if self._gl is None:
            raise RuntimeError("camera is closed; make a new environment to draw again")
        _GL.make_current()
        self._data.qpos[:] = qpos
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_camlight(self._model, self._data)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._gl)
        mujoco.mjv_updateScene(
            self._model, self._data, self._option, None, self._camera, mujoco.mjtCatBit.mjCAT_ALL, self._scene
        )
        mujoco.mjr_render(self._viewport, self._scene, self._gl)
        mujoco.mjr_readPixels(self._pixels, None, self._viewport, self._gl)
        return self._pixels[::-1]

    def close(self) -> None:
        """Free the GL resources; a second call does nothing."""
        if self._gl is not None:
            _GL.make_current()
            self._gl.free()
            self._gl = None

    def _set_quality(self, quality: Quality) -> None:
        settings, view = self._model.vis.quality, self._model.vis.global_
        settings.shadowsize, settings.offsamples = quality.shadow_size, quality.samples
        settings.numslices, settings.numstacks = quality.slices, quality.stacks
        settings.numquads = 1 if quality.shadow_size == 0 else 4
        view.offwidth, view.offheight = quality.width, quality.height
