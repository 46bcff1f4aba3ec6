"""Tests for _build.py."""

import pytest

from agents import OverlappedLearner, PPOAgent, SACAgent
from scripts._build import for_training, make_cells, make_learner
from scripts._cli import compose_settings
from scripts._explain import UsageError


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("agent.random_shift=4", "agent.random_shift needs video, got observations of shape (4,); 0 switches it off"),
        (
            "agent.consistency_coefficient=1",
            "agent.consistency_coefficient needs n_step 1 or segment_length 2 and more to see the next step, "
            "got n_step 3 and segment_length 1",
        ),
    ],
)
def test_what_the_agent_refuses_is_one_line_with_its_key(override, said):
    settings = compose_settings(["task=dishwashing", "encoder=mlp", override])
    env = make_cells(settings, 1)
    with pytest.raises(UsageError) as caught:
        make_learner(settings, env)
    assert str(caught.value) == said


def test_critics_of_the_workcells_video_are_told_in_training_alone_what_no_camera_sees():
    settings = compose_settings(["task=dishwashing_mujoco", "threads=1"])
    env, seen = make_cells(for_training(settings), 2), make_cells(settings, 1)
    assert "privileged" in env.reset(seed=0)[1] and "privileged" not in seen.reset(seed=0)[1]
    for kind, told in ((SACAgent, settings), (PPOAgent, compose_settings(["task=dishwashing_mujoco", "agent=ppo"]))):
        agent = make_learner(told, env).agent
        assert isinstance(agent, kind) and agent.critic_encoder is not None
        assert agent.critic_encoder.observation_shape == env.unwrapped.single_privileged_space.shape
        assert agent.encoder.observation_shape == (1, 3, 64, 64)
    with pytest.raises(UsageError, match="privileged_critic needs infos that tell privileged numbers, got none"):
        make_learner(settings, seen)
    alone = compose_settings(["task=dishwashing_mujoco", "agent.privileged_critic=false", "task.frames=8"])
    assert for_training(alone) == alone
    assert make_learner(alone, make_cells(alone, 1)).agent.encoder.observation_shape == (8, 3, 64, 64)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        (
            "agent.privileged_critic=true",
            "agent.privileged_critic: dishwashing tells nothing beside its state; nearest valid: false",
        ),
        ("task.frames=2", "task.frames: the chosen task has no such setting; nearest valid: leave it out"),
    ],
)
def test_what_a_task_cannot_do_is_one_line(override, said):
    with pytest.raises(UsageError) as caught:
        for_training(compose_settings(["task=dishwashing", override]))
    assert str(caught.value) == said


def test_the_learner_overlaps_as_the_settings_say():
    for word in ("true", "false"):
        settings = compose_settings(["task=dishwashing", f"overlap={word}"])
        learner = make_learner(settings, make_cells(settings, 1))
        assert isinstance(learner, OverlappedLearner) == (word == "true")
