"""Queries on `web_actions`: who did what by console and API, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.engines.datetimes import from_sql, to_sql
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Tx


@dataclass(frozen=True)
class WebAction:
    """`who` is the name of a token; `outcome` is `done`, or why it was refused."""

    id: int
    who: str
    address: str
    action: str
    subject: str
    outcome: str
    created_at: datetime

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> WebAction:
        return cls(
            id=row["id"],
            who=row["who"],
            address=row["address"],
            action=row["action"],
            subject=row["subject"],
            outcome=row["outcome"],
            created_at=from_sql(row["created_at"]),
        )


def note(
    tx: Tx, who: str, address: str, action: str, subject: str, outcome: str, now: datetime
) -> None:
    """Append to the log of actions."""
    tx.insert(
        "INSERT INTO web_actions (who, address, action, subject, outcome, created_at)"
        " VALUES (:who, :address, :action, :subject, :outcome, :now)",
        who=who[:64],
        address=address[:64],
        action=action[:64],
        subject=subject[:191],
        outcome=outcome[:MAX_TEXT_CHARS],
        now=to_sql(now),
    )
