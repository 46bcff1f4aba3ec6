"""Offscreen GL, chosen before anything imports it: EGL first, OSMesa next.

`python -m v2p_sim.gl` draws one pixel in this process and says which renderer did it; exit status 2 and one line where
there is none.
"""

# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# (MuJoCo and PyOpenGL ship no types.)
from __future__ import annotations

import ctypes
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, cast

CURE = "apt-get install -y libegl1 libgl1 libgles2 libopengl0 libegl-mesa0 libgl1-mesa-dri"
BACKENDS = ("egl", "osmesa")
_LIBRARIES = {"egl": "libEGL.so.1", "osmesa": "libOSMesa.so.8"}


class GLUnavailableError(RuntimeError):
    """Offscreen rendering does not work on this machine; the message is one line with the cure."""


class GLContext(Protocol):
    """What MuJoCo's EGL and OSMesa contexts have in common."""

    def make_current(self) -> None:
        """Make the context the thread's current one."""

    def free(self) -> None:
        """Release the context."""


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _load_triton_first() -> None:
    """Load Triton's library, where it is installed, before Mesa's.

    Both carry LLVM. Mesa's driver puts its symbols in the global scope, and a libtriton loaded after it (the first step
    of a torch optimiser does that) binds to them and crashes the process; loaded before, it keeps its own.
    """
    spec = find_spec("triton")
    if spec is not None and spec.origin is not None:
        library = Path(spec.origin).parent / "_C" / "libtriton.so"
        if library.is_file():
            ctypes.CDLL(str(library))


def choose_backend() -> str:
    """Name the GL backend and pin it in the environment for every library that reads it.

    Returns:
        "egl" or "osmesa"; `MUJOCO_GL` wins where it is set.

    Raises:
        GLUnavailableError: neither library is installed, or `MUJOCO_GL` names something that cannot draw offscreen.
    """
    wanted = os.environ.get("MUJOCO_GL", "").lower()
    if wanted and wanted not in BACKENDS:
        raise GLUnavailableError(f"MUJOCO_GL={wanted} cannot draw offscreen; use MUJOCO_GL=egl or MUJOCO_GL=osmesa")
    _load_triton_first()
    candidates = (wanted,) if wanted else BACKENDS
    for name in candidates:
        if _loads(_LIBRARIES[name]):
            os.environ["MUJOCO_GL"] = os.environ["PYOPENGL_PLATFORM"] = name
            # Mesa's software rasteriser draws small frames faster without threads of its own.
            os.environ.setdefault("LP_NUM_THREADS", "0")
            return name
    missing = " and ".join(_LIBRARIES[name] for name in candidates)
    raise GLUnavailableError(f"no offscreen GL: {missing} not found; run: {CURE}")


def make_context() -> GLContext:
    """Create an offscreen GL context and make it current.

    Returns:
        The context; free() it once.

    Raises:
        GLUnavailableError: the driver refuses.
    """
    name = choose_backend()
    try:
        context = import_module(f"mujoco.{name}").GLContext(64, 64)
        context.make_current()
    except (ImportError, AttributeError, RuntimeError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise GLUnavailableError(
            f"GL backend {name} does not start ({reason}); run: {CURE}, or try the other of {BACKENDS}"
        ) from error
    return cast(GLContext, context)


def renderer_name() -> str:
    """Name the renderer of the current context, such as "llvmpipe (LLVM 15.0.6, 256 bits)"."""
    from OpenGL import GL

    return GL.glGetString(GL.GL_RENDERER).decode()


def main() -> int:
    """Probe offscreen GL; print one line; return the exit status."""
    try:
        context = make_context()
        print(f"offscreen GL: {os.environ['MUJOCO_GL']}, {renderer_name()}")
        context.free()
    except GLUnavailableError as error:
        print(f"offscreen GL: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
