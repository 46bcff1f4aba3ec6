"""Answers timing requests about another project's environment; its own Python runs it: `python _peer_server.py NAME`.

First it writes a JSON line with the number of physics substeps of an env step; then, for every line on standard input
(seconds to spend), one with the env steps made and the time they took. It ends with its input.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

SIZE_PX = 64
CHEAP = {"shadowsize": 0, "offsamples": 0, "numslices": 12, "numstacks": 2, "numquads": 1}  # as our camera draws
Peer = tuple[Callable[[], object], int]
"""Makes one env step with its frame; physics substeps of it."""


def place_brick(quality: dict[str, int]) -> Peer:
    """The place_brick_vision task of dm_control.

    Args:
        quality: settings of MJCF's visual/quality that are not as shipped
    """
    env: Any = import_module("dm_control.manipulation").load("place_brick_vision", seed=0)
    camera = env.task.observables["front_close"]
    camera.height = camera.width = SIZE_PX
    settings = env.task.root_entity.mjcf_model.visual.quality
    for name, value in quality.items():
        setattr(settings, name, value)
    env.reset()
    spec = env.action_spec()
    draw = _draws(np.maximum(spec.minimum, -1.0), np.minimum(spec.maximum, 1.0))
    return lambda: env.step(draw()), round(env.control_timestep() / env.physics.timestep())


def lift() -> Peer:
    """The Lift task of robosuite, with a camera."""
    env: Any = import_module("robosuite").make(
        "Lift",
        robots="Panda",
        has_renderer=False,
        has_offscreen_renderer=True,
        use_camera_obs=True,
        camera_names="agentview",
        camera_heights=SIZE_PX,
        camera_widths=SIZE_PX,
        ignore_done=True,
        seed=0,
    )
    env.reset()
    draw = _draws(*env.action_spec)
    return lambda: env.step(draw()), round(env.control_timestep / env.model_timestep)


def fetch() -> Peer:
    """FetchPickAndPlace of Gymnasium-Robotics, drawn at every step."""
    gym: Any = import_module("gymnasium")
    gym.register_envs(import_module("gymnasium_robotics"))
    size = {"width": SIZE_PX, "height": SIZE_PX, "max_episode_steps": 10**9}
    env = gym.make("FetchPickAndPlace-v4", render_mode="rgb_array", **size)
    env.reset(seed=0)
    draw = _draws(env.action_space.low, env.action_space.high)

    def step() -> None:
        env.step(draw())
        env.render()

    return step, int(env.unwrapped.n_substeps)


PEERS: dict[str, Callable[[], Peer]] = {
    "dm_control": lambda: place_brick({}),
    "dm_control_equal_quality": lambda: place_brick(CHEAP),
    "robosuite": lift,
    "fetch": fetch,
}


def _draws(low: Any, high: Any) -> Callable[[], np.ndarray]:
    """Return random actions one after the other, made beforehand."""
    actions = np.random.default_rng(0).uniform(low, high, (1000, len(low))).astype(np.float32)
    index = 0

    def draw() -> np.ndarray:
        nonlocal index
        index = (index + 1) % len(actions)
        return actions[index]

    return draw


def main() -> None:
    """Serve until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the packages print is no answer
    step, substeps = PEERS[sys.argv[1]]()
    step()
    print(json.dumps({"substeps": substeps}), file=answers, flush=True)
    for line in sys.stdin:
        span_s, steps, started = float(line), 0, time.perf_counter()
        while steps == 0 or time.perf_counter() - started < span_s:
            step()
            steps += 1
        spent_s = time.perf_counter() - started
        print(json.dumps({"steps": steps, "seconds": spent_s}), file=answers, flush=True)


if __name__ == "__main__":
    main()
