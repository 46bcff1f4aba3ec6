"""Collecting and learning at the same time: updates in a thread of their own, on a schedule of counted steps."""

import contextlib
import copy
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import torch

from agents.divergence import DivergenceError, NonFiniteError
from agents.learner import OffPolicyLearner
from agents.novelty import Novelty
from agents.replay import ReplayBuffer, Step
from agents.sac import SACAgent

CHUNK_UPDATES = 2
"""Updates that are due when a thread is worth its hand-over."""
CHUNK_STEPS = 32
"""Vector steps after which a chunk ends though fewer updates became due: an interrupt waits for its end."""

Flight = tuple[list[dict[str, float]], Exception | None]


class OverlappedLearner(OffPolicyLearner):
    """Takes updates in a second thread while the first one collects, bit for bit alike at any speed.

    A chunk begins with the first action for which CHUNK_UPDATES updates are due. These are taken in the second thread,
    from replay as it is. Meanwhile actions follow the weights that the chunk began with, and steps are kept apart. The
    chunk ends when its own steps have made CHUNK_UPDATES updates due, after CHUNK_STEPS vector steps, or with an
    episode: then the threads meet, and replay takes the steps. At the end of an episode all updates that are due are
    taken at once, so that whoever looks at the learner between two episodes sees the same as without a second thread.

    Staleness: where a vector step makes u updates due, an action lacks fewer than 2 CHUNK_UPDATES + u updates that an
    action of `OffPolicyLearner` would know of, and an update lacks at most the steps of one chunk.

    Exploring and sampling have generators of their own. Only `take_updates` runs in the second thread: no env, no GL
    context. On a GPU the order of things is the same, but some kernels of torch's add up in any order.

    Reference: A. Stooke & P. Abbeel, "rlpyt: a research code base for deep reinforcement learning in PyTorch",
        https://arxiv.org/abs/1909.01500: collecting and learning side by side.
    """

    def __init__(self, agent: SACAgent, replay: ReplayBuffer, novelty: Novelty, num_cells: int, seed: int = 0):
        super().__init__(agent, replay, novelty, num_cells, seed)
        self.sampling_rng = self.rng.spawn(1)[0]
        self._explorer = _Explorer(agent)
        self._thread = ThreadPoolExecutor(1, "updates")
        self._flight: Future[Flight] | None = None
        self._in_flight = 0
        self._staged: list[Step] = []
        self._prices = (0.0, 0.0)
        self._ended = False

    @property
    def busy(self) -> bool:
        """Tell whether a chunk is in progress: between chunks a run can be saved and goes on bit for bit."""
        return self._flight is not None

    def start(self, observations: np.ndarray, privileged: np.ndarray | None = None) -> None:
        """Take the first observations (N, ...) of all cells, and what a critic is told beside them (N, P)."""
        self._break_off()
        super().start(observations, privileged)

    def act(self, observations: np.ndarray) -> np.ndarray:
        """Choose exploring actions (N, A), and begin a chunk where enough updates are due."""
        if not self.busy and self._due >= CHUNK_UPDATES and self.replay.can_sample:
            self._begin()
        return super().act(observations)

    def observe(self, step: Step) -> None:
        """Take one step of all cells.

        Raises:
            NonFiniteError: The step holds NaN or infinity; it was not taken.
        """
        super().observe(step)
        self._ended = step.ended is None or bool(step.ended.any())

    def learn(self, lam: float, e_target: float) -> list[dict[str, float]]:
        """Return the metrics of the updates that ended with a chunk, and of all that are due where an episode ended.

        Args:
            lam: Dual variable lambda in dollars an error; it stays as it is within an episode.
            e_target: Target error rate e*.

        Raises:
            DivergenceError: A loss of the chunk is not finite; its steps are in replay all the same.
        """
        self._prices = (lam, e_target)
        if self.busy and not self._ended and self._due < CHUNK_UPDATES and len(self._staged) < CHUNK_STEPS:
            return []
        found = self._land()
        return found + super().learn(lam, e_target) if self._ended else found

    def freeze_encoder(self, frozen: bool) -> None:
        """Keep the encoder's weights from now on, or let them move."""
        self._break_off()
        super().freeze_encoder(frozen)

    def state_dict(self) -> dict[str, Any]:
        """Return agent, replay, novelty, generators and counters."""
        self._break_off()
        lam, e_target = self._prices
        own = {"sampling_rng": self.sampling_rng.bit_generator.state, "lam": lam, "e_target": e_target}
        return super().state_dict() | own

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned; of a learner without a second thread, what there is."""
        self._break_off()
        super().load_state_dict(state)
        if "sampling_rng" in state:
            self.sampling_rng.bit_generator.state = state["sampling_rng"]
            self._prices = (float(state["lam"]), float(state["e_target"]))

    def _explore(self, observations: np.ndarray, noise: np.ndarray) -> np.ndarray:
        return (self._explorer if self.busy else self.agent).act(observations, noise=noise)

    def _store(self, step: Step) -> None:
        if not self.busy:
            super()._store(step)
            return
        step.check("replay.add")
        # A copy: envs may hand out the same arrays at every step.
        self._staged.append(copy.deepcopy(step))

    def _begin(self) -> None:
        self._in_flight = int(self._due)
        self._due -= self._in_flight
        self._explorer.refresh()
        self._flight = self._thread.submit(self._take, self._in_flight, *self._prices)

    def _take(self, count: int, lam: float, e_target: float) -> Flight:
        found: list[dict[str, float]] = []
        try:
            for metrics in self.take_updates(count, lam, e_target):
                found.append(metrics)
        except Exception as error:  # to be raised where the loop can say in which episode
            return found, error
        return found, None

    def _land(self) -> list[dict[str, float]]:
        """Wait for the updates in flight, put the chunk's steps into replay and raise what the updates raised."""
        if self._flight is None:
            return []
        found, error = self._flight.result()
        self._flight = None
        for step in self._staged:
            self.replay.add(step)
        self._staged = []
        if error is not None:
            self._due += self._in_flight - len(found) - 1
            raise error
        return found

    def _break_off(self) -> None:
        """End a chunk that an exception left in progress: nothing is lost but its metrics."""
        with contextlib.suppress(DivergenceError, NonFiniteError):
            self._land()


class _Explorer:
    """Acts as an agent did when it was last refreshed; on a GPU in a stream of its own, beside the updates."""

    def __init__(self, agent: SACAgent):
        self._sources = (agent.encoder, agent.actor)
        self._stream = torch.cuda.Stream(agent.device) if agent.device.type == "cuda" else None
        self._agent = copy.copy(agent)
        self._agent.encoder = copy.deepcopy(agent.encoder).requires_grad_(False)
        self._agent.actor = copy.deepcopy(agent.actor).requires_grad_(False)

    @torch.no_grad()
    def refresh(self) -> None:
        """Take the agent's newest weights and buffers."""
        for source, own in zip(self._sources, (self._agent.encoder, self._agent.actor), strict=True):
            for new, kept in zip(_tensors(source), _tensors(own), strict=True):
                kept.copy_(new)
        if self._stream is not None:
            self._stream.wait_stream(torch.cuda.current_stream(self._stream.device))

    def act(self, observations: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Choose actions (N, A) for observations (N, ...) and noise (N, A)."""
        with contextlib.nullcontext() if self._stream is None else torch.cuda.stream(self._stream):
            return self._agent.act(observations, noise=noise)


def _tensors(module: torch.nn.Module) -> list[torch.Tensor]:
    return [*module.parameters(), *module.buffers()]
