"""Queries on `webhook_deliveries` under a lease: claim, end an attempt, take back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.distribution.deliveries import Delivery, DeliveryState
from storage.engines.datetimes import to_sql, to_sql_or_none
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Tx, by_row, in_list
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
    stored).

    `host_key` is the first URL of its host: whoever claims deliveries to a host holds its row.
    """

    url_hash: str
    host: str
    due_since: str
    host_key: str


@dataclass(frozen=True)
class HostTraffic:
    """The deliveries to one host that are being sent, by all processes.

    `under_way` are those whose lease holds, `expired` those whose process died.
    """

    host: str
    under_way: int
    expired: int


@dataclass(frozen=True)
class DueDelivery:
    """A delivery that may be sent, locked by the transaction that read it.

    `tries` counts the attempts that were ever made at it, `secret` is the encrypted secret of its
    task; None when there is none.
    """

    delivery: Delivery
    tries: int
    secret: str | None


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What a delivery becomes by an attempt; `not_before` is when to try again, None for never."""

    delivery: Delivery
    state: DeliveryState
    not_before: datetime | None
    status: int | None
    error: str | None


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
    keys = {host: url_hash for url_hash, host in reversed(hosts.items())}
    found = []
    for start in range(0, len(hashes), LOOKS_AT_ONCE):
        names = {f"hash{n}": one for n, one in enumerate(hashes[start : start + LOOKS_AT_ONCE])}
        looks = (FIRST_DUE.format(name=name) for name in names)
        found += tx.all(" UNION ALL ".join(looks), now=to_sql(now), **names)
    due = [(str(row["due_since"]), row["url_hash"]) for row in found if row["due_since"]]
    return [DueEndpoint(one, hosts[one], since, keys[hosts[one]]) for since, one in sorted(due)]


def hold_hosts(tx: Tx, host_keys: Collection[str]) -> set[str]:
    """Lock hosts for claims until COMMIT, by their keys; return those that nobody else holds.

    Two processes that claim from a host at once would both take all that it is sent at a time.
    """
    marks, params = in_list(sorted(host_keys))
    rows = tx.all(
        f"SELECT url_hash FROM webhook_endpoints WHERE url_hash IN ({marks}) ORDER BY url_hash"
        + tx.dialect.lock_suffix,
        **params,
    )
    return {row["url_hash"] for row in rows}


def traffic(tx: Tx, now: datetime) -> list[HostTraffic]:
    """Return the deliveries that are being sent, counted by host; other hosts are missing."""
    rows = tx.all(
        "SELECT host, SUM(CASE WHEN lease_until>=:now THEN 1 ELSE 0 END) AS under_way,"
        " SUM(CASE WHEN lease_until<:now THEN 1 ELSE 0 END) AS expired"
        " FROM webhook_deliveries WHERE state='sending' GROUP BY host",
        now=to_sql(now),
    )
    return [HostTraffic(row["host"], int(row["under_way"]), int(row["expired"])) for row in rows]


def candidates(tx: Tx, url_hash: str, now: datetime, limit: int) -> list[int]:
    """Return up to `limit` ids of deliveries to a URL that may be tried now, the longest due first.

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
        " ORDER BY d.not_before, d.id LIMIT :limit",
        url_hash=url_hash,
        limit=limit,
        now=to_sql(now),
    )
    return [int(row["id"]) for row in rows]


def lock(tx: Tx, delivery_ids: Sequence[int], now: datetime) -> list[DueDelivery]:
    """Lock and return deliveries, in the order of their ids.

    Those that are not due any more, or locked by another worker, are left out.
    """
    marks, params = in_list(delivery_ids)
    rows = tx.all(
        "SELECT d.*, (SELECT COUNT(*) FROM webhook_attempts a WHERE a.delivery_id=d.id) AS tries,"
        " (SELECT t.callback_secret FROM drama_tasks t WHERE t.task_id=d.task_id) AS secret"
        f" FROM webhook_deliveries d WHERE d.id IN ({marks}) AND d.not_before<=:now ORDER BY d.id"
        + tx.dialect.lock_suffix,
        now=to_sql(now),
        **params,
    )
    return [DueDelivery(row_to(Delivery, row), int(row["tries"]), row["secret"]) for row in rows]


def take(tx: Tx, seen: Sequence[Delivery], owner: str, until: datetime) -> bool:
    """Lease deliveries as `seen` and count an attempt at each; return False when one changed since.

    Their tokens grow by 1.
    """
    return DELIVERIES.claim_all(
        tx,
        {delivery.id: delivery.lease_token for delivery in seen},
        owner=owner,
        until=until,
        where="state IN ('pending','failed')",
        changes="state='sending', attempts=attempts+1, not_before=NULL",
    )


def settle(tx: Tx, endings: Sequence[Ending], now: datetime) -> bool:
    """End leases with the outcomes of attempts; return False when one of them was lost.

    Then the transaction has to be rolled back, unless it was the only one.
    """
    tokens = {ending.delivery.id: ending.delivery.lease_token for ending in endings}
    _, ids = in_list(tokens)
    columns: dict[str, list[Any]] = {
        "state": [ending.state.value for ending in endings],
        "not_before": [to_sql_or_none(ending.not_before) for ending in endings],
        "last_status": [ending.status for ending in endings],
        "last_error": [ending.error and ending.error[:MAX_TEXT_CHARS] for ending in endings],
        "finished_at": [
            None if ending.state is DeliveryState.FAILED else to_sql(now) for ending in endings
        ],
    }
    changes, params = ["first_tried_at=COALESCE(first_tried_at, :now)"], dict[str, Any]()
    for column, values in columns.items():
        case, named = by_row("id", ids, column, values)
        changes.append(f"{column}={case}")
        params |= named
    return DELIVERIES.give_back_all(tx, tokens, ", ".join(changes), now=to_sql(now), **params)


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
