"""Queries on the pins of `tasks`: which accounts alone may work on a task."""

from __future__ import annotations

from datetime import datetime

from storage.crawling.accounts import LIVE
from storage.crawling.task_control import take_from_workers
from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx
from storage.models.mapping import row_to
from storage.models.tasks import Pin, Task

OPEN = "t.open_key>''"


def set_pin(tx: Tx, task_id: int, pin: Pin, now: datetime) -> int:
    """Pin a task and its open pieces, and take them from their workers; return the rows changed.

    Those who had them write nothing more; whoever claims them next heeds the new pin. Those that
    slept until a moment are looked at again now.
    """
    changed = take_from_workers(
        tx,
        task_id,
        "only_account_id=:account, only_group=:group",
        now,
        account=pin.account_id,
        group=pin.group,
    )
    for which in ("id", "parent_id"):
        tx.execute(
            f"UPDATE tasks SET not_before=:now WHERE {which}=:id AND status='paused'"
            " AND not_before>:now",
            id=task_id,
            now=to_sql(now),
        )
    return changed


def pinned_to(tx: Tx, account_id: int) -> list[int]:
    """Return the ids of the open top-level tasks that only that account may work on."""
    return tx.column(
        f"SELECT t.id FROM tasks t {tx.dialect.force_index('uq_tasks_open')}"
        f" WHERE {OPEN} AND t.only_account_id=:account ORDER BY t.id",
        account=account_id,
    )


def by_account(tx: Tx) -> dict[int, tuple[int, ...]]:
    """Return, by the account's id, the ids of the open top-level tasks that are pinned to it."""
    found: dict[int, tuple[int, ...]] = {}
    for row in tx.all(
        f"SELECT t.id, t.only_account_id FROM tasks t {tx.dialect.force_index('uq_tasks_open')}"
        f" WHERE {OPEN} AND t.only_account_id IS NOT NULL ORDER BY t.id"
    ):
        account_id = int(row["only_account_id"])
        found[account_id] = (*found.get(account_id, ()), int(row["id"]))
    return found


def of_nobody(tx: Tx) -> list[Task]:
    """Return the open top-level tasks that no account may work on: the one that they are pinned to
    was deleted, or their group is empty."""
    rows = tx.all(
        f"SELECT t.* FROM tasks t {tx.dialect.force_index('uq_tasks_open')} WHERE {OPEN} AND ("
        "t.only_account_id IS NOT NULL AND NOT EXISTS"
        f" (SELECT 1 FROM accounts a WHERE a.id=t.only_account_id AND a.{LIVE})"
        " OR t.only_account_id IS NULL AND t.only_group IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM accounts a WHERE a.platform=t.platform AND a.group_name=t.only_group"
        f" AND a.{LIVE})) ORDER BY t.id"
    )
    return [row_to(Task, row) for row in rows]


def tell_unclaimed(tx: Tx, task_id: int, reason: str, now: datetime) -> None:
    """Record on a task and its pieces that nobody works on why no account will: `reason` is a
    stored message. Whoever looks after them finds them at once."""
    for which in ("id", "parent_id"):
        tx.execute(
            "UPDATE tasks SET waiting_since=CASE WHEN waiting_for='account'"
            " THEN COALESCE(waiting_since, :now) ELSE :now END, waiting_for='account',"
            " last_error=:reason, updated_at=:now,"
            " not_before=CASE WHEN not_before>:now THEN :now ELSE not_before END"
            f" WHERE {which}=:id AND is_leaf=1"
            " AND (status='pending' OR status='paused' AND not_before IS NOT NULL)",
            id=task_id,
            reason=reason,
            now=to_sql(now),
        )
