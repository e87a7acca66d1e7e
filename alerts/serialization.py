"""Alerts as JSON objects."""

from __future__ import annotations

from typing import Any

from core.logs import Render
from core.message_json import message_keys
from presentation.json_rows import as_object, plain
from storage.operations.alerts import Alert

MESSAGE_FACTS = ("reason", "error")  # the facts that are messages


def alert_object(alert: Alert, render: Render) -> dict[str, Any]:
    """Return an alert as JSON; messages among its facts as sentences, codes and parameters."""
    facts = dict(alert.facts)
    for name in MESSAGE_FACTS:
        if name in facts:
            facts |= message_keys(name, facts[name], render)
    shown = {"facts": facts, "since_at": plain(alert.since_at)}
    return as_object(alert) | shown | ({} if alert.id else {"id": None})
