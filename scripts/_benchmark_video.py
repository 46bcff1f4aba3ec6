"""Our SAC from video at a fixed size: 8 frames of 64x64, batches of 128, replay filled by the abstract task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import cycle, islice

import numpy as np
import torch
from torch import Tensor

from agents import (
    EnvSpec,
    OffPolicyLearner,
    ReplayBuffer,
    SACAgent,
    SACConfig,
    Step,
    VideoEncoder,
    build_encoder,
    build_novelty,
)
from agents.sac import losses
from agents.sac.networks import squash_gaussian
from scripts._benchmark_naive import NaiveReplay, NaiveSAC, Transitions, stack
from scripts._benchmark_rivals import Update
from scripts._machine import has_bfloat16

OBSERVATION_SHAPE = (8, 3, 64, 64)
SPEC = EnvSpec(OBSERVATION_SHAPE, "uint8", (0.0, 0.0), (1.0, 1.0))
BATCH = 128
SEGMENT = 16
"""That of the abstract task's video by default."""
CELLS = 64
TARGET = 0.1


def make_agent(segment_length: int, rows: int = 10_000) -> SACAgent:
    """Make the agent: simple2dcnn, one-step returns, even sampling, no novelty: the same maths as the plain one.

    Args:
        segment_length: consecutive transitions a sampled start
        rows: of replay
    """
    config = SACConfig(
        batch_size=BATCH,
        segment_length=segment_length,
        replay_capacity=rows,
        prioritized=False,
        novelty_weights=False,
    )
    encoder = build_encoder("simple2dcnn", OBSERVATION_SHAPE, seed=0)
    assert isinstance(encoder, VideoEncoder)
    encoder.learns_in_bfloat16 = has_bfloat16()
    return SACAgent(SPEC, encoder, config, seed=0)


