"""Queries on `webhook_deliveries`: what is to be told to whom."""

from __future__ import annotations

import hashlib
from datetime import date, datetime

from storage.database import Tx
from storage.times import to_sql


def enqueue(
    tx: Tx,
    event_id: str,
    kind: str,
    url: str,
    task_id: str | None,
    stats_date: date | None,
    body: str,
    now: datetime,
) -> bool:
    """File a delivery; False when one of that event id is filed already."""
    if tx.one("SELECT 1 AS yes FROM webhook_deliveries WHERE event_id=:id", id=event_id):
        return False
    tx.execute(
        "INSERT INTO webhook_deliveries (event_id, kind, url, url_hash, task_id, stats_date, body,"
        " state, created_at)"
        " VALUES (:event_id, :kind, :url, :url_hash, :task_id, :stats_date, :body, 'pending', :now)"
        f" {tx.dialect.on_conflict_ignore('event_id')}",
        event_id=event_id, kind=kind, url=url, url_hash=hashlib.sha256(url.encode()).hexdigest(),
        task_id=task_id, stats_date=str(stats_date) if stats_date else None, body=body,
        now=to_sql(now),
    )  # fmt: skip
    return True
