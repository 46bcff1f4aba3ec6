"""A tiny vector env that counts, small learners, and what watches them."""

import json
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode, VectorEnv

from agents import (
    EnvSpec,
    Observer,
    OffPolicyLearner,
    OnPolicyLearner,
    OverlappedLearner,
    PPOAgent,
    PPOConfig,
    ReplayBuffer,
    SACAgent,
    SACConfig,
    build_encoder,
    build_novelty,
)

STEPS = 5


class CountingEnv(VectorEnv):
    """N shifts of five steps: reward = action - error, one attempt a step, errors by a coin; video shows the step."""

    def __init__(self, num_envs: int, video: bool = False, lengths: tuple[int, ...] | None = None):
        self.num_envs = num_envs
        self.metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP}
        self.video = video
        if video:
            self.single_observation_space = gym.spaces.Box(0, 255, (3, 3, 36, 36), np.uint8)
        else:
            self.single_observation_space = gym.spaces.Box(-10, 10, (2,), np.float32)
        self.single_action_space = gym.spaces.Box(0, 1, (2,), np.float32)
        self.lengths = np.full(num_envs, STEPS) if lengths is None else np.array(lengths)
        self.rng = np.random.default_rng(0)
        self.steps = np.zeros(num_envs, np.int64)
        self.errors = np.zeros(num_envs)
        self.pending = np.zeros(num_envs, bool)

    def reset(self, *, seed: Any = None, options: Any = None):
        self.seeds = seed
        self.rng = np.random.default_rng(seed)
        self.steps[:], self.errors[:], self.pending[:] = 0, 0.0, False
        return self._observe(), self._infos(np.zeros(self.num_envs))

    def step(self, actions: np.ndarray):
        fresh = self.pending.copy()
        self.steps = np.where(fresh, 0, self.steps + 1)
        coin = (self.rng.random(self.num_envs) < 0.3) & ~fresh
        self.errors = np.where(fresh, 0.0, self.errors + coin)
        rewards = np.where(fresh, 0.0, actions[:, 0] - coin)
        truncated = self.steps >= self.lengths
        self.pending = truncated
        return self._observe(), rewards, np.zeros(self.num_envs, bool), truncated, self._infos(coin.astype(float))

    def _observe(self) -> np.ndarray:
        if not self.video:
            return np.stack([self.steps, np.arange(self.num_envs)], axis=1).astype(np.float32)
        shown = np.maximum(self.steps[:, None] + np.arange(-2, 1), 0)
        return np.broadcast_to(shown[:, :, None, None, None], (self.num_envs, 3, 3, 36, 36)).astype(np.uint8) + 7

    def _infos(self, errors_step: np.ndarray) -> dict[str, Any]:
        attempts_step = (self.steps > 0).astype(float)
        return {
            "attempts": self.steps.astype(float),
            "errors": self.errors.copy(),
            "errors_step": errors_step,
            "attempts_step": attempts_step,
            "_errors_step": np.ones(self.num_envs, bool),
        }

    def state_dict(self) -> dict[str, np.ndarray]:
        text = json.dumps(self.rng.bit_generator.state).encode()
        return {
            "rng": np.frombuffer(text, np.uint8),
            "steps": self.steps.copy(),
            "errors": self.errors.copy(),
            "pending": self.pending.copy(),
        }

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        self.rng.bit_generator.state = json.loads(state["rng"].tobytes())
        self.steps, self.errors = state["steps"].copy(), state["errors"].copy()
        self.pending = state["pending"].copy()


class Recorder(Observer):
    """Keeps what it is told, and in which order."""

    def __init__(self):
        self.calls: list[str] = []
        self.results = []
        self.progress = []

    def on_episode(self, result):
        self.calls.append(f"episode {result.episode}")
        self.results.append(result)

    def on_boundary(self, state):
        self.calls.append(f"boundary {state.episode}")

    def on_progress(self, progress):
        self.progress.append(progress)


class FixedNovelty:
    """Scores as told and remembers what it was given."""

    def __init__(self, value: float):
        self.value = value
        self.learned: list[torch.Tensor] = []

    def score(self, latents):
        assert not latents.requires_grad
        return torch.full((len(latents),), self.value)

    def update(self, latents):
        self.learned.append(latents)
        return {"novelty_loss": torch.tensor(1.5)}

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def counting_env():
    return CountingEnv


@pytest.fixture
def pendulum() -> Iterator[VectorEnv]:
    """Two cells of an env that is not ours, six steps a shift."""
    env = gym.make_vec(
        "Pendulum-v1",
        num_envs=2,
        vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": AutoresetMode.NEXT_STEP},
        max_episode_steps=6,
    )
    yield env
    env.close()


@pytest.fixture
def make_recorder():
    return Recorder


@pytest.fixture
def fixed_novelty():
    return FixedNovelty


@pytest.fixture
def make_learner():
    def make(
        env: VectorEnv, novelty: str = "none", seed: int = 0, overlap: bool = False, **settings: Any
    ) -> OffPolicyLearner:
        small: dict[str, Any] = {"batch_size": 8, "hidden": 16, "warmup_steps": 6, "replay_capacity": 400}
        config = SACConfig(**(small | settings))
        spec = EnvSpec.from_spaces(env.single_observation_space, env.single_action_space)
        encoder = build_encoder("simple2dcnn" if spec.is_video else "mlp", spec.observation_shape, 16, seed)
        agent = SACAgent(spec, encoder, config, seed=seed)
        replay = ReplayBuffer(spec, env.num_envs, config.replay_config())
        kind = OverlappedLearner if overlap else OffPolicyLearner
        return kind(agent, replay, build_novelty(novelty, 16, seed=seed), env.num_envs, seed)

    return make


@pytest.fixture
def make_ppo():
    def make(env: VectorEnv, novelty: str = "none", seed: int = 0, **settings: Any) -> OnPolicyLearner:
        small: dict[str, Any] = {"batch_size": 8, "hidden": 16, "rollout_steps": 6, "epochs": 2}
        spec = EnvSpec.from_spaces(env.single_observation_space, env.single_action_space)
        encoder = build_encoder("simple2dcnn" if spec.is_video else "mlp", spec.observation_shape, 16, seed)
        agent = PPOAgent(spec, encoder, PPOConfig(**(small | settings)), seed=seed)
        return OnPolicyLearner(agent, build_novelty(novelty, 16, seed=seed), env.num_envs, seed)

    return make
