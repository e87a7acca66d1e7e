"""Queries on the callback columns of `drama_tasks`: the signing secret, the newest delivery."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx, in_list


def secret_of(tx: Tx, task_id: str) -> str | None:
    """Return the encrypted secret of a task; None when it has none or does not exist."""
    row = tx.one("SELECT callback_secret FROM drama_tasks WHERE task_id=:task_id", task_id=task_id)
    return row["callback_secret"] if row else None


def replace_secret(tx: Tx, task_id: str, seen: str | None, secret: str, now: datetime) -> bool:
    """Set a task's secret, already encrypted; return False when the stored one is not `seen`.

    `seen` is the encrypted secret that was read before; None: there was none.
    """
    same = "callback_secret IS NULL" if seen is None else "callback_secret=:seen"
    return 1 == tx.execute(
        "UPDATE drama_tasks SET callback_secret=:secret, updated_at=:now"
        f" WHERE task_id=:task_id AND {same}",
        task_id=task_id,
        seen=seen,
        secret=secret,
        now=to_sql(now),
    )


def task_exists(tx: Tx, task_id: str) -> bool:
    """Return whether there is a distribution task with that id."""
    return tx.exists("SELECT 1 AS yes FROM drama_tasks WHERE task_id=:task_id", task_id=task_id)


def record_delivery(
    tx: Tx, task_ids: Sequence[str], *, delivery_id: int, state: str, retries: int, now: datetime
) -> None:
    """Store the state of a delivery on the tasks that it reports on.

    `retries` are its attempts beyond the first. A task on which a newer delivery was recorded is
    left as it is.
    """
    if not task_ids:
        return
    marks, names = in_list(sorted(task_ids))
    tx.execute(
        "UPDATE drama_tasks SET callback_status=:state, callback_retry_count=:retries,"
        " callback_last_attempt=:now, callback_delivery_id=:delivery"
        f" WHERE task_id IN ({marks})"
        " AND (callback_delivery_id IS NULL OR callback_delivery_id<=:delivery)",
        state=state,
        retries=retries,
        now=to_sql(now),
        delivery=delivery_id,
        **names,
    )
