"""SAC on latents that were written down: the learner, its replay filled from a file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agents import EnvSpec, LatentEncoder, OffPolicyLearner, ReplayBuffer, SACAgent, Step, build_novelty
from agents.auxiliary import PIXEL_SETTINGS
from scripts._agent_settings import SACSettings
from scripts._build import agent_config
from scripts._embeddings import Embeddings
from scripts._explain import UsageError
from scripts._placement import choose_device
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
    own = settings.agent
    if not isinstance(own, SACSettings):
        raise UsageError(f"run_dir: its agent is {own.name}, but embeddings teach sac; choose a run of agent=sac")
    assert own.n_step is not None  # `load_settings` filled it in
    given = {name: getattr(offline, name) for name in ("batch_size", "lr") if getattr(offline, name) is not None}
    # Segments share frames, and there are none; every latent stays in replay.
    given |= {"segment_length": 1, "replay_capacity": max(len(embeddings.latents), own.n_step + 2)}
    given |= dict.fromkeys(PIXEL_SETTINGS, 0) | {"privileged_critic": False}  # latents are all that was written down
    given |= {"consistency_coefficient": 0.0}  # it trains an encoder, and needs steps of one or segments
    config = agent_config(own.model_copy(update=given))
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
    row = 0
    replay.start(embeddings.latents[:1])
    for index, end in enumerate(embeddings.ends):
        row += 1
        replay.add(_step(embeddings, index, row, reset=False))
        if end and row + 1 < len(embeddings.latents):
            row += 1
            replay.add(_step(embeddings, index, row, reset=True))


def _step(embeddings: Embeddings, index: int, row: int, reset: bool) -> Step:
    """Step `index` of one cell to the latent of `row`; a reset only shows that latent. Shifts end by time alone."""
    one = slice(index, index + 1)
    return Step(
        actions=embeddings.actions[one],
        rewards=embeddings.profit_usd[one],
        errors=embeddings.errors[one],
        attempts=embeddings.attempts[one],
        next_observations=embeddings.latents[row : row + 1],
        terminated=np.zeros(1, bool),
        reset=np.array([reset]),
    )
