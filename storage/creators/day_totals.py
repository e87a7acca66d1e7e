"""Queries by account and day of the quota zone: what was ingested (`day_totals`), and exported."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from storage.engines.transactions import Tx
from storage.models.mapping import read_by, row_to


def add(
    tx: Tx,
    day: date,
    account_id: int,
    platform: str,
    domain: str,
    *,
    pages: int,
    seen: int,
    new: int,
) -> None:
    """Add pages, and the creators on them, to an account's day.

    The account is leased, so that nobody else waits for the row.
    """
    sums = {
        name: f"day_totals.{name}+{tx.dialect.proposed(name)}"
        for name in ("pages", "seen", "new_count")
    }
    tx.add(
        "day_totals",
        tx.dialect.on_conflict_set("day, account_id, platform, domain", sums),
        day=str(day),
        account_id=account_id,
        platform=platform,
        domain=domain,
        pages=pages,
        seen=seen,
        new_count=new,
    )


@dataclass(frozen=True)
class IngestedShare:
    """What an account ingested of a domain on a day: pages, creators on them, and the new ones.

    `account` is the account's name; None when its row is gone.
    """

    account_id: int
    account: str | None
    platform: str
    domain: str
    pages: int
    seen: int
    new_count: int


def of_day(
    tx: Tx, day: date, *, domain: str | None = None, account: str | None = None
) -> list[IngestedShare]:
    """Return what each account ingested of each domain on a day, by account and domain.

    With `domain` or `account` (a name) only that one's rows.
    """
    rows = tx.all(
        "SELECT t.account_id, a.username AS account, t.platform, t.domain, t.pages, t.seen,"
        " t.new_count FROM day_totals t LEFT JOIN accounts a ON a.id=t.account_id"
        f" WHERE t.day=:day{'' if domain is None else ' AND t.domain=:domain'}"
        f"{'' if account is None else ' AND a.username=:account'}"
        " ORDER BY a.username, t.account_id, t.platform, t.domain",
        day=str(day),
        domain=domain,
        account=account,
    )
    return [row_to(IngestedShare, row) for row in rows]


@dataclass(frozen=True)
class ExportedShare:
    """What an account exported of a domain on a quota day: files, and the rows in them."""

    account_id: int
    account: str | None
    platform: str
    domain: str
    files: int = field(metadata=read_by(lambda row: int(row["files"])))
    exported_count: int = field(metadata=read_by(lambda row: int(row["exported_count"])))


def exported_on(
    tx: Tx, day: date, *, domain: str | None = None, account: str | None = None
) -> list[ExportedShare]:
    """Return what each account exported of each domain on a quota day, by account and domain.

    With `domain` or `account` (a name) only that one's rows.
    """
    index = tx.dialect.force_index("idx_export_logs_day")
    rows = tx.all(
        "SELECT s.account_id, a.username AS account, s.platform, s.domain, COUNT(*) AS files,"
        f" SUM(s.exported_count) AS exported_count FROM export_logs s {index}"
        " LEFT JOIN accounts a ON a.id=s.account_id"
        f" WHERE s.quota_day=:day{'' if domain is None else ' AND s.domain=:domain'}"
        f"{'' if account is None else ' AND a.username=:account'}"
        " GROUP BY s.account_id, a.username, s.platform, s.domain"
        " ORDER BY a.username, s.account_id, s.platform, s.domain",
        day=str(day),
        domain=domain,
        account=account,
    )
    return [row_to(ExportedShare, row) for row in rows]
