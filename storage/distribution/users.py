"""Queries on `users`, the people whose posted videos complete distribution tasks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx, in_list
from storage.models.mapping import row_of, row_to


@dataclass(frozen=True)
class User:
    """A user of the distributing site, and the agent to which the user belongs; "" for none."""

    user_id: str
    name: str = ""
    agent_node: str = ""


def upsert(tx: Tx, users: Iterable[User], now: datetime) -> None:
    """Insert users, in key order, or replace name and agent of those that exist."""
    tx.execute_many(
        "INSERT INTO users (user_id, name, agent_node, created_at, updated_at)"
        " VALUES (:user_id, :name, :agent_node, :now, :now)"
        f" {tx.dialect.on_conflict_update('user_id', ['name', 'agent_node', 'updated_at'])}",
        [
            row_of(user) | {"now": to_sql(now)}
            for user in sorted(users, key=lambda user: user.user_id)
        ],
    )


def named(tx: Tx, user_ids: Sequence[str]) -> dict[str, User]:
    """Return those of the users that exist, by user id."""
    if not user_ids:
        return {}
    marks, names = in_list(user_ids)
    rows = tx.all(
        f"SELECT user_id, name, agent_node FROM users WHERE user_id IN ({marks})", **names
    )
    return {row["user_id"]: row_to(User, row) for row in rows}
