"""Queries on `ingestion_logs`: one row per stored page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.engines.datetimes import from_sql, to_sql
from storage.engines.transactions import Tx, in_list
from storage.models.mapping import row_to

SELECT_LOG = (
    "SELECT l.id, l.task_id, l.account_id, a.username AS account,"
    " COALESCE(a.platform, t.platform) AS platform, l.domain, l.keyword, l.page_number,"
    " l.ingested_count, l.new_count, l.rejected_count, l.start_time, l.end_time"
    " FROM ingestion_logs l LEFT JOIN accounts a ON a.id=l.account_id"
    " LEFT JOIN tasks t ON t.id=l.task_id"
)


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
class PageSizes:
    """The numbers of entries on stored pages of a crawl; None where no such page is stored.

    `fullest` is that of the page with the most; `last` that of the page with the highest number,
    which is `last_page`.
    """

    fullest: int | None
    last: int | None
    last_page: int | None


def page_sizes(tx: Tx, top_level_id: int) -> PageSizes:
    """Return how many entries the stored pages of a crawl have, those of its pieces included."""
    rows = tx.all(
        "SELECT l.page_number, l.ingested_count+l.rejected_count AS entries"
        " FROM tasks t JOIN ingestion_logs l ON l.task_id=t.id"
        " WHERE (t.id=:id OR t.parent_id=:id) AND l.ingested_count+l.rejected_count>0",
        id=top_level_id,
    )
    sizes = {int(row["page_number"]): int(row["entries"]) for row in rows}
    if not sizes:
        return PageSizes(None, None, None)
    return PageSizes(max(sizes.values()), sizes[max(sizes)], max(sizes))


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


@dataclass(frozen=True)
class LogFilter:
    """Which pages are meant; None leaves a condition out.

    `task_id` also means the pieces of that task, `account` is a name, and the page was stored
    within [`since`, `until`).
    """

    domain: str | None = None
    account: str | None = None
    task_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class IngestionLog:
    """A stored page: who fetched it for which task, and the creators on it.

    `ingested_count` are those kept, `new_count` those that were new to the domain, `rejected_count`
    entries that could not be read. `account` is None when its row is gone, `platform` when account
    and task are.
    """

    id: int
    task_id: int
    account_id: int
    account: str | None
    platform: str | None
    domain: str
    keyword: str | None
    page_number: int
    ingested_count: int
    new_count: int
    rejected_count: int
    start_time: datetime
    end_time: datetime


def matching(
    tx: Tx, wanted: LogFilter, limit: int, before: int | None = None
) -> list[IngestionLog]:
    """Return up to `limit` logs that are meant, newest first, with ids below `before` if given."""
    parts = ["1=1"]
    if wanted.domain is not None:
        parts.append("l.domain=:domain")
    if wanted.account is not None:
        parts.append("l.account_id IN (SELECT id FROM accounts WHERE username=:account)")
    if wanted.task_id is not None:
        parts.append("l.task_id IN (SELECT id FROM tasks WHERE id=:task OR parent_id=:task)")
    if wanted.since is not None:
        parts.append("l.end_time>=:since")
    if wanted.until is not None:
        parts.append("l.end_time<:until")
    if before is not None:
        parts.append("l.id<:before")
    rows = tx.all(
        f"{SELECT_LOG} WHERE {' AND '.join(parts)} ORDER BY l.id DESC LIMIT :limit",
        domain=wanted.domain,
        account=wanted.account,
        task=wanted.task_id,
        since=to_sql(wanted.since) if wanted.since else None,
        until=to_sql(wanted.until) if wanted.until else None,
        before=before,
        limit=limit,
    )
    return [row_to(IngestionLog, row) for row in rows]


def get(tx: Tx, log_id: int) -> IngestionLog | None:
    """Return the log with that id; None when there is none."""
    row = tx.one(f"{SELECT_LOG} WHERE l.id=:id", id=log_id)
    return row_to(IngestionLog, row) if row else None


@dataclass(frozen=True)
class FirstListed:
    """A creator that a page listed before any other page of its domain did."""

    ingestion_log_id: int
    platform: str
    uid: str
    nickname: str


def first_listed(tx: Tx, platform: str, domain: str, log_ids: Sequence[int]) -> list[FirstListed]:
    """Return the creators that these pages of a domain brought in, by page and row.

    It reads all creators of the domain.
    """
    marks, names = in_list(log_ids)
    rows = tx.all(
        "SELECT ingestion_log_id, platform, uid, nickname"
        f" FROM influencers {tx.dialect.force_index('uq_influencers_identity')}"
        f" WHERE platform=:platform AND domain=:domain AND ingestion_log_id IN ({marks})"
        " ORDER BY ingestion_log_id, id",
        platform=platform,
        domain=domain,
        **names,
    )
    return [row_to(FirstListed, row) for row in rows]
