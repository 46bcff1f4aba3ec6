"""Soft actor-critic on an encoder's latent."""

import math
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from agents._checks import seeded
from agents.agent import check_architecture, check_encoder, check_told, describe
from agents.auxiliary import AuxiliaryTasks
from agents.divergence import check_finite
from agents.encoders import Encoder, as_video, build_encoder
from agents.novelty import NoNovelty, Novelty
from agents.optimizers import PolicyAverage, guarded_step, load_optimizer, make_adam, make_follower, pack_optimizer
from agents.replay import Batch
from agents.sac import losses
from agents.sac.config import SACConfig
from agents.sac.cost import CostCritic, cost_target, lagrangian_actor_loss, signed_cost
from agents.sac.networks import Actor, TwinCritic, squash_gaussian
from agents.sac.result import BegunUpdate, UpdateResult
from agents.spec import EnvSpec
from agents.transfer import load_generator, send, send_array


class SACAgent:
    """Learns a stochastic policy, twin critics, a temperature and the encoder they share.

    The critic's loss and the auxiliary losses train the encoder; the actor sees detached latents. Next latents come
    from the online encoder without gradients; the critics have target copies, their encoder where the config asks for
    one. Exploration follows the newest encoder and actor, the deterministic policy their average, where one is kept.

    With `privileged_critic` the critics see what infos tell beside the observation, through an encoder of their own.
    The encoder of the observation then learns from the actor's loss, whose mean takes importance weights: what an
    observation hides counts by how often it is met, not drawn. The policy sees observations alone, as ever.

    The SLA enters the reward, or critics of its own (`cost.py`); lambda is applied when a batch is learned from.

    References: Haarnoja et al., "Soft actor-critic algorithms and applications", https://arxiv.org/abs/1812.05905;
    Pinto et al., "Asymmetric actor critic for image-based robot learning", https://arxiv.org/abs/1710.06542;
    Polyak & Juditsky, "Acceleration of stochastic approximation by averaging", https://doi.org/10.1137/0330046
    """

    def __init__(self, spec: EnvSpec, encoder: Encoder, config: SACConfig, device: str = "cpu", seed: int = 0):
        check_encoder(spec, encoder)
        check_told(spec, config.privileged_critic)
        self.spec, self.config, self.device = spec, config, torch.device(device)
        self.target_entropy = -float(spec.action_dim) if config.target_entropy is None else config.target_entropy
        self.encoder = encoder.to(self.device)
        sizes = (encoder.latent_dim, spec.action_dim, config.hidden)
        with seeded(seed):
            self.actor = Actor(*sizes).to(self.device)
            self.critic = TwinCritic(*sizes).to(self.device)
            self.cost = CostCritic(sizes, self.device) if config.constraint_form == "cost_critic" else None
            self.critic_encoder = self.encoder
            if config.privileged_critic:
                self.critic_encoder = build_encoder("mlp", (spec.privileged_dim,), sizes[0], seed=seed).to(self.device)
        self.target_critic, critic_average = make_follower(self.critic)
        self.target_encoder, self._target_averages = self.critic_encoder, [critic_average]
        if config.target_encoder:
            self.target_encoder, encoder_average = make_follower(self.critic_encoder)
            self._target_averages.append(encoder_average)
        self.policy = PolicyAverage(self.encoder, self.actor, config.policy_tau)
        self.updates = 0
        self.log_alpha = torch.tensor(math.log(config.initial_temperature), device=self.device, requires_grad=True)
        self._critic_weights = [*self.critic.parameters(), *([] if self.cost is None else self.cost.parameters())]
        self._critic_parameters = [*self.critic_encoder.parameters(), *self._critic_weights]
        seen = self.encoder.parameters() if config.privileged_critic else ()
        self._actor_parameters = [*seen, *self.actor.parameters()]
        self.optimizers = {
            "critic": make_adam(self._critic_parameters, config.learning_rate),
            "actor": make_adam([*self._actor_parameters, self.log_alpha], config.learning_rate),
        }
        self.generator = torch.Generator(self.device).manual_seed(seed)
        self.auxiliary = AuxiliaryTasks(spec, encoder.latent_dim, config.auxiliary_config(), self.generator, seed)
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
        given = self._tensor(observations)
        if deterministic:
            mean, _ = self.policy.actor(self.policy.encoder(given))
            squashed = torch.tanh(mean)
        else:
            mean, log_std = self.actor(self.encoder(given))
            eps = self._noise(mean.shape) if noise is None else self._tensor(noise)
            squashed, _ = squash_gaussian(mean, log_std, eps)
        return losses.unsquash_bounds(squashed, self._low, self._high).cpu().numpy()

    def update(self, batch: Batch, lam: float, e_target: float, novelty: Novelty | None = None) -> UpdateResult:
        """Take one gradient step for critic and encoder, actor and temperature, and move the averages.

        Args:
            batch: Sampled transitions.
            lam: Dual variable lambda in dollars an error.
            e_target: Target error rate e*.
            novelty: Scores the batch's latents and learns from them; None scores all 1.

        Returns:
            Metrics and new priorities.

        Raises:
            NonFiniteError: The batch holds NaN or infinity; nothing has moved.
            DivergenceError: A loss or its gradient is not finite; no step was taken from it.
        """
        result = self.begin_update(batch, lam, e_target, novelty).read()
        self.follow()
        return result

    def begin_update(self, batch: Batch, lam: float, e_target: float, novelty: Novelty | None = None) -> BegunUpdate:
        """Begin what `update` does without waiting for a GPU: `follow` it and read it to end."""
        check_finite("batch", vars(batch))
        novelty = NoNovelty() if novelty is None else novelty
        batch = self.auxiliary.prepare(batch)
        latents, next_latents, target_latents = self._encode(batch)
        scores = novelty.score(latents.detach())
        weights = self._tensor(batch.weights)
        novelty_weights = losses.novelty_weights(scores) if self.config.novelty_weights else torch.ones_like(scores)
        known, next_known = self._know(batch, latents, target_latents)
        targets = self._targets(batch, next_latents, next_known, lam, e_target)
        actions = losses.squash_bounds(self._tensor(batch.actions), self._low, self._high)
        extra, metrics = self.auxiliary.losses(self.encoder, batch, latents, actions, next_latents)
        # Auxiliary losses go with the loss that trains the encoder.
        seen, to_critics, to_actor, teacher, met = latents.detach(), extra, 0.0, "critic_loss", None
        if self.config.privileged_critic:
            seen, to_critics, to_actor, teacher, met = latents, 0.0, extra, "actor_loss", weights
        learned, td_abs = self._update_critics(known, actions, targets, weights * novelty_weights, lam, to_critics)
        metrics |= {**learned, **self._update_actor(seen, known.detach(), met, lam, to_actor)}
        self.auxiliary.step(metrics[teacher])
        metrics |= novelty.update(seen.detach())
        metrics |= {"novelty_norm": scores.mean(), "mean_weight": novelty_weights.mean()}
        return BegunUpdate(metrics, td_abs * scores, batch.profit)

    def state_dict(self) -> dict[str, Any]:
        """Return architecture, weights, optimisers and generator."""
        return {
            "architecture": self.architecture(),
            "config": asdict(self.config),
            "weights": {name: module.state_dict() for name, module in self._modules().items()},
            "log_alpha": self.log_alpha.detach(),
            "optimizers": {name: pack_optimizer(optimizer) for name, optimizer in self.optimizers.items()},
            "auxiliary": self.auxiliary.state_dict(),
            "updates": self.updates,
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned.

        Raises:
            CheckpointError: The saved agent has another architecture.
        """
        saved, taught = state["weights"], "critic_encoder" if self.config.privileged_critic else "encoder"
        older = {"constraint_form": "penalty", "privileged_critic": "critic_encoder" in saved}  # agents do not say it
        check_architecture(older | state["architecture"], self.architecture())
        followed = PolicyAverage.NEWEST | {"target_encoder": taught}
        for name, module in self._modules().items():
            # An agent saved without an average or a target begins one at its newest weights.
            module.load_state_dict(saved[name if name in saved else followed[name]])
        with torch.no_grad():
            self.log_alpha.copy_(state["log_alpha"])
        for name, optimizer in self.optimizers.items():
            load_optimizer(optimizer, state["optimizers"][name])
        self.auxiliary.load_state_dict(state.get("auxiliary", {}))
        self.updates = state.get("updates", 0)
        load_generator(self.generator, state["generator"])

    def architecture(self) -> dict[str, Any]:
        """Return what fixes the shapes of all weights, as plain numbers and names."""
        forms = {name: getattr(self.config, name) for name in ("constraint_form", "privileged_critic")}
        return describe("sac", self.spec, self.encoder, self.config.hidden) | forms

    def _modules(self) -> dict[str, torch.nn.Module]:
        modules = {"encoder": self.encoder, "actor": self.actor, "critic": self.critic}
        modules |= {"target_critic": self.target_critic} | ({} if self.cost is None else self.cost.modules())
        modules |= {"critic_encoder": self.critic_encoder} if self.config.privileged_critic else {}
        modules |= {"target_encoder": self.target_encoder} if self.config.target_encoder else {}
        return modules | self.policy.modules()

    def follow(self) -> None:
        """Move target critics and the averaged policy after an update that counts."""
        self.updates += 1
        for average in self._target_averages:
            average.move(self.config.tau)
        if self.cost is not None:
            self.cost.follow(self.config.tau)
        self.policy.move(self.updates)

    def _tensor(self, array: np.ndarray) -> Tensor:
        return send(torch.tensor(array), self.device)

    def _noise(self, shape: torch.Size) -> Tensor:
        return torch.randn(shape, generator=self.generator, device=self.device)

    def _encode(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Return latents with a graph, next latents, and those to bootstrap from, both without."""
        current, following = self._tensor(batch.observations), self._tensor(batch.next_observations)
        slow = self.encoder if self.config.privileged_critic else self.target_encoder
        if batch.frames is not None:
            frames = self.auxiliary.shift(send_array(batch.frames, self.device), batch)
            latents, next_latents = as_video(self.encoder).encode_pair(frames, batch.num_current, current, following)
            held = next_latents if slow is self.encoder else as_video(slow).encode_targets(frames, following)
            return latents, next_latents, held
        latents = self.encoder(current)
        with torch.no_grad():
            next_latents = self.encoder(following)
            return latents, next_latents, next_latents if slow is self.encoder else slow(following)

    def _know(self, batch: Batch, latents: Tensor, target_latents: Tensor) -> tuple[Tensor, Tensor]:
        """Return the critics' latents, with a graph, and those that their targets see, without."""
        if not self.config.privileged_critic:
            return latents, target_latents
        if batch.privileged is None or batch.next_privileged is None:
            raise ValueError(f"batch needs privileged numbers (B, {self.spec.privileged_dim}), got none")
        with torch.no_grad():
            following = self.target_encoder(self._tensor(batch.next_privileged))
        return self.critic_encoder(self._tensor(batch.privileged)), following

    @torch.no_grad()
    def _targets(
        self, batch: Batch, next_latents: Tensor, next_known: Tensor, lam: float, e_target: float
    ) -> list[Tensor]:
        """Return the targets (B,) of the critics, and of the cost critics where there are any."""
        profit, errors, attempts = (self._tensor(part) for part in (batch.profit, batch.errors, batch.attempts))
        mean, log_std = self.actor(next_latents)
        actions, log_pi = squash_gaussian(mean, log_std, self._noise(mean.shape))
        discount, scale = self._tensor(batch.discount), self.config.reward_scale
        next_q = self.target_critic(next_known, actions)
        in_reward = lam if self.cost is None else 0.0
        reward = scale * losses.penalized_reward(profit, errors, attempts, in_reward, e_target)
        targets = [losses.soft_target(reward, discount, next_q, log_pi, self.log_alpha.exp())]
        if self.cost is None:
            return targets
        cost = scale * signed_cost(errors, attempts, e_target)
        return [*targets, cost_target(cost, discount, self.cost.target(next_known, actions))]

    def _update_critics(
        self, known: Tensor, actions: Tensor, targets: list[Tensor], weights: Tensor, lam: float, extra: Tensor | float
    ):
        q = self.critic(known, actions)
        critic_loss = losses.critic_loss(q, targets[0], weights)
        error = q.detach() - targets[0]
        loss, metrics = critic_loss + extra, {}
        if self.cost is not None:
            cost_q = self.cost(known, actions)
            cost_loss = losses.critic_loss(cost_q, targets[1], weights)
            metrics |= {"cost_loss": cost_loss, "cost_mean": cost_q.mean()}
            loss = loss + cost_loss
            # That of the Lagrangian: what the penalised reward's one critic would be wrong by.
            error = error - lam * (cost_q.detach() - targets[1])
        verdict = guarded_step(self.optimizers["critic"], loss, self._critic_parameters, self.config.max_grad_norm)
        td_abs = error.abs().mean(dim=0)
        metrics |= {"critic_loss": critic_loss.detach() + verdict, "q_mean": q.mean(), "td_abs": td_abs.mean()}
        return metrics, td_abs

    def _update_actor(
        self, latents: Tensor, known: Tensor, weights: Tensor | None, lam: float, extra: Tensor | float
    ) -> dict[str, Tensor]:
        mean, log_std = self.actor(latents)
        actions, log_pi = squash_gaussian(mean, log_std, self._noise(mean.shape))
        alpha = self.log_alpha.exp()
        for weight in self._critic_weights:
            weight.requires_grad_(False)
        q = self.critic(known, actions)
        if self.cost is None:
            loss = losses.actor_loss(q, log_pi, alpha, weights)
        else:
            loss = lagrangian_actor_loss(q, self.cost(known, actions), log_pi, alpha, lam, weights)
        alpha_loss = losses.temperature_loss(self.log_alpha, log_pi, self.target_entropy)
        # One backward pass serves both: neither loss sends a gradient into the other's parameters.
        verdict = guarded_step(
            self.optimizers["actor"], loss + alpha_loss + extra, self._actor_parameters, self.config.max_grad_norm
        )
        for weight in self._critic_weights:
            weight.requires_grad_(True)
        metrics = {"actor_loss": loss.detach() + verdict, "alpha": alpha, "alpha_loss": alpha_loss}
        return {**metrics, "entropy": -log_pi.mean()}
