"""Tests for _settings.py and _explain.py: what is accepted, what is filled in, what is said otherwise."""

from __future__ import annotations

import pytest

from agents import ENCODERS, NOVELTIES, SACConfig
from agents.novelty import DiffusionNovelty
from scripts._build import make_cells, make_learner
from scripts._cli import compose_settings, configs_dir
from scripts._explain import UsageError, key_names, nearest
from scripts._settings import ENCODER_MODALITY, AgentSettings, Settings, load_settings


@pytest.mark.parametrize(
    ("overrides", "observation", "encoder"),
    [
        (["task=dishwashing"], "state", "mlp"),
        (["task=dishwashing_mujoco"], "video", "simple2dcnn"),
        (["task=dishwashing", "encoder=simple3dcnn"], "video", "simple3dcnn"),
        (["task=dishwashing_mujoco", "encoder=mlp"], "state", "mlp"),
        (["task=dishwashing_mujoco", "task.observation=privileged"], "privileged", "mlp"),
        (["task=dishwashing_mujoco", "task.observation=privileged", "encoder=mlp"], "privileged", "mlp"),
    ],
)
def test_observation_and_encoder_follow_each_other(overrides, observation, encoder):
    settings = compose_settings(overrides)
    assert (settings.task.observation, settings.encoder.name) == (observation, encoder)


def test_nulls_become_the_tasks_values_and_overrides_win():
    settings = compose_settings(["task=dishwashing", "eval_every=7"])
    assert settings.episodes == settings.task.schedule.episodes
    assert settings.eval_every == 7
    assert settings.agent.batch_size == settings.variant.agent["batch_size"]
    assert compose_settings(["task=dishwashing", "agent.batch_size=8"]).agent.batch_size == 8


def test_completing_twice_changes_nothing():
    settings = compose_settings(["task=dishwashing_mujoco"])
    assert load_settings(settings.model_dump()) == settings


@pytest.mark.parametrize("task", [path.stem for path in (configs_dir() / "task").glob("*.yaml")])
def test_every_task_and_observation_composes(task):
    for observation in compose_settings([f"task={task}"]).task.observations:
        assert compose_settings([f"task={task}", f"task.observation={observation}"]).variant.id.startswith("V2P/")


def test_schema_knows_the_same_names_as_the_packages():
    assert {name: encoder.modality for name, encoder in ENCODERS.items()} == ENCODER_MODALITY
    assert {path.stem for path in (configs_dir() / "novelty").glob("*.yaml")} == set(NOVELTIES)
    renamed = {"lr": "learning_rate"}
    names = {renamed.get(name, name) for name in AgentSettings.model_fields} - {"name"}
    assert names <= set(SACConfig.__dataclass_fields__)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("episodes=-1", "episodes: must be at least 1, got -1; nearest valid: 1"),
        ("episodes=2.0", "episodes: must be a whole number, got 2.0; nearest valid: 2"),
        ("episodes=true", "episodes: must be a whole number, got True; nearest valid: null (the default)"),
        ("seed=abc", "seed: must be a whole number, got 'abc'; nearest valid: 0 (the default)"),
        ("agent.lr=nan", "agent.lr: must be a finite number, got nan; nearest valid: null (the default)"),
        ("agent.lr=0", "agent.lr: must be more than 0.0, got 0; nearest valid: null (the default)"),
        ("agent.gamma=1.5", "agent.gamma: must be at most 1.0, got 1.5; nearest valid: 1.0"),
        ("video=2", "video: must be true or false, got 2; nearest valid: true (the default)"),
        ("device=gpu", "device: must be auto, cpu, cuda or cuda:N, got 'gpu'; nearest valid: cpu"),
        ("task.observation=stat", "task.observation: 'stat' is not one of auto, state, video, privileged; nearest v"),
        ("task.cells=0", "task.cells: must be at least 1, got 0; nearest valid: 1"),
        ("seeed=1", "seeed: unknown key; nearest valid: seed"),
        ("+seeed=1", "seeed: unknown key; nearest valid: seed"),
        ("agent.gama=1", "agent.gama: unknown key; nearest valid: agent.gamma"),
        ("task=dishwashng", "task: there is no 'dishwashng'; valid: dishwashing, dishwashing_mujoco; nearest valid: "),
        ("encoder=foo", "encoder: there is no 'foo'; valid: auto, mlp, simple2dcnn, simple3dcnn; nearest valid: enc"),
        ("novelty=rdn", "novelty: there is no 'rdn'; valid: diffusion, knn, none, rnd; nearest valid: novelty=rnd"),
        ("novelty.prediction=x0", "novelty.prediction: 'x0' is not one of eps, v; nearest valid: v"),
        ("seed=1,2", "seed: cannot be read as given (seed=1,2); several values need -m (multirun)"),
        ("run_dir='${nope}'", "run_dir: "),
        ("~agent", "agent: missing; give it a value, agent=..."),
        ("task.observations.video.agent.batch_size=0", "agent.batch_size: must be at least 1, got 0; nearest valid: 1"),
    ],
)
def test_wrong_input_is_one_line_with_key_and_cure(override, said):
    with pytest.raises(UsageError) as caught:
        compose_settings([override])
    message = str(caught.value)
    assert message.startswith(said)
    assert "\n" not in message


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("novelty.schedule=linear", "novelty.schedule: the chosen novelty has no such setting; nearest valid: leave"),
        ("+novelty.schedule=linear", "novelty.schedule: knn has no such setting; nearest valid: leave it out"),
    ],
)
def test_a_setting_of_diffusion_is_refused_for_another_measure(override, said):
    with pytest.raises(UsageError) as caught:
        compose_settings(["novelty=knn", override])
    assert str(caught.value).startswith(said)


def test_the_novelty_of_a_run_is_the_one_that_was_asked_for():
    for name in NOVELTIES:
        settings = compose_settings(["task=dishwashing", f"novelty={name}"])
        novelty = make_learner(settings, make_cells(settings, 1)).novelty
        assert isinstance(novelty, NOVELTIES[name])
    words = ["novelty=diffusion", "novelty.prediction=eps", "novelty.schedule=linear"]
    settings = compose_settings(["task=dishwashing", *words])
    novelty = make_learner(settings, make_cells(settings, 1)).novelty
    assert isinstance(novelty, DiffusionNovelty)
    assert (novelty.config.prediction, novelty.config.schedule) == ("eps", "linear")


def test_a_run_that_named_its_novelty_alone_is_still_read():
    saved = compose_settings(["task=dishwashing"]).model_dump() | {"novelty": {"name": "diffusion"}}
    assert load_settings(saved) == compose_settings(["task=dishwashing"])


def test_an_encoder_that_does_not_fit_names_both_cures():
    with pytest.raises(UsageError, match=r"nearest valid: encoder=mlp, or task\.observation=video"):
        compose_settings(["task.observation=state", "encoder=simple2dcnn"])


def test_a_setting_that_the_task_lacks_is_refused():
    with pytest.raises(UsageError, match=r"task\.shift_minutes"):
        compose_settings(["task=dishwashing", "task.shift_minutes=5"])
    with pytest.raises(UsageError, match=r"dishwashing has no privileged observation; valid: state, video"):
        compose_settings(["task=dishwashing", "task.observation=privileged"])


def test_key_names_are_dotted_and_nearest_prefers_the_own_group():
    names = key_names(Settings)
    assert {"seed", "agent.lr", "economics.constraint.eta"} <= set(names)
    assert nearest("agent.zzz", names).startswith("agent.")
