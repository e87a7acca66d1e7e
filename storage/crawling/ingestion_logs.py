"""Queries on `ingestion_logs`: one row per stored page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.engines.datetimes import from_sql, to_sql
from storage.engines.transactions import Tx
from storage.models.mapping import row_to


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
    keyword: str,
) -> int:
    """Insert the log of a stored page and return its id.

    `counts` are the creators kept, all of which count as new until `set_page_new_count`, and the
    entries rejected. `keyword` is what was searched for.
    """
    kept, rejected = counts
    return tx.add(
        "ingestion_logs",
        task_id=task_id,
        account_id=account_id,
        domain=domain,
        page_number=page,
        ingested_count=kept,
        new_count=kept,
        rejected_count=rejected,
        start_time=to_sql(started),
        end_time=to_sql(ended),
        keyword=keyword,
    )


def set_page_new_count(tx: Tx, log_id: int, new: int) -> None:
    """Store how many creators on the page were new."""
    tx.execute("UPDATE ingestion_logs SET new_count=:new WHERE id=:id", id=log_id, new=new)


def page_counts(tx: Tx, parent_id: int, first: int, last: int) -> dict[int, int]:
    """Return how many creators were new on each stored page of a crawl, by page number."""
    rows = tx.all(
        "SELECT l.page_number, l.new_count FROM tasks t"
        f" {tx.dialect.force_index('idx_tasks_pieces')} JOIN ingestion_logs l ON l.task_id=t.id"
        " WHERE t.parent_id=:parent AND l.page_number BETWEEN :first AND :last",
        parent=parent_id,
        first=first,
        last=last,
    )
    return {row["page_number"]: row["new_count"] for row in rows}


@dataclass(frozen=True)
class MissingPages:
    """A completed crawl, or a piece of one, whose range has pages without a log."""

    task_id: int
    page_from: int
    page_to: int
    logged: int


def with_missing_pages(tx: Tx, after_id: int, up_to_id: int) -> list[MissingPages]:
    """Return the completed crawls with ids in (after_id, up_to_id] that lack logs of their pages.

    A crawl that was split has its pages in its pieces. The logs are counted in the range only.
    """
    rows = tx.all(
        "SELECT t.id AS task_id, t.page_from, t.page_to, COUNT(l.id) AS logged FROM tasks t"
        " LEFT JOIN ingestion_logs l ON l.task_id=t.id"
        " AND l.page_number BETWEEN t.page_from AND t.page_to"
        " WHERE t.id>:after AND t.id<=:up_to AND t.task_type='ingestion' AND t.is_leaf=1"
        " AND t.status='completed' AND t.page_from IS NOT NULL AND t.page_to>=t.page_from"
        " GROUP BY t.id, t.page_from, t.page_to"
        " HAVING COUNT(l.id)<t.page_to-t.page_from+1 ORDER BY t.id",
        after=after_id,
        up_to=up_to_id,
    )
    return [row_to(MissingPages, row) for row in rows]


def highest_task_id(tx: Tx) -> int:
    """Return the highest id of a task; 0 without tasks."""
    return tx.number("SELECT MAX(id) FROM tasks")


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
