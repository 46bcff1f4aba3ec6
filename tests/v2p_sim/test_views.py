"""What is seen of a physical cell: frames, pictures for people, the privileged vector."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from v2p_sim.breakage import Outcome
from v2p_sim.tasks.dishwashing_mujoco import make_env
from v2p_sim.tasks.mujoco_config import FRAMES

from .conftest import HASTY, physical, shift_of


def test_frames_are_stacked_old_to_new_and_the_first_is_repeated():
    env = make_env()
    rows = shift_of(env, np.repeat(HASTY[None], 12, axis=0), seed=0)
    env.close()
    first = rows[0][0]
    np.testing.assert_array_equal(first, np.repeat(first[:1], FRAMES, axis=0))
    moved = 0
    for (older, *_), (newer, *_) in pairwise(rows):
        np.testing.assert_array_equal(newer[:-1], older[1:])
        moved += (newer[-1] != older[-1]).any(axis=0).sum() > 5
        assert newer[-1].std() > 20.0
        assert newer[-1].mean() > 30.0
    assert moved >= 9  # it stands for a moment while the vacuum builds up


def test_a_robot_that_stands_still_is_seen_to_stand_still():
    env = make_env()
    rows = shift_of(env, np.zeros((10, 2), np.float32), seed=0)
    env.close()
    frames = rows[-1][0].astype(int)
    assert np.abs(frames[-1] - frames[0]).max() <= 3


def test_the_picture_for_people_changes_with_a_broken_dish_and_with_soil():
    env = make_env("rgb_array", observation="video")
    env.reset(seed=0)
    task, whole = physical(env), env.render()
    assert whole is not None and whole.shape == (480, 640, 3) and whole.dtype == np.uint8
    assert env.metadata["render_modes"] == ["rgb_array"]
    pixels = {"people": whole.astype(int), "policy": env.step(np.zeros(2, np.float32))[0][-1].astype(int)}
    for name, change in (("broken", Outcome.BROKEN_IMPACT), ("crushed", Outcome.CRUSHED), ("clean", None)):
        task.cycle.outcome[0, 0] = Outcome.PENDING if change is None else change
        task.cycle.scrubbed_nm[0, 0] = 0.0 if change is not None else 1e9
        picture = env.render()
        assert picture is not None
        assert (np.abs(picture - pixels["people"]).sum(axis=-1) > 60).sum() > 50, name
        frame = env.step(np.zeros(2, np.float32))[0][-1]
        assert (np.abs(frame - pixels["policy"]).sum(axis=0) > 60).sum() > 2, name
    env.close()


def test_dishes_in_the_bin_are_out_of_sight():
    env = make_env("rgb_array")
    env.reset(seed=0)
    task = physical(env)

    def sight() -> tuple[np.ndarray, np.ndarray]:
        picture = env.render()
        assert picture is not None and task.camera is not None
        return picture.astype(int), task.camera.draw(task.workcell, task.cycle, 0).astype(int)

    for dish in range(len(task.scene.kinds)):
        task.workcell.discard(0, dish)
    binned = sight()
    task.workcell.qpos[0, task.scene.dish_qpos + 2] = -50.0
    for mine, theirs in zip(binned, sight(), strict=True):
        assert np.abs(mine - theirs).max() <= 2
    env.close()


def test_the_privileged_layout_names_what_is_there():
    env = make_env(observation="privileged")
    observation, _ = env.reset(seed=0)
    task, layout = physical(env), env.observation_layout
    ends = [tuple(part["slice"]) for part in layout.values()]  # pyright: ignore[reportArgumentType]
    assert [start for start, _ in ends] == [0, *(stop for _, stop in ends[:-1])]
    assert ends[-1][1] == len(observation)
    assert env.observation_space.contains(observation)
    for _ in range(40):
        observation, *_ = env.step(HASTY)
    part = {name: observation[start:stop] for name, (start, stop) in zip(layout, ends, strict=True)}
    dish = task.cycle.dish[0]
    assert part["shift"][0] == pytest.approx(40 / 1200)
    assert part["phase"].sum() == part["kind"].sum() == 1.0
    names: Any = layout["kind"]["values"]
    assert names[int(part["kind"].argmax())] == task.scene.kinds[dish].name
    np.testing.assert_allclose(part["tip_position"], task.workcell.tip_position_m()[0], rtol=1e-6)
    np.testing.assert_allclose(part["dish_position"], task.workcell.dish_position_m()[0, dish], rtol=1e-6)
    np.testing.assert_allclose(part["slot_position"], task.scene.rack_slots_m[task.cycle.rack_slot[0, dish]], rtol=1e-6)
