"""The choice of offscreen GL, and what people read where there is none."""

import os
import subprocess
import sys

import pytest

from v2p_sim import gl
from v2p_sim.gl import BACKENDS, CURE, GLUnavailableError


@pytest.fixture(autouse=True)
def _no_choice_yet(monkeypatch):
    """Unset the choice; what the code under test writes is undone."""
    for name in ("MUJOCO_GL", "PYOPENGL_PLATFORM"):
        monkeypatch.setenv(name, "")


def installed(monkeypatch, *names: str) -> None:
    monkeypatch.setattr(gl, "_loads", lambda library: any(name in library.lower() for name in names))


def test_egl_comes_first_and_osmesa_next(monkeypatch):
    installed(monkeypatch, "egl", "osmesa")
    assert gl.choose_backend() == "egl"
    monkeypatch.setenv("MUJOCO_GL", "")
    installed(monkeypatch, "osmesa")
    assert gl.choose_backend() == "osmesa"
    assert os.environ["MUJOCO_GL"] == os.environ["PYOPENGL_PLATFORM"] == "osmesa"


def test_the_environment_wins(monkeypatch):
    installed(monkeypatch, "egl", "osmesa")
    monkeypatch.setenv("MUJOCO_GL", "OSMesa")
    assert gl.choose_backend() == "osmesa"


@pytest.mark.parametrize("wanted", ["", *BACKENDS])
def test_no_library_is_one_line_with_the_cure(monkeypatch, wanted):
    installed(monkeypatch)
    monkeypatch.setenv("MUJOCO_GL", wanted)
    with pytest.raises(GLUnavailableError, match=r"libEGL|libOSMesa") as caught:
        gl.choose_backend()
    assert CURE in str(caught.value)
    assert CURE.startswith("apt-get install")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wanted", ["glfw", "disabled"])
def test_what_cannot_draw_offscreen_is_refused(monkeypatch, wanted):
    monkeypatch.setenv("MUJOCO_GL", wanted)
    with pytest.raises(GLUnavailableError, match=rf"MUJOCO_GL={wanted} cannot .* use MUJOCO_GL=egl"):
        gl.choose_backend()


def test_a_driver_that_refuses_is_one_line_with_the_cure(monkeypatch):
    class Broken:
        @staticmethod
        def GLContext(width, height):  # noqa: N802
            raise RuntimeError("no display\nmore")

    installed(monkeypatch, "egl")
    monkeypatch.setattr(gl, "import_module", lambda name: Broken)
    with pytest.raises(GLUnavailableError, match=r"GL backend egl does not start \(no display\)") as caught:
        gl.make_context()
    assert CURE in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_probe_says_in_one_line_that_there_is_none(monkeypatch, capsys):
    installed(monkeypatch)
    assert gl.main() == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("offscreen GL: no offscreen GL: ")
    assert err.count("\n") == 1


def probe(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "v2p_sim.gl"], capture_output=True, text=True, env=os.environ | environment, timeout=60
    )


def test_the_probe_names_the_renderer():
    done = probe()
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("offscreen GL: ")
    assert done.stdout.count("\n") == 1


def test_the_probe_ends_with_status_2():
    done = probe(MUJOCO_GL="glfw")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
