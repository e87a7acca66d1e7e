"""Messages in JSON for programs."""

from __future__ import annotations

from typing import Any

from core.message_json import message_keys
from core.messages import Message
from presentation.i18n.renderer import LOG_RENDERER, Renderer


def message_fields(
    name: str,
    message: Message | None,
    *,
    empty: str | None = None,
    renderer: Renderer = LOG_RENDERER,
) -> dict[str, Any]:
    """Return a message as JSON: the sentence as `name`, its data as `name_code` and `name_params`.

    All three are redacted. Without a message there is only `name`, with the value `empty`.
    """
    if message is None:
        return {name: empty}
    return message_keys(name, message, renderer.sentence)
