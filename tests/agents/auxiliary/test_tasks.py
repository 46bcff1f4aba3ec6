"""Tests for tasks.py, in the agent that uses it."""

import copy
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from agents import EnvSpec, ReplayBuffer, SACAgent, SACConfig, Step, build_encoder
from agents.auxiliary.losses import consistency_loss
from agents.encoders import Simple2DCNN
from agents.replay import Batch
from agents.sac import losses

STATE = EnvSpec((3,), "float32", (0.0, 0.0), (1.0, 1.0))
VIDEO = EnvSpec((3, 3, 36, 36), "uint8", (0.0, 0.0), (1.0, 1.0))
ALL_ON: dict[str, Any] = {"random_shift": 2, "consistency_coefficient": 1.0, "infonce_coefficient": 1.0}


def make_agent(spec: EnvSpec = VIDEO, seed: int = 0, **settings: Any) -> SACAgent:
    encoder = build_encoder("simple2dcnn" if spec.is_video else "mlp", spec.observation_shape, 16, seed)
    return SACAgent(spec, encoder, SACConfig(**{"hidden": 16, "batch_size": 8, **settings}), seed=seed)


def make_batch(spec: EnvSpec = VIDEO, steps: int = 60, **settings: Any) -> Batch:
    """Sample from shifts of 20 steps: video shows coloured squares by chance, a state drifts with the action."""
    config = SACConfig(**{"batch_size": 8, "replay_capacity": 200, **settings})
    replay, rng = ReplayBuffer(spec, 1, config.replay_config()), np.random.default_rng(0)

    def observe(state: np.ndarray) -> np.ndarray:
        squares = rng.integers(0, 256, (1, 3, 3, 4, 4), dtype=np.uint8)
        return squares.repeat(9, -1).repeat(9, -2) if spec.is_video else state

    state = rng.random((1, 3), np.float32)
    replay.start(observe(state))
    for step in range(steps):
        actions, (profit, errors, attempts) = rng.random((1, 2), np.float32), rng.random((3, 1))
        state = 0.9 * state + 0.3 * np.pad(actions, ((0, 0), (0, 1)))
        terminated, reset = np.zeros(1, bool), np.full(1, step % 20 == 19)
        replay.add(Step(actions, profit, errors, attempts, observe(state), terminated, reset))
    return replay.sample(config.batch_size, rng)


def watch_frames(agent: SACAgent, monkeypatch: pytest.MonkeyPatch) -> list[torch.Tensor]:
    """Collect what the encoder is given frame by frame."""
    seen: list[torch.Tensor] = []
    assert isinstance(agent.encoder, Simple2DCNN)
    encode = agent.encoder.encode_frames
    monkeypatch.setattr(agent.encoder, "encode_frames", lambda frames: (seen.append(frames), encode(frames))[1])
    return seen


def encoder_moves(agent: SACAgent, batch: Batch) -> bool:
    """Tell whether an update moves the encoder when the critic's loss weighs nothing."""
    before = copy.deepcopy(agent.encoder.state_dict())
    agent.update(replace(batch, weights=np.zeros_like(batch.weights)), 0.0, 0.0)
    return any(not torch.equal(before[name], value) for name, value in agent.encoder.state_dict().items())


@pytest.mark.parametrize("spec", [STATE, VIDEO])
def test_switched_off_an_update_is_that_of_the_critic_alone(spec):
    settings = {"n_step": 3, "segment_length": 4}
    batch, agent, plain = make_batch(spec, **settings), make_agent(spec, **settings), make_agent(spec, **settings)
    assert not {"consistency_loss", "infonce_loss"} & agent.update(batch, 0.1, 0.05).metrics.keys()
    latents, next_latents, _ = plain._encode(batch)
    (target,) = plain._targets(batch, next_latents, next_latents, 0.1, 0.05)
    q = plain.critic(latents, 2.0 * torch.from_numpy(batch.actions) - 1.0)
    losses.critic_loss(q, target, torch.from_numpy(batch.weights)).backward()
    parameters = [*plain.encoder.parameters(), *plain.critic.parameters()]
    torch.optim.Adam(parameters, lr=3e-4, fused=True).step()
    updated = [*agent.encoder.parameters(), *agent.critic.parameters()]
    assert all(torch.equal(one, other) for one, other in zip(updated, parameters, strict=True))
    torch.randn((8, 2), generator=plain.generator)
    assert torch.equal(agent.generator.get_state(), plain.generator.get_state())


@pytest.mark.parametrize("setting", ["consistency_coefficient", "infonce_coefficient"])
def test_each_loss_trains_the_encoder_and_its_head(setting):
    settings: dict[str, Any] = {setting: 1.0}
    batch, agent = make_batch(), make_agent(**settings)
    assert not encoder_moves(make_agent(), batch)
    (head,) = agent.auxiliary.heads.values()
    before = copy.deepcopy(head.state_dict())
    assert encoder_moves(agent, batch)
    assert all(not torch.equal(before[name], value) for name, value in head.state_dict().items())


