"""What environments leave behind, and what they do to each other: nothing."""

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from v2p_sim.cameras import POLICY, Camera
from v2p_sim.scene import build_scene
from v2p_sim.tasks.dishwashing_mujoco import make_env, make_vector_env

WARM_UP = 2
CYCLES = """
import ctypes, gc, json, os, sys
import gymnasium as gym
import numpy as np
import v2p_sim
from v2p_sim import cameras
from v2p_sim.tasks.dishwashing_mujoco import make_vector_env

made = 0
make_context = cameras.make_context

def counted():
    global made
    made += 1
    return make_context()

def used():
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what was freed but lies in the heap's gaps is not kept by anybody
    pages = int(open("/proc/self/statm").read().split()[1])
    folders = ("/proc/self/fd", "/proc/self/task")
    return [pages * os.sysconf("SC_PAGE_SIZE") / 1e6, *[len(os.listdir(folder)) for folder in folders], made]

def cycle(number):
    if number % 2 == 0:
        env = gym.make("V2P/DishwashingMujoco-v0", observation="video", substeps=20)
    else:
        env = make_vector_env(2, threads=2, render_mode="rgb_array", observation="video", substeps=20)
    env.reset(seed=0)
    env.step(np.broadcast_to(np.array([1.0, 0.0], np.float32), env.action_space.shape))
    if number % 2 == 1:
        env.render()
    env.close()
    kept.append(env)

kept = []
cameras.make_context = counted
warm_up, cycles = int(sys.argv[1]), int(sys.argv[2])
for number in range(warm_up):
    cycle(number)
before = used()
for number in range(cycles):
    cycle(number)
print(json.dumps([before, used()]))
"""


def used_by_cycles(cycles: int) -> tuple[list[float], list[float]]:
    """Return resident memory [MB], file descriptors, threads and GL contexts before and after so many environments."""
    command = [sys.executable, "-c", CYCLES, str(WARM_UP), str(cycles)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    before, after = json.loads(done.stdout)
    return before, after


@pytest.mark.parametrize(("cycles", "most_mb"), [(20, 8.0), pytest.param(100, 20.0, marks=pytest.mark.soak)])
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_closed_environments_leave_nothing_behind_even_while_they_are_referenced(cycles, most_mb):
    (before_mb, *before), (after_mb, *after) = used_by_cycles(cycles)
    assert after_mb - before_mb < most_mb
    assert before == after, "file descriptors, threads, GL contexts"
    assert before[-1] == 1


def frames_of(env: gym.Env, steps: int = 6) -> np.ndarray:
    observation, _ = env.reset(seed=4)
    frames = [observation[-1]]
    for action in np.random.default_rng(4).random((steps, 2)).astype(np.float32):
        frames.append(env.step(action)[0][-1])
    return np.stack(frames)


def test_frames_are_the_same_alone_and_beside_environments_of_other_sizes():
    settings: dict[str, Any] = {"observation": "video", "substeps": 20}
    alone = make_env(**settings)
    expected = frames_of(alone)
    alone.close()
    env = make_env(**settings)
    others: list[Any] = [make_vector_env(cells, "rgb_array", **settings) for cells in (2, 3)]
    others += [make_env("rgb_array", **settings), make_vector_env(5, observation="state", substeps=20)]
    wide = Camera(build_scene().model, "policy", replace(POLICY, width=96, height=48))
    sizes = {wide.draw(wide.model.qpos0).shape[:2]}
    for other in others:
        other.reset(seed=9)
    frames = [env.reset(seed=4)[0][-1]]
    for action in np.random.default_rng(4).random((6, 2)).astype(np.float32):
        for other in others:
            picture = other.render()
            sizes |= set() if picture is None else {np.shape(picture)[-3:-1]}
            other.step(np.ones(other.action_space.shape, np.float32))
        wide.draw(wide.model.qpos0)
        frames.append(env.step(action)[0][-1])
    assert sizes == {(480, 640), (48, 96)}
    np.testing.assert_array_equal(np.stack(frames), expected)
    others.pop(0).close()
    wide.close()
    np.testing.assert_array_equal(frames_of(env), expected)
    for each in (env, *others):
        each.close()
