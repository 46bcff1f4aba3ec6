"""Soft actor-critic: config, networks, losses, agent."""

from agents.sac.agent import SACAgent
from agents.sac.config import SACConfig
from agents.sac.result import BegunUpdate, UpdateResult

__all__ = ["BegunUpdate", "SACAgent", "SACConfig", "UpdateResult"]
