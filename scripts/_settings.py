"""The typed schema of a run: what Hydra composed is validated once, here, before anything is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from scripts._agent_settings import TASK_DECIDES, AgentSettings, Count, Fraction, NonNegative, Positive, Section
from scripts._explain import UsageError, explain, nearest

PathText = Annotated[str, BeforeValidator(lambda value: str(value) if type(value) is int else value)]
Observation = Literal["state", "video", "privileged"]
Randomization = Literal["off", "mild", "strong"]
ContactLog = Literal["csv", "parquet"]
Overlap = Literal["auto", True, False]

NoiseLevel = Annotated[float, Field(gt=0.0, le=1.0)]

MAX_SEED = 2**31 - 1  # evaluation's seeds lie above
DEFAULT_ENCODER: dict[str, str] = {"state": "mlp", "video": "simple2dcnn", "privileged": "mlp"}
ENCODER_MODALITY: dict[str, str] = {
    "mlp": "state",
    "simple2dcnn": "video",
    "simple3dcnn": "video",
    "r3d18": "video",
    "timesformer": "video",
}
ENCODER_OPTIONS: dict[str, tuple[str, ...]] = {"r3d18": ("pretrained",), "timesformer": ("size", "pretrained")}
"""What an encoder can be told beside the width of its latent."""


class Schedule(Section):
    """How long a task is trained and how often it is looked at [shifts]; how long it is filmed [simulated s]."""

    episodes: Count
    checkpoint_every: Count
    eval_every: Count
    eval_shifts: Count
    final_shifts: Count
    video_seconds: Positive


class Variant(Section):
    """One way to observe a task: its Gymnasium id, and the values of sac (`agent`) and of ppo that go with it."""

    id: str
    kwargs: dict[str, Any]
    agent: dict[str, Any]
    ppo: dict[str, Any] = Field(default_factory=dict)


class Constants(Section):
    """Constants of the abstract task's formula: `v2p_sim.tasks.dishwashing_formula.DishwashingConfig`."""

    p_min: Fraction
    k: Fraction
    q_s: NonNegative
    q_c: NonNegative
    attempts_per_minute: Positive
    care_cost: Fraction


class TaskSettings(Section):
    """Which work, seen how; `constants` are those of a formula that is not the reference one."""

    name: str
    observation: Literal["auto", "state", "video", "privileged"]
    default_observation: Observation
    cells: Annotated[int, Field(ge=1, le=256)]
    shift_minutes: Positive | None = None
    frames: Count | None = None
    substeps: Count | None = None
    constants: Constants | None = None
    randomization: Randomization | None = None
    eval_randomization: Randomization = "off"
    schedule: Schedule
    observations: dict[Observation, Variant]


class EncoderSettings(Section):
    """What turns an observation into a latent; null = the encoder's own value."""

    name: Literal["auto", "mlp", "simple2dcnn", "simple3dcnn", "r3d18", "timesformer"]
    latent_dim: Count
    freeze_episodes: Annotated[int, Field(ge=0)] = 0
    pretrained: bool | None = None
    size: Literal["small", "base"] | None = None

    @property
    def options(self) -> dict[str, Any]:
        """What only this encoder knows."""
        return self.model_dump(include={"pretrained", "size"}, exclude_none=True)


TRAIN_LEVEL, SCORE_LEVEL = 0.1, 0.04
"""Largest noise level of training and of scores: those of `agents.DiffusionConfig`."""


class NoveltySettings(Section):
    """What tells new transitions from old ones; null = the measure's own value."""

    name: Literal["diffusion", "rnd", "knn", "none"]
    prediction: Literal["eps", "v"] | None = None
    schedule: Literal["cosine", "linear"] | None = None
    hidden: Count | None = None
    train_level: NoiseLevel | None = None
    score_levels: Annotated[list[NoiseLevel], Field(min_length=1)] | None = None

    @property
    def options(self) -> dict[str, Any]:
        """What is given beside the name."""
        given = self.model_dump(exclude={"name"}, exclude_none=True)
        return {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}


class PiSettings(Section):
    """Gains of the PI controller: `economics.PiGains`."""

    proportional: NonNegative
    integral: NonNegative
    limit: NonNegative


DEFAULT_GAINS = PiSettings(proportional=1.0, integral=0.1, limit=100.0)
"""Those of `economics.PiGains`."""


class ConstraintSettings(Section):
    """The quality SLA: a multiplier moved by dual ascent or PI control, under a tightening, perhaps gated target."""

    eta: NonNegative
    window_shifts: Count
    target_start: Fraction
    target_end: Fraction
    target_episodes: Annotated[int, Field(ge=0)]
    lambda_start: NonNegative
    gate_confidence: Annotated[float, Field(gt=0, lt=1)] | None = None
    pi: PiSettings | None = None


class EconomicsSettings(Section):
    """Prices in dollars, and the constraint."""

    price_usd: NonNegative
    damage_usd: NonNegative
    energy_usd_per_hour: NonNegative
    wage_usd_per_hour: Positive
    constraint: ConstraintSettings


