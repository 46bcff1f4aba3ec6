"""Replay: frames stored once, n-step sums, priorities in a sum tree."""

from agents.replay.buffer import ReplayBuffer
from agents.replay.config import ReplayConfig
from agents.replay.sum_tree import SumTree
from agents.replay.types import Batch, Step

__all__ = ["Batch", "ReplayBuffer", "ReplayConfig", "Step", "SumTree"]
