"""Queries on `alert_notices`: messages about alerts to channels, and whether they were accepted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.errors import DatabaseContentionError
from storage.engines.datetimes import from_sql, to_sql
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Tx
from storage.leasing import NOTICES
from storage.models.mapping import row_to
from storage.operations.alerts import Alert


class News(StrEnum):
    """What a message reports about its alert."""

    RAISED = "raised"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Notice:
    """A message about an alert to a channel, leased under `token`.

    `attempts` counts the attempts to send it, this one included.
    """

    id: int
    alert: Alert
    news: News
    attempts: int
    token: int
    created_at: datetime


MESSAGE = "alert_id, news, channel"
DUE = (
    "state='due' AND channel=:channel AND not_before<=:now"
    " AND (lease_until IS NULL OR lease_until<:now)"
)


def add(tx: Tx, alert_id: int, news: News, channel: str, now: datetime) -> None:
    """Insert a message that is due now, unless the channel has one of that alert and news."""
    tx.add(
        "alert_notices",
        tx.dialect.on_conflict_ignore(MESSAGE),
        alert_id=alert_id,
        news=news.value,
        channel=channel,
        not_before=to_sql(now),
        created_at=to_sql(now),
    )


def has_due(tx: Tx, channel: str, now: datetime) -> bool:
    """Return whether a message to the channel is due now. Locks nothing."""
    index = tx.dialect.force_index("idx_alert_notices_due")
    return tx.exists(
        f"SELECT 1 AS yes FROM alert_notices {index} WHERE {DUE} LIMIT 1",
        channel=channel,
        now=to_sql(now),
    )


def claim(
    tx: Tx, channel: str, owner: str, now: datetime, until: datetime, limit: int
) -> list[Notice]:
    """Lease up to `limit` messages that are due, the longest due first; each counts an attempt.

    Raises:
        DatabaseContentionError: another process leased one of them meanwhile.
    """
    index = tx.dialect.force_index("idx_alert_notices_due")
    rows = tx.all(
        f"SELECT * FROM alert_notices {index} WHERE {DUE}"
        f" ORDER BY not_before, id LIMIT :limit{tx.dialect.lock_suffix}",
        channel=channel,
        now=to_sql(now),
        limit=limit,
    )
    for row in rows:
        taken = NOTICES.claim(
            tx,
            row["id"],
            row["lease_token"],
            owner=owner,
            until=until,
            where=DUE,
            changes="attempts=attempts+1",
            channel=channel,
            now=to_sql(now),
        )
        if not taken:
            raise DatabaseContentionError("notice_taken", notice_id=row["id"])
    alerts = {row["alert_id"]: _alert(tx, row["alert_id"]) for row in rows}
    return [
        Notice(
            id=row["id"],
            alert=alerts[row["alert_id"]],
            news=News(row["news"]),
            attempts=row["attempts"] + 1,
            token=row["lease_token"] + 1,
            created_at=from_sql(row["created_at"]),
        )
        for row in rows
    ]


def mark_sent(tx: Tx, notice: Notice, now: datetime) -> bool:
    """End a lease after the channel accepted the message; return False when the lease was lost."""
    return NOTICES.give_back(
        tx, notice.id, notice.token, "state='told', told_at=:now, last_error=NULL", now=to_sql(now)
    )


def put_back(tx: Tx, notice: Notice, not_before: datetime, error: str) -> bool:
    """End a lease, to send again at `not_before`; return False when the lease was lost.

    `error` is why the channel did not accept the message.
    """
    return NOTICES.give_back(
        tx,
        notice.id,
        notice.token,
        "not_before=:later, last_error=:error",
        later=to_sql(not_before),
        error=error[:MAX_TEXT_CHARS],
    )


def give_up(tx: Tx, notice: Notice, error: str) -> bool:
    """End a lease and never send the message, as it was refused for too long.

    `error` is the last reason. Return False when the lease was lost.
    """
    return NOTICES.give_back(
        tx,
        notice.id,
        notice.token,
        "state='given_up', last_error=:error",
        error=error[:MAX_TEXT_CHARS],
    )


def drop_unsent(tx: Tx, alert_id: int) -> int:
    """Delete an alert's unsent `raised` messages that nobody is sending; return their number."""
    return tx.execute(
        "DELETE FROM alert_notices"
        " WHERE alert_id=:id AND news='raised' AND state<>'told' AND lease_until IS NULL",
        id=alert_id,
    )


def notified_channels(tx: Tx, alert_id: int) -> list[str]:
    """Return the channels that accepted the message `raised` of an alert."""
    return tx.column(
        "SELECT channel FROM alert_notices WHERE alert_id=:id AND news='raised' AND state='told'",
        id=alert_id,
    )


def _alert(tx: Tx, alert_id: int) -> Alert:
    row = tx.one("SELECT * FROM alerts WHERE id=:id", id=alert_id)
    assert row is not None, "its notices go before it"
    return row_to(Alert, row)
