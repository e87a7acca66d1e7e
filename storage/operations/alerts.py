"""Queries on `alerts`: causes that need attention, open or resolved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from storage.engines.datetimes import to_sql, to_sql_or_none
from storage.engines.transactions import Tx
from storage.models.mapping import row_to


class AlertKind(StrEnum):
    """The kinds of causes; `alerts/rules.py` says when each is present."""

    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNTS_SPENT = "accounts_spent"
    ACCOUNTS_SUSPECT = "accounts_suspect"
    BROADCAST_STALE = "broadcast_stale"
    CIRCUIT_OPEN = "breaker_open"  # rows have the name of older versions
    EGRESS_DOWN = "egress_down"
    EGRESS_REFUSED = "egress_refused"
    HOST_GONE = "host_gone"
    HOUR_LATE = "hour_late"
    HOUR_MISSED = "hour_missed"
    INTERNAL_ERROR = "internal_error"
    JOB_FAILED = "job_failed"
    KEY_CHANGED = "key_changed"
    MASS_SIGN_OUT = "mass_sign_out"
    CLOCK_WENT_BACK = "clock_went_back"
    DATABASE_UNAVAILABLE = "database_unavailable"
    DATABASE_UNKNOWN_ERROR = "database_unknown_error"
    DAY_INCOMPLETE = "day_incomplete"
    DISK_FULL = "disk_full"
    RECEIVER_GONE = "receiver_gone"
    REPORTS_GIVEN_UP = "reports_given_up"
    REPORTS_LATE = "reports_late"
    SESSION_EXPIRING = "session_expiring"
    TASK_FAILED = "task_failed"
    TASK_WITHOUT_ACCOUNT = "task_without_account"
    VIDEO_GONE = "video_gone"
    VIEWS_PASSED = "views_passed"
    VIEWS_RISING = "views_rising"
    WORK_STALLED = "work_stalled"
    WORKS_REJECTED = "works_rejected"


NOT_RAISED = 0  # the id of an alert whose cause nobody has raised yet
SINCE = "since"  # the fact that says when a cause began, in ISO 8601
# Their cause is over at `until_at`, also where no process looks.
ENDING_BY_THEMSELVES = frozenset(
    {
        AlertKind.CIRCUIT_OPEN,
        AlertKind.ACCOUNTS_SPENT,
        AlertKind.ACCOUNTS_SUSPECT,
        AlertKind.HOUR_LATE,
    }
)
# News, and no trouble: nobody waits for its end.
TOLD_ONCE = frozenset({AlertKind.VIEWS_PASSED, AlertKind.VIEWS_RISING})


@dataclass(frozen=True)
class Alert:
    """A cause that needs attention, from its beginning to its end.

    A cause is a `kind` of trouble with a `subject`, such as `account:7`. `facts` are the parameters
    of its message. `until_at` is when it ends by itself, or when what it warns of happens; None
    when neither is known. It is resolved (`resolved_at`) after its cause was gone (since
    `well_since`) for `calm_secs`.
    """

    id: int
    kind: AlertKind
    subject: str
    facts: Mapping[str, Any]
    until_at: datetime | None
    raised_at: datetime
    well_since: datetime | None
    calm_secs: int
    resolved_at: datetime | None

    @property
    def key(self) -> str:
        """Return the value of its unique column (see `open_key`)."""
        return open_key(self.kind, self.subject)

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

    @property
    def since_at(self) -> datetime:
        """Return the UTC time at which its cause began, as far as is known; else when it was
        raised."""
        since = self.facts.get(SINCE)
        return self.raised_at if since is None else datetime.fromisoformat(str(since))

    def is_present(self, now: datetime) -> bool:
        """Return whether its cause exists, as far as is known; else it waits to be resolved."""
        if not self.is_open or self.well_since is not None:
            return False
        ended = self.until_at is not None and self.until_at <= now
        return not (ended and self.kind in ENDING_BY_THEMSELVES)


def open_key(kind: AlertKind, subject: str) -> str:
    """Return the value of the unique column that keeps a second such alert from being open."""
    return f"{kind}|{subject}"


def add(
    tx: Tx,
    kind: AlertKind,
    subject: str,
    facts: Mapping[str, Any],
    until: datetime | None,
    calm_secs: int,
    now: datetime,
) -> int:
    """Insert an open alert for a cause (`kind` and `subject`) and return its id.

    Args:
        facts: the parameters of its message.
        until: when the cause ends by itself, or what it warns of happens (UTC); None when unknown.
        calm_secs: how long the cause must stay away before the alert is resolved.

    Raises:
        DuplicateKeyError: an alert of that kind and subject is open already.
    """
    return tx.add(
        "alerts",
        kind=kind.value,
        subject=subject,
        open_key=open_key(kind, subject),
        facts=_as_text(facts),
        until_at=to_sql_or_none(until),
        raised_at=to_sql(now),
        calm_secs=calm_secs,
    )


def all_open(tx: Tx) -> list[Alert]:
    """Return the open alerts, oldest first."""
    index = tx.dialect.force_index("uq_alerts_open")
    rows = tx.all(f"SELECT * FROM alerts {index} WHERE open_key>'' ORDER BY id")
    return [row_to(Alert, row) for row in rows]


def newest(tx: Tx, limit: int) -> list[Alert]:
    """Return the newest `limit` alerts, open and resolved, newest first."""
    rows = tx.all("SELECT * FROM alerts ORDER BY id DESC LIMIT :limit", limit=limit)
    return [row_to(Alert, row) for row in rows]


def last_of(tx: Tx, kind: AlertKind, subject: str) -> Alert | None:
    """Return the newest alert of that kind and subject, open or resolved; None when there was
    none."""
    row = tx.one(
        "SELECT * FROM alerts WHERE kind=:kind AND subject=:subject ORDER BY id DESC LIMIT 1",
        kind=kind.value,
        subject=subject,
    )
    return row_to(Alert, row) if row else None


def refresh(tx: Tx, alert_id: int, facts: Mapping[str, Any], until: datetime | None) -> None:
    """Update the facts of an open alert whose cause is present, and forget that it was gone.

    An alert that was resolved meanwhile stays as it is. `until` is as in `add`.
    """
    tx.execute(
        "UPDATE alerts SET facts=:facts, until_at=:until, well_since=NULL"
        " WHERE id=:id AND resolved_at IS NULL",
        id=alert_id,
        facts=_as_text(facts),
        until=to_sql_or_none(until),
    )


def note_cause_gone(tx: Tx, alert_id: int, now: datetime) -> None:
    """Record when the cause of an open alert was first found gone; a later call changes nothing."""
    tx.execute(
        "UPDATE alerts SET well_since=:now"
        " WHERE id=:id AND resolved_at IS NULL AND well_since IS NULL",
        id=alert_id,
        now=to_sql(now),
    )


def resolve(tx: Tx, alert_id: int, now: datetime) -> bool:
    """Resolve an alert; return False when another process has resolved it."""
    return 1 == tx.execute(
        "UPDATE alerts SET resolved_at=:now, open_key=NULL WHERE id=:id AND resolved_at IS NULL",
        id=alert_id,
        now=to_sql(now),
    )


def lock_open(tx: Tx, alert_id: int) -> bool:
    """Lock an alert until the transaction ends; return whether it is still open."""
    # An UPDATE that changes nothing locks the row on both engines; SQLite has no FOR UPDATE.
    tx.execute("UPDATE alerts SET kind=kind WHERE id=:id", id=alert_id)
    row = tx.one("SELECT resolved_at FROM alerts WHERE id=:id", id=alert_id)
    return row is not None and row["resolved_at"] is None


def _as_text(facts: Mapping[str, Any]) -> str:
    return json.dumps(dict(facts), ensure_ascii=False, sort_keys=True)
