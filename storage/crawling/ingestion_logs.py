"""Queries on `ingestion_logs`: one row per stored page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.engines.datetimes import from_sql, to_sql
from storage.engines.transactions import Tx


@dataclass(frozen=True)
class PageLog:
    """A stored page: its number of creators, and the seconds that fetching and storing took."""

    domain: str
    creators: int
    secs: float


def log_page(
    tx: Tx,
    task_id: int,
    account_id: int,
    domain: str,
    page: int,
    counts: tuple[int, int],
    started: datetime,
    ended: datetime,
) -> int:
    """Insert the log of a stored page and return its id.

    `counts` are the creators kept, all of which count as new until `set_page_new_count`, and the
    entries rejected.
    """
    kept, rejected = counts
    return tx.insert(
        "INSERT INTO ingestion_logs (task_id, account_id, domain, page_number, ingested_count,"
        " new_count, rejected_count, start_time, end_time)"
        " VALUES (:task, :account, :domain, :page, :kept, :kept, :rejected, :started, :ended)",
        task=task_id,
        account=account_id,
        domain=domain,
        page=page,
        kept=kept,
        rejected=rejected,
        started=to_sql(started),
        ended=to_sql(ended),
    )


def set_page_new_count(tx: Tx, log_id: int, new: int) -> None:
    """Store how many creators on the page were new."""
    tx.execute("UPDATE ingestion_logs SET new_count=:new WHERE id=:id", id=log_id, new=new)


def newest(tx: Tx, platform: str, limit: int) -> list[PageLog]:
    """Return those of the newest `limit` pages that are of the platform, newest first."""
    rows = tx.all(
        "SELECT l.domain, l.ingested_count, l.start_time, l.end_time FROM"
        " (SELECT * FROM ingestion_logs ORDER BY id DESC LIMIT :limit) l"
        " JOIN accounts a ON a.id=l.account_id WHERE a.platform=:platform ORDER BY l.id DESC",
        platform=platform,
        limit=limit,
    )
    return [
        PageLog(
            row["domain"],
            row["ingested_count"],
            (from_sql(row["end_time"]) - from_sql(row["start_time"])).total_seconds(),
        )
        for row in rows
    ]