def test_heads_leave_the_first_weights_of_other_networks_alone():
    plain, loaded = (agent.state_dict()["weights"] for agent in (make_agent(), make_agent(**ALL_ON)))
    for part, values in plain.items():
        assert all(torch.equal(value, loaded[part][name]) for name, value in values.items())


def test_predictions_of_the_next_latent_improve():
    batch = make_batch(STATE, batch_size=64)
    agent = make_agent(STATE, consistency_coefficient=1.0, learning_rate=3e-3)
    found = [agent.update(batch, 0.0, 0.0).metrics["consistency_loss"] for _ in range(60)]
    assert found[0] > 0.9
    assert found[-1] < 0.5


def test_latents_of_a_world_by_chance_stay_apart():
    batch, agent = make_batch(steps=180, batch_size=32), make_agent(consistency_coefficient=1.0, learning_rate=1e-3)
    for _ in range(30):
        agent.update(batch, 0.0, 0.0)
    latents, *_ = agent._encode(batch)
    assert latents.detach().std(0).mean() > 0.3


def test_views_of_a_clip_are_told_from_those_of_others():
    batch, agent = make_batch(steps=180), make_agent(infonce_coefficient=1.0, learning_rate=1e-3)
    found = [agent.update(batch, 0.0, 0.0).metrics["infonce_loss"] for _ in range(40)]
    assert found[0] > 0.3 * math.log(8)
    assert np.mean(found[-5:]) < 0.2 * found[0]


def test_what_follows_the_end_is_not_predicted():
    batch, agent = make_batch(STATE), make_agent(STATE, consistency_coefficient=1.0)
    ended = replace(batch, discount=np.zeros(8, np.float32))
    assert agent.update(batch, 0.0, 0.0).metrics["consistency_loss"] > 0.0
    assert agent.update(ended, 0.0, 0.0).metrics["consistency_loss"] == 0.0


def test_with_n_steps_the_segments_next_transition_holds_the_next_latent():
    settings = {"n_step": 3, "segment_length": 4}
    batch, agent = make_batch(STATE, **settings), make_agent(STATE, consistency_coefficient=1.0, **settings)
    latents = agent.encoder(torch.from_numpy(batch.observations)).detach()
    pairs = [at for at in range(7) if at % 4 != 3 and batch.rows[at + 1] == batch.rows[at] + 1]
    actions = 2.0 * torch.from_numpy(batch.actions) - 1.0
    predicted = agent.auxiliary.heads["predictor"](latents[pairs], actions[pairs])
    following, valid = latents[[at + 1 for at in pairs]], torch.ones(len(pairs), dtype=torch.bool)
    expected = consistency_loss(predicted, following, valid).item()
    assert agent.update(batch, 0.0, 0.0).metrics["consistency_loss"] == pytest.approx(expected, rel=1e-5)


def test_clips_that_share_frames_are_no_negatives():
    for length, is_alone in ((2, True), (1, False)):
        settings: dict[str, Any] = {"batch_size": 2, "segment_length": length}
        agent = make_agent(infonce_coefficient=1.0, **settings)
        found = agent.update(make_batch(**settings), 0.0, 0.0).metrics["infonce_loss"]
        assert (found == 0.0) == is_alone


def test_coefficients_weigh_the_losses():
    batch, agent = make_batch(), make_agent(consistency_coefficient=0.5, infonce_coefficient=3.0)
    latents, next_latents, *_ = agent._encode(batch)
    total, found = agent.auxiliary.losses(agent.encoder, batch, latents, torch.from_numpy(batch.actions), next_latents)
    torch.testing.assert_close(total, 0.5 * found["consistency_loss"] + 3.0 * found["infonce_loss"])


@pytest.mark.parametrize("settings", [{}, {"segment_length": 4, "n_step": 2}])
def test_shifted_frames_are_still_encoded_once(settings, monkeypatch):
    batch, agent = make_batch(**settings), make_agent(random_shift=2, **settings)
    seen = watch_frames(agent, monkeypatch)
    agent.update(batch, 0.0, 0.0)
    assert batch.frames is not None
    assert [len(part) for part in seen] == [batch.num_current, len(batch.frames) - batch.num_current]
    stored, shown = torch.from_numpy(batch.frames), torch.cat(seen)
    assert not torch.equal(shown, stored)
    for stack in np.concatenate([batch.observations, batch.next_observations], axis=1):
        inner = shown[stack][..., 2:-2, 2:-2]
        windows = [stored[stack][..., row : row + 32, left : left + 32] for row in range(5) for left in range(5)]
        assert sum(torch.equal(inner, window) for window in windows) == 1


