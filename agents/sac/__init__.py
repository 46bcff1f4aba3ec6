"""Soft actor-critic: config, networks, losses, agent."""

from agents.sac.agent import SACAgent, UpdateResult
from agents.sac.config import SACConfig

__all__ = ["SACAgent", "SACConfig", "UpdateResult"]
