"""Groups of accounts: who belongs to which, and what the accounts of each have exported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from storage.crawling.accounts import HAS_QUOTA, LIVE
from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx
from storage.models.mapping import row_to


@dataclass(frozen=True)
class GroupTotals:
    """The accounts of a platform that belong to one group; `group_name` None: to none.

    `enabled` are not disabled, `with_quota` of these have export quota left on the day. `exported`
    and `daily_limit` are sums in rows, of enabled accounts, on the day and of each day.
    """

    group_name: str | None
    platform: str
    total: int
    enabled: int
    with_quota: int
    exported: int
    daily_limit: int


def set_group(tx: Tx, account_id: int, group: str | None, now: datetime) -> bool:
    """Put an account into a group (None: into none); return False when there is no such account."""
    return 1 == tx.execute(
        f"UPDATE accounts SET group_name=:group, updated_at=:now WHERE id=:id AND {LIVE}",
        id=account_id,
        group=group,
        now=to_sql(now),
    )


def exists(tx: Tx, platform: str, group: str) -> bool:
    """Return whether an account of the platform belongs to the group."""
    return tx.exists(
        f"SELECT 1 FROM accounts WHERE platform=:platform AND group_name=:group AND {LIVE} LIMIT 1",
        platform=platform,
        group=group,
    )


def totals(tx: Tx, day: date) -> list[GroupTotals]:
    """Return the totals of each group and platform on a quota day, by group; accounts without one
    come last."""
    enabled = "status<>'disabled'"
    rows = tx.all(
        "SELECT group_name, platform, COUNT(*) AS total,"
        f" COUNT(CASE WHEN {enabled} THEN 1 END) AS enabled,"
        f" COUNT(CASE WHEN {enabled} AND {HAS_QUOTA} THEN 1 END) AS with_quota,"
        f" SUM(CASE WHEN {enabled} AND quota_day=:day THEN today_export_count ELSE 0 END)"
        " AS exported,"
        f" SUM(CASE WHEN {enabled} THEN daily_export_limit ELSE 0 END) AS daily_limit"
        f" FROM accounts WHERE {LIVE} GROUP BY group_name, platform"
        " ORDER BY group_name IS NULL, group_name, platform",
        day=str(day),
    )
    return [
        row_to(
            GroupTotals,
            dict(row) | {name: int(row[name]) for name in ("exported", "daily_limit")},
        )
        for row in rows
    ]
