"""What is wrong with some settings, in sentences: each with its place, unknown names with the nearest known one."""

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from crnn_seq2seq_ocr.errors import did_you_mean


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """Say all problems of a validation of a model, one a line."""
    problems = list(dict.fromkeys(_sentence(problem, model) for problem in error.errors()))
    count = len(problems)
    return f"{count} problem{'s' if count > 1 else ''}\n" + "\n".join(f"  {line}" for line in problems)


def explain_options(error: ValidationError, model: type[BaseModel]) -> str:
    """Say the first problem of each option, in one line; options have no sections."""
    problems: dict[str, str] = {}
    for problem in error.errors():
        name, known = str(problem["loc"][0]), list(model.model_fields)
        unknown = f"there is no option {name!r}{did_you_mean(name, known) or _there_are(known)}"
        problems.setdefault(name, unknown if problem["type"] == "extra_forbidden" else f"{name}: {_message(problem)}")
    return "; ".join(problems.values())


def _sentence(problem: Mapping[str, Any], model: type[BaseModel]) -> str:
    path, message = problem["loc"], _message(problem)
    if problem["type"] == "extra_forbidden":
        path, name = path[:-1], str(path[-1])
        where = [*_follow(path, model)[0], name]
        message = f"there is no such setting{did_you_mean(name, _names(path, model)) or _elsewhere(model, name)}"
    else:
        where, within = _follow(path, model)
        if problem["type"] == "union_tag_invalid":
            where, kinds, tag = [*where, "kind"], [_kind(settings) for settings in within], str(problem["ctx"]["tag"])
            message = f"there is no {tag!r}{did_you_mean(tag, kinds) or _there_are(kinds)}"
    return f"{'.'.join(where) or 'settings'}: {message}"


def _message(problem: Mapping[str, Any]) -> str:
    return str(problem["msg"]).removeprefix("Value error, ")


def _there_are(known: Collection[str]) -> str:
    return f" (there are {', '.join(known)})"


def _elsewhere(model: type[BaseModel], name: str) -> str:
    """Name the setting of that name in one of the sections, for a message; empty if there is none."""
    sections = [section for section in model.model_fields if name in _names((section,), model)]
    return f" (did you mean {' or '.join(repr(f'{section}.{name}') for section in sections)}?)" if sections else ""


def _names(path: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    """Return the names of the settings at a place within a model; none where it is no section."""
    return [name for settings in _follow(path, model)[1] for name in settings.model_fields]


def _follow(path: tuple[int | str, ...], model: type[BaseModel]) -> tuple[list[str], list[type[BaseModel]]]:
    """Follow a place within a model: how a user writes it, and which settings may be there (several: of several kinds).

    Pydantic's own places name the kind, which a recipe has as a setting beside the others.
    """
    shown: list[str] = []
    within = [model]
    for part in path:
        of_kind = [settings for settings in within if len(within) > 1 and _kind(settings) == part]
        if of_kind:
            within = of_kind
            continue
        shown.append(str(part))
        if isinstance(part, str):
            fields = [settings.model_fields[part] for settings in within if part in settings.model_fields]
            within = [each for field in fields for each in _settings_in(field.annotation)]
    return shown, within


def _kind(settings: type[BaseModel]) -> str:
    """Return the name of one of several kinds of settings."""
    return str(settings.model_fields["kind"].default)


def _settings_in(annotation: Any) -> list[type[BaseModel]]:
    """Find the settings classes in an annotation such as ``X``, ``X | None``, ``X | Y`` or ``list[X]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [each for argument in getattr(annotation, "__args__", ()) for each in _settings_in(argument)]
