"""From the name of a recipe, or a YAML file, and overrides to checked settings."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from crnn_seq2seq_ocr.config.explain import explain
from crnn_seq2seq_ocr.config.recipe import Recipe
from crnn_seq2seq_ocr.errors import RecipeError, did_you_mean
from crnn_seq2seq_ocr.system.parsing import parse_yaml


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with the package."""
    folder = files("crnn_seq2seq_ocr") / "recipes"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def load_recipe(name: str, overrides: list[str] | None = None) -> Recipe:
    """Load the recipe of a name or a YAML file, with ``section.setting=value`` overrides (values are YAML).

    Raises:
        RecipeError: No such recipe, not YAML, or settings that are unknown or wrong: all are listed.
    """
    return make_recipe(_read_yaml(name), overrides, name=name)


def make_recipe(raw: dict[str, Any], overrides: list[str] | None = None, *, name: str) -> Recipe:
    """Make the recipe of settings by name, changed by overrides as in `load_recipe`; `name` is for messages.

    Raises:
        RecipeError: Settings that are unknown or wrong: all are listed.
    """
    for override in overrides or []:
        _override(raw, override)
    try:
        return Recipe.model_validate(raw)
    except ValidationError as error:
        raise RecipeError(f"recipe {name}: {explain(error, Recipe)}") from None


def _read_yaml(name: str) -> dict[str, Any]:
    path = Path(name)
    if path.suffix in {".yaml", ".yml"}:
        if not path.is_file():
            raise RecipeError(f"there is no recipe file {path}")
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RecipeError(f"the recipe file {path} cannot be read: {error}") from None
    elif name in recipe_names():
        text = (files("crnn_seq2seq_ocr") / "recipes" / f"{name}.yaml").read_text(encoding="utf-8")
    else:
        raise RecipeError(
            f"there is no recipe {name!r}{did_you_mean(name, recipe_names())}; "
            f"there are {', '.join(recipe_names())}, or give the path of a .yaml file"
        )
    try:
        raw = parse_yaml(text)
    except ValueError as error:
        raise RecipeError(f"{name} is not valid YAML: {error}") from None
    if not isinstance(raw, dict):
        raise RecipeError(f"{name} must hold settings by name, it holds {type(raw).__name__}")
    return raw


def _override(raw: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise RecipeError(f"{override!r} is not a setting: write it as section.setting=value")
    try:
        parsed = parse_yaml(value)
    except ValueError as error:
        raise RecipeError(f"the value of {override!r} is not valid YAML: {error}") from None
    *sections, last = key.split(".")
    place: Any = raw
    for section in sections:
        inner = _inner(place, section, override)
        if not isinstance(inner, dict | list):  # a section that is null, or wrong anyway
            inner = {}
            _put(place, section, inner)
        place = inner
    _inner(place, last, override)
    _put(place, last, parsed)


def _inner(place: dict[str, Any] | list[Any], key: str, override: str) -> Any:
    """Return what stands at a name of a section or at a number, from 0, of a list."""
    if isinstance(place, dict):
        return place.get(key)
    if not key.isdecimal() or int(key) >= len(place):
        raise RecipeError(f"{override!r}: {key!r} should be a number from 0 to {len(place) - 1}, the place in a list")
    return place[int(key)]


def _put(place: dict[str, Any] | list[Any], key: str, value: Any) -> None:
    if isinstance(place, dict):
        place[key] = value
    else:
        place[int(key)] = value
