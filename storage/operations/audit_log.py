"""Queries on `web_actions`, the log of actions by console and API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.engines.datetimes import to_sql
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Tx


@dataclass(frozen=True)
class WebAction:
    """An action by console, API or command line.

    `who` is the name of a token, or `cli:USER`; `address` is the client's, or the host of a
    command. `outcome` is `done`, or why it was refused.
    """

    id: int
    who: str
    address: str
    action: str
    subject: str
    outcome: str
    created_at: datetime


def note(
    tx: Tx, who: str, address: str, action: str, subject: str, outcome: str, now: datetime
) -> None:
    """Append an action to the log; texts longer than their columns are cut."""
    tx.add(
        "web_actions",
        who=who[:64],
        address=address[:64],
        action=action[:64],
        subject=subject[:191],
        outcome=outcome[:MAX_TEXT_CHARS],
        created_at=to_sql(now),
    )
