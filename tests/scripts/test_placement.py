"""Tests for _placement.py: device, threads, overlap and precision."""

from __future__ import annotations

import pytest

from agents import VideoEncoder
from scripts import _build, _placement
from scripts._cli import compose_settings
from scripts._explain import UsageError
from scripts._placement import learner_threads, uses_bfloat16, uses_overlap

VIDEO = ("task=dishwashing", "task.observation=video")


@pytest.mark.parametrize(
    ("overrides", "overlaps", "threads"),
    [
        (["task=dishwashing_mujoco", "threads=2"], True, 1),
        (["task=dishwashing_mujoco", "threads=4"], True, 3),
        (["task=dishwashing_mujoco", "threads=1"], False, 1),
        (["task=dishwashing_mujoco", "threads=2", "overlap=false"], False, 2),
        (["task=dishwashing_mujoco", "threads=1", "overlap=true"], True, 1),
        (["task=dishwashing_mujoco", "threads=2", "task.observation=state"], False, 1),
        (["task=dishwashing", "threads=2", "overlap=true"], True, 1),
        (["task=dishwashing_mujoco", "threads=2", "agent=ppo"], False, 2),
    ],
)
def test_learning_overlaps_with_collecting_where_that_pays_and_leaves_it_a_core(overrides, overlaps, threads):
    settings = compose_settings([*overrides, "device=cpu"])
    assert (uses_overlap(settings), learner_threads(settings)) == (overlaps, threads)


def test_an_agent_that_cannot_overlap_says_so():
    settings = compose_settings(["task=dishwashing", "agent=ppo", "overlap=true"])
    with pytest.raises(UsageError, match=r"^overlap: ppo learns from the rollout .*; nearest valid: overlap=auto$"):
        uses_overlap(settings)


def test_the_encoder_of_video_learns_in_the_precision_that_is_asked_for(monkeypatch):
    monkeypatch.setattr(_placement, "has_bfloat16", lambda: True)
    learns = {}
    for precision in ("auto", "float32", "bfloat16"):
        settings = compose_settings([*VIDEO, f"precision={precision}"])
        env = _build.make_cells(settings, 1)
        encoder = _build.make_agent(settings, env).encoder
        assert isinstance(encoder, VideoEncoder)
        learns[precision] = encoder.learns_in_bfloat16
        env.close()
    assert learns == {"auto": True, "float32": False, "bfloat16": True}
    assert not uses_bfloat16(compose_settings(VIDEO), "cuda")
    monkeypatch.setattr(_placement, "has_bfloat16", lambda: False)
    assert not uses_bfloat16(compose_settings(VIDEO), "cpu")


@pytest.mark.parametrize(
    ("overrides", "who"),
    [([*VIDEO, "agent=ppo"], "ppo on video"), (["task=dishwashing"], "sac on state")],
)
def test_what_learns_in_float32_alone_says_so(overrides, who, monkeypatch):
    monkeypatch.setattr(_placement, "has_bfloat16", lambda: True)
    assert not uses_bfloat16(compose_settings(overrides), "cpu")
    settings = compose_settings([*overrides, "precision=bfloat16"])
    said = f"^precision: {who} learns in float32; nearest valid: precision=auto$"
    with pytest.raises(UsageError, match=said):
        _build.make_agent(settings, _build.make_cells(settings, 1))
