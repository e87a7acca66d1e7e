"""Messages in the JSON objects that programs read: as sentences, and as codes with parameters.

Whatever is returned here is without what looks like a credential.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.logs import Render, redact, redacted
from core.messages import Message, message_of


def message_json(message: Message) -> dict[str, Any]:
    """Return `{"code", "params"}` of a message."""
    return redacted(message).as_json()


def message_keys(key: str, value: Message | str | None, render: Render) -> dict[str, Any]:
    """Return a message, or the text of its column, as a sentence, a code and parameters.

    They stand under `key`, `<key>_code` and `<key>_params`. Without a message (None or an empty
    text) `key` keeps what is given, and the others are None. `render` makes the sentence.
    """
    if not value:
        return {key: value, f"{key}_code": None, f"{key}_params": None}
    message = Message.load(value) if isinstance(value, str) else value
    sentence, data = redact(render(message)), message_json(message)
    return {key: sentence, f"{key}_code": data["code"], f"{key}_params": data["params"]}


def with_message_keys(values: Mapping[str, Any], render: Render) -> dict[str, Any]:
    """Return the values, each message among them as `message_keys` has it, in nested objects too.

    In lists there are the sentences alone.
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        message = message_of(value)
        found |= (
            {name: _shown(value, render)}
            if message is None
            else message_keys(name, message, render)
        )
    return found


def _shown(value: Any, render: Render) -> Any:
    message = message_of(value)
    if message is not None:
        return redact(render(message))
    if isinstance(value, Mapping):
        return with_message_keys(value, render)
    if isinstance(value, list | tuple):
        return [_shown(part, render) for part in value]
    return value
