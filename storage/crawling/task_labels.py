"""Queries on `task_labels`: the labels by which operators group tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from storage.engines.transactions import Tx
from storage.models.tasks import TaskType

AT_ONCE = 500  # ids in one query


def add(tx: Tx, task_id: int, labels: Iterable[str]) -> int:
    """Put labels on a task; return the number of those that it did not have."""
    known = set(of_tasks(tx, [task_id]).get(task_id, []))
    fresh = [label for label in dict.fromkeys(labels) if label not in known]
    for label in fresh:
        tx.execute(
            "INSERT INTO task_labels (label, task_id) VALUES (:label, :id)"
            f" {tx.dialect.on_conflict_ignore('label, task_id')}",
            label=label,
            id=task_id,
        )
    return len(fresh)


def remove(tx: Tx, task_id: int, labels: Iterable[str]) -> int:
    """Take labels off a task; return the number of those that it had."""
    return sum(
        tx.execute(
            "DELETE FROM task_labels WHERE label=:label AND task_id=:id", label=label, id=task_id
        )
        for label in labels
    )


def of_tasks(tx: Tx, task_ids: Collection[int]) -> dict[int, list[str]]:
    """Return the labels, in alphabetical order, of those tasks that have any, by task id."""
    found: dict[int, list[str]] = defaultdict(list)
    ids = sorted(task_ids)
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        names = {f"id{n}": task_id for n, task_id in enumerate(some)}
        places = ",".join(f":{name}" for name in names)
        rows = tx.all(
            f"SELECT task_id, label FROM task_labels WHERE task_id IN ({places})"
            " ORDER BY task_id, label",
            **names,
        )
        for row in rows:
            found[row["task_id"]].append(row["label"])
    return dict(found)


def in_use(tx: Tx, limit: int) -> list[str]:
    """Return up to `limit` labels that any task has, in alphabetical order."""
    rows = tx.all("SELECT DISTINCT label FROM task_labels ORDER BY label LIMIT :limit", limit=limit)
    return [row["label"] for row in rows]


def open_tasks(tx: Tx, task_type: TaskType, labels: Collection[str]) -> list[int]:
    """Return the ids of open tasks of a type that have at least one of the labels, ascending."""
    names = {f"label{n}": label for n, label in enumerate(labels)}
    places = ",".join(f":{name}" for name in names)
    rows = tx.all(
        "SELECT DISTINCT t.id FROM task_labels l JOIN tasks t ON t.id=l.task_id"
        f" WHERE l.label IN ({places}) AND t.open_key>'' AND t.task_type=:type ORDER BY t.id",
        type=task_type.value,
        **names,
    )
    return [row["id"] for row in rows]
