"""One line for each thing that can be wrong: the key, what is wrong with it, the nearest valid value or the cure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

_ABSENT = object()
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
_REASONS = {
    "finite_number": "must be a finite number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "string_pattern_mismatch": "must be auto, cpu, cuda or cuda:N",
    "model_type": "must be a group of keys",
    "dict_type": "must be a group of keys",
}


class UsageError(ValueError):
    """Something that the user can cure; the message is one line that names the key and the cure."""


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the valid name that is closest to a wrong one: in its own group, by its last part, then as a whole."""
    names = sorted(names)
    group = name.rpartition(".")[0]
    siblings = [key for key in names if group and key.rpartition(".")[0] == group]
    last = {key.rsplit(".", 1)[-1]: key for key in names}
    found = difflib.get_close_matches(name.rsplit(".", 1)[-1], last, n=1, cutoff=0.6)
    if found:
        return last[found[0]]
    return difflib.get_close_matches(name, siblings if siblings else names, n=1, cutoff=0.0)[0]


def key_names(model: type[BaseModel], prefix: str = "") -> list[str]:
    """List every dotted key of the schema."""
    names = []
    for name, field in model.model_fields.items():
        names.append(prefix + name)
        for inner in _models(field.annotation):
            names += key_names(inner, f"{prefix}{name}.")
    return list(dict.fromkeys(names))


def explain(error: ValidationError, model: type[BaseModel], defaults: Mapping[str, Any]) -> str:
    """Turn pydantic's first complaint into one line.

    Args:
        error: what the validation of `model` raised
        model: the schema
        defaults: nested mapping of values that are known to be valid

    Returns:
        "key: what is wrong; nearest valid: value".
    """
    first = error.errors()[0]
    key, annotation = _follow(first["loc"], model)
    context, got = first.get("ctx", {}), first.get("input")
    if first["type"] == "union_tag_invalid":
        valid = sorted(_tag(inner) for inner in _models(annotation))
        best = nearest(context["tag"], valid)
        return f"{key}.name: {context['tag']!r} is not one of {', '.join(valid)}; nearest valid: {best}"
    if first["type"] == "union_tag_not_found":
        key = f"{key}.name"
    if first["type"] == "extra_forbidden":
        group = key.rpartition(".")[0]
        own = key_names(annotation, f"{group}.") if group else []
        others = [name for name in key_names(model) if not group or not name.startswith(f"{group}.")]
        return f"{key}: unknown key; nearest valid: {nearest(key, own + others)}"
    if first["type"] in ("missing", "union_tag_not_found"):
        return f"{key}: missing; give it a value, {key}=..."
    if first["type"] == "literal_error":
        valid = [value for value in _literals(annotation) if value != got]
        return f"{key}: {got!r} is not one of {', '.join(valid)}; nearest valid: {nearest(str(got), valid)}"
    wrong = f"{key}: {_reason(first['type'], first['msg'], context)}, got {got!r}"
    for bound in ("ge", "le"):
        if bound in context:
            return f"{wrong}; nearest valid: {context[bound]}"
    if isinstance(got, float) and first["type"].startswith("int") and got == got // 1:
        return f"{wrong}; nearest valid: {int(got)}"
    if first["type"] == "string_pattern_mismatch":
        return f"{wrong}; nearest valid: {nearest(str(got), ['auto', 'cpu', 'cuda', 'cuda:0'])}"
    default = _lookup(defaults, key)
    return wrong if default is _ABSENT else f"{wrong}; nearest valid: {_yaml(default)} (the default)"


def _yaml(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _reason(kind: str, message: str, context: Mapping[str, Any]) -> str:
    for bound, phrase in _BOUNDS.items():
        if bound in context:
            return f"must be {phrase} {context[bound]}"
    return _REASONS.get(kind, message.splitlines()[0].lower())


def _lookup(values: Any, key: str) -> Any:
    for part in key.split("."):
        if not isinstance(values, Mapping) or part not in values:
            return _ABSENT
        values = values[part]
    return values


def _literals(annotation: Any) -> list[str]:
    """Valid words of a Literal field."""
    words = annotation if get_origin(annotation) is Literal else get_args(annotation)[0]
    return [_yaml(word) for word in get_args(words)]


def _follow(location: Iterable[Any], model: type[BaseModel]) -> tuple[str, Any]:
    """Follow pydantic's location through the schema: its dotted key, without the tags of unions, and the annotation."""
    key, annotation = [], model
    for part in map(str, location):
        inner = _models(annotation)
        tagged = [option for option in inner if len(inner) > 1 and _tag(option) == part]
        if tagged:
            annotation = tagged[0]
            continue
        key.append(part)
        fields = inner[0].model_fields if inner else {}
        annotation = fields[part].annotation if part in fields else annotation
    return ".".join(key), annotation


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The model that a field holds, or those that it chooses from."""
    options = (annotation, *get_args(annotation)) if get_origin(annotation) in (None, UnionType, Union) else ()
    models = [option for option in options if isinstance(option, type) and issubclass(option, BaseModel)]
    return models if len(models) > 1 or annotation in models else []


def _tag(model: type[BaseModel]) -> str:
    """The word by which a union of models tells this one from the others."""
    return str(get_args(model.model_fields["name"].annotation)[0])
