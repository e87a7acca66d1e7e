"""Queries on `tasks` for the operator, and for new quota: pause, resume, cancel, wake."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from storage.crawling.tasks import find_open, open_key
from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx
from storage.models.tasks import Task

OPEN = "('pending','in_progress','paused')"


def pause(tx: Tx, task_id: int, now: datetime) -> int:
    """Pause a task and its open pieces until the operator resumes them; return the rows changed."""
    return _change_whole(
        tx,
        task_id,
        "status='paused', not_before=NULL, waiting_for=NULL, updated_at=:now",
        OPEN,
        now=to_sql(now),
    )


def resume(tx: Tx, task_id: int, now: datetime) -> int:
    """Make a task and its paused or failed pieces claimable at once; return the rows changed."""
    return _change_whole(
        tx,
        task_id,
        "status='pending', not_before=NULL, waiting_for=NULL, attempts=0, last_error=NULL,"
        " finished_at=NULL, updated_at=:now",
        "('paused','failed','pending')",
        now=to_sql(now),
    )


def reopen(tx: Tx, task: Task) -> bool:
    """Give a failed task its unique key back; return False when another open task has taken it."""
    other = find_open(tx, task.task_type, task.platform, task.domain, task.keyword)
    if other is not None:
        return other.id == task.id
    key = open_key(task.task_type, task.platform, task.domain, task.keyword)
    tx.execute("UPDATE tasks SET open_key=:key, finished_at=NULL WHERE id=:id", id=task.id, key=key)
    return True


def restart(tx: Tx, task_id: int, options: Mapping[str, Any], now: datetime) -> int:
    """Give a task and its open pieces other options, and take them from their workers.

    They become claimable at once, except those that the operator paused; the workers' writes are
    refused. Return the rows changed.
    """
    dumped = json.dumps(dict(options), ensure_ascii=False)
    return take_from_workers(tx, task_id, "options=:options", now, options=dumped)


def take_from_workers(tx: Tx, task_id: int, changes: str, now: datetime, **params: object) -> int:
    """Make `changes` (SQL assignments with `params`) to a task and its open pieces, and take them
    from their workers, whose writes are refused from then on.

    They become claimable at once, except those that the operator paused. Return the rows changed.
    """
    return _change_whole(
        tx,
        task_id,
        f"{changes}, lease_token=lease_token+1, lease_owner=NULL, lease_until=NULL,"
        " not_before=CASE WHEN status='paused' THEN not_before ELSE NULL END,"
        " status=CASE WHEN status='paused' THEN 'paused' ELSE 'pending' END,"
        " waiting_for=NULL, attempts=0, last_error=NULL, updated_at=:now",
        OPEN,
        now=to_sql(now),
        **params,
    )


def cancel(tx: Tx, task_id: int, now: datetime, reason: str) -> int:
    """End a task and its open pieces as failed, with `reason`; return the number of rows changed.

    Holders keep their tokens and may still give their leases back.
    """
    return _change_whole(
        tx,
        task_id,
        "status='failed', open_key=NULL, not_before=NULL, waiting_for=NULL, last_error=:reason,"
        " finished_at=:now, updated_at=:now",
        OPEN,
        now=to_sql(now),
        reason=reason,
    )


def _change_whole(tx: Tx, task_id: int, changes: str, statuses: str, **params: object) -> int:
    """Change a task and its pieces; return the rows changed.

    Two statements, as an OR of two columns would read the whole table.
    """
    return sum(
        tx.execute(
            f"UPDATE tasks SET {changes} WHERE {which}=:id AND status IN {statuses}",
            id=task_id,
            **params,
        )
        for which in ("id", "parent_id")
    )


def wake_waiting(tx: Tx, platform: str, now: datetime) -> int:
    """Make every task of the platform that waits for an account or quota claimable now.

    Return the number of tasks. Called when an account was added, enabled or given another limit.
    """
    return tx.execute(
        f"UPDATE tasks {tx.dialect.force_index('idx_tasks_claim')}"
        " SET not_before=:now, updated_at=:now"
        " WHERE task_type IN ('ingestion','export') AND status IN ('pending','paused')"
        " AND is_leaf=1 AND platform=:platform AND waiting_for IN ('account','quota')"
        " AND not_before>:now",
        platform=platform,
        now=to_sql(now),
    )


def wake_for_egress(tx: Tx, platform: str, now: datetime) -> int:
    """Make every task of the platform that waits for an account or the platform claimable now.

    Return the number of tasks. Called when an operator opened an egress route or closed a circuit.
    """
    return tx.execute(
        f"UPDATE tasks {tx.dialect.force_index('idx_tasks_claim')}"
        " SET not_before=:now, updated_at=:now"
        " WHERE task_type='ingestion' AND status IN ('pending','paused')"
        " AND is_leaf=1 AND platform=:platform AND waiting_for IN ('account','platform')"
        " AND not_before>:now",
        platform=platform,
        now=to_sql(now),
    )


def wake_for_quota(tx: Tx, now: datetime) -> int:
    """Make every task that waits for the next quota day claimable now; return their number."""
    return tx.execute(
        f"UPDATE tasks {tx.dialect.force_index('idx_tasks_claim')}"
        " SET not_before=:now, updated_at=:now"
        " WHERE task_type IN ('ingestion','export') AND is_leaf=1"
        " AND status IN ('pending','paused') AND waiting_for='quota' AND not_before>:now",
        now=to_sql(now),
    )
