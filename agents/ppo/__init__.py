"""Proximal policy optimisation: config, networks, losses, advantages, rollout, agent."""

from agents.ppo.agent import PPOAgent
from agents.ppo.config import PPOConfig
from agents.ppo.rollout import Choice, Minibatch, Rollout, Targets

__all__ = ["Choice", "Minibatch", "PPOAgent", "PPOConfig", "Rollout", "Targets"]
