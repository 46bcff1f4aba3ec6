"""What it gains to learn while the cells work: the same training of the physical task on video, without and with it."""

from __future__ import annotations

import time
from contextlib import ExitStack

from scripts._benchmark import Measurement
from scripts._cli import compose_settings

TASK = ["task=dishwashing_mujoco", "task.shift_minutes=1.0", "agent.warmup_steps=480"]


class Training:
    """A training with the default threads that goes on for a shift of every cell whenever it is timed.

    Args:
        overlap: whether it learns while the cells work
        stack: closes its environment
    """

    def __init__(self, overlap: bool, stack: ExitStack) -> None:
        from scripts._build import for_training, make_cells, make_learner
        from scripts._placement import learner_threads

        settings = compose_settings([*TASK, f"overlap={str(overlap).lower()}"])
        self._env = make_cells(for_training(settings), settings.task.cells)
        stack.callback(self._env.close)
        self._learner = make_learner(settings, self._env)
        self._threads, self._state = learner_threads(settings), None
        self.seconds()  # the warm-up

    def seconds(self) -> float:
        """Train for a shift of every cell; return the wall time [s]."""
        import torch

        from agents import LoopConfig, NoConstraint, train

        threads = torch.get_num_threads()
        torch.set_num_threads(self._threads)
        episodes = self._env.num_envs + (0 if self._state is None else self._state.episode)
        started = time.perf_counter()
        self._state = train(self._env, self._learner, NoConstraint(), [], LoopConfig(episodes=episodes), self._state)
        spent_s = time.perf_counter() - started
        torch.set_num_threads(threads)
        return spent_s


def overlap_measurements(stack: ExitStack) -> list[Measurement]:
    """Wall time of training without overlap over that with it, on as many cores as there are.

    Args:
        stack: closes what the measurement holds open
    """
    alternately, together = (Training(overlap, stack) for overlap in (False, True))
    return [Measurement("overlap_speedup", "ratio", lambda: alternately.seconds() / together.seconds())]
