"""Tests for _media.py and _plots.py: frames have even sizes, files appear whole or not at all."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from PIL import Image

import v2p_sim  # noqa: F401
from economics import Prices
from scripts import _media
from scripts._explain import UsageError
from scripts._media import Facts, Film, VideoFile, compose, record, require_ffmpeg
from scripts._plots import PANELS, draw_plots, running_mean

FACTS = Facts(1.5, 0.9, 0.8, 110.0, 0.026, 1.67, "none")
EVENT = {"kind": "mug", "partner": "cup", "phase": "grasp", "outcome": "pending"}


def steady(observations):
    return np.full((len(observations), 2), 0.8, np.float32)


@pytest.mark.parametrize("observation", [np.zeros((8, 3, 64, 64), np.uint8), np.zeros(4, np.float32)])
def test_frames_have_even_sizes_and_keep_the_picture(observation):
    picture = np.full((480, 640, 3), 77, np.uint8)
    frame = compose(picture, observation, FACTS, {})
    assert frame.dtype == np.uint8
    assert all(size % 2 == 0 for size in frame.shape[:2])
    np.testing.assert_array_equal(frame[:480, :640], picture)


def test_the_newest_frame_is_shown_enlarged():
    stack = np.zeros((8, 3, 64, 64), np.uint8)
    stack[-1, 0, 10, 20] = 255
    frame = compose(np.zeros((480, 640, 3), np.uint8), stack, FACTS, {})
    block = frame[26 + 40 : 26 + 44, 640 + 80 : 640 + 84]
    assert (block == [255, 0, 0]).all()


def test_a_film_is_as_long_as_asked(tmp_path):
    import imageio.v2 as imageio

    env = gym.make("V2P/DishwashingVideo-v0", render_mode="rgb_array")
    path = record(env, steady, tmp_path / "a.mp4", Film(seed=1, seconds=300.0), Prices())
    frames = list(imageio.get_reader(path).iter_data())
    assert len(frames) in (6, 7)
    assert frames[0].shape == (572, 896, 3)
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]


def test_of_a_steps_contacts_the_hardest_is_told_with_all_its_numbers():
    numbers = {"peak_n": 312.25, "impulse_ns": 0.7512, "energy_j": 0.2346, "sustained_n": 41.04}
    hardest = numbers | {"kind": "plate", "partner": "dish2", "phase": "place", "outcome": "broken_impact"}
    later = EVENT | {"peak_n": 900.0, "impulse_ns": 2.0, "energy_j": 0.0061, "sustained_n": 90.0}
    told = (
        "plate against dish2 at place, broken impact (t 3.0 min)\n"
        "energy 0.235 J, peak 312.2 N, impulse 0.751 N s, sustained 41.0 N"
    )
    assert _media._describe([hardest, later], 0.05, "before") == told
    assert _media._describe([later, hardest], 0.05, "before") == told
    assert _media._describe([], 0.1, told) == told


def test_a_film_of_the_physical_task_shows_the_contacts_of_its_steps(tmp_path, monkeypatch):
    env = gym.make("V2P/DishwashingMujoco-v0", render_mode="rgb_array", observation="state", shift_minutes=0.5)
    told, strips, draw_strip = [], [], _media._draw_strip

    def drawn(draw, top, facts):
        told.append(facts.event)
        before = np.asarray(draw._image)[top + 44 :].copy()
        draw_strip(draw, top, facts)
        strips.append((np.asarray(draw._image)[top + 44 :] != before).any(axis=(1, 2)))

    monkeypatch.setattr(_media, "_draw_strip", drawn)
    record(
        env,
        lambda seen: np.full((len(seen), 2), (1.0, 0.0), np.float32),
        tmp_path / "a.mp4",
        Film(0, seconds=6.0),
        Prices(),
    )
    env.close()
    events = [event for event in told if event != "none"]
    assert told[0] == "none" and events
    for word in (" against ", " at ", "\nenergy ", " J, peak ", " N, impulse ", " N s, sustained "):
        assert all(word in event for event in events)
    one, two = strips[told.index("none")], strips[told.index(events[0])]
    assert one[:22].any() and not one[22:].any()
    assert two[22:].any() and not two[-2:].any()


def test_a_failed_film_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), VideoFile(tmp_path / "a.mp4") as video:
        video.add(np.zeros((64, 64, 3), np.uint8))
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_without_ffmpeg_the_line_names_the_cure(monkeypatch):
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/nonexistent")
    with pytest.raises(UsageError, match=r"video: no ffmpeg .*; cure: .*video=false"):
        require_ffmpeg()


def test_facts_at_the_start_of_a_shift_are_finite():
    info = {"hours": 0.0, "attempts": 0.0, "completed": 0.0, "errors": 0.0}
    facts = Facts.of(info, np.zeros(2), "none", Prices())
    assert (facts.mp_r, facts.err_rate, facts.parity) == (0.0, 0.0, 0.0)


def test_running_mean_grows_to_its_window():
    np.testing.assert_allclose(running_mean(np.array([1.0, 2.0, 3.0, 4.0]), 2), [1.0, 1.5, 2.5, 3.5])


def test_plots_are_drawn_even_before_the_first_row(tmp_path):
    assert len(draw_plots(tmp_path, [], [], "a run")) == len(PANELS) + 1


def test_plots_are_pictures_of_a_readable_size(tmp_path):
    names = ("profit", "mp_r", "err_rate", "err_target", "wage_parity", "lambda_dual")
    rows = [{"episode": str(number)} | dict.fromkeys(names, "0.5") for number in range(1, 4)]
    files = draw_plots(tmp_path, rows, rows[:2], "a run")
    assert len(files) == len(PANELS) + 1
    assert all(Image.open(file).size[0] > 600 for file in files)
