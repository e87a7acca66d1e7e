"""Texts with placeholders: `{domain}`, `{page}`, `{offset}`, `{cursor}`, `{page_size}`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from core.messages import Message

PLACEHOLDER = re.compile(r"\{(\w+)\}")
PLACEHOLDERS = ("domain", "page", "offset", "cursor", "page_size")


class Absent:
    """The type of ABSENT, which stands for a value that a page lacks: its key is left out."""

    def __str__(self) -> str:
        return ""


ABSENT = Absent()


def placeholders_in(value: Any) -> set[str]:
    """Return the names of the placeholders in a text, or in all texts inside a JSON value."""
    if isinstance(value, str):
        return set(PLACEHOLDER.findall(value))
    if isinstance(value, Mapping):
        return {name for item in value.values() for name in placeholders_in(item)}
    if isinstance(value, list):
        return {name for item in value for name in placeholders_in(item)}
    return set()


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """Return the JSON value with its placeholders replaced by `values`.

    A text that is one placeholder and nothing else becomes the value itself: a number stays one.

    Raises:
        KeyError: `values` has no value for a placeholder.
    """
    if isinstance(template, str):
        alone = PLACEHOLDER.fullmatch(template)
        if alone:
            return values[alone[1]]
        return PLACEHOLDER.sub(lambda found: str(values[found[1]]), template)
    if isinstance(template, Mapping):
        filled = {key: fill(item, values) for key, item in template.items()}
        return {key: item for key, item in filled.items() if item is not ABSENT}
    if isinstance(template, list):
        return [item for item in (fill(item, values) for item in template) if item is not ABSENT]
    return template


def json_problem(value: Any) -> Message | None:
    """Return why a TOML value cannot be sent as JSON; None when it can."""
    if isinstance(value, dict):
        return next(filter(None, map(json_problem, value.values())), None)
    if isinstance(value, list):
        return next(filter(None, map(json_problem, value)), None)
    if isinstance(value, float) and not math.isfinite(value):
        return Message.of("json_without_number", value=str(value))
    if value is None or isinstance(value, str | int | float):
        return None
    return Message.of("json_without_type", found=type(value).__name__)
