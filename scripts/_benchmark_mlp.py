"""SAC on states with Stable-Baselines3's networks, theirs and ours: two hidden layers of 256 from the state itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from agents import Encoder, EnvSpec, OffPolicyLearner, ReplayBuffer, SACAgent, SACConfig, Step, build_novelty
from scripts._benchmark_rivals import Update

STATE, ACTION = 4, 2  # as in the abstract task
ROWS = 20_000
BATCH = 256
GAMMA, TEMPERATURE = 0.99, 1.0  # Stable-Baselines3's


class Identity(Encoder):
    """The state itself is the latent."""

    name = "identity"
    modality = "state"

    def forward(self, observations: Tensor) -> Tensor:
        """Return the states (B, D)."""
        return observations


def make_mlp_learner() -> OffPolicyLearner:
    """Make ours: even sampling, no novelty, replay full of random states."""
    states, actions = random_transitions()
    spec = EnvSpec((STATE,), "float32", (-1.0,) * ACTION, (1.0,) * ACTION)
    config = SACConfig(
        gamma=GAMMA,
        initial_temperature=TEMPERATURE,
        batch_size=BATCH,
        replay_capacity=ROWS + 2,
        prioritized=False,
        novelty_weights=False,
    )
    agent = SACAgent(spec, Identity((STATE,), STATE), config)
    replay = ReplayBuffer(spec, 1, config.replay_config())
    learner = OffPolicyLearner(agent, replay, build_novelty("none"), 1)
    learner.start(states[:1])
    zero, never = np.zeros(1, np.float32), np.zeros(1, bool)
    for row in range(ROWS):
        replay.add(Step(actions[row : row + 1], zero, zero, zero, states[row + 1 : row + 2], never, never))
    return learner


def stable_baselines3_update() -> Update:
    """Make the update of Stable-Baselines3's SAC with its defaults, on the same transitions."""
    import gymnasium as gym
    from stable_baselines3 import SAC
    from stable_baselines3.common.logger import configure

    states, actions = random_transitions()

    class Spaces(gym.Env[np.ndarray, np.ndarray]):
        """Shows the sizes; nothing is stepped."""

        observation_space = gym.spaces.Box(-np.inf, np.inf, (STATE,), np.float32)
        action_space = gym.spaces.Box(-1.0, 1.0, (ACTION,), np.float32)

    model = SAC("MlpPolicy", Spaces(), buffer_size=ROWS, batch_size=BATCH, gamma=GAMMA, seed=0, device="cpu")
    model.set_logger(configure(None, []))
    assert model.replay_buffer is not None
    zero, info = np.zeros(1, np.float32), [dict[str, Any]()]
    for row in range(ROWS):
        model.replay_buffer.add(
            states[row : row + 1], states[row + 1 : row + 2], actions[row : row + 1], zero, zero, info
        )
    return lambda: model.train(1, BATCH)


def random_transitions() -> tuple[np.ndarray, np.ndarray]:
    """Draw states (n + 1, D) that follow each other, and actions (n, A) in [-1, 1]."""
    rng = np.random.default_rng(0)
    states = rng.standard_normal((ROWS + 1, STATE)).astype(np.float32)
    return states, rng.uniform(-1.0, 1.0, (ROWS, ACTION)).astype(np.float32)
