"""The on-policy learner: an agent, its rollout and its novelty."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from agents.divergence import check_finite
from agents.exploration import HeldNoise
from agents.novelty import Novelty
from agents.ppo import Choice, PPOAgent, Rollout, Targets
from agents.ppo.advantages import AdvantageScale, Ends, explained_variance, gae
from agents.replay import Step
from agents.sac.losses import penalized_reward


class OnPolicyLearner:
    """Acts with an agent for a rollout of all cells, learns from it for some epochs and forgets it."""

    def __init__(self, agent: PPOAgent, novelty: Novelty, num_cells: int, seed: int = 0):
        self.agent, self.novelty = agent, novelty
        self.config = agent.config
        self.num_cells = num_cells
        self.rollout = Rollout(agent.spec, num_cells, self.config.rollout_steps)
        self.rng = np.random.default_rng(seed)
        self.env_steps = 0
        self.updates = 0
        self._scale = AdvantageScale(self.config.normalization_rollouts)
        self._noise = HeldNoise(num_cells, agent.spec.action_dim)
        self._choice: Choice | None = None

    @property
    def busy(self) -> bool:
        """Tell that every step and every update is over when its call returns."""
        return False

    def start(self, observations: np.ndarray, privileged: np.ndarray | None = None) -> None:
        """Take the first observations (N, ...) of all cells; a rollout that was begun is dropped.

        Raises:
            NonFiniteError: They hold NaN or infinity.
            ValueError: The critic is to be told something, and nothing was given.
        """
        check_finite("rollout.start", {"observations": observations, "privileged": privileged})
        self.rollout.start(observations, privileged)

    def act(self, observations: np.ndarray) -> np.ndarray:
        """Choose exploring actions (N, A) for the newest observations (N, ...)."""
        drawn = self.rng.standard_normal(self._noise.values.shape)
        noise = self._noise.hold(drawn, self.config.noise_hold_steps, self.rng)
        self._choice = self.agent.choose(observations, noise, self.rollout.newest_privileged())
        return self._choice.actions

    def observe(self, step: Step) -> None:
        """Store what came of the newest actions.

        Raises:
            RuntimeError: There was no action.
            NonFiniteError: The step holds NaN or infinity; nothing was stored.
        """
        if self._choice is None:
            raise RuntimeError("learner needs act(observations) before observe(step)")
        step.check("rollout.add")
        self.rollout.add(self._choice, step)
        self._choice = None
        self.env_steps += int(self.num_cells - step.reset.sum())

    def learn(self, lam: float, e_target: float) -> list[dict[str, float]]:
        """Learn from the rollout if it is full.

        Lambda and e* of now price all its errors: the rollout keeps profit and errors apart.

        Args:
            lam: Dual variable lambda in dollars an error.
            e_target: Target error rate e*.

        Returns:
            The metrics of each update.

        Raises:
            DivergenceError: A loss is not finite; what was left of the rollout is dropped.
        """
        if not self.rollout.is_full:
            return []
        self.agent.set_learning_rate(self.config.learning_rate_at(self.env_steps))
        try:
            return self._descend(lam, e_target) if self.rollout.valid.any() else []
        finally:
            self.rollout.restart()

    def targets(self, lam: float, e_target: float) -> tuple[Targets, dict[str, float]]:
        """Turn a full rollout into what is learned from it, the transitions of a cell side by side.

        Each call counts the rollout into the moments that advantages are normalised by.

        Args:
            lam: Dual variable lambda in dollars an error.
            e_target: Target error rate e*.

        Returns:
            Advantages and returns; metrics of the whole rollout.
        """
        rollout, config = self.rollout, self.config
        profit, errors, attempts = map(torch.from_numpy, (rollout.rewards, rollout.errors, rollout.attempts))
        rewards = config.reward_scale * penalized_reward(profit, errors, attempts, lam, e_target).numpy()
        last = self.agent.values(rollout.newest(), rollout.newest_privileged())
        values = np.concatenate([rollout.values, last[None]])
        ends = Ends(rollout.valid, rollout.terminated)
        estimated = gae(rewards, values, ends, config.gamma, config.gae_lambda)
        cells, steps = np.nonzero(rollout.valid.T)
        advantages, foreseen = estimated[steps, cells], values[steps, cells]
        returns = advantages + foreseen
        explained = explained_variance(foreseen, returns)
        advantages = self._scale(advantages) if config.normalize_advantages else advantages
        return Targets(steps, cells, advantages, returns), {"explained_variance": explained}

    def freeze_encoder(self, frozen: bool) -> None:
        """Keep the encoder's weights from now on, or let them move."""
        self.agent.encoder.freeze(frozen)

    def gauges(self) -> dict[str, float]:
        """Return the number of updates taken and of steps in the rollout."""
        return {"updates": float(self.updates), "buffer_size": float(len(self.rollout))}

    def state_dict(self) -> dict[str, Any]:
        """Return agent, rollout, novelty, generator and counters."""
        return {
            "agent": self.agent.state_dict(),
            "rollout": self.rollout.state_dict(),
            "novelty": self.novelty.state_dict(),
            "advantage_scale": self._scale.state_dict(),
            "rng": self.rng.bit_generator.state,
            "env_steps": self.env_steps,
            "updates": self.updates,
            **self._noise.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        self.agent.load_state_dict(state["agent"])
        self.rollout.load_state_dict(state["rollout"])
        self.novelty.load_state_dict(state["novelty"])
        if "advantage_scale" in state:  # learners saved before the scale remembered anything have none
            self._scale.load_state_dict(state["advantage_scale"])
        self.rng.bit_generator.state = state["rng"]
        self.env_steps, self.updates = int(state["env_steps"]), int(state["updates"])
        self._noise.load_state_dict(state)
        self._choice = None

    def _descend(self, lam: float, e_target: float) -> list[dict[str, float]]:
        targets, about = self.targets(lam, e_target)
        found = []
        for chosen in self._parts(len(targets.steps)):
            found.append(about | self.agent.update(self.rollout.minibatch(targets, chosen), self.novelty))
            self.updates += 1
            if found[-1]["approx_kl"] > self.config.target_kl:
                break
        return found

    def _parts(self, count: int) -> Iterator[np.ndarray]:
        """Deal all transitions out once an epoch, in parts of nearly equal size."""
        length = self.config.segment_length
        for _ in range(self.config.epochs):
            starts = self.rng.permutation(-(-count // length)) * length
            order = (starts[:, None] + np.arange(length)).ravel()
            yield from np.array_split(order[order < count], max(1, round(count / self.config.batch_size)))
