"""The one join: settings in, environments, learner, constraint and prices out."""

from __future__ import annotations

from typing import Any

import gymnasium as gym

import v2p_sim  # noqa: F401  registers the tasks
from agents import (
    AGENTS,
    ENCODERS,
    EnvSpec,
    OffPolicyLearner,
    OnPolicyLearner,
    OverlappedLearner,
    PPOAgent,
    ReplayBuffer,
    SACAgent,
    VideoEncoder,
    build_encoder,
    build_novelty,
)
from economics import ConstraintConfig, PiGains, Prices, SlaConstraint
from scripts._agent_settings import AgentSettings
from scripts._explain import UsageError
from scripts._placement import choose_device, usable_threads, uses_bfloat16, uses_overlap
from scripts._settings import EconomicsSettings, Settings
from v2p_sim.tasks.dishwashing_formula import DishwashingConfig

EVALUATION_CELLS = 8

AnyLearner = OffPolicyLearner | OnPolicyLearner


def make_prices(economics: EconomicsSettings) -> Prices:
    """Make the prices."""
    return Prices(
        price_usd=economics.price_usd,
        damage_usd=economics.damage_usd,
        energy_usd_per_hour=economics.energy_usd_per_hour,
        wage_usd_per_hour=economics.wage_usd_per_hour,
    )


def make_constraint(economics: EconomicsSettings) -> SlaConstraint:
    """Make the SLA constraint.

    Args:
        economics: prices and constraint

    Returns:
        The constraint before the first shift.

    Raises:
        UsageError: two of its settings do not agree.
    """
    values = economics.constraint.model_dump()
    gains = values.pop("pi")
    try:
        config = ConstraintConfig(**values, pi=None if gains is None else PiGains(**gains))
    except ValueError as error:
        raise UsageError(f"economics.constraint.{error}") from error
    return SlaConstraint(config)


def make_cells(settings: Settings, num_cells: int) -> Any:
    """Make a vector environment of the chosen task and observation.

    Args:
        settings: the run
        num_cells: shifts worked at once

    Returns:
        The Gymnasium vector environment.

    Raises:
        UsageError: the task refuses a setting.
    """
    mode = gym.VectorizeMode.VECTOR_ENTRY_POINT
    try:
        return gym.make_vec(settings.variant.id, num_envs=num_cells, vectorization_mode=mode, **_kwargs(settings))
    except ValueError as error:
        raise UsageError(f"task: {str(error).splitlines()[0]}") from error


def for_training(settings: Settings) -> Settings:
    """Return the settings of a training: infos tell privileged numbers where the critics want them.

    Args:
        settings: the run

    Raises:
        UsageError: the critics want them, and the task has none to tell.
    """
    if not getattr(settings.agent, "privileged_critic", False):
        return settings
    if "privileged_info" not in settings.variant.kwargs:
        raise UsageError(
            f"agent.privileged_critic: {settings.task.name} tells nothing beside its {settings.task.observation}; "
            "nearest valid: false"
        )
    return with_kwargs(settings, privileged_info=True)


def for_evaluation(settings: Settings, randomization: str | None = None) -> Settings:
    """Return the settings of an evaluation: domain randomisation off unless named.

    Args:
        settings: the run
        randomization: off, mild or strong; None = `task.eval_randomization`
    """
    if "randomization" not in settings.variant.kwargs:
        return settings
    return with_kwargs(
        settings, randomization=settings.task.eval_randomization if randomization is None else randomization
    )


def with_kwargs(settings: Settings, **kwargs: Any) -> Settings:
    """Return the settings with other keyword arguments of the chosen environment."""
    variant = settings.variant.model_copy(update={"kwargs": settings.variant.kwargs | kwargs})
    observations = settings.task.observations | {settings.task.observation: variant}
    return settings.model_copy(update={"task": settings.task.model_copy(update={"observations": observations})})


