"""A cause for an alert, as rules find it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.clock import iso_utc
from storage.operations.alerts import SINCE, Alert, AlertKind, open_key


@dataclass(frozen=True)
class AlertCause:
    """A cause for an alert: a kind of trouble with its subject.

    Args:
        subject: what it is about, such as `account:7`; one alert is open for each kind and subject.
        facts: JSON values that the alert's text is made of.
        until_at: UTC time at which the cause ends by itself, or what it warns of happens; None when
            neither is known.
        since_at: UTC time at which it began; None when that is not known.
    """

    kind: AlertKind
    subject: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    until_at: datetime | None = None
    since_at: datetime | None = None

    def stored_facts(self, alert: Alert | None = None) -> dict[str, Any]:
        """Return the facts with the beginning of the cause; that of its open alert stays."""
        known = None if alert is None else alert.facts.get(SINCE)
        if self.since_at is None:
            return dict(self.facts)
        return {**self.facts, SINCE: known or iso_utc(self.since_at)}

    @property
    def key(self) -> str:
        """Return the key under which at most one alert is open."""
        return open_key(self.kind, self.subject)
