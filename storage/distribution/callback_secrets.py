"""Queries on the callback columns of `drama_tasks`: the signing secret, the newest delivery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx, by_row, in_list

# Each row goes through the cases of all that are noted with it.
NOTED_AT_ONCE = 50


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


@dataclass(frozen=True)
class DeliveryNote:
    """What a task's columns say of its newest delivery; `retries` are attempts beyond the first."""

    delivery_id: int
    state: str
    retries: int


def note_deliveries(tx: Tx, notes: Mapping[str, DeliveryNote], now: datetime) -> None:
    """Store the states of deliveries on the tasks that they report on, by task.

    A task on which a newer delivery was noted is left as it is.
    """
    names = sorted(notes)
    for start in range(0, len(names), NOTED_AT_ONCE):
        _note(tx, {name: notes[name] for name in names[start : start + NOTED_AT_ONCE]}, now)


def _note(tx: Tx, notes: Mapping[str, DeliveryNote], now: datetime) -> None:
    marks, names = in_list(notes)
    all_of = notes.values()
    state, states = by_row("task_id", names, "state", [note.state for note in all_of])
    retry, retries = by_row("task_id", names, "retries", [note.retries for note in all_of])
    delivery, ids = by_row("task_id", names, "delivery", [note.delivery_id for note in all_of])
    tx.execute(
        f"UPDATE drama_tasks SET callback_status={state}, callback_retry_count={retry},"
        f" callback_last_attempt=:now, callback_delivery_id={delivery}"
        f" WHERE task_id IN ({marks})"
        f" AND (callback_delivery_id IS NULL OR callback_delivery_id<={delivery})",
        now=to_sql(now),
        **names,
        **states,
        **retries,
        **ids,
    )
