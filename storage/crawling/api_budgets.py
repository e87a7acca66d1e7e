"""Queries on `api_budgets`: the units spent at each platform on its current day."""

from __future__ import annotations

from datetime import date

from storage.engines.transactions import Tx


def spend(tx: Tx, platform: str, day: date, units: int, limit: int) -> bool:
    """Add units to the day's sum unless that passes `limit`; return False when nothing was added.

    The first units of a later day start its sum at 0.
    """
    tx.execute(
        "INSERT INTO api_budgets (platform, day, spent) VALUES (:platform, '1970-01-01', 0)"
        f" {tx.dialect.on_conflict_ignore('platform')}",
        platform=platform,
    )
    # MySQL evaluates assignments from left to right: the sum looks at the old day, so it is set
    # before the day is.
    return 1 == tx.execute(
        "UPDATE api_budgets SET spent=(CASE WHEN day=:day THEN spent ELSE 0 END)+:n, day=:day"
        " WHERE platform=:platform"
        " AND (day=:day AND spent+:n<=:most OR day<:day AND :n<=:most)",
        platform=platform,
        day=str(day),
        n=units,
        most=limit,
    )


def spent(tx: Tx, platform: str, day: date) -> int:
    """Return the units spent at the platform on that day."""
    row = tx.one(
        "SELECT spent FROM api_budgets WHERE platform=:platform AND day=:day",
        platform=platform,
        day=str(day),
    )
    return int(row["spent"]) if row else 0
