"""A cause for an alert, as rules find it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from storage.operations.alerts import AlertKind, open_key


@dataclass(frozen=True)
class AlertCause:
    """A cause for an alert: a kind of trouble with its subject.

    Args:
        subject: what it is about, such as `account:7`; one alert is open for each kind and subject.
        facts: JSON values that the alert's text is made of.
        until_at: UTC time at which the cause ends by itself, or what it warns of happens; None when
            neither is known.
    """

    kind: AlertKind
    subject: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    until_at: datetime | None = None

    @property
    def key(self) -> str:
        """Return the key under which at most one alert is open."""
        return open_key(self.kind, self.subject)
