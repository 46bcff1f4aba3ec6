"""Learners that see only spaces and arrays: encoders, SAC, PPO, replay, novelty, loop, evaluation, checkpoints."""

from agents.agent import Agent
from agents.checkpoint import CheckpointError, latest_checkpoint, load_checkpoint, save_checkpoint
from agents.constraint import Constraint, NoConstraint
from agents.divergence import DivergenceError, NonFiniteError, all_finite
from agents.encoders import ENCODERS, BackboneError, Encoder, LatentEncoder, VideoEncoder, build_encoder
from agents.evaluation import (
    GreedyPolicy,
    ShiftResult,
    evaluate,
    interquartile_mean,
    iqm_interval,
    mean_interval,
)
from agents.learner import Learner, OffPolicyLearner
from agents.loop import LoopConfig, LoopState, train
from agents.novelty import NOVELTIES, Novelty, build_novelty
from agents.observers import EpisodeResult, Observer, Progress
from agents.on_policy import OnPolicyLearner
from agents.overlap import OverlappedLearner
from agents.policy import AGENTS, TrainedPolicy, load_policy, save_policy, with_encoder
from agents.ppo import PPOAgent, PPOConfig
from agents.replay import Batch, ReplayBuffer, ReplayConfig, Step
from agents.run_state import pack_run, unpack_run
from agents.sac import SACAgent, SACConfig
from agents.scripted import ConstantPolicy, RandomPolicy, TablePolicy
from agents.spec import EnvSpec

__all__ = [
    "AGENTS",
    "ENCODERS",
    "NOVELTIES",
    "Agent",
    "BackboneError",
    "Batch",
    "CheckpointError",
    "ConstantPolicy",
    "Constraint",
    "DivergenceError",
    "Encoder",
    "EnvSpec",
    "EpisodeResult",
    "GreedyPolicy",
    "LatentEncoder",
    "Learner",
    "LoopConfig",
    "LoopState",
    "NoConstraint",
    "NonFiniteError",
    "Novelty",
    "Observer",
    "OffPolicyLearner",
    "OnPolicyLearner",
    "OverlappedLearner",
    "PPOAgent",
    "PPOConfig",
    "Progress",
    "RandomPolicy",
    "ReplayBuffer",
    "ReplayConfig",
    "SACAgent",
    "SACConfig",
    "ShiftResult",
    "Step",
    "TablePolicy",
    "TrainedPolicy",
    "VideoEncoder",
    "all_finite",
    "build_encoder",
    "build_novelty",
    "evaluate",
    "interquartile_mean",
    "iqm_interval",
    "latest_checkpoint",
    "load_checkpoint",
    "load_policy",
    "mean_interval",
    "pack_run",
    "save_checkpoint",
    "save_policy",
    "train",
    "unpack_run",
    "with_encoder",
]
