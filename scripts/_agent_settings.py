"""The typed schema of the agents."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0)]
Limit = Annotated[float, Field(gt=0, allow_inf_nan=True)]  # .inf limits nothing
NonNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A group of keys: no unknown one, no conversion, no infinite number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class SACSettings(Section):
    """Soft actor-critic; null = the task's value for the chosen observation."""

    name: Literal["sac"]
    lr: Positive | None
    gamma: Annotated[float, Field(gt=0, le=1)] | None
    tau: Annotated[float, Field(gt=0, le=1)] | None
    policy_tau: Annotated[float, Field(gt=0, le=1)] | None
    initial_temperature: Positive
    target_entropy: float | None
    hidden: Count
    n_step: Count | None
    reward_scale: Positive | None
    constraint_form: Literal["penalty", "cost_critic"] = "penalty"
    batch_size: Count | None
    replay_capacity: Count | None
    warmup_steps: Annotated[int, Field(ge=0)] | None
    warmup_hold_steps: Annotated[float, Field(ge=1)] | None
    noise_hold_steps: Annotated[float, Field(ge=1)] | None
    updates_per_step: Positive | None
    max_grad_norm: Positive | None
    segment_length: Count | None
    prioritized: bool
    priority_exponent: Fraction
    importance_exponent: Fraction
    novelty_weights: bool
    # Run folders from before these keys name none of them: they ran with all off.
    target_encoder: bool = False
    random_shift: Annotated[int, Field(ge=0)] | None = 0
    history_dropout: Fraction | None = 0.0
    privileged_critic: bool | None = False
    centering_steps: Annotated[int, Field(ge=0)] | None = 0
    random_share: Fraction | None = 0.0
    consistency_coefficient: NonNegative = 0.0
    infonce_coefficient: NonNegative = 0.0
    infonce_temperature: Positive = 0.1


class PPOSettings(Section):
    """Proximal policy optimisation; null = the task's value for the chosen observation."""

    name: Literal["ppo"]
    lr: Positive | None
    critic_learning_rate: Positive | None = None
    lr_decay_steps: Count | None
    policy_tau: Annotated[float, Field(gt=0, le=1)] | None = 1.0  # run folders from before this key acted on the newest
    gamma: Annotated[float, Field(gt=0, le=1)] | None
    gae_lambda: Fraction | None
    hidden: Count
    initial_std: Positive
    max_grad_norm: Limit | None
    reward_scale: Positive | None
    rollout_steps: Count | None
    batch_size: Count | None
    epochs: Count | None
    segment_length: Count | None
    noise_hold_steps: Annotated[float, Field(ge=1)] | None
    privileged_critic: bool | None = False  # run folders from before this key ran without
    clip_range: Limit | None
    target_kl: Limit | None = math.inf  # run folders from before this key had no limit
    value_coefficient: NonNegative
    entropy_coefficient: NonNegative | None
    normalize_advantages: bool
    normalization_rollouts: Count | None = 1  # run folders from before this key took each rollout's own
    weigh_policy: bool
    weigh_value: bool
    valuation_alpha: float
    valuation_beta: float


AGENT_SECTIONS: dict[str, type[SACSettings] | type[PPOSettings]] = {"sac": SACSettings, "ppo": PPOSettings}
AgentSettings = Annotated[SACSettings | PPOSettings, Field(discriminator="name")]

TASK_DECIDES = {
    "sac": (
        "lr",
        "gamma",
        "tau",
        "target_entropy",
        "n_step",
        "reward_scale",
        "batch_size",
        "replay_capacity",
        "centering_steps",
        "privileged_critic",
        "warmup_steps",
        "warmup_hold_steps",
        "noise_hold_steps",
        "random_share",
        "updates_per_step",
        "segment_length",
        "random_shift",
        "history_dropout",
    ),
    "ppo": (
        "lr",
        "gamma",
        "gae_lambda",
        "reward_scale",
        "rollout_steps",
        "batch_size",
        "epochs",
        "segment_length",
        "noise_hold_steps",
        "privileged_critic",
        "policy_tau",
        "clip_range",
        "target_kl",
        "entropy_coefficient",
        "max_grad_norm",
        "normalization_rollouts",
    ),
}
"""Keys of each agent whose null means the task's value for the chosen observation."""
