"""SAC on latents that were written down: the learner, its replay filled from a file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agents import EnvSpec, LatentEncoder, OffPolicyLearner, ReplayBuffer, SACAgent, Step, build_novelty
from scripts._build import agent_config, choose_device
from scripts._embeddings import Embeddings
from scripts._explain import UsageError
from scripts._settings import Settings


@dataclass(frozen=True)
class Offline:
    """How to learn from embeddings.

    Attributes:
        seed: of weights, noise and sampling.
        device: to compute on.
        batch_size: transitions an update; None = the run's.
        lr: of all networks; None = the run's.
    """

    seed: int
    device: str
    batch_size: int | None = None
    lr: float | None = None


def make_offline_learner(
    settings: Settings, embeddings: Embeddings, spec: EnvSpec, offline: Offline
) -> OffPolicyLearner:
    """Make a SAC learner of latents with the settings of a run, its replay full.

    Args:
        settings: of the run
        embeddings: what it learns from
        spec: of the run, for the bounds of its actions
        offline: what the run does not decide

    Returns:
        The learner.

    Raises:
        UsageError: the run's agent is not SAC, or refuses a setting.
    """
    if settings.agent.name != "sac":
        raise UsageError(
            f"run_dir: its agent is {settings.agent.name}, but embeddings teach sac; choose a run of agent=sac"
        )
    given = {name: getattr(offline, name) for name in ("batch_size", "lr") if getattr(offline, name) is not None}
    # Segments share frames, and there are none; every latent stays in replay.
    given |= {"segment_length": 1, "replay_capacity": max(len(embeddings.latents), settings.agent.n_step + 2)}
    config = agent_config(settings.agent.model_copy(update=given))
    width, device = embeddings.latents.shape[1], choose_device(offline.device)
    latents = EnvSpec((width,), "float32", spec.action_low, spec.action_high)
    agent = SACAgent(latents, LatentEncoder((width,), width), config, device, offline.seed)
    replay = ReplayBuffer(latents, 1, config.replay_config())
    fill_replay(replay, embeddings)
    novelty = build_novelty(settings.novelty.name, width, device, offline.seed, **settings.novelty.options)
    return OffPolicyLearner(agent, replay, novelty, num_cells=1, seed=offline.seed)


def fill_replay(replay: ReplayBuffer, embeddings: Embeddings) -> None:
    """Put all steps into the replay of one cell, as if they had just been taken.

    Args:
        replay: empty, with room for every latent
        embeddings: what goes in
    """
    row, no, yes = 0, np.zeros(1, bool), np.ones(1, bool)
    replay.start(embeddings.latents[:1])
    for index, end in enumerate(embeddings.ends):
        row += 1
        about = (embeddings.actions, embeddings.profit_usd, embeddings.errors, embeddings.attempts)
        step = [part[index : index + 1] for part in about]
        replay.add(Step(*step, embeddings.latents[row : row + 1], terminated=no, reset=no))
        if end and row + 1 < len(embeddings.latents):
            row += 1
            replay.add(Step(*step, embeddings.latents[row : row + 1], terminated=no, reset=yes))