def make_video_learner(segment_length: int, recorded: Sequence[Step], rows: int) -> OffPolicyLearner:
    """Make a learner whose replay is full.

    Args:
        segment_length: consecutive transitions a sampled start
        recorded: steps of `CELLS` cells that are stored over and over
        rows: of replay
    """
    agent = make_agent(segment_length, rows)
    replay = ReplayBuffer(agent.spec, CELLS, agent.config.replay_config())
    learner = OffPolicyLearner(agent, replay, build_novelty("none"), CELLS)
    learner.start(recorded[0].next_observations)
    for step in islice(cycle(recorded), rows // CELLS):
        replay.add(step)
    return learner


def record_steps(count: int) -> list[Step]:
    """Work the abstract task with random actions.

    Args:
        count: steps

    Returns:
        The steps; of each stack its newest frame alone, which is all that replay takes.
    """
    from scripts._build import make_cells
    from scripts._cli import compose_settings

    env, rng = (
        make_cells(compose_settings(["task=dishwashing", "task.observation=video"]), CELLS),
        np.random.default_rng(0),
    )
    env.reset(seed=0)
    steps, reset = [], np.zeros(CELLS, bool)
    for _ in range(count):
        actions = rng.random((CELLS, SPEC.action_dim)).astype(np.float32)
        observations, rewards, ended, cut, info = env.step(actions)
        frames = np.array(observations[:, -1:])
        steps.append(Step(actions, rewards, info["errors_step"], info["attempts_step"], frames, ended, reset))
        reset = ended | cut
    env.close()
    return steps


def compare_gradients(learner: OffPolicyLearner) -> tuple[float, float]:
    """Update ours and the plain one with the same weights, batch and noise, and steps of size 0.

    Adam's first step follows the sign of a gradient: where it is nearly 0, rounding would decide about the weights that
    the actor's gradient is taken at.

    Args:
        learner: ours, before its first update

    Returns:
        The largest relative difference of a loss, and the smallest cosine between the gradients of encoder, critics or
        actor.
    """
    agent, batch = learner.agent, learner.replay.sample(BATCH, learner.rng)
    naive = NaiveSAC(agent)
    plain = (naive.critic_optimizer, naive.actor_optimizer, naive.alpha_optimizer)
    for optimizer in (*agent.optimizers.values(), *plain):
        optimizer.param_groups[0]["lr"] = 0.0
    theirs, ours = naive.update(stack(batch)), agent.update(batch, 0.0, TARGET).metrics
    for optimizer in (*agent.optimizers.values(), *plain):
        optimizer.param_groups[0]["lr"] = agent.config.learning_rate
    error = max(abs(ours[name] - value) / abs(value) for name, value in theirs.items())
    of_each = zip(*(critic.parameters() for critic in naive.critics), strict=True)
    pairs = [parameter for pair in of_each for parameter in pair]
    weights = [parameter for parameter in pairs if parameter.ndim == 2]
    biases = [parameter for parameter in pairs if parameter.ndim == 1]
    stacked = [part.mT for part in _gradients(agent.optimizers["critic"], agent.critic.weights)]
    stacked += _gradients(agent.optimizers["critic"], agent.critic.biases)
    cosines = [_cosine(stacked, _gradients(plain[0], [*weights, *biases]))]
    parts = (("critic", agent.encoder, naive.encoder), ("actor", agent.actor.network, naive.actor))
    for (name, one, other), optimizer in zip(parts, plain[:2], strict=True):
        own = _gradients(agent.optimizers[name], one.parameters())
        cosines.append(_cosine(own, _gradients(optimizer, other.parameters())))
    return error, min(cosines)


def bare_update(learner: OffPolicyLearner) -> Update:
    """Make forward and backward passes and optimiser steps of an update alone, on tensors that are there already.

    Args:
        learner: whose networks and optimisers are used
    """
    agent, batch = learner.agent, learner.replay.sample(BATCH, learner.rng)
    encoder = agent.encoder
    assert isinstance(encoder, VideoEncoder)
    assert batch.frames is not None
    frames = torch.from_numpy(batch.frames)
    index, following = torch.from_numpy(batch.observations), torch.from_numpy(batch.next_observations)
    rewards, discount = torch.from_numpy(batch.profit), torch.from_numpy(batch.discount)
    actions, even = torch.from_numpy(2.0 * batch.actions - 1.0), torch.ones(BATCH)
    noise = torch.randn(2, BATCH, agent.spec.action_dim)

    def step() -> None:
        alpha = agent.log_alpha.exp()
        latents, next_latents = encoder.encode_pair(frames, batch.num_current, index, following)
        with torch.no_grad():
            chosen, log_pi = policy(next_latents, noise[0])
            next_q = agent.target_critic(next_latents, chosen)
            target = losses.soft_target(rewards, discount, next_q, log_pi, alpha)
        descend("critic", losses.critic_loss(agent.critic(latents, actions), target, even))
        agent.critic.requires_grad_(False)
        chosen, log_pi = policy(latents.detach(), noise[1])
        loss = losses.actor_loss(agent.critic(latents.detach(), chosen), log_pi, alpha)
        descend("actor", loss + losses.temperature_loss(agent.log_alpha, log_pi, agent.target_entropy))
        agent.critic.requires_grad_(True)

    def policy(latents: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_std = agent.actor(latents)
        return squash_gaussian(mean, log_std, eps)

    def descend(name: str, loss: Tensor) -> None:
        agent.optimizers[name].zero_grad()
        loss.backward()
        agent.optimizers[name].step()

    return step


def naive_update(transitions: Transitions) -> Update:
    """Make the update of the plain SAC.

    Args:
        transitions: what its replay holds
    """
    rng, learner, replay = np.random.default_rng(0), NaiveSAC(make_agent(1)), NaiveReplay(transitions)
    return lambda: learner.update(replay.sample(BATCH, rng))


def _gradients(optimizer: torch.optim.Optimizer, parameters: Iterable[Tensor]) -> list[Tensor]:
    """Return the gradients of an optimiser's first step, but for a factor: Adam's first moments."""
    return [optimizer.state[parameter]["exp_avg"] for parameter in parameters]


def _cosine(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> float:
    one, other = (torch.cat([part.flatten() for part in parts]) for parts in (ours, theirs))
    return float(torch.nn.functional.cosine_similarity(one.double(), other.double(), dim=0))