def make_cell(settings: Settings) -> gym.Env[Any, Any]:
    """Make one cell that can be filmed."""
    return gym.make(settings.variant.id, render_mode="rgb_array", **_kwargs(settings))


def _kwargs(settings: Settings) -> dict[str, Any]:
    kwargs = {key: value for key, value in settings.variant.kwargs.items() if value is not None}
    if "threads" in settings.variant.kwargs:
        kwargs["threads"] = usable_threads(settings)
    if settings.task.constants is not None:
        kwargs["config"] = DishwashingConfig(**settings.task.constants.model_dump())
    return kwargs | {"prices": make_prices(settings.economics)}


def without_pretrained(settings: Settings) -> Settings:
    """Return the settings of a run whose weights come from a checkpoint: published ones are not looked for."""
    if settings.encoder.pretrained is None:
        return settings
    return settings.model_copy(update={"encoder": settings.encoder.model_copy(update={"pretrained": False})})


def agent_config(agent: AgentSettings) -> Any:
    """Turn an agent's settings into its config.

    Args:
        agent: settings without nulls that the task decides

    Returns:
        SACConfig or PPOConfig.

    Raises:
        UsageError: the agent refuses a setting.
    """
    values = agent.model_dump()
    values["learning_rate"] = values.pop("lr")
    try:
        return AGENTS[values.pop("name")][1](**values)
    except ValueError as error:
        raise UsageError(f"agent.{str(error).splitlines()[0]}") from error


def make_agent(settings: Settings, env: Any) -> SACAgent | PPOAgent:
    """Make an untrained agent; the same settings give the same weights.

    Args:
        settings: the run
        env: vector environment, for its spaces

    Returns:
        The agent on its device.

    Raises:
        UsageError: the device is not there, or the agent refuses a setting.
    """
    device = choose_device(settings.device)
    told = getattr(env.unwrapped, "single_privileged_space", None)
    dim = 0 if told is None else told.shape[0]
    spec = EnvSpec.from_spaces(env.single_observation_space, env.single_action_space, dim)
    config = agent_config(settings.agent)
    if settings.encoder.name not in ENCODERS:
        raise UsageError(f"encoder: there is no {settings.encoder.name}; valid: {', '.join(ENCODERS)}")
    chosen = settings.encoder
    shape, options = spec.observation_shape, chosen.options
    try:
        encoder = build_encoder(chosen.name, shape, latent_dim=chosen.latent_dim, seed=settings.seed, **options)
    except ValueError as error:
        raise UsageError(f"encoder: {str(error).splitlines()[0]}") from error
    in_bfloat16 = uses_bfloat16(settings, device)
    if isinstance(encoder, VideoEncoder):
        encoder.learns_in_bfloat16 = in_bfloat16
    try:
        return AGENTS[settings.agent.name][0](spec, encoder, config, device=device, seed=settings.seed)
    except ValueError as error:
        raise UsageError(f"agent.{str(error).splitlines()[0]}") from error


def make_learner(settings: Settings, env: Any) -> AnyLearner:
    """Make the learner: agent, replay or rollout, and novelty.

    Args:
        settings: the run
        env: the vector environment that it will learn from

    Returns:
        The learner.

    Raises:
        UsageError: a part refuses a setting.
    """
    agent = make_agent(settings, env)
    novelty = build_novelty(
        settings.novelty.name,
        latent_dim=settings.encoder.latent_dim,
        device=choose_device(settings.device),
        seed=settings.seed,
        **settings.novelty.options,
    )
    if isinstance(agent, PPOAgent):
        return OnPolicyLearner(agent, novelty, num_cells=env.num_envs, seed=settings.seed)
    replay = ReplayBuffer(agent.spec, num_cells=env.num_envs, config=agent.config.replay_config())
    learner = OverlappedLearner if uses_overlap(settings) else OffPolicyLearner
    return learner(agent, replay, novelty, num_cells=env.num_envs, seed=settings.seed)
