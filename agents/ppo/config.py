"""Every number of the PPO learner, checked when it is made."""

import math
from dataclasses import dataclass

from agents._checks import check_float, check_int


@dataclass(frozen=True)
class PPOConfig:
    """Holds the settings of agent, rollout and exploration.

    Attributes:
        gamma: Discount per control step.
        gae_lambda: Decay of the advantage estimator: 0 trusts the critic, 1 the rewards.
        learning_rate: Adam's step size for all networks.
        critic_learning_rate: The same for the critic and the encoder that only it has; None is that of all.
        lr_decay_steps: Env steps over all cells in which the step size falls to 0 in a line; None keeps it.
        policy_tau: Share of the newest encoder and actor that enters the deterministic policy's average at each update;
            1 and None act on the newest weights themselves.
        hidden: Width of the two hidden layers of actor and critic.
        initial_std: First standard deviation of the action before squashing.
        max_grad_norm: Largest norm of the gradient of all networks together; infinity leaves it as it is.
        reward_scale: Factor on the penalised reward.
        rollout_steps: Env steps of each cell between two times of learning, reset rows included.
        batch_size: Transitions an update; a rollout is cut into parts of about that size.
        epochs: How often each transition is learned from.
        segment_length: Consecutive transitions that stay together in a batch; they share encoded frames.
        noise_hold_steps: Mean number of steps that the policy's exploration noise is held; 1 draws it each step.
        clip_range: How far the probability ratio may leave 1 with profit; infinity clips nothing.
        target_kl: KL from the policy that acted [nat] beyond which a rollout is learned from no more; may be infinite.
        value_coefficient: Weight of the value loss.
        entropy_coefficient: Weight of the entropy bonus.
        privileged_critic: Whether the critic sees the numbers that infos tell beside the observation, instead of the
            observation; the policy sees observations alone.
        normalize_advantages: Whether advantages are brought to mean 0 and deviation 1.
        normalization_rollouts: Newest rollouts over which they are; with 1 a rollout that holds a rare loss counts
            less than one that holds none.
        weigh_policy: Whether sigmoid(alpha |A| novelty + beta) weighs the policy loss.
        weigh_value: Whether it weighs the value loss.
        valuation_alpha: The alpha of these weights.
        valuation_beta: The beta of these weights.

    Reference: Schulman et al., "Proximal policy optimization algorithms", table 3, https://arxiv.org/abs/1707.06347
        (rollout, batch, epochs, clip_range, gae_lambda); Andrychowicz et al., "What matters in on-policy reinforcement
        learning?", https://arxiv.org/abs/2006.05990 (squashing, a small last layer, no clipping of values).
    """

    gamma: float = 0.995
    gae_lambda: float = 0.95
    learning_rate: float = 3e-4
    critic_learning_rate: float | None = None
    lr_decay_steps: int | None = None
    policy_tau: float | None = None
    hidden: int = 256
    initial_std: float = 1.0
    max_grad_norm: float = 0.5
    reward_scale: float = 1.0
    rollout_steps: int = 2048
    batch_size: int = 64
    epochs: int = 10
    segment_length: int = 1
    noise_hold_steps: float = 1.0
    clip_range: float = 0.2
    target_kl: float = math.inf
    value_coefficient: float = 0.5
    entropy_coefficient: float = 0.0
    privileged_critic: bool = False
    normalize_advantages: bool = True
    normalization_rollouts: int = 1
    weigh_policy: bool = True
    weigh_value: bool = True
    valuation_alpha: float = 1.0
    valuation_beta: float = 0.0

    def __post_init__(self):
        for name in ("gamma", "gae_lambda"):
            check_float(name, getattr(self, name), 0.0, 1.0)
        for name in ("learning_rate", "initial_std", "reward_scale"):
            check_float(name, getattr(self, name), 0.0, open_low=True)
        for name in ("clip_range", "max_grad_norm", "target_kl"):
            check_float(name, getattr(self, name), 0.0, open_low=True, finite=False)
        for name in ("value_coefficient", "entropy_coefficient"):
            check_float(name, getattr(self, name), 0.0)
        for name in ("valuation_alpha", "valuation_beta"):
            check_float(name, getattr(self, name), -math.inf)
        check_float("noise_hold_steps", self.noise_hold_steps, 1.0)
        if self.critic_learning_rate is not None:
            check_float("critic_learning_rate", self.critic_learning_rate, 0.0, open_low=True)
        if self.policy_tau is not None:
            check_float("policy_tau", self.policy_tau, 0.0, 1.0, open_low=True)
        if self.lr_decay_steps is not None:
            check_int("lr_decay_steps", self.lr_decay_steps, 1)
        for name in ("hidden", "rollout_steps", "batch_size", "epochs", "segment_length", "normalization_rollouts"):
            check_int(name, getattr(self, name), 1)

    def learning_rate_at(self, env_steps: int) -> float:
        """Return the step size after so many env steps: lr max(0, 1 - env_steps / lr_decay_steps)."""
        if self.lr_decay_steps is None:
            return self.learning_rate
        return self.learning_rate * max(0.0, 1.0 - env_steps / self.lr_decay_steps)
