"""Proximal policy optimisation on an encoder's latent."""

from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from agents._checks import seeded
from agents.agent import check_architecture, check_encoder, check_told, describe
from agents.divergence import check_finite, check_losses
from agents.encoders import Encoder, as_video, build_encoder
from agents.novelty import NoNovelty, Novelty
from agents.optimizers import PolicyAverage, guarded_step, load_optimizer, make_adam, pack_optimizer
from agents.ppo import losses
from agents.ppo.config import PPOConfig
from agents.ppo.networks import Actor, Critic
from agents.ppo.rollout import Choice, Minibatch
from agents.sac.losses import unsquash_bounds
from agents.sac.networks import squash_gaussian
from agents.spec import EnvSpec
from agents.transfer import load_generator, send, send_array

ADAM_EPS = 1e-5


class PPOAgent:
    """Learns a stochastic policy, a critic and the encoder that both train.

    Actions are tanh of a Gaussian, mapped to the bounds: they never leave the Box, and the density that is learned from
    is that of the action which was taken. Clipped Gaussians put mass on the bounds that their density does not show.

    With `privileged_critic` the critic sees what infos tell beside the observation, through an encoder of its own; the
    encoder of the observation then learns from the policy's loss alone. Exploration follows the newest encoder and
    actor, the deterministic policy their average, where one is kept.

    References: Schulman et al., "Proximal policy optimization algorithms", https://arxiv.org/abs/1707.06347; Pinto et
    al., "Asymmetric actor critic for image-based robot learning", https://arxiv.org/abs/1710.06542
    """

    def __init__(self, spec: EnvSpec, encoder: Encoder, config: PPOConfig, device: str = "cpu", seed: int = 0):
        check_encoder(spec, encoder)
        check_told(spec, config.privileged_critic)
        self.spec, self.config, self.device = spec, config, torch.device(device)
        self.encoder = encoder.to(self.device)
        with seeded(seed):
            self.actor = Actor(encoder.latent_dim, spec.action_dim, config.hidden, config.initial_std).to(self.device)
            self.critic = Critic(encoder.latent_dim, config.hidden).to(self.device)
        self._modules = {"encoder": self.encoder, "actor": self.actor, "critic": self.critic}
        self.critic_encoder: Encoder | None = None
        if config.privileged_critic:
            told = build_encoder("mlp", (spec.privileged_dim,), encoder.latent_dim, seed=seed)
            self.critic_encoder = self._modules["critic_encoder"] = told.to(self.device)
        learns = {name: list(module.parameters()) for name, module in self._modules.items()}
        self._parameters = [weight for weights in learns.values() for weight in weights]
        foresees = learns["critic"] + learns.get("critic_encoder", [])
        self.policy, self.updates = PolicyAverage(self.encoder, self.actor, config.policy_tau), 0
        self.optimizer = make_adam(learns["encoder"] + learns["actor"], config.learning_rate, ADAM_EPS)
        self.optimizer.add_param_group({"params": foresees})
        self.set_learning_rate(config.learning_rate)
        self.generator = torch.Generator(self.device).manual_seed(seed)
        self._low = torch.tensor(spec.action_low, device=self.device)
        self._high = torch.tensor(spec.action_high, device=self.device)

    @torch.no_grad()
    def act(self, observations: np.ndarray, deterministic: bool = False, noise: np.ndarray | None = None) -> np.ndarray:
        """Choose actions.

        Args:
            observations: Observations (N, ...).
            deterministic: Whether to take tanh(mean) of the averaged policy rather than a sample of the newest.
            noise: Standard normal noise (N, A) to use for the sample; drawn if None.

        Returns:
            Actions within the bounds (N, A) float32.
        """
        if not deterministic:
            return self.choose(observations, noise).actions
        mean, _ = self.policy.actor(self.policy.encoder(self._tensor(observations)))
        return self._to_bounds(torch.tanh(mean)).cpu().numpy()

    @torch.no_grad()
    def choose(
        self, observations: np.ndarray, noise: np.ndarray | None = None, privileged: np.ndarray | None = None
    ) -> Choice:
        """Choose exploring actions and tell what learning needs to know of them.

        Args:
            observations: Observations (N, ...).
            noise: Standard normal noise (N, A); drawn if None.
            privileged: What the critic is told beside them (N, P); None where it is told nothing.

        Returns:
            Actions, log densities and values.

        Raises:
            ValueError: The critic is to be told something, and nothing was given.
        """
        latents = self.encoder(self._tensor(observations))
        mean, log_std = self.actor(latents)
        eps = self._noise(mean.shape) if noise is None else self._tensor(noise)
        raw = mean + log_std.exp() * eps
        actions = self._to_bounds(torch.tanh(raw))
        found = (actions, raw, losses.squashed_log_prob(raw, mean, log_std), self._foresee(latents, privileged))
        return Choice(*(part.cpu().numpy() for part in found))

    @torch.no_grad()
    def values(self, observations: np.ndarray, privileged: np.ndarray | None = None) -> np.ndarray:
        """Return the values (N,) of observations (N, ...), or of what the critic is told beside them (N, P)."""
        return self._foresee(self.encoder(self._tensor(observations)), privileged).cpu().numpy()

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set Adam's step size; the critic's own keeps its ratio to it."""
        policy, critic = self.optimizer.param_groups
        policy["lr"] = learning_rate
        own = self.config.critic_learning_rate
        critic["lr"] = learning_rate if own is None else own * learning_rate / self.config.learning_rate

    def update(self, batch: Minibatch, novelty: Novelty | None = None) -> dict[str, float]:
        """Take one gradient step for actor, critic and encoder.

        loss = policy_loss + value_coefficient value_loss - entropy_coefficient entropy.

        Args:
            batch: Transitions.
            novelty: Scores the batch's latents and learns from them; None scores all 1.

        Returns:
            Metrics.

        Raises:
            NonFiniteError: The batch holds NaN or infinity; nothing has moved.
            DivergenceError: A loss or its gradient is not finite; no step was taken from it.
            ValueError: The critic is to be told something, and the batch tells nothing.
        """
        check_finite("batch", vars(batch))
        novelty = NoNovelty() if novelty is None else novelty
        latents = self._encode(batch)
        scores = novelty.score(latents.detach())
        advantages = self._tensor(batch.advantages)
        valuations = losses.valuations(advantages, scores)
        weights = losses.valuation_weights(valuations, self.config.valuation_alpha, self.config.valuation_beta)
        metrics = self._descend(batch, latents, advantages, weights)
        metrics |= {"novelty_norm": scores.mean(), "mean_valuation": valuations.mean(), "mean_weight": weights.mean()}
        metrics |= novelty.update(latents.detach())
        numbers = torch.stack([metric.detach().float() for metric in metrics.values()]).tolist()
        found = dict(zip(metrics, numbers, strict=True))
        check_losses(found, batch.returns)
        self.updates += 1
        self.policy.move(self.updates)
        return found

    def state_dict(self) -> dict[str, Any]:
        """Return architecture, weights, optimiser and generator."""
        return {
            "architecture": self.architecture(),
            "config": asdict(self.config),
            "weights": {name: module.state_dict() for name, module in self._saved().items()},
            "optimizer": pack_optimizer(self.optimizer),
            "updates": self.updates,
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned.

        Raises:
            CheckpointError: The saved agent has another architecture.
        """
        older = {"privileged_critic": False}  # agents from before critics were told anything do not say it
        check_architecture(older | state["architecture"], self.architecture())
        saved = state["weights"]
        for name, module in self._saved().items():
            # An agent saved without an average begins one at its newest weights.
            module.load_state_dict(saved[name if name in saved else PolicyAverage.NEWEST[name]])
        self.updates = state.get("updates", 0)
        load_optimizer(self.optimizer, state["optimizer"])
        load_generator(self.generator, state["generator"])

    def architecture(self) -> dict[str, Any]:
        """Return what fixes the shapes of all weights, as plain numbers and names."""
        told = {"privileged_critic": self.config.privileged_critic}
        return describe("ppo", self.spec, self.encoder, self.config.hidden) | told

    def _saved(self) -> dict[str, torch.nn.Module]:
        return self._modules | self.policy.modules()

    def _tensor(self, array: np.ndarray) -> Tensor:
        return send(torch.tensor(array), self.device)

    def _noise(self, shape: torch.Size) -> Tensor:
        return torch.randn(shape, generator=self.generator, device=self.device)

    def _to_bounds(self, squashed: Tensor) -> Tensor:
        return unsquash_bounds(squashed, self._low, self._high)

    def _encode(self, batch: Minibatch) -> Tensor:
        observations = self._tensor(batch.observations)
        if batch.frames is None:
            return self.encoder(observations)
        return as_video(self.encoder).encode_shared(send_array(batch.frames, self.device), observations)

    def _foresee(self, latents: Tensor, privileged: np.ndarray | None) -> Tensor:
        """Return the values (B,) of latents, or of what the critic is told where it is told something."""
        if self.critic_encoder is None:
            return self.critic(latents)
        if privileged is None:
            raise ValueError(f"critic needs privileged numbers (N, {self.spec.privileged_dim}), got none")
        return self.critic(self.critic_encoder(self._tensor(privileged)))

    def _descend(self, batch: Minibatch, latents: Tensor, advantages: Tensor, weights: Tensor) -> dict[str, Tensor]:
        config, even = self.config, torch.ones_like(weights)
        mean, log_std = self.actor(latents)
        log_ratio = losses.squashed_log_prob(self._tensor(batch.raw), mean, log_std) - self._tensor(batch.log_probs)
        policy = losses.policy_loss(log_ratio, advantages, weights if config.weigh_policy else even, config.clip_range)
        returns, values = self._tensor(batch.returns), self._foresee(latents, batch.privileged)
        value = losses.value_loss(values, returns, weights if config.weigh_value else even)
        # The entropy of a squashed Gaussian has no closed form: one reparametrised sample a state estimates it.
        entropy = -squash_gaussian(mean, log_std, self._noise(mean.shape))[1].mean()
        loss = policy + config.value_coefficient * value - config.entropy_coefficient * entropy
        verdict = guarded_step(self.optimizer, loss, self._parameters, config.max_grad_norm)
        metrics = {"value_loss": value, "policy_loss": policy + verdict, "entropy": entropy}
        metrics["approx_kl"] = losses.approximate_kl(log_ratio.detach())
        metrics["clip_fraction"] = losses.clip_fraction(log_ratio.detach(), config.clip_range)
        return metrics
