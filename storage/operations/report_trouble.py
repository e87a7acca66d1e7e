"""Queries for reports that do not reach their receivers: which, where, and since when."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.crawling.job_runs import JobRun
from storage.distribution.deliveries import DeliveryState
from storage.engines.datetimes import from_sql_or_none, to_sql
from storage.engines.transactions import Tx, in_list
from storage.models.mapping import row_to

MAX_ENDPOINTS = 200
NEWEST_RUNS = 5
# Newer numbers have replaced those of an older broadcast.
REPLACED = (
    "d.kind='broadcast' AND EXISTS (SELECT 1 FROM webhook_deliveries l WHERE"
    " l.url_hash=d.url_hash AND l.not_before IS NULL AND l.id>d.id AND l.kind='broadcast'"
    " AND l.state='delivered')"
)


@dataclass(frozen=True)
class ClosedEndpoint:
    """A callback URL to which nothing is sent.

    `reason` is a stored message, empty without one. `delivery_id` names one of its deliveries; None
    when there is none any more.
    """

    url_hash: str
    url: str
    host: str
    reason: str
    changed_at: datetime
    delivery_id: int | None


@dataclass(frozen=True)
class UndeliveredReports:
    """The reports to a host that were given up, or wait, the first of them since `since_at`.

    `error` is a stored message, that of the newest of them; None without one.
    """

    host: str
    count: int
    since_at: datetime
    error: str | None


@dataclass(frozen=True)
class Backlog:
    """The undelivered reports to receivers, but for tests.

    `waiting` are those that are sent by themselves, `oldest_at` is when the first of them was
    filed, None without any. `held` wait for their callback URL to be enabled. `given_up` are not
    sent any more.
    """

    waiting: int
    oldest_at: datetime | None
    held: int
    given_up: int


def closed_endpoints(tx: Tx) -> list[ClosedEndpoint]:
    """Return the disabled callback URLs, the first one disabled first; MAX_ENDPOINTS at most."""
    rows = tx.all(
        "SELECT url_hash, url, host, COALESCE(reason, '') AS reason, changed_at"
        " FROM webhook_endpoints WHERE is_enabled=0 ORDER BY changed_at, url_hash"
        " LIMIT :limit",
        limit=MAX_ENDPOINTS,
    )
    named = {row["url_hash"]: _delivery_to(tx, row["url_hash"]) for row in rows}
    return [
        row_to(ClosedEndpoint, dict(row) | {"delivery_id": named[row["url_hash"]]}) for row in rows
    ]


def _delivery_to(tx: Tx, url_hash: str) -> int | None:
    """Return the id of a delivery to a callback URL, a finished one if there is one."""
    of_url = "SELECT id FROM webhook_deliveries WHERE url_hash=:url_hash AND not_before IS"
    finished = tx.one(f"{of_url} NULL ORDER BY id DESC LIMIT 1", url_hash=url_hash)
    found = finished or tx.one(f"{of_url} NOT NULL LIMIT 1", url_hash=url_hash)
    return found["id"] if found else None


def closed_count(tx: Tx) -> int:
    """Return the number of disabled callback URLs."""
    return tx.number("SELECT COUNT(*) AS n FROM webhook_endpoints WHERE is_enabled=0")


def has_receivers(tx: Tx) -> bool:
    """Return whether a report was ever filed for a callback URL."""
    return tx.exists("SELECT 1 AS yes FROM webhook_endpoints LIMIT 1")


def held(tx: Tx, url_hash: str) -> int:
    """Return the number of reports that wait for a callback URL."""
    return tx.number(
        "SELECT COUNT(*) AS n FROM webhook_deliveries"
        " WHERE url_hash=:url_hash AND not_before IS NOT NULL",
        url_hash=url_hash,
    )


def given_up(tx: Tx) -> list[UndeliveredReports]:
    """Return by host the reports to enabled callback URLs that were given up, but for tests.

    Broadcasts count until a later one has arrived.
    """
    return _by_host(
        tx,
        "COALESCE(d.finished_at, d.created_at)",
        f"d.state='dead' AND NOT ({REPLACED})",
    )


def late(tx: Tx, before: datetime) -> list[UndeliveredReports]:
    """Return by host the reports to enabled callback URLs that wait since before that moment.

    Those that nobody has tried wait since they are due, the others since they were filed. A host
    may be there twice, with its reports of either kind.
    """
    newest = tx.one(
        "SELECT id FROM webhook_deliveries WHERE created_at<:before"
        " ORDER BY created_at DESC, id DESC LIMIT 1",
        before=to_sql(before),
    )
    if newest is None:
        return []
    old = {"newest": newest["id"], "before": to_sql(before)}
    where = "d.state='{state}' AND d.id<=:newest AND d.{moment}<:before"
    return [
        *_by_host(tx, "d.created_at", where.format(state="failed", moment="created_at"), **old),
        *_by_host(tx, "d.not_before", where.format(state="pending", moment="not_before"), **old),
    ]


def _by_host(tx: Tx, moment: str, where: str, **params: Any) -> list[UndeliveredReports]:
    """Return deliveries to enabled callback URLs by host; `moment` is since when they count."""
    rows = tx.all(
        f"SELECT d.host, COUNT(*) AS count, MIN({moment}) AS since_at, MAX(d.id) AS newest_id"
        f" FROM webhook_deliveries d {tx.dialect.force_index('idx_webhook_deliveries_state')}"
        " JOIN webhook_endpoints e ON e.url_hash=d.url_hash AND e.is_enabled=1"
        f" WHERE {where} AND d.kind<>'test' GROUP BY d.host ORDER BY d.host",
        **params,
    )
    return [row_to(UndeliveredReports, dict(row) | _error(tx, row["newest_id"])) for row in rows]


def _error(tx: Tx, delivery_id: int) -> dict[str, str | None]:
    row = tx.one("SELECT last_error FROM webhook_deliveries WHERE id=:id", id=delivery_id)
    return {"error": row["last_error"] if row else None}


def backlog(tx: Tx, held: int) -> Backlog:
    """Return the counts of undelivered reports; `held` are those to disabled callback URLs."""
    open_states = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.FAILED)
    waiting = sum(
        tx.number(
            "SELECT COUNT(*) AS n FROM webhook_deliveries WHERE state=:state", state=state.value
        )
        for state in open_states
    )
    oldest = [_oldest(tx, state) for state in open_states] if waiting > held else []
    return Backlog(
        waiting=max(0, waiting - held),
        oldest_at=min((at for at in oldest if at is not None), default=None),
        held=held,
        given_up=tx.number(
            "SELECT COUNT(*) AS n FROM webhook_deliveries d"
            f" WHERE d.state='dead' AND d.kind<>'test' AND NOT ({REPLACED})"
        ),
    )


def _oldest(tx: Tx, state: DeliveryState) -> datetime | None:
    row = tx.one(
        "SELECT d.created_at FROM webhook_deliveries d"
        f" {tx.dialect.force_index('idx_webhook_deliveries_state')}"
        " JOIN webhook_endpoints e ON e.url_hash=d.url_hash AND e.is_enabled=1"
        " WHERE d.state=:state AND d.kind<>'test' ORDER BY d.id LIMIT 1",
        state=state.value,
    )
    return from_sql_or_none(row["created_at"]) if row else None


def newest_runs(tx: Tx, jobs: Collection[str]) -> list[JobRun]:
    """Return the newest runs of each job that succeeded or failed, NEWEST_RUNS of each at most.

    Those of a job come newest first. Screens ask often: two questions for all jobs.
    """
    names = {f"job{n}": job for n, job in enumerate(jobs)}
    newest = [
        f"SELECT id FROM (SELECT id FROM job_runs WHERE job=:{name}"
        " AND state IN ('succeeded','failed')"
        f" ORDER BY scheduled_at DESC LIMIT :limit) AS of_{name}"
        for name in names
    ]
    ids = tx.column(" UNION ALL ".join(newest), limit=NEWEST_RUNS, **names) if names else []
    if not ids:
        return []
    places, params = in_list(ids)
    rows = tx.all(
        f"SELECT * FROM job_runs WHERE id IN ({places}) ORDER BY scheduled_at DESC", **params
    )
    return [row_to(JobRun, row) for row in rows]
