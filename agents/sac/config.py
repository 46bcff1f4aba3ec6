"""Every number of the SAC learner, checked when it is made."""

import math
from dataclasses import dataclass

from agents._checks import check_float, check_int, unknown_name
from agents.auxiliary import AuxiliaryConfig
from agents.replay.config import ReplayConfig
from agents.sac.cost import CONSTRAINT_FORMS


@dataclass(frozen=True)
class SACConfig:
    """Holds the settings of agent, replay and exploration.

    Attributes:
        gamma: Discount per control step.
        tau: Share of the online critics that enters the target critics at each update.
        target_encoder: Whether the target critics see next observations through a copy of the critics' encoder that
            follows it by `tau`, rather than through the newest; one more encoding an update.
        policy_tau: Share of the newest encoder and actor that enters the deterministic policy's average at each update;
            1 and None act on the newest weights themselves.
        learning_rate: Adam's step size for all networks and the temperature.
        initial_temperature: First entropy weight alpha; dollar rewards are small beside 1.
        target_entropy: Entropy in nats of the squashed action in [-1, 1]^A that alpha steers to; None is -A.
        hidden: Width of the two hidden layers of actor and critics.
        max_grad_norm: Largest norm of the critic's and the actor's gradients; None leaves them as they are.
        reward_scale: Factor on the penalised reward inside the loss.
        constraint_form: Where the SLA enters: "penalty" in the reward, "cost_critic" in critics of its own.
        batch_size: Transitions an update.
        n_step: Rewards summed before bootstrapping.
        updates_per_step: Updates per env step of one cell; fractions add up.
        warmup_steps: Env steps of random actions before the first update, over all cells.
        warmup_hold_steps: Mean number of steps that a random action is held; 1 draws one each step.
        noise_hold_steps: Mean number of steps that the policy's exploration noise is held.
        random_share: Share of the exploring holds, after the warm-up, whose action is even over the bounds.
        replay_capacity: Rows that replay holds over all cells.
        centering_steps: Env steps, over all cells, whose mean reward is taken from every reward; 0 takes nothing.
        privileged_critic: Whether the critics see the numbers that infos tell beside the observation, instead of the
            policy's latent; the encoder then learns from the actor's loss.
        segment_length: Consecutive transitions per sampled start; they share encoded frames.
        prioritized: Whether replay samples by priority |TD error| x novelty rather than evenly.
        priority_exponent: Power of the priority, 0 is even.
        importance_exponent: Power of the importance weights that undo the priorities' bias.
        novelty_weights: Whether clamp(novelty, 0.5, 2) / mean(novelty) weighs the critic's loss.
        random_shift: Largest shift in pixels of the frames that the critic learns from; 0 shifts none.
        history_dropout: Share of the clips learned from that show their newest frame alone; 0 leaves all whole.
        consistency_coefficient: Weight of the loss of predicting the next latent; 0 leaves it out.
        infonce_coefficient: Weight of the loss of telling shifted views apart; 0 leaves it out.
        infonce_temperature: What that loss divides cosine similarities by.
    """

    gamma: float = 0.995
    tau: float = 5e-3
    target_encoder: bool = False
    policy_tau: float | None = None
    learning_rate: float = 3e-4
    initial_temperature: float = 0.05
    target_entropy: float | None = -2.0
    hidden: int = 256
    max_grad_norm: float | None = None
    reward_scale: float = 1.0
    constraint_form: str = "penalty"
    batch_size: int = 256
    n_step: int = 1
    updates_per_step: float = 1.0
    warmup_steps: int = 600
    warmup_hold_steps: float = 1.0
    noise_hold_steps: float = 1.0
    random_share: float = 0.0
    replay_capacity: int = 1_000_000
    centering_steps: int = 0
    privileged_critic: bool = False
    segment_length: int = 1
    prioritized: bool = True
    priority_exponent: float = 0.6
    importance_exponent: float = 0.4
    novelty_weights: bool = True
    random_shift: int = 0
    history_dropout: float = 0.0
    consistency_coefficient: float = 0.0
    infonce_coefficient: float = 0.0
    infonce_temperature: float = 0.1

    def __post_init__(self):
        check_float("gamma", self.gamma, 0.0, 1.0)
        check_float("tau", self.tau, 0.0, 1.0, open_low=True)
        if self.policy_tau is not None:
            check_float("policy_tau", self.policy_tau, 0.0, 1.0, open_low=True)
        for name in ("learning_rate", "initial_temperature", "reward_scale"):
            check_float(name, getattr(self, name), 0.0, open_low=True)
        for name in ("target_entropy", "max_grad_norm"):
            if getattr(self, name) is not None:
                low = -math.inf if name == "target_entropy" else 0.0
                check_float(name, getattr(self, name), low, open_low=name == "max_grad_norm")
        for name in ("warmup_hold_steps", "noise_hold_steps"):
            check_float(name, getattr(self, name), 1.0)
        check_float("random_share", self.random_share, 0.0, 1.0)
        check_float("updates_per_step", self.updates_per_step, 0.0)
        for name in ("hidden", "batch_size"):
            check_int(name, getattr(self, name), 1)
        check_int("warmup_steps", self.warmup_steps, 0)
        self.replay_config()
        self.auxiliary_config()
        if self.constraint_form not in CONSTRAINT_FORMS:
            raise unknown_name("constraint_form", self.constraint_form, CONSTRAINT_FORMS)
        if self.batch_size % self.segment_length != 0:
            raise ValueError(
                f"batch_size must be a multiple of segment_length {self.segment_length}, got {self.batch_size}"
            )

    def replay_config(self) -> ReplayConfig:
        """Return the part of these settings that replay needs, checked."""
        return ReplayConfig(
            capacity=self.replay_capacity,
            n_step=self.n_step,
            gamma=self.gamma,
            segment_length=self.segment_length,
            prioritized=self.prioritized,
            priority_exponent=self.priority_exponent,
            importance_exponent=self.importance_exponent,
            centering_steps=self.centering_steps,
        )

    def auxiliary_config(self) -> AuxiliaryConfig:
        """Return the part of these settings that the auxiliary losses need, checked."""
        return AuxiliaryConfig(
            random_shift=self.random_shift,
            history_dropout=self.history_dropout,
            consistency_coefficient=self.consistency_coefficient,
            infonce_coefficient=self.infonce_coefficient,
            infonce_temperature=self.infonce_temperature,
            hidden=self.hidden,
            learning_rate=self.learning_rate,
            n_step=self.n_step,
            segment_length=self.segment_length,
        )
