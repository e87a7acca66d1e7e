"""Queries on `drama_tasks`, the distribution tasks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from functools import partial

from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx, in_list
from storage.models.mapping import read_by, row_of, row_to

# Within `LIKE … ESCAPE`: the character before % and _ of the text that is looked for.
ESCAPE = "!"
MAX_TITLED = 500


class DramaStatus(StrEnum):
    """The status of a distribution task; only active ones are broadcast."""

    ACTIVE = "active"
    PAUSED = "paused"
    FINISHED = "finished"


@dataclass(frozen=True)
class DramaFields:
    """The fields of a drama's distribution task that the distributing site sets.

    `callback_secret` is encrypted; `platform` is that of `video_url`; `duration` is in seconds.
    """

    task_id: str
    project_id: str
    title: str = ""
    duration: int = 0
    platform: str | None = None
    video_url: str | None = None
    status: DramaStatus = DramaStatus.ACTIVE
    callback_url: str | None = None
    callback_secret: str | None = field(default=None, repr=False)


COLUMNS = tuple(column.name for column in fields(DramaFields))


@dataclass(frozen=True)
class Drama:
    """The distribution task of a drama, as it is stored.

    The `callback_…` fields tell of its newest delivery; they are None or 0 before the first.
    """

    fields: DramaFields = field(metadata=read_by(partial(row_to, DramaFields)))
    callback_status: str | None
    callback_retry_count: int
    callback_last_attempt: datetime | None
    created_at: datetime
    updated_at: datetime


def upsert(tx: Tx, dramas: Iterable[DramaFields], now: datetime) -> None:
    """Insert distribution tasks, or replace all fields of those that exist; in key order.

    Secrets are already encrypted and stored as they are.
    """
    marks = ", ".join(f":{name}" for name in COLUMNS)
    tx.execute_many(
        f"INSERT INTO drama_tasks ({', '.join(COLUMNS)}, created_at, updated_at)"
        f" VALUES ({marks}, :now, :now)"
        f" {tx.dialect.on_conflict_update('task_id', [*COLUMNS[1:], 'updated_at'])}",
        [
            row_of(drama) | {"now": to_sql(now)}
            for drama in sorted(dramas, key=lambda drama: drama.task_id)
        ],
    )


def named(tx: Tx, task_ids: Sequence[str]) -> dict[str, DramaFields]:
    """Return the fields of those of the tasks that exist, by task id."""
    if not task_ids:
        return {}
    marks, names = in_list(task_ids)
    rows = tx.all(f"SELECT * FROM drama_tasks WHERE task_id IN ({marks})", **names)
    return {row["task_id"]: row_to(DramaFields, row) for row in rows}


@dataclass(frozen=True)
class Titled:
    """The tasks whose title contains a text, as an SQL list with its parameters by name.

    `task_ids` are all of them, or None where they are more than MAX_TITLED: then the list is a
    query, and nearly every row of other tables will be of one of them.
    """

    task_ids: Sequence[str] | None
    sql: str
    params: Mapping[str, str]


def tasks_titled(tx: Tx, text: str) -> Titled:
    """Return the tasks whose title contains a text, in any case.

    They are looked up first: within a larger query MariaDB asks for the titles row by row.
    """
    where, params = _title_condition(text)
    ids = tx.column(
        f"SELECT task_id FROM drama_tasks WHERE {where} ORDER BY task_id LIMIT :limit",
        limit=MAX_TITLED + 1,
        **params,
    )
    if len(ids) > MAX_TITLED:
        return Titled(None, f"SELECT task_id FROM drama_tasks WHERE {where}", params)
    names = {f"titled{number}": task_id for number, task_id in enumerate(ids)}
    return Titled(ids, ", ".join(f":{name}" for name in names) or "NULL", names)


def _title_condition(text: str) -> tuple[str, dict[str, str]]:
    """Return the SQL condition that a title contains a text, in any case, and its parameter."""
    escaped = "".join(f"{ESCAPE}{one}" if one in f"{ESCAPE}%_" else one for one in text)
    condition = f"LOWER(title) LIKE LOWER(:title) ESCAPE '{ESCAPE}'"
    return condition, {"title": f"%{escaped}%"}


def titles(tx: Tx, task_ids: Collection[str]) -> dict[str, str]:
    """Return the titles of those of the tasks that exist, by task id."""
    if not task_ids:
        return {}
    marks, names = in_list(sorted(task_ids))
    rows = tx.all(f"SELECT task_id, title FROM drama_tasks WHERE task_id IN ({marks})", **names)
    return {row["task_id"]: row["title"] for row in rows}


def get(tx: Tx, task_id: str) -> Drama | None:
    """Return the task with that id; None when there is none."""
    row = tx.one("SELECT * FROM drama_tasks WHERE task_id=:task_id", task_id=task_id)
    return row_to(Drama, row) if row else None


def newest(tx: Tx, limit: int, status: DramaStatus | None = None) -> list[Drama]:
    """Return the newest `limit` tasks, newest first; with `status` only those in that status."""
    where = "" if status is None else "WHERE status=:status"
    rows = tx.all(
        f"SELECT * FROM drama_tasks {where} ORDER BY id DESC LIMIT :limit",
        status=status.value if status else None,
        limit=limit,
    )
    return [row_to(Drama, row) for row in rows]


def set_status(tx: Tx, task_id: str, status: DramaStatus, now: datetime) -> bool:
    """Pause, resume or finish a task; return False when there is none of that id."""
    return 1 == tx.execute(
        "UPDATE drama_tasks SET status=:status, updated_at=:now WHERE task_id=:task_id",
        task_id=task_id,
        status=status.value,
        now=to_sql(now),
    )


def set_secret(tx: Tx, task_id: str, secret: str | None, now: datetime) -> bool:
    """Replace the secret that signs a task's reports; None removes it.

    `secret` is already encrypted, and stored as it is. Return False when there is no such task.
    """
    return 1 == tx.execute(
        "UPDATE drama_tasks SET callback_secret=:secret, updated_at=:now WHERE task_id=:task_id",
        task_id=task_id,
        secret=secret,
        now=to_sql(now),
    )


def secrets(tx: Tx) -> list[tuple[str, str]]:
    """Return task id and encrypted secret of every task that has one, oldest first."""
    rows = tx.all(
        "SELECT task_id, callback_secret FROM drama_tasks WHERE callback_secret IS NOT NULL"
        " ORDER BY id"
    )
    return [(row["task_id"], row["callback_secret"]) for row in rows]


def reencrypt(tx: Tx, task_id: str, secret: str) -> None:
    """Replace a task's secret by the same one under another key; `updated_at` stays."""
    tx.execute(
        "UPDATE drama_tasks SET callback_secret=:secret WHERE task_id=:task_id",
        task_id=task_id,
        secret=secret,
    )


def to_broadcast(tx: Tx, after_task_id: str, limit: int) -> list[DramaFields]:
    """Return up to `limit` tasks to broadcast with ids above `after_task_id`, by id.

    Those are the active ones that have a video and a callback URL.
    """
    rows = tx.all(
        "SELECT * FROM drama_tasks WHERE status='active' AND callback_url IS NOT NULL"
        " AND video_url IS NOT NULL AND task_id>:after ORDER BY task_id LIMIT :limit",
        after=after_task_id,
        limit=limit,
    )
    return [row_to(DramaFields, row) for row in rows]
