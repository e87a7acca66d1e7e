"""Queries on `webhook_deliveries` under a lease: claim, end an attempt, take back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.distribution.deliveries import Delivery, DeliveryState
from storage.engines.datetimes import to_sql, to_sql_or_none
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Tx
from storage.leasing import DELIVERIES
from storage.models.mapping import row_to

LOOKS_AT_ONCE = 100
# The URL is written in: as a column of another table it would be looked for behind all that is
# done, which has no moment and stands first in the index.
FIRST_DUE = (
    "SELECT :{name} AS url_hash, MIN(not_before) AS due_since FROM webhook_deliveries"
    " WHERE url_hash=:{name} AND not_before<=:now"
)


@dataclass(frozen=True)
class DueEndpoint:
    """A callback URL to which something may be sent now, since the moment `due_since` (as
    stored)."""

    url_hash: str
    host: str
    due_since: str


@dataclass(frozen=True)
class HostTraffic:
    """The deliveries to one host that are being sent, by all processes.

    `under_way` are those whose lease holds, `expired` those whose process died.
    """

    host: str
    under_way: int
    expired: int


def due_endpoints(tx: Tx, now: datetime) -> list[DueEndpoint]:
    """Return the URLs for which a delivery is due, the longest due first.

    URLs that are disabled or that rest are left out. Each costs one step into the index, however
    much waits for it or was sent there.
    """
    live = tx.all(
        "SELECT url_hash, host FROM webhook_endpoints"
        " WHERE is_enabled=1 AND (rest_until IS NULL OR rest_until<=:now) ORDER BY url_hash",
        now=to_sql(now),
    )
    hosts = {row["url_hash"]: row["host"] for row in live}
    hashes = list(hosts)
    found = []
    for start in range(0, len(hashes), LOOKS_AT_ONCE):
        names = {f"hash{n}": one for n, one in enumerate(hashes[start : start + LOOKS_AT_ONCE])}
        looks = (FIRST_DUE.format(name=name) for name in names)
        found += tx.all(" UNION ALL ".join(looks), now=to_sql(now), **names)
    due = [(str(row["due_since"]), row["url_hash"]) for row in found if row["due_since"]]
    return [DueEndpoint(one, hosts[one], since) for since, one in sorted(due)]


def traffic(tx: Tx, now: datetime) -> list[HostTraffic]:
    """Return the deliveries that are being sent, counted by host; other hosts are missing."""
    rows = tx.all(
        "SELECT host, SUM(CASE WHEN lease_until>=:now THEN 1 ELSE 0 END) AS under_way,"
        " SUM(CASE WHEN lease_until<:now THEN 1 ELSE 0 END) AS expired"
        " FROM webhook_deliveries WHERE state='sending' GROUP BY host",
        now=to_sql(now),
    )
    return [HostTraffic(row["host"], int(row["under_way"]), int(row["expired"])) for row in rows]


def candidates(tx: Tx, url_hash: str, now: datetime) -> list[int]:
    """Return up to 8 ids of deliveries to a URL that may be tried now, the longest due first.

    A delivery that was never tried waits until the older ones of its task and URL were tried. Those
    stand before it or are under way: however many wait for them, beyond the first hundred is
    nothing that has to go first.
    """
    rows = tx.all(
        "SELECT d.id FROM (SELECT id, task_id, first_tried_at, not_before FROM webhook_deliveries"
        f" {tx.dialect.force_index('idx_webhook_deliveries_next')}"
        " WHERE url_hash=:url_hash AND not_before<=:now ORDER BY not_before, id LIMIT 100) d"
        " WHERE d.first_tried_at IS NOT NULL OR d.task_id IS NULL OR d.id=("
        "SELECT o.id FROM webhook_deliveries o"
        f" {tx.dialect.force_index('idx_webhook_deliveries_order')}"
        " WHERE o.url_hash=:url_hash AND o.task_id=d.task_id AND o.first_tried_at IS NULL"
        " AND (o.not_before IS NOT NULL OR o.state='sending') ORDER BY o.id LIMIT 1)"
        " ORDER BY d.not_before, d.id LIMIT 8",
        url_hash=url_hash,
        now=to_sql(now),
    )
    return [int(row["id"]) for row in rows]


def lock(tx: Tx, delivery_id: int, now: datetime) -> Delivery | None:
    """Lock and return a delivery; None when it is not due any more, or locked by another worker."""
    row = tx.one(
        "SELECT * FROM webhook_deliveries WHERE id=:id AND not_before<=:now"
        + tx.dialect.lock_suffix,
        id=delivery_id,
        now=to_sql(now),
    )
    return row_to(Delivery, row) if row else None


def take(tx: Tx, seen: Delivery, owner: str, until: datetime) -> bool:
    """Lease the delivery as `seen` and count the attempt; return False when it changed since.

    Its token grows by 1.
    """
    return DELIVERIES.claim(
        tx,
        seen.id,
        seen.lease_token,
        owner=owner,
        until=until,
        where="state IN ('pending','failed')",
        changes="state='sending', attempts=attempts+1, not_before=NULL",
    )


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
    """End a lease with the outcome of the attempt; return False when the lease was lost.

    `not_before` is when to try again, None for never.
    """
    return DELIVERIES.give_back(
        tx,
        taken.id,
        taken.lease_token,
        "state=:state, not_before=:not_before, first_tried_at=COALESCE(first_tried_at, :now),"
        " last_status=:status, last_error=:error, finished_at=:finished_at",
        state=state.value,
        now=to_sql(now),
        not_before=to_sql_or_none(not_before),
        status=status,
        error=error and error[:MAX_TEXT_CHARS],
        finished_at=None if state is DeliveryState.FAILED else to_sql(now),
    )


def put_back(tx: Tx, taken: Delivery, not_before: datetime) -> bool:
    """End a lease as if the attempt had never begun; return False when the lease was lost.

    `not_before` is when to try again.
    """
    return DELIVERIES.give_back(
        tx,
        taken.id,
        taken.lease_token,
        # In this order: MySQL evaluates assignments from left to right.
        "state=CASE WHEN attempts>1 THEN 'failed' ELSE 'pending' END, attempts=attempts-1,"
        " not_before=:not_before",
        not_before=to_sql(not_before),
    )


def reap(tx: Tx, now: datetime, error: str) -> int:
    """Make the deliveries due again whose sender died; return their number.

    Each keeps its event id and goes before the younger ones of its task, as nobody knows whether it
    arrived. A test is given up instead: nobody waits for it any more. `error` is stored as the
    reason.
    """
    return DELIVERIES.reap(
        tx,
        now,
        "not_before=CASE WHEN kind='test' THEN NULL ELSE created_at END,"
        " state=CASE WHEN kind='test' THEN 'dead' ELSE 'failed' END, last_error=:error,"
        " finished_at=CASE WHEN kind='test' THEN :now ELSE NULL END",
        error=error,
    )
