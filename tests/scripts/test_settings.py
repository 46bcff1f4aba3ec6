"""Tests for _settings.py and _explain.py: what is accepted, what is filled in, what is said otherwise."""

from __future__ import annotations

import inspect

import pytest

from agents import AGENTS, ENCODERS, NOVELTIES
from economics import ConstraintConfig, PiGains
from scripts._agent_settings import AGENT_SECTIONS, TASK_DECIDES
from scripts._build import make_cells, make_constraint, make_learner, without_pretrained
from scripts._cli import compose_settings, configs_dir
from scripts._explain import UsageError, key_names, nearest
from scripts._settings import ENCODER_MODALITY, ENCODER_OPTIONS, ConstraintSettings, PiSettings, Settings, load_settings

GAINS = "economics.constraint.pi={proportional: 2.0, integral: 0.5, limit: 10.0}"


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
        for agent in AGENT_SECTIONS:
            settings = compose_settings([f"task={task}", f"task.observation={observation}", f"agent={agent}"])
            assert settings.variant.id.startswith("V2P/")
            assert settings.agent.name == agent


def test_schema_knows_the_same_names_as_the_packages():
    assert {name: encoder.modality for name, encoder in ENCODERS.items() if name != "latent"} == ENCODER_MODALITY
    assert {path.stem for path in (configs_dir() / "encoder").glob("*.yaml")} == {"auto", *ENCODER_MODALITY}
    for name, options in ENCODER_OPTIONS.items():
        assert set(options) <= set(inspect.signature(ENCODERS[name]).parameters)
        assert set(options) == set(compose_settings([f"encoder={name}"]).encoder.options)
    assert {path.stem for path in (configs_dir() / "novelty").glob("*.yaml")} == set(NOVELTIES)
    assert {path.stem for path in (configs_dir() / "agent").glob("*.yaml")} == set(AGENT_SECTIONS) == set(AGENTS)
    renamed = {"lr": "learning_rate"}
    for name, section in AGENT_SECTIONS.items():
        names = {renamed.get(field, field) for field in section.model_fields} - {"name"}
        assert names == set(AGENTS[name][1].__dataclass_fields__)
        assert set(TASK_DECIDES[name]) <= set(section.model_fields)
    assert set(ConstraintSettings.model_fields) == set(ConstraintConfig.__dataclass_fields__)
    assert set(PiSettings.model_fields) == set(PiGains.__dataclass_fields__)


def test_the_default_constraint_is_the_librarys():
    constraint = compose_settings().economics.constraint
    assert (constraint.gate_confidence, constraint.pi) == (None, None)
    assert make_constraint(compose_settings().economics).config == ConstraintConfig()


def test_a_cost_critic_moves_lambda_by_pi_control():
    settings = compose_settings(["agent.constraint_form=cost_critic"])
    assert make_constraint(settings.economics).config.pi == PiGains()
    assert load_settings(settings.model_dump()) == settings
    given = compose_settings(["agent.constraint_form=cost_critic", GAINS])
    assert make_constraint(given.economics).config.pi == PiGains(2.0, 0.5, 10.0)
    with pytest.raises(UsageError, match=r"agent\.constraint_form: 'critic' is not one of penalty, cost_critic"):
        compose_settings(["agent.constraint_form=critic"])


def test_gate_and_gains_reach_the_constraint_and_a_run_without_them_still_loads():
    settings = compose_settings(["economics.constraint.gate_confidence=0.9", GAINS])
    constraint = make_constraint(settings.economics)
    assert (constraint.config.gate_confidence, constraint.config.pi) == (0.9, PiGains(2.0, 0.5, 10.0))
    constraint.update(errors=3, attempts=10)
    assert constraint.value == pytest.approx((2.0 + 0.5) * 0.2)  # K_P and K_I act on the gap of 0.3 to 0.1
    assert constraint.error_target == 0.10  # the gate stays shut
    older = settings.model_dump()
    for key in ("gate_confidence", "pi"):
        del older["economics"]["constraint"][key]
    assert make_constraint(load_settings(older).economics).config == ConstraintConfig()


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["gate_confidence=1.0"], "gate_confidence: must be less than 1.0, got 1.0; nearest valid: null (the default)"),
        (["gate_confidence=0"], "gate_confidence: must be more than 0.0, got 0; nearest valid: null (the default)"),
        (
            ["gate_confidence=often"],
            "gate_confidence: must be a number, got 'often'; nearest valid: null",
        ),
        (["pi=3"], "pi: must be a group of keys, got 3; nearest valid: null (the default)"),
        (["pi={proportional: 1.0, integral: 0.1}"], "pi.limit: missing; give it a value"),
        (["pi={proportional: -1.0, integral: 0.1, limit: 9.0}"], "pi.proportional: must be at least 0.0, got -1.0"),
        (["pi.proportional=1.0"], "pi.proportional: unknown key; nearest valid: economics.constraint.pi"),
        (
            ["pi={proportional: 1.0, integral: 0.1, limit: 0.5}", "lambda_start=1.0"],
            "lambda_start must not exceed pi.limit = 0.5, got 1.0",
        ),
    ],
)
def test_a_wrong_gate_or_gain_is_one_line(overrides, said):
    with pytest.raises(UsageError) as caught:
        make_constraint(compose_settings([f"economics.constraint.{word}" for word in overrides]).economics)
    assert str(caught.value).startswith(f"economics.constraint.{said}") and "\n" not in str(caught.value)


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
        ("agent.rollout_steps=9", "agent.rollout_steps: unknown key; nearest valid: agent=ppo, which has it"),
        ("agent.name=foo", "agent.name: 'foo' is not one of ppo, sac; nearest valid: ppo"),
        ("~agent.name", "agent.name: missing; give it a value, agent.name=..."),
        ("agent=pppo", "agent: there is no 'pppo'; valid: ppo, sac; nearest valid: agent=ppo"),
        (
            "task=dishwashng",
            "task: there is no 'dishwashng'; valid: dishwashing, dishwashing_calibrated, dishwashing_mujoco",
        ),
        (
            "encoder=foo",
            "encoder: there is no 'foo'; valid: auto, mlp, r3d18, simple2dcnn, simple3dcnn, timesformer",
        ),
        ("novelty=rdn", "novelty: there is no 'rdn'; valid: diffusion, knn, none, rnd; nearest valid: novelty=rnd"),
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
        ("agent.epochs=0", "agent.epochs: must be at least 1, got 0; nearest valid: 1"),
        ("agent.lr=0", "agent.lr: must be more than 0.0, got 0; nearest valid: null (the default)"),
        ("agent.tau=0.1", "agent.tau: unknown key; nearest valid: agent=sac, which has it"),
        ("agent.random_shift=4", "agent.random_shift: unknown key; nearest valid: agent=sac, which has it"),
        ("agent.constraint_form=penalty", "agent.constraint_form: unknown key; nearest valid: agent=sac, which"),
        ("+agent.epoch=1", "agent.epoch: unknown key; nearest valid: agent.epochs"),
        ("+task.observations.video.ppo.tau=1", "task.observations.video.ppo.tau: unknown key; nearest valid: "),
        ("task.observations.video.ppo.lr=null", "agent.lr: the task names no value for video; give one, agent.lr=..."),
    ],
)
def test_wrong_input_for_the_other_agent_is_one_line_too(override, said):
    with pytest.raises(UsageError) as caught:
        compose_settings(["agent=ppo", override])
    assert str(caught.value).startswith(said)


