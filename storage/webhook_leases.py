"""Queries on `webhook_deliveries` under a lease: claiming, ending an attempt, taking back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.database import Tx
from storage.times import to_sql, to_sql_or_none
from storage.webhooks import ERROR_CHARS, WHEN_DUE, Delivery, DeliveryState

INTERRUPTED = "its process died in the middle of the request"


@dataclass(frozen=True)
class DueEndpoint:
    """A URL to which something may be sent now; `due_since` is the moment of the oldest."""

    url_hash: str
    host: str
    due_since: str


@dataclass(frozen=True)
class HostTraffic:
    """Requests to a host that are under way, in all processes, and those whose process died."""

    host: str
    under_way: int
    expired: int


def due_endpoints(tx: Tx, now: datetime) -> list[DueEndpoint]:
    """URLs that something is due for, without those that are disabled or rest; the longest due
    first."""
    rows = tx.all(
        "SELECT d.url_hash, d.host, MIN(d.not_before) AS due_since FROM webhook_deliveries d"
        " LEFT JOIN webhook_endpoints e ON e.url_hash=d.url_hash"
        " WHERE d.not_before<=:now AND COALESCE(e.is_enabled, 1)=1"
        " AND (e.rest_until IS NULL OR e.rest_until<=:now)"
        " GROUP BY d.url_hash, d.host ORDER BY due_since, d.url_hash",
        now=to_sql(now),
    )
    return [DueEndpoint(row["url_hash"], row["host"], str(row["due_since"])) for row in rows]


def traffic(tx: Tx, now: datetime) -> list[HostTraffic]:
    """What is under way, by host."""
    rows = tx.all(
        "SELECT host, SUM(CASE WHEN lease_until>=:now THEN 1 ELSE 0 END) AS under_way,"
        " SUM(CASE WHEN lease_until<:now THEN 1 ELSE 0 END) AS expired"
        " FROM webhook_deliveries WHERE state='sending' GROUP BY host",
        now=to_sql(now),
    )
    return [HostTraffic(row["host"], int(row["under_way"]), int(row["expired"])) for row in rows]


def next_due(tx: Tx, url_hash: str, now: datetime) -> Delivery | None:
    """Lock the delivery to a URL that is due for the longest. One that was never tried waits until
    the older ones of its task were."""
    row = tx.one(
        f"SELECT d.* FROM webhook_deliveries d"
        f" {tx.dialect.force_index('idx_webhook_deliveries_next')}"
        " WHERE d.url_hash=:url_hash AND d.not_before<=:now"
        " AND (d.first_tried_at IS NOT NULL OR NOT EXISTS ("
        "SELECT 1 FROM webhook_deliveries o WHERE o.task_id=d.task_id AND o.first_tried_at IS NULL"
        " AND o.id<d.id AND (o.not_before IS NOT NULL OR o.state='sending')))"
        " ORDER BY d.not_before, d.id LIMIT 1" + tx.dialect.lock_suffix,
        url_hash=url_hash, now=to_sql(now),
    )  # fmt: skip
    return Delivery.from_row(row) if row else None


def take(tx: Tx, seen: Delivery, owner: str, until: datetime) -> bool:
    """Lease the delivery as `seen`, its token growing by 1, and count the attempt; False when it
    changed since."""
    return 1 == tx.execute(
        "UPDATE webhook_deliveries SET state='sending', attempts=attempts+1, not_before=NULL,"
        " lease_owner=:owner, lease_token=lease_token+1, lease_until=:until"
        " WHERE id=:id AND lease_token=:token AND state IN ('pending','failed')",
        id=seen.id, token=seen.lease_token, owner=owner, until=to_sql(until),
    )  # fmt: skip


def settle(
    tx: Tx,
    taken: Delivery,
    state: DeliveryState,
    now: datetime,
    *,
    not_before: datetime | None,
    status: int | None,
    error: str | None,
) -> bool:
    """End a lease with the attempt's outcome; False when the lease has ended, and nothing is
    changed."""
    due = WHEN_DUE.format(hash=":url_hash", moment=":not_before")
    return 1 == tx.execute(
        f"UPDATE webhook_deliveries SET state=:state, not_before={due},"
        " first_tried_at=COALESCE(first_tried_at, :now), last_status=:status, last_error=:error,"
        " finished_at=:finished_at, lease_owner=NULL, lease_until=NULL"
        " WHERE id=:id AND lease_token=:token AND state='sending'",
        id=taken.id, token=taken.lease_token, url_hash=taken.url_hash, state=state.value,
        now=to_sql(now), not_before=to_sql_or_none(not_before), status=status,
        error=error and error[:ERROR_CHARS],
        finished_at=None if state is DeliveryState.FAILED else to_sql(now),
    )  # fmt: skip


def reap(tx: Tx, now: datetime) -> int:
    """Take back what was being sent by processes that died: it is due again, under the same event
    id, for nobody knows whether it arrived. A test is given up: nobody waits for it any more."""
    due = WHEN_DUE.format(hash="webhook_deliveries.url_hash", moment=":now")
    return tx.execute(
        f"UPDATE webhook_deliveries SET not_before=CASE WHEN kind='test' THEN NULL ELSE {due} END,"
        " state=CASE WHEN kind='test' THEN 'dead' ELSE 'failed' END, last_error=:error,"
        " lease_owner=NULL, lease_until=NULL, lease_token=lease_token+1"
        " WHERE state='sending' AND lease_until<:now",
        now=to_sql(now), error=INTERRUPTED,
    )  # fmt: skip
