"""A trained policy as a plain callable from observation to action."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from agents.agent import Agent
from agents.checkpoint import MANIFEST, CheckpointError, latest_checkpoint, load_checkpoint
from agents.encoders import Encoder, build_encoder
from agents.evaluation import GreedyPolicy
from agents.ppo import PPOAgent, PPOConfig
from agents.sac import SACAgent, SACConfig
from agents.spec import EnvSpec

POLICY_JSON = "policy.json"
POLICY_TENSORS = "policy.safetensors"
POLICY_PARTS = ("encoder", "actor")
AGENTS: dict[str, tuple[type[Any], type[Any]]] = {"sac": (SACAgent, SACConfig), "ppo": (PPOAgent, PPOConfig)}
"""From an algorithm's name to its agent and its config."""


class TrainedPolicy:
    """Maps one observation to an action (A,), or a batch of them to actions (N, A), without noise.

    Attributes:
        agent: Holds its weights.
        spec: What it observes and does.
        encoder: Its encoder.
    """

    def __init__(self, agent: Agent):
        self.agent, self.spec, self.encoder = agent, agent.spec, agent.encoder
        self._policy = GreedyPolicy(agent)

    def __call__(self, observations: np.ndarray) -> np.ndarray:
        """Return the action of an observation, or the actions of a batch.

        Raises:
            ValueError: The shape is neither that of an observation nor of a batch.
        """
        observations = np.asarray(observations)
        shape = self.spec.observation_shape
        if observations.shape == shape:
            return self._policy(observations[None])[0]
        if observations.shape[1:] != shape:
            batch = ", ".join(map(str, ("N", *shape)))
            raise ValueError(f"observation must have shape {shape} or ({batch}), got {observations.shape}")
        return self._policy(observations)


def save_policy(folder: str | Path, agent: Agent) -> None:
    """Write policy.safetensors and policy.json into a folder, each replaced atomically.

    Args:
        folder: Run folder, made if missing.
        agent: The encoder and actor of its deterministic policy are written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = _policy_weights(agent.state_dict()["weights"])
    tensors = {
        f"{part}/{name}": value.contiguous() for part, values in weights.items() for name, value in values.items()
    }
    hidden = Path(tempfile.mkdtemp(prefix=".policy_", dir=folder))
    try:
        save_file(tensors, hidden / POLICY_TENSORS)
        (hidden / POLICY_JSON).write_text(json.dumps(agent.architecture(), indent=1))
        for name in (POLICY_TENSORS, POLICY_JSON):
            (hidden / name).replace(folder / name)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def load_policy(path: str | Path, device: str = "cpu") -> TrainedPolicy:
    """Read a trained policy.

    Args:
        path: A run folder (its policy.json, else the newest of its checkpoints) or a checkpoint's folder.
        device: Torch device to compute on.

    Returns:
        A callable from observation to action.

    Raises:
        CheckpointError: There is no policy, it is damaged, or its two files do not fit each other.
    """
    path = Path(path)
    if (path / POLICY_JSON).is_file():
        return _from_files(path, device)
    checkpoint = path if (path / MANIFEST).is_file() else latest_checkpoint(path / "checkpoints")
    if checkpoint is None:
        raise CheckpointError(
            f"no policy in {path}: neither {POLICY_JSON} nor a valid folder in {path / 'checkpoints'}"
        )
    saved = load_checkpoint(checkpoint, only=("learner", "agent"))
    return _build(saved["architecture"], _policy_weights(saved["weights"]), device)


def with_encoder(agent: Agent, spec: EnvSpec, encoder: Encoder) -> TrainedPolicy:
    """Put an agent's actor behind another encoder: pi'(o) = actor(f'(o)).

    With a LatentEncoder, a policy that reads pixels becomes one that reads their latents; with the encoder that wrote
    the latents, it reads pixels again.

    Args:
        agent: The actor of its deterministic policy is copied.
        spec: What the policy will observe and do.
        encoder: Its encoder, used as it is.

    Returns:
        The policy.

    Raises:
        ValueError: The encoder does not fit the spec, or its latents are not as wide as the actor expects.
    """
    own = agent.architecture()
    if encoder.latent_dim != own["latent_dim"]:
        raise ValueError(f"actor reads latents of width {own['latent_dim']}, encoder gives {encoder.latent_dim}")
    make_agent, make_config = AGENTS[own["algorithm"]]
    other = make_agent(spec, encoder, make_config(hidden=own["hidden"]), str(agent.device))
    other.actor.load_state_dict(_policy_weights(agent.state_dict()["weights"])["actor"])
    return TrainedPolicy(other)


def _policy_weights(weights: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Pick the deterministic policy's encoder and actor: the averaged ones if the agent keeps an average."""
    return {part: weights.get(f"policy_{part}", weights[part]) for part in POLICY_PARTS}


def _from_files(folder: Path, device: str) -> TrainedPolicy:
    try:
        architecture = json.loads((folder / POLICY_JSON).read_text())
        tensors = load_file(folder / POLICY_TENSORS)
    except (OSError, ValueError, SafetensorError) as error:
        raise CheckpointError(f"policy in {folder} is damaged: {error}") from error
    weights: dict[str, dict[str, Any]] = {part: {} for part in POLICY_PARTS}
    torch.empty(0, device=device)  # a device that is not there says so itself, before the files are judged
    try:
        for key, value in tensors.items():
            part, name = key.split("/", 1)
            weights[part][name] = value
        return _build(architecture, weights, device)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{POLICY_JSON} and {POLICY_TENSORS} in {folder} do not fit: {_in_short(error)}"
        ) from error


def _build(architecture: dict[str, Any], weights: dict[str, dict[str, Any]], device: str) -> TrainedPolicy:
    spec = EnvSpec(
        observation_shape=tuple(architecture["observation_shape"]),
        observation_dtype=architecture["observation_dtype"],
        action_low=tuple(architecture["action_low"]),
        action_high=tuple(architecture["action_high"]),
    )
    options = architecture.get("encoder_options", {})
    encoder = build_encoder(architecture["encoder"], spec.observation_shape, architecture["latent_dim"], **options)
    make_agent, make_config = AGENTS[architecture.get("algorithm", "sac")]
    agent = make_agent(spec, encoder, make_config(hidden=architecture["hidden"]), device)
    agent.encoder.load_state_dict(weights["encoder"])
    agent.actor.load_state_dict(weights["actor"])
    return TrainedPolicy(agent)


def _in_short(error: Exception) -> str:
    """Say in one line what is wrong with weights; torch names what does not fit below its first line."""
    if isinstance(error, KeyError):
        return f"{error} is missing"
    lines = [line.strip() for line in str(error).splitlines()]
    return next((line for line in lines[1:] if line), lines[0])
