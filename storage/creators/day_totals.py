"""Queries on `day_totals`: what each account ingested on each day of the quota zone."""

from __future__ import annotations

from datetime import date

from storage.engines.transactions import Tx


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
