"""What the loop trains, and the off-policy learner: an agent, its replay and its novelty."""

from collections import deque
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from agents.exploration import HeldNoise
from agents.novelty import Novelty
from agents.replay import ReplayBuffer, Step
from agents.sac import BegunUpdate, SACAgent, UpdateResult


class Learner(Protocol):
    """Acts, observes and learns; the loop knows nothing else of an algorithm."""

    @property
    def busy(self) -> bool:
        """Tell whether a part of what was begun has to end before training may stop."""
        ...

    def start(self, observations: np.ndarray, privileged: np.ndarray | None = None) -> None:
        """Take the first observations (N, ...) of all cells, and what a critic is told beside them (N, P)."""
        ...

    def act(self, observations: np.ndarray) -> np.ndarray:
        """Choose exploring actions (N, A) for observations (N, ...)."""
        ...

    def observe(self, step: Step) -> None:
        """Take one step of all cells."""
        ...

    def learn(self, lam: float, e_target: float) -> list[dict[str, float]]:
        """Take the updates that are due and return the metrics of each."""
        ...

    def freeze_encoder(self, frozen: bool) -> None:
        """Keep the encoder's weights from now on, or let them move."""
        ...

    def gauges(self) -> dict[str, float]:
        """Return numbers that describe the learner now."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return everything that changes."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        ...


class OffPolicyLearner:
    """Explores with an agent, stores what happens in replay and updates the agent from it."""

    def __init__(self, agent: SACAgent, replay: ReplayBuffer, novelty: Novelty, num_cells: int, seed: int = 0):
        self.agent, self.replay, self.novelty = agent, replay, novelty
        self.config = agent.config
        self.num_cells = num_cells
        self.rng = np.random.default_rng(seed)
        self.sampling_rng = self.rng
        self.env_steps = 0
        self.updates = 0
        self.looks_ahead = agent.device.type == "cuda"
        self._due = 0.0
        self._noise = HeldNoise(num_cells, agent.spec.action_dim)
        self._even = HeldNoise(num_cells, agent.spec.action_dim + 1)

    @property
    def busy(self) -> bool:
        """Tell that every step and every update is over when its call returns."""
        return False

    @property
    def is_warming_up(self) -> bool:
        """Tell whether actions are still random."""
        return self.env_steps < self.config.warmup_steps

    def start(self, observations: np.ndarray, privileged: np.ndarray | None = None) -> None:
        """Take the first observations (N, ...) of all cells, and what a critic is told beside them (N, P)."""
        self.replay.start(observations, privileged)

    def act(self, observations: np.ndarray) -> np.ndarray:
        """Choose exploring actions: even over the bounds while warming up, then the policy's with held noise.

        With the probability `random_share` a hold keeps an action even over the bounds instead: what the policy would
        never leave by its own noise, like standing still, is then seen to be worth leaving.
        """
        if self.is_warming_up:
            return self._even.hold(self._draw_even(), self.config.warmup_hold_steps, self.rng)[:, :-1].copy()
        drawn = self.rng.standard_normal(self._noise.values.shape)
        noise = self._noise.hold(drawn, self.config.noise_hold_steps, self.rng)
        actions = self._explore(observations, noise)
        if self.config.random_share == 0.0:
            return actions
        held = self._even.hold(self._draw_even(), self.config.noise_hold_steps, self.rng)
        return np.where(held[:, -1:] < self.config.random_share, held[:, :-1], actions)

    def observe(self, step: Step) -> None:
        """Store one step of all cells."""
        was_warming_up = self.is_warming_up
        self._store(step)
        acted = int(self.num_cells - step.reset.sum())
        self.env_steps += acted
        if not self.is_warming_up:
            self._noise.is_fresh |= was_warming_up
            self._even.is_fresh |= was_warming_up
            self._due += acted * self.config.updates_per_step

    def learn(self, lam: float, e_target: float) -> list[dict[str, float]]:
        """Take the updates that are due; one that fails is not due again."""
        if not self.replay.can_sample:
            return []
        found, updates = [], self.take_updates(int(self._due), lam, e_target)
        while self._due >= 1.0:
            self._due -= 1.0
            found.append(next(updates))
        return found

    def take_updates(self, count: int, lam: float, e_target: float) -> Iterator[dict[str, float]]:
        """Take updates and yield the metrics of each.

        On a GPU (`looks_ahead`) an update is sampled and begun while the one before it is at work: the host waits for
        none but the last. It is sampled without the priorities of that one. Where one diverges, the weights have moved
        by the one begun after it already, which counts for nothing else.

        Args:
            count: Number of updates.
            lam: Dual variable lambda in dollars an error.
            e_target: Target error rate e*.

        Raises:
            DivergenceError: A loss or its gradient is not finite; no step was taken from it.
        """
        if not self.looks_ahead:
            for _ in range(count):
                yield self.update(lam, e_target)
            return
        begun: deque[tuple[np.ndarray, BegunUpdate]] = deque()
        for number in range(count + 1):
            if number < count:
                batch = self.replay.sample(self.config.batch_size, self.sampling_rng)
                begun.append((batch.rows, self.agent.begin_update(batch, lam, e_target, self.novelty)))
                self.agent.follow()
            if number > 0:
                rows, update = begun.popleft()
                yield self._count(rows, update.read())

    def update(self, lam: float, e_target: float) -> dict[str, float]:
        """Sample a batch, update the agent and set the new priorities.

        Args:
            lam: Dual variable lambda in dollars an error.
            e_target: Target error rate e*.

        Returns:
            The update's metrics.

        Raises:
            RuntimeError: Replay holds no transition yet.
            DivergenceError: A loss or its gradient is not finite; no step was taken from it.
        """
        batch = self.replay.sample(self.config.batch_size, self.sampling_rng)
        return self._count(batch.rows, self.agent.update(batch, lam, e_target, self.novelty))

    def freeze_encoder(self, frozen: bool) -> None:
        """Keep the encoder's weights from now on, or let them move."""
        self.agent.encoder.freeze(frozen)

    def gauges(self) -> dict[str, float]:
        """Return the number of updates taken, of rows in replay, and how evenly these are drawn."""
        counts = {"updates": float(self.updates), "buffer_size": float(len(self.replay))}
        return {**counts, "effective_sample_share": self.replay.effective_sample_share}

    def state_dict(self) -> dict[str, Any]:
        """Return agent, replay, novelty, generator and counters."""
        return {
            "agent": self.agent.state_dict(),
            "replay": self.replay.state_dict(),
            "novelty": self.novelty.state_dict(),
            "rng": self.rng.bit_generator.state,
            "env_steps": self.env_steps,
            "updates": self.updates,
            "due": self._due,
            **self._noise.state_dict(),
            "even": self._even.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        self.agent.load_state_dict(state["agent"])
        self.replay.load_state_dict(state["replay"])
        self.novelty.load_state_dict(state["novelty"])
        self.rng.bit_generator.state = state["rng"]
        self.env_steps, self.updates = int(state["env_steps"]), int(state["updates"])
        self._due = float(state["due"])
        self._noise.load_state_dict(state)
        if "even" in state:  # learners saved before there were such actions begin with new ones
            self._even.load_state_dict(state["even"])

    def _count(self, rows: np.ndarray, result: UpdateResult) -> dict[str, float]:
        self.replay.update_priorities(rows, result.priorities)
        self.updates += 1
        return result.metrics

    def _draw_even(self) -> np.ndarray:
        """Draw actions even over the bounds (N, A), and a number in [0, 1) that tells which cells take them."""
        low, high = np.asarray(self.agent.spec.action_low), np.asarray(self.agent.spec.action_high)
        actions = self.rng.uniform(low, high, self._noise.values.shape)
        if self.config.random_share == 0.0:
            return np.pad(actions, ((0, 0), (0, 1)))
        return np.concatenate([actions, self.rng.random((self.num_cells, 1))], axis=1)

    def _explore(self, observations: np.ndarray, noise: np.ndarray) -> np.ndarray:
        return self.agent.act(observations, noise=noise)

    def _store(self, step: Step) -> None:
        self.replay.add(step)
