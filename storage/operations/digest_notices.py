"""Queries on `digest_notices`: which channel has been sent the digest of which day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from core.errors import DuplicateKeyError
from storage.engines.datetimes import to_sql
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Tx
from storage.leasing import DIGEST_NOTICES
from storage.models.mapping import row_to

DUE = (
    "state='due' AND channel=:channel AND not_before<=:now"
    " AND (lease_until IS NULL OR lease_until<:now)"
)


@dataclass(frozen=True)
class DigestNotice:
    """A digest for a channel, leased under `lease_token`.

    `attempts` counts the attempts to send it, this one included.
    """

    id: int
    day: date
    attempts: int
    lease_token: int
    created_at: datetime


def add(tx: Tx, day: date, channel: str, now: datetime) -> bool:
    """Insert the digest of a day for a channel, due now; return False when it has one already."""
    try:
        tx.add(
            "digest_notices",
            day=str(day),
            channel=channel,
            not_before=to_sql(now),
            created_at=to_sql(now),
        )
    except DuplicateKeyError:
        return False
    return True


def has_due(tx: Tx, channel: str, now: datetime) -> bool:
    """Return whether a digest for the channel is due now. Locks nothing."""
    index = tx.dialect.force_index("idx_digest_notices_due")
    return tx.exists(
        f"SELECT 1 AS yes FROM digest_notices {index} WHERE {DUE} LIMIT 1",
        channel=channel,
        now=to_sql(now),
    )


def claim(tx: Tx, channel: str, owner: str, now: datetime, until: datetime) -> DigestNotice | None:
    """Lease the digest for a channel that is due for longest, and count an attempt.

    Return None when none is due, or another process has leased it.
    """
    index = tx.dialect.force_index("idx_digest_notices_due")
    row = tx.one(
        f"SELECT * FROM digest_notices {index} WHERE {DUE}"
        f" ORDER BY not_before, id LIMIT 1{tx.dialect.lock_suffix}",
        channel=channel,
        now=to_sql(now),
    )
    if row is None:
        return None
    taken = DIGEST_NOTICES.claim(
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
    claimed = dict(row) | {
        "attempts": row["attempts"] + 1,
        "lease_token": row["lease_token"] + 1,
    }
    return row_to(DigestNotice, claimed) if taken else None


def mark_sent(tx: Tx, notice: DigestNotice, now: datetime) -> bool:
    """End a lease after the channel accepted the digest; return False when the lease was lost."""
    return DIGEST_NOTICES.give_back(
        tx,
        notice.id,
        notice.lease_token,
        "state='told', told_at=:now, last_error=NULL",
        now=to_sql(now),
    )


def put_back(tx: Tx, notice: DigestNotice, not_before: datetime, error: str) -> bool:
    """End a lease, to send again at `not_before`; return False when the lease was lost.

    `error` is why the channel did not accept the digest.
    """
    return DIGEST_NOTICES.give_back(
        tx,
        notice.id,
        notice.lease_token,
        "not_before=:later, last_error=:error",
        later=to_sql(not_before),
        error=error[:MAX_TEXT_CHARS],
    )


def give_up(tx: Tx, notice: DigestNotice, error: str) -> bool:
    """End a lease and never send the digest, as it was refused for too long.

    `error` is the last reason. Return False when the lease was lost.
    """
    return DIGEST_NOTICES.give_back(
        tx,
        notice.id,
        notice.lease_token,
        "state='given_up', last_error=:error",
        error=error[:MAX_TEXT_CHARS],
    )
