"""Rows that refer to rows that are gone.

The database has no foreign keys that would keep this from happening: see decision 029.
"""

from __future__ import annotations

from dataclasses import dataclass

from storage.engines.transactions import Tx

# Creators are many, and their index of ids is their whole table.
NEWEST_CREATORS = 100_000


@dataclass(frozen=True)
class Reference:
    """A column that holds ids of another table, and how many of its newest rows are looked at."""

    table: str
    column: str
    target: str
    newest: int | None = None


REFERENCES = (
    Reference("influencers", "ingestion_log_id", "ingestion_logs", NEWEST_CREATORS),
    Reference("influencers", "export_log_id", "export_logs", NEWEST_CREATORS),
    Reference("tasks", "assigned_account_id", "accounts"),
    Reference("tasks", "parent_id", "tasks"),
    Reference("ingestion_logs", "task_id", "tasks"),
    Reference("ingestion_logs", "account_id", "accounts"),
    Reference("export_logs", "task_id", "tasks"),
    Reference("export_logs", "account_id", "accounts"),
)


def orphans(tx: Tx, reference: Reference) -> int:
    """Return how many rows refer to a row that does not exist."""
    rows = f"SELECT {reference.column} AS target FROM {reference.table}"
    if reference.newest is not None:
        rows += f" ORDER BY id DESC LIMIT {reference.newest}"
    found = tx.one(
        f"SELECT COUNT(*) AS n FROM ({rows}) AS seen"
        f" LEFT JOIN {reference.target} AS target ON target.id=seen.target"
        " WHERE seen.target IS NOT NULL AND target.id IS NULL"
    )
    return int(found["n"]) if found else 0
