"""Queries that bring the rows of older releases into `creators` and `day_totals`.

Rows of `influencers` without `seen_at`, and logs without a keyword, were written by a release that
had no such tables. Whoever brings one in sets it, so that none is brought in twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.engines.transactions import Tx, in_list
from storage.models.mapping import row_to

# A page that holds the same creators waits for such a transaction.
ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class OldInfluencer:
    """A row of `influencers` as an older release stored it; the raw data is text."""

    id: int
    platform: str
    domain: str
    uid: str
    nickname: str
    raw_data: str
    ingested_at: datetime
    updated_at: datetime


def old_influencers(tx: Tx, up_to_id: int) -> list[OldInfluencer]:
    """Return rows that are not in `creators` yet, with ids up to `up_to_id`, the newest first."""
    rows = tx.all(
        "SELECT id, platform, domain, uid, nickname, raw_data, ingested_at, updated_at"
        f" FROM influencers {tx.dialect.in_id_order}"
        " WHERE id<=:up_to AND seen_at IS NULL ORDER BY id DESC LIMIT :limit",
        up_to=up_to_id,
        limit=ROWS_AT_ONCE,
    )
    return [row_to(OldInfluencer, row) for row in rows]


def is_oldest_missing(tx: Tx) -> bool:
    """Return whether the oldest row is not in `creators` yet; it comes last."""
    row = tx.one(f"SELECT seen_at FROM influencers {tx.dialect.in_id_order} ORDER BY id LIMIT 1")
    return row is not None and row["seen_at"] is None


def mirror(tx: Tx, ids: Sequence[int]) -> None:
    """Give old rows the numbers of their creators, and their domain as the keyword."""
    marks, names = in_list(ids)
    of_creator = "FROM creators c WHERE c.platform=influencers.platform AND c.uid=influencers.uid"
    tx.execute(
        "INSERT INTO influencer_keywords (influencer_id, keyword)"
        f" SELECT id, domain FROM influencers WHERE id IN ({marks}) AND seen_at IS NULL"
        f" {tx.dialect.on_conflict_ignore('influencer_id, keyword')}",
        **names,
    )
    tx.execute(
        f"UPDATE influencers SET followers=(SELECT c.followers {of_creator}),"
        f" videos=(SELECT c.videos {of_creator}), seen_at=updated_at"
        f" WHERE id IN ({marks}) AND seen_at IS NULL",
        **names,
    )


@dataclass(frozen=True)
class OldPage:
    """An ingestion log of an older release; its platform is None when nothing tells it."""

    id: int
    account_id: int
    platform: str | None
    domain: str
    ingested_count: int
    new_count: int
    end_time: datetime


def old_pages(tx: Tx, up_to_id: int) -> list[OldPage]:
    """Return logs that are not in `day_totals` yet, with ids up to `up_to_id`, the newest first."""
    rows = tx.all(
        "SELECT l.id, l.account_id, COALESCE(t.platform, a.platform) AS platform, l.domain,"
        " l.ingested_count, l.new_count, l.end_time FROM ingestion_logs l"
        " LEFT JOIN tasks t ON t.id=l.task_id LEFT JOIN accounts a ON a.id=l.account_id"
        " WHERE l.id<=:up_to AND l.keyword IS NULL ORDER BY l.id DESC LIMIT :limit",
        up_to=up_to_id,
        limit=ROWS_AT_ONCE,
    )
    return [row_to(OldPage, row) for row in rows]


def set_counted(tx: Tx, ids: Sequence[int]) -> int:
    """Give old logs the domain as their keyword, and return how many had none."""
    marks, names = in_list(ids)
    return tx.execute(
        f"UPDATE ingestion_logs SET keyword=domain WHERE id IN ({marks}) AND keyword IS NULL",
        **names,
    )


def highest_page(tx: Tx) -> int:
    """Return the newest ingestion log's id; 0 when there is none."""
    return tx.number("SELECT MAX(id) AS id FROM ingestion_logs")
