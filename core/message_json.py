"""Messages in the JSON objects that programs read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.logs import redact
from core.messages import Message

Render = Callable[[Message], str]


def message_keys(key: str, value: Message | str | None, render: Render) -> dict[str, Any]:
    """Return a message, or the text of its column, as a sentence, a code and parameters.

    They stand under `key`, `<key>_code` and `<key>_params`; all are None when there is no message.
    """
    if value is None:
        return {key: None, f"{key}_code": None, f"{key}_params": None}
    message = Message.load(value) if isinstance(value, str) else value
    data = message.with_texts(redact).as_json()
    return {
        key: redact(render(message)),
        f"{key}_code": data["code"],
        f"{key}_params": data["params"],
    }
