"""Frames: a function of the configuration alone, whatever else draws."""

import multiprocessing
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from v2p_sim.cameras import PEOPLE, POLICY, Camera, Quality
from v2p_sim.scene import build_scene

SCENE = build_scene()
SMALL_PEOPLE = replace(PEOPLE, width=320, height=240)


def configuration(x_m: float = 0.0) -> np.ndarray:
    qpos = SCENE.model.qpos0.copy()
    qpos[SCENE.tip_qpos[0]] = x_m
    for address, xy in zip(SCENE.dish_qpos, SCENE.tray_slots_m, strict=False):
        qpos[address : address + 3] = (*xy, 0.0)
    return qpos


def draw_once(name: str, quality: Quality, qpos: np.ndarray) -> np.ndarray:
    camera = Camera(SCENE.model, name, quality)
    frame = camera.draw(qpos).copy()
    camera.close()
    return frame


@pytest.mark.parametrize(("name", "quality"), [("policy", POLICY), ("people", PEOPLE)])
def test_a_frame_shows_something_in_the_asked_size(name, quality):
    frame = draw_once(name, quality, configuration())
    assert frame.shape == (quality.height, quality.width, 3)
    assert frame.dtype == np.uint8
    assert frame.std() > 20.0
    assert len(np.unique(frame.reshape(-1, 3), axis=0)) > 50


def test_the_same_configuration_gives_the_same_frame_and_another_one_another():
    camera = Camera(SCENE.model, "policy", POLICY)
    first = camera.draw(configuration()).copy()
    moved = camera.draw(configuration(0.3)).copy()
    np.testing.assert_array_equal(camera.draw(configuration()), first)
    assert (moved != first).any(axis=-1).sum() > 20
    camera.close()


def test_dishes_on_the_left_are_drawn_on_the_left_and_far_ones_above():
    base, left, far = configuration(), configuration(), configuration()
    hidden = SCENE.dish_qpos[0]
    base[hidden : hidden + 3] = left[hidden : hidden + 3] = far[hidden : hidden + 3] = (0, 0, -5)
    left[hidden : hidden + 3] = (-0.3, -0.09, 0.0)
    far[hidden : hidden + 3] = (-0.3, 0.26, 0.0)
    camera = Camera(SCENE.model, "policy", POLICY)
    empty, one, other = (camera.draw(qpos).astype(int) for qpos in (base, left, far))
    camera.close()
    near_rows, near_columns = np.nonzero(np.abs(one - empty).sum(axis=-1) > 30)
    far_rows, _ = np.nonzero(np.abs(other - empty).sum(axis=-1) > 30)
    assert near_columns.mean() < POLICY.width / 2
    assert far_rows.mean() < near_rows.mean()


def test_cameras_of_several_qualities_share_the_process():
    qpos, moved = configuration(), configuration(0.3)
    alone = [draw_once("policy", POLICY, q) for q in (qpos, moved)] + [draw_once("people", SMALL_PEOPLE, qpos)]
    policy, people, other = (
        Camera(SCENE.model, "policy", POLICY),
        Camera(SCENE.model, "people", SMALL_PEOPLE),
        Camera(build_scene(("glass",)).model, "policy", POLICY),
    )
    for _ in range(2):
        np.testing.assert_array_equal(policy.draw(qpos), alone[0])
        np.testing.assert_array_equal(people.draw(qpos), alone[2])
        other.draw(build_scene(("glass",)).model.qpos0)
        np.testing.assert_array_equal(policy.draw(moved), alone[1])
    other.close()
    people.close()
    np.testing.assert_array_equal(policy.draw(qpos), alone[0])
    policy.close()


def test_pictures_for_people_have_shadows():
    with_shadows = draw_once("people", SMALL_PEOPLE, configuration()).astype(int)
    without = draw_once("people", replace(SMALL_PEOPLE, shadow_size=0), configuration()).astype(int)
    darker = (without - with_shadows).sum(axis=-1) > 30
    assert darker.mean() > 0.005
    assert PEOPLE.shadow_size > 0
    assert POLICY.shadow_size == 0


def test_drawing_leaves_the_compiled_model_alone():
    quality = SCENE.model.vis.quality
    before = (quality.shadowsize, quality.offsamples, SCENE.model.geom_rgba.copy())
    camera = Camera(SCENE.model, "policy", POLICY)
    camera.model.geom_rgba[:] = 0.5
    camera.draw(configuration())
    camera.close()
    assert (quality.shadowsize, quality.offsamples) == before[:2]
    np.testing.assert_array_equal(SCENE.model.geom_rgba, before[2])


def test_a_closed_camera_says_so():
    camera = Camera(SCENE.model, "policy", POLICY)
    camera.close()
    camera.close()
    with pytest.raises(RuntimeError, match="camera is closed"):
        camera.draw(configuration())


def test_a_spawned_process_draws_the_same_frame():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        frame = pool.apply_async(draw_once, ("policy", POLICY, configuration())).get(timeout=60)
    np.testing.assert_array_equal(frame, draw_once("policy", POLICY, configuration()))


def test_a_process_that_never_closes_ends_well():
    code = (
        "from v2p_sim.scene import build_scene; from v2p_sim.cameras import *;"
        "model = build_scene().model; cameras = [Camera(model, 'policy', POLICY), Camera(model, 'people', PEOPLE)];"
        "print([camera.draw(model.qpos0).std() > 10 for camera in cameras])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, timeout=60)
    assert (done.returncode, done.stdout) == (0, "[True, True]\n".replace("True", "np.True_")), done.stderr
    assert "Error" not in done.stderr


def test_policy_frames_show_what_finely_drawn_ones_show():
    """Few slices and stacks save time; with one stack MuJoCo leaves the lids of all cylinders out."""
    fine = draw_once("policy", replace(POLICY, slices=28, stacks=16), configuration()).astype(int)
    cheap = draw_once("policy", POLICY, configuration()).astype(int)
    assert np.abs(fine - cheap).mean() < 2.0
