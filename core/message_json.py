"""Messages in the JSON objects that programs read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.logs import redact
from core.messages import Message

Render = Callable[[Message], str]


def message_keys(key: str, value: Message | str | None, render: Render) -> dict[str, Any]:
    """Return the three keys that show a message in JSON: `<key>`, `<key>_code` and `<key>_params`.

    `value` is a message, or the text that a column keeps for one; without it all three are None.
    `render` makes the sentence under `<key>`. Credentials in the texts are redacted.
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