class Settings(Section):
    """A whole run. `load_settings` makes one; all nulls that mean "the task's value" are filled in then."""

    seed: Annotated[int, Field(ge=0, le=MAX_SEED)]
    episodes: Count | None
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")]
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    threads: Count | None
    overlap: Overlap = False  # a run folder from before this key was trained without
    run_dir: PathText | None
    resume: PathText | None
    checkpoint_every: Count | None
    eval_every: Count | None
    eval_shifts: Count | None
    final_shifts: Count | None
    video: bool
    video_seconds: Positive | None
    contact_log: ContactLog | None = None
    task: TaskSettings
    encoder: EncoderSettings
    agent: AgentSettings
    novelty: NoveltySettings
    economics: EconomicsSettings

    @property
    def variant(self) -> Variant:
        """The chosen observation's id and values."""
        return self.task.observations[self.task.observation]  # type: ignore[index]


def load_settings(values: Mapping[str, Any], defaults: Callable[[], Mapping[str, Any]] = dict) -> Settings:
    """Validate and complete a composed configuration.

    Args:
        values: the nested mapping that Hydra composed, or a run folder's config.yaml
        defaults: composes the same without overrides of single keys, for what an error proposes

    Returns:
        Settings with concrete observation, encoder, agent values and schedule.

    Raises:
        UsageError: a key, type, range or combination is wrong; the message is one line.
    """
    try:
        return _complete(Settings.model_validate(dict(values)))
    except ValidationError as error:
        raise UsageError(explain(error, Settings, defaults())) from error


def _check_noise(novelty: NoveltySettings) -> None:
    """See that scores ask about no more noise than the denoiser is trained on."""
    learned, strongest = novelty.train_level or TRAIN_LEVEL, max(novelty.score_levels or [SCORE_LEVEL])
    if strongest <= learned:
        return
    if novelty.train_level is None:
        raise UsageError(f"novelty.score_levels: the denoiser learns noise up to {learned}; nearest valid: {learned}")
    raise UsageError(f"novelty.train_level: scores ask about noise of {strongest}; nearest valid: {strongest}")


def _complete(settings: Settings) -> Settings:
    observation, encoder = _modality(settings)
    task = settings.task
    variant = task.observations[observation]
    taken = {key for one in task.observations.values() for key in one.kwargs}
    for key in ("shift_minutes", "frames", "substeps", "randomization"):
        if getattr(task, key) is not None and key not in taken:
            raise UsageError(f"task.{key}: {task.name} has no such setting; nearest valid: leave it out")
    for key in settings.novelty.options if settings.novelty.name != "diffusion" else ():
        raise UsageError(f"novelty.{key}: {settings.novelty.name} has no such setting; nearest valid: leave it out")
    _check_noise(settings.novelty)
    for key in settings.encoder.options.keys() - ENCODER_OPTIONS.get(encoder, ()):
        raise UsageError(f"encoder.{key}: {encoder} has no such setting; nearest valid: leave it out")
    schedule = task.schedule.model_dump()
    return settings.model_copy(
        update={
            "task": task.model_copy(update={"observation": observation}),
            "encoder": settings.encoder.model_copy(update={"name": encoder}),
            "agent": _agent(settings.agent, variant, observation),
            "economics": _economics(settings),
            **{key: value for key, value in schedule.items() if getattr(settings, key) is None},
        }
    )


def _economics(settings: Settings) -> EconomicsSettings:
    """Fill in the gains: a cost critic's multiplier moves by PI control."""
    constraint = settings.economics.constraint
    if getattr(settings.agent, "constraint_form", "penalty") == "penalty" or constraint.pi is not None:
        return settings.economics
    return settings.economics.model_copy(update={"constraint": constraint.model_copy(update={"pi": DEFAULT_GAINS})})


def _agent(agent: AgentSettings, variant: Variant, observation: str) -> AgentSettings:
    """Fill in what the task decides."""
    group = "agent" if agent.name == "sac" else agent.name
    values = agent.model_dump()
    for key, value in getattr(variant, group).items():
        if key not in values:
            valid = nearest(key, values)
            raise UsageError(f"task.observations.{observation}.{group}.{key}: unknown key; nearest valid: {valid}")
        values[key] = value if values[key] is None else values[key]
    for key in TASK_DECIDES[agent.name]:
        if values[key] is None:
            raise UsageError(f"agent.{key}: the task names no value for {observation}; give one, agent.{key}=...")
    try:
        return type(agent).model_validate(values)
    except ValidationError as error:
        raise UsageError("agent." + explain(error, type(agent), {})) from error


def _modality(settings: Settings) -> tuple[Observation, str]:
    """Settle observation and encoder: each follows the other where it is auto."""
    task, encoder = settings.task, settings.encoder.name
    chosen = task.observation
    if chosen == "auto":
        reads = ENCODER_MODALITY.get(encoder)
        same = reads is None or ENCODER_MODALITY[DEFAULT_ENCODER[task.default_observation]] == reads
        chosen = task.default_observation if same else reads
    if chosen not in task.observations:
        known = ", ".join(task.observations)
        raise UsageError(f"task.observation: {task.name} has no {chosen} observation; valid: {known}")
    fitting = DEFAULT_ENCODER[chosen]
    if encoder == "auto":
        return chosen, fitting  # type: ignore[return-value]
    if ENCODER_MODALITY[encoder] != ENCODER_MODALITY[fitting]:
        raise UsageError(
            f"encoder: {encoder} reads {ENCODER_MODALITY[encoder]}, but task.observation={chosen}; "
            f"nearest valid: encoder={fitting}, or task.observation={ENCODER_MODALITY[encoder]}"
        )
    return chosen, encoder  # type: ignore[return-value]
