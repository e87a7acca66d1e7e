"""Queries that find rows past their retention and delete them, across tables.

What is found is over: nothing makes it open again, except that a delivery may be replayed; deleting
looks at that once more, under a lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from storage.distribution.deliveries import DeliveryKind
from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx, in_list

# Rows that nothing else refers to.
Log = Literal["account_events", "digest_notices", "source_refusals", "web_actions"]
# A cooldown that ended since then, or that has not ended, is news of a route.
FORGOTTEN_ROUTE = (
    "updated_at<:before AND added_at IS NULL AND (cooldown_until IS NULL OR cooldown_until<:before)"
)


def old_deliveries(
    tx: Tx, kinds: Sequence[DeliveryKind], before: datetime, limit: int
) -> list[int]:
    """Return up to `limit` ids of deliveries that were finished before that moment.

    They come kind by kind, the first finished first.
    """
    found: list[int] = []
    for kind in kinds:
        found += _ids(
            tx,
            "SELECT id FROM webhook_deliveries WHERE kind=:kind AND finished_at<:before"
            " AND state IN ('delivered','dead') ORDER BY finished_at LIMIT :limit",
            kind=kind.value,
            before=to_sql(before),
            limit=limit - len(found),
        )
    return found


def drop_deliveries(tx: Tx, ids: Sequence[int]) -> int:
    """Delete finished deliveries with their attempts and tasks; return the number deleted.

    One that was replayed meanwhile is kept.
    """
    marks, params = in_list(ids)
    finished = _ids(
        tx,
        f"SELECT id FROM webhook_deliveries WHERE id IN ({marks}) AND finished_at IS NOT NULL"
        f" AND state IN ('delivered','dead'){tx.dialect.lock_suffix}",
        **params,
    )
    if not finished:
        return 0
    marks, params = in_list(finished)
    tx.execute(f"DELETE FROM webhook_attempts WHERE delivery_id IN ({marks})", **params)
    tx.execute(f"DELETE FROM delivery_tasks WHERE delivery_id IN ({marks})", **params)
    return tx.execute(f"DELETE FROM webhook_deliveries WHERE id IN ({marks})", **params)


def old_job_runs(tx: Tx, before: datetime, limit: int) -> list[int]:
    """Return up to `limit` ids of runs that ended before that moment, oldest first.

    Of each job its newest run and its newest scheduled run are kept: up to the latter, scheduled
    times count as accounted for.
    """
    # 0 is no run's id; it stands there because SQL has no empty list.
    marks, params = in_list([0, *_newest_runs(tx)])
    return _ids(
        tx,
        "SELECT id FROM job_runs WHERE finished_at<:before AND state<>'running'"
        f" AND id NOT IN ({marks})"
        " ORDER BY finished_at LIMIT :limit",
        before=to_sql(before),
        limit=limit,
        **params,
    )


def drop_job_runs(tx: Tx, ids: Sequence[int]) -> int:
    """Delete runs that have ended; return the number deleted."""
    marks, params = in_list(ids)
    return tx.execute(f"DELETE FROM job_runs WHERE id IN ({marks}) AND state<>'running'", **params)


def old_operations(tx: Tx, before: datetime, limit: int) -> list[int]:
    """Return up to `limit` ids of operations that ended before that moment, oldest first."""
    return _ids(
        tx,
        "SELECT id FROM operations WHERE finished_at<:before ORDER BY finished_at LIMIT :limit",
        before=to_sql(before),
        limit=limit,
    )


def drop_operations(tx: Tx, ids: Sequence[int]) -> int:
    """Delete operations that have ended; return the number deleted."""
    marks, params = in_list(ids)
    return tx.execute(f"DELETE FROM operations WHERE id IN ({marks})", **params)


def old_alerts(tx: Tx, before: datetime, limit: int) -> list[int]:
    """Return up to `limit` ids of alerts resolved before that moment, oldest first."""
    return _ids(
        tx,
        "SELECT id FROM alerts WHERE resolved_at<:before ORDER BY resolved_at LIMIT :limit",
        before=to_sql(before),
        limit=limit,
    )


def drop_alerts(tx: Tx, ids: Sequence[int]) -> int:
    """Delete alerts and their notices; return the number of alerts deleted.

    Notices go first: a notifier has its notice locked while it reads the alert.
    """
    marks, params = in_list(ids)
    tx.execute(f"DELETE FROM alert_notices WHERE alert_id IN ({marks})", **params)
    return tx.execute(f"DELETE FROM alerts WHERE id IN ({marks})", **params)


def old_rows(tx: Tx, table: Log, before: datetime, limit: int) -> list[int]:
    """Return up to `limit` ids of rows of a log from before that moment, oldest first."""
    return _ids(
        tx,
        f"SELECT id FROM {table} WHERE created_at<:before ORDER BY created_at LIMIT :limit",
        before=to_sql(before),
        limit=limit,
    )


def drop_rows(tx: Tx, table: Log, ids: Sequence[int]) -> int:
    """Delete rows of a log; return the number deleted."""
    marks, params = in_list(ids)
    return tx.execute(f"DELETE FROM {table} WHERE id IN ({marks})", **params)


def old_routes(tx: Tx, before: datetime, limit: int) -> list[int]:
    """Return up to `limit` ids of egress routes of which nothing was heard since that moment.

    Those that an operator added, that cool down, or by which an account left last are kept.
    """
    return _ids(
        tx,
        f"SELECT id FROM proxies WHERE {FORGOTTEN_ROUTE}"
        " AND NOT EXISTS (SELECT 1 FROM accounts WHERE accounts.egress=proxies.egress)"
        " ORDER BY updated_at LIMIT :limit",
        before=to_sql(before),
        limit=limit,
    )


def drop_routes(tx: Tx, ids: Sequence[int]) -> int:
    """Delete egress routes that no account leaves by; return the number deleted.

    One that an account began to leave by, or an operator added, meanwhile is kept.
    """
    marks, params = in_list(ids)
    # Locked first: who makes a route known waits, and finds none, or was first and has named it.
    routes = tx.all(
        f"SELECT id, egress FROM proxies WHERE id IN ({marks}) AND added_at IS NULL"
        f"{tx.dialect.lock_suffix}",
        **params,
    )
    if not routes:
        return 0
    marks, params = in_list(row["egress"] for row in routes)
    used = set(tx.column(f"SELECT egress FROM accounts WHERE egress IN ({marks})", **params))
    # 0 is no route's id; it stands there because SQL has no empty list.
    unused = [row["id"] for row in routes if row["egress"] not in used]
    marks, params = in_list([0, *unused])
    return tx.execute(f"DELETE FROM proxies WHERE id IN ({marks})", **params)


def _newest_runs(tx: Tx) -> list[int]:
    found: list[int] = []
    for row in tx.all("SELECT DISTINCT job FROM job_runs"):
        for which in ("", " AND cause<>'manual'"):
            found += _ids(
                tx,
                f"SELECT id FROM job_runs WHERE job=:job{which} ORDER BY scheduled_at DESC LIMIT 1",
                job=row["job"],
            )
    return found


def _ids(tx: Tx, sql: str, **params: object) -> list[int]:
    return [int(row["id"]) for row in tx.all(sql, **params)]
