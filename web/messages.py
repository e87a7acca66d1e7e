"""Messages in JSON: a sentence for people, with its code and parameters for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.logs import redact
from core.messages import TEXT, Message, message_of
from presentation.i18n.renderer import API_RENDERER


def redacted_json(message: Message) -> dict[str, Any]:
    """Return `code` and `params` of a message, redacted."""
    return {"code": message.code, "params": _redacted(message.as_json()["params"])}


def sentences(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with messages as redacted English sentences.

    Beside the sentence `name` stand `name_code` and `name_params`; in
    lists there are only sentences.
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        found[name] = _sentence(value)
        message = message_of(value)
        if message is not None and message.code != TEXT:
            found |= {f"{name}_{key}": part for key, part in redacted_json(message).items()}
    return found


def _sentence(value: Any) -> Any:
    message = message_of(value)
    if message is not None:
        return redact(API_RENDERER.sentence(message))
    if isinstance(value, Mapping):
        return sentences(value)
    if isinstance(value, list | tuple):
        return [_sentence(part) for part in value]
    return value


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [_redacted(part) for part in value]
    if isinstance(value, dict):
        return {name: _redacted(part) for name, part in value.items()}
    return value
