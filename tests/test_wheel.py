"""The wheel carries its assets and configs: built, unpacked into an empty folder, used from another one."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
USE = """
import gymnasium, v2p_sim, scripts._cli as cli
assert v2p_sim.__file__.startswith({folder!r}), v2p_sim.__file__
env = gymnasium.make("v2p_sim:V2P/DishwashingMujoco-v0", shift_minutes=1)
frame, info = env.reset(seed=0)
env.step(env.action_space.sample())
assert cli.compose_settings(["task=dishwashing"]).task.name == "dishwashing"
print("stepped", frame.shape)
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_steps_from_any_folder(unpacked: Path, tmp_path: Path):
    command = [sys.executable, "-c", USE.format(folder=str(unpacked))]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PYTHONPATH": str(unpacked), "PATH": "", "NUMBA_DISABLE_JIT": "1"},  # compiling takes 20 s
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "stepped (8, 3, 64, 64)" in done.stdout, done.stderr


def test_the_wheel_holds_code_assets_and_configs_alone(unpacked: Path):
    tops = {path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")}
    assert tops == {"v2p_sim", "agents", "economics", "scripts"}
    assert (unpacked / "v2p_sim" / "assets" / "dishes" / "plate.xml").is_file()
    assert (unpacked / "scripts" / "configs" / "config.yaml").is_file()
    assert (unpacked / "economics" / "data" / "wages.csv").is_file()