def test_infonce_encodes_the_current_frames_once_more(monkeypatch):
    batch, agent = make_batch(), make_agent(infonce_coefficient=1.0)
    seen = watch_frames(agent, monkeypatch)
    agent.update(batch, 0.0, 0.0)
    assert batch.frames is not None
    assert [len(part) for part in seen[2:]] == [batch.num_current]
    assert torch.equal(seen[0], torch.from_numpy(batch.frames)[: batch.num_current])
    assert not torch.equal(seen[2], seen[0])


def test_whole_clips_are_shifted_too():
    batch = make_batch()
    assert batch.frames is not None
    clips = {name: batch.frames[getattr(batch, name)] for name in ("observations", "next_observations")}
    whole = replace(batch, **clips, frames=None, num_current=0)
    plain, shifted = (make_agent(random_shift=pad).update(whole, 0.0, 0.0).metrics for pad in (0, 2))
    assert shifted["q_mean"] != plain["q_mean"]
    assert math.isfinite(make_agent(**ALL_ON).update(whole, 0.0, 0.0).metrics["infonce_loss"])


def test_a_restored_agent_goes_on_bit_for_bit():
    batch, agent, again = make_batch(), make_agent(**ALL_ON), make_agent(seed=5, **ALL_ON)
    agent.update(batch, 0.0, 0.0)
    again.load_state_dict(copy.deepcopy(agent.state_dict()))
    for _ in range(2):
        assert agent.update(batch, 0.0, 0.0).metrics == again.update(batch, 0.0, 0.0).metrics
    for name, head in agent.auxiliary.heads.items():
        same = again.auxiliary.heads[name].parameters()
        assert all(torch.equal(one, other) for one, other in zip(head.parameters(), same, strict=True))


def test_losses_can_be_switched_between_saving_and_loading():
    batch, agent, plain = make_batch(), make_agent(**ALL_ON), make_agent(seed=5)
    saved = plain.state_dict()
    del saved["auxiliary"]  # as agents were saved before there were any
    agent.load_state_dict(copy.deepcopy(saved))
    assert agent.update(batch, 0.0, 0.0).metrics["infonce_loss"] > 0.0
    plain.load_state_dict(copy.deepcopy(agent.state_dict()))
    plain.update(batch, 0.0, 0.0)
    assert agent.architecture() == plain.architecture()


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_a_share_of_current_clips_shows_the_newest_frame_alone(share):
    batch, agent = make_batch(batch_size=256), make_agent(history_dropout=share)
    dropped = agent.auxiliary.prepare(batch)
    alone = (dropped.observations == batch.observations[:, -1:]).all(axis=1)
    whole = (dropped.observations == batch.observations).all(axis=1)
    assert (alone | whole).all()
    moving = ~(batch.observations == batch.observations[:, -1:]).all(axis=1)
    assert alone[moving].mean() == pytest.approx(share, abs=0.1)
    assert np.array_equal(dropped.next_observations, batch.next_observations)
    assert batch.frames is not None
    clips = {name: batch.frames[getattr(batch, name)] for name in ("observations", "next_observations")}
    of_clips = make_agent(history_dropout=1.0).auxiliary.prepare(replace(batch, **clips, frames=None, num_current=0))
    assert of_clips.frames is not None
    assert np.array_equal(of_clips.frames[of_clips.observations], np.repeat(clips["observations"][:, -1:], 3, axis=1))


def test_where_histories_are_dropped_values_forget_how_clips_came_about():
    """Two clips end in the same frame: whole ones are told apart, those of an agent that drops histories are not."""
    batch = make_batch(batch_size=2)
    assert batch.frames is not None
    still, moving = np.full((1, 3), 2), np.array([[0, 1, 2]])
    both = replace(batch, observations=np.concatenate([still, moving]), num_current=3)
    for share, is_told_apart in ((0.0, True), (1.0, False)):
        agent = make_agent(history_dropout=share)
        latents, *_ = agent._encode(agent.auxiliary.prepare(both))
        assert torch.equal(latents[0], latents[1]) != is_told_apart


@pytest.mark.parametrize("setting", ["random_shift", "history_dropout", "infonce_coefficient"])
def test_states_cannot_be_shifted(setting):
    settings: dict[str, Any] = {setting: 1}
    with pytest.raises(ValueError) as error:
        make_agent(STATE, **settings)
    assert str(error.value) == f"{setting} needs video, got observations of shape (3,); 0 switches it off"


def test_a_shift_cannot_leave_the_frame():
    with pytest.raises(ValueError, match=r"^random_shift must be below the frames' 36 pixels, got 36$"):
        make_agent(random_shift=36)
