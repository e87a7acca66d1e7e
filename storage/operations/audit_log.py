"""Queries on `web_actions`, the log of actions by console and API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.engines.datetimes import to_sql
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Tx


@dataclass(frozen=True)
class WebAction:
    """An action by console or API.

    `who` is the name of a token, `address` the client's; `outcome` is `done`, or why it was
    refused.
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