def test_a_run_folder_from_before_ppo_still_loads():
    values = compose_settings(["task=dishwashing"]).model_dump()
    for variant in values["task"]["observations"].values():
        del variant["ppo"]
    assert load_settings(values).agent.name == "sac"


def test_a_run_folder_from_before_the_auxiliary_losses_still_loads():
    values = compose_settings(["task=dishwashing"]).model_dump()
    given = dict(values["agent"])
    for name in ("random_shift", "consistency_coefficient", "infonce_coefficient", "infonce_temperature"):
        del values["agent"][name]
    assert load_settings(values).agent.model_dump() == given


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["encoder=mlp", "+encoder.pretrained=true"], "encoder.pretrained: mlp has no such setting; nearest valid:"),
        (["encoder=r3d18", "+encoder.size=base"], "encoder.size: r3d18 has no such setting; nearest valid: leave it"),
        (["encoder=timesformer", "encoder.size=huge"], "encoder.size: 'huge' is not one of small, base"),
        (["encoder.freeze_episodes=-1"], "encoder.freeze_episodes: must be at least 0, got -1"),
    ],
)
def test_settings_of_other_encoders_are_refused(overrides, said):
    with pytest.raises(UsageError) as caught:
        compose_settings(overrides)
    assert str(caught.value).startswith(said)


def test_the_encoder_that_was_asked_for_is_made():
    words = ["task=dishwashing", "encoder=simple2dcnn", "encoder.freeze_episodes=3"]
    assert compose_settings(words).encoder.freeze_episodes == 3
    pytest.importorskip("transformers")
    settings = compose_settings(["task=dishwashing", "encoder=timesformer", "encoder.latent_dim=16"])
    agent = make_learner(settings, make_cells(settings, 1)).agent
    assert (agent.encoder.name, agent.encoder.options, agent.encoder.latent_dim) == (
        "timesformer",
        {"size": "small"},
        16,
    )
    wrong = compose_settings(["task=dishwashing", "encoder=timesformer", "encoder.pretrained=true"])
    with pytest.raises(UsageError, match="encoder: pretrained weights are there for size=base only, got size=small"):
        make_learner(wrong, make_cells(wrong, 1))
    assert without_pretrained(wrong).encoder.pretrained is False
    assert without_pretrained(compose_settings(["task=dishwashing"])) == compose_settings(["task=dishwashing"])


def test_an_encoder_that_does_not_fit_names_both_cures():
    with pytest.raises(UsageError, match=r"nearest valid: encoder=mlp, or task\.observation=video"):
        compose_settings(["task.observation=state", "encoder=simple2dcnn"])


def test_overlap_is_a_word_or_a_truth():
    assert [compose_settings([f"overlap={word}"]).overlap for word in ("auto", "true", "false")] == [
        "auto",
        True,
        False,
    ]
    with pytest.raises(UsageError, match="overlap: 'often' is not one of auto, true, false; nearest valid: true"):
        compose_settings(["overlap=often"])


def test_a_setting_that_the_task_lacks_is_refused():
    with pytest.raises(UsageError, match=r"task\.shift_minutes"):
        compose_settings(["task=dishwashing", "task.shift_minutes=5"])
    with pytest.raises(UsageError, match=r"dishwashing has no privileged observation; valid: state, video"):
        compose_settings(["task=dishwashing", "task.observation=privileged"])


def test_key_names_are_dotted_and_nearest_prefers_the_own_group():
    names = key_names(Settings)
    assert {"seed", "agent.lr", "economics.constraint.eta"} <= set(names)
    assert nearest("agent.zzz", names).startswith("agent.")
