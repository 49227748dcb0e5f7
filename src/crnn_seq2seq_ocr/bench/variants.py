"""Variants of a recipe: every combination of the values that some settings are to take."""

import itertools
import json
from collections.abc import Sequence
from typing import Any

from crnn_seq2seq_ocr.config import Recipe, load_recipe
from crnn_seq2seq_ocr.errors import RecipeError
from crnn_seq2seq_ocr.system.parsing import parse_yaml


def vary(name: str, settings: Sequence[str], variations: Sequence[str]) -> dict[str, Recipe]:
    """Return the recipes to compare, by what sets them apart; one without a name where nothing varies.

    Args:
        name: Of a recipe, or a YAML file.
        settings: ``section.setting=value``, the same for all.
        variations: ``section.setting=value,value``; the first value of each is what the others are compared to.

    Raises:
        RecipeError: A variation is not written so, or gives no recipe.
    """
    choices = [_values(variation) for variation in variations]
    combinations = [list(each) for each in itertools.product(*choices)]
    return {_name(changes): load_recipe(name, [*settings, *changes]) for changes in combinations}


def _name(changes: list[str]) -> str:
    """Return what sets a variant apart, without the sections where the settings' own names tell them apart."""
    settings = [change.partition("=")[0].rpartition(".")[2] for change in changes]
    if len(set(settings)) < len(settings):
        return " ".join(changes)
    return " ".join(f"{setting}={change.partition('=')[2]}" for setting, change in zip(settings, changes, strict=True))


def _values(variation: str) -> list[str]:
    """Each ``section.setting=value`` of a variation."""
    setting, equals, values = variation.partition("=")
    try:
        listed = parse_yaml(f"[{values}]")
    except ValueError:
        listed = []
    if not setting or not equals or not listed:
        raise RecipeError(f"{variation!r} is no variation: write it as section.setting=value,value")
    return [f"{setting}={_written(value)}" for value in listed]


def _written(value: Any) -> str:
    """Write a value as YAML: bare where that means the same."""
    bare = isinstance(value, str) and parse_yaml(value) == value
    return value if bare else json.dumps(value, ensure_ascii=False)
