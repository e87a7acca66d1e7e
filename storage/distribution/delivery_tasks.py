"""Queries on `delivery_tasks`: which distribution tasks a delivery reports on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from storage.engines.transactions import Tx, in_list
from storage.models.mapping import row_to

TASK_ID_CHARS = 64  # no distribution task has a longer id, and its column holds no more


def add(tx: Tx, delivery_id: int, task_ids: Iterable[str]) -> None:
    """Store the tasks of a delivery. Skip those that are stored already, and ids that are longer
    than any task's."""
    fitting = sorted({task_id for task_id in task_ids if len(task_id) <= TASK_ID_CHARS})
    if not fitting:
        return
    tx.execute_many(
        "INSERT INTO delivery_tasks (delivery_id, task_id) VALUES (:delivery_id, :task_id)"
        f" {tx.dialect.on_conflict_ignore('delivery_id, task_id')}",
        [{"delivery_id": delivery_id, "task_id": task_id} for task_id in fitting],
    )


@dataclass(frozen=True)
class ReportedTask:
    """A distribution task that a delivery reports on; `title` is None for one that was deleted."""

    task_id: str
    title: str | None


def with_titles(tx: Tx, delivery_id: int) -> list[ReportedTask]:
    """Return the distribution tasks that a delivery reports on, by id, with their titles.

    Empty for a test, and for a delivery filed before schema version 6 and not tried since.
    """
    rows = tx.all(
        "SELECT t.task_id, d.title FROM delivery_tasks t"
        " LEFT JOIN drama_tasks d ON d.task_id=t.task_id"
        " WHERE t.delivery_id=:id ORDER BY t.task_id",
        id=delivery_id,
    )
    return [row_to(ReportedTask, row) for row in rows]


def of_delivery(tx: Tx, delivery_id: int) -> list[str]:
    """Return the ids of the distribution tasks that a delivery reports on, sorted.

    Empty for a test, and for a delivery filed before schema version 6 and not tried since.
    """
    return tx.column(
        "SELECT task_id FROM delivery_tasks WHERE delivery_id=:id ORDER BY task_id", id=delivery_id
    )


def of_deliveries(tx: Tx, delivery_ids: Iterable[int]) -> dict[int, list[str]]:
    """Return what `of_delivery` returns, for several deliveries by id."""
    marks, ids = in_list(delivery_ids)
    rows = tx.all(
        f"SELECT delivery_id, task_id FROM delivery_tasks WHERE delivery_id IN ({marks})"
        " ORDER BY delivery_id, task_id",
        **ids,
    )
    found: dict[int, list[str]] = {delivery_id: [] for delivery_id in ids.values()}
    for row in rows:
        found[row["delivery_id"]].append(row["task_id"])
    return found
