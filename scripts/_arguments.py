"""Command lines that mix a script's own keys with the overrides of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel

from scripts._cli import compose_settings, configs_dir, load_arguments
from scripts._explain import UsageError, key_names, nearest
from scripts._settings import Settings

Model = TypeVar("Model", bound=BaseModel)


def split_arguments(argv: Sequence[str], model: type[Model], usage: str) -> tuple[Model, list[str]]:
    """Take a script's own `key=value` arguments out of the overrides.

    Args:
        argv: arguments after the program's name
        model: the script's own schema
        usage: what `--help` prints

    Returns:
        The validated own arguments, and the overrides in their order.

    Raises:
        UsageError: an argument is malformed, or its key belongs to neither; an own one is out of range.
    """
    own = set(model.model_fields)
    overrides = [word for word in argv if "=" in word and word.partition("=")[0] not in own]
    arguments = load_arguments([word for word in argv if word not in overrides], model, usage)
    known = [*own, *key_names(Settings)]
    free = [f"{name}." for name in ("task.observations", "task.constants")]
    groups = {path.name for path in configs_dir().iterdir() if path.is_dir()}
    for word in overrides:
        key = word.partition("=")[0].lstrip("+~")
        if key not in known and key not in groups and not key.startswith(tuple(free)):
            raise UsageError(f"{key}: unknown key; nearest valid: {nearest(key, known)}")
    return arguments, overrides


def settings_for(overrides: Sequence[str], defaults: Sequence[str]) -> Settings:
    """Compose a run that this script needs: its defaults hold where the command line says nothing else.

    Args:
        overrides: of the command line
        defaults: `key=value` of the script; one whose key the task does not have is left out

    Returns:
        The settings.

    Raises:
        UsageError: an override is wrong.
    """
    named = {word.partition("=")[0].lstrip("+~") for word in overrides}
    plain = compose_settings(overrides)
    wanted = []
    for word in defaults:
        key, _, value = word.partition("=")
        if key in named or (key == "task.observation" and value not in plain.task.observations):
            continue
        field = key.removeprefix("task.")
        if key.startswith("task.") and field != "observation" and field not in plain.variant.kwargs:
            continue
        wanted.append(word)
    return compose_settings([*overrides, *wanted])
