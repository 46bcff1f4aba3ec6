"""Tests for policy.py."""

import json

import numpy as np
import pytest
import torch

from agents import (
    CheckpointError,
    EnvSpec,
    NoConstraint,
    SACAgent,
    SACConfig,
    build_encoder,
    load_policy,
    pack_run,
    save_checkpoint,
    save_policy,
)
from agents.loop import LoopState


@pytest.fixture(params=["make_learner", "make_ppo"])
def trained(request, counting_env):
    env = counting_env(2)
    return env, request.getfixturevalue(request.param)(env, seed=4)


def observations() -> np.ndarray:
    return np.random.default_rng(0).random((3, 2), np.float32)


def test_a_run_folder_gives_its_policy_back(tmp_path, trained):
    _, learner = trained
    save_policy(tmp_path, learner.agent)
    policy = load_policy(tmp_path)
    expected = learner.agent.act(observations(), deterministic=True)
    assert np.array_equal(policy(observations()), expected)
    np.testing.assert_allclose(policy(observations()[1]), expected[1], atol=1e-6)
    assert policy(observations()[1]).shape == (2,)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["policy.json", "policy.safetensors"]


@pytest.mark.parametrize("given", ["run folder", "checkpoint"])
def test_a_checkpoint_gives_its_policy_back(tmp_path, trained, given):
    env, learner = trained
    path = save_checkpoint(tmp_path / "checkpoints", pack_run(env, learner, NoConstraint(), LoopState()))
    policy = load_policy(tmp_path if given == "run folder" else path)
    assert np.array_equal(policy(observations()), learner.agent.act(observations(), deterministic=True))


def test_an_averaged_policy_is_the_one_that_is_kept(tmp_path, counting_env):
    env = counting_env(1)
    agent = SACAgent(
        EnvSpec.from_spaces(env.single_observation_space, env.single_action_space),
        build_encoder("mlp", (2,), 16),
        SACConfig(hidden=16, policy_tau=0.1),
    )
    with torch.no_grad():
        for weight in agent.policy.actor.parameters():
            weight += 0.3
    save_policy(tmp_path, agent)
    expected = agent.act(observations(), deterministic=True)
    assert np.array_equal(load_policy(tmp_path)(observations()), expected)
    assert not np.allclose(expected, agent.act(observations(), noise=np.zeros((3, 2), np.float32)))


def test_video_policies_load_too(tmp_path, counting_env, make_learner):
    env = counting_env(1, video=True)
    learner = make_learner(env)
    save_policy(tmp_path, learner.agent)
    stack, _ = env.reset(seed=0)
    policy = load_policy(tmp_path)
    assert np.array_equal(policy(stack), learner.agent.act(stack, deterministic=True))
    latents, expected = (encoder(torch.tensor(stack)) for encoder in (policy.encoder, learner.agent.encoder))
    assert torch.equal(latents, expected)


def test_a_policy_from_before_ppo_is_one_of_sac(tmp_path, counting_env, make_learner):
    learner = make_learner(counting_env(1))
    save_policy(tmp_path, learner.agent)
    file = tmp_path / "policy.json"
    architecture = json.loads(file.read_text())
    assert architecture.pop("algorithm") == "sac"
    file.write_text(json.dumps(architecture))
    assert np.array_equal(load_policy(tmp_path)(observations()), learner.agent.act(observations(), deterministic=True))


def test_errors_are_one_line(tmp_path, trained):
    with pytest.raises(CheckpointError, match="no policy in"):
        load_policy(tmp_path)
    save_policy(tmp_path, trained[1].agent)
    with pytest.raises(ValueError, match=r"observation must have shape \(2,\) or \(N, 2\), got \(3,\)"):
        load_policy(tmp_path)(np.zeros(3))
    whole = (tmp_path / "policy.json").read_text()
    for key, value, said in (
        ("hidden", 9, "size mismatch for"),
        ("latent_dim", 12, "size mismatch for"),
        ("action_low", None, "'action_low' is missing"),
        ("algorithm", "dqn", "'dqn' is missing"),
    ):
        described = json.loads(whole) | {key: value}
        (tmp_path / "policy.json").write_text(
            json.dumps({name: part for name, part in described.items() if part is not None})
        )
        with pytest.raises(CheckpointError) as caught:
            load_policy(tmp_path)
        assert str(caught.value).startswith(f"policy.json and policy.safetensors in {tmp_path} do not fit: {said}")
        assert "\n" not in str(caught.value)
    (tmp_path / "policy.json").write_text(whole)
    if not torch.cuda.is_available():
        with pytest.raises((RuntimeError, AssertionError), match=r"(?i)cuda|nvidia"):  # no word of the files
            load_policy(tmp_path, "cuda")
    (tmp_path / "policy.safetensors").write_bytes(b"cut")
    with pytest.raises(CheckpointError, match="is damaged"):
        load_policy(tmp_path)
