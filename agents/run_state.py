"""A whole run as one nested dictionary, and back."""

from dataclasses import asdict
from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv

from agents.constraint import Constraint
from agents.learner import Learner
from agents.loop import LoopState


def pack_run(env: VectorEnv, learner: Learner, constraint: Constraint, state: LoopState) -> dict[str, Any]:
    """Gather everything that a continuation needs, bit for bit the same on a CPU.

    Args:
        env: Its state is included if `env.unwrapped` offers state_dict() of arrays.
        learner: Agent, replay and novelty.
        constraint: Dual variable and its window.
        state: State of the loop.

    Returns:
        Nested dictionaries of arrays, tensors and plain values, for `save_checkpoint`.
    """
    loop = asdict(state)
    packed = {"loop": loop, "learner": learner.state_dict(), "constraint": constraint.state_dict()}
    save_env = getattr(env.unwrapped, "state_dict", None)
    return packed if save_env is None else {**packed, "env": save_env()}


def unpack_run(saved: dict[str, Any], env: VectorEnv, learner: Learner, constraint: Constraint) -> LoopState:
    """Put a packed run back into fresh objects.

    An env without load_state_dict cannot continue its shift: the loop then starts new ones.

    Args:
        saved: What `pack_run` returned, perhaps by way of a checkpoint.
        env: A fresh env of the same task and number of cells.
        learner: A fresh learner of the same settings.
        constraint: A fresh constraint of the same settings.

    Returns:
        The loop's state to hand to `train`.
    """
    learner.load_state_dict(saved["learner"])
    constraint.load_state_dict(saved["constraint"])
    state = LoopState(**saved["loop"])
    load_env = getattr(env.unwrapped, "load_state_dict", None)
    if load_env is None or "env" not in saved:
        state.observations = None
        return state
    env.reset(seed=0)
    load_env(saved["env"])
    state.pending_reset = np.array(state.pending_reset)
    state.reward_sums = np.array(state.reward_sums)
    return state
