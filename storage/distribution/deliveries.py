"""Queries on `webhook_deliveries` and their attempts: filing, looking, replaying."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from core.errors import DuplicateKeyError
from storage.distribution import delivery_tasks
from storage.distribution.distribution_tasks import tasks_titled
from storage.engines.datetimes import to_sql, to_sql_or_none
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Tx, by_row, in_list
from storage.models.mapping import row_of, row_to

IDS_PER_QUERY = 500


class DeliveryState(StrEnum):
    """The state of a delivery; DELIVERED and DEAD are final unless it is replayed."""

    PENDING = "pending"  # not tried yet
    SENDING = "sending"  # a request is under way, under a lease
    DELIVERED = "delivered"
    FAILED = "failed"  # tried in vain; it will be tried again
    DEAD = "dead"  # given up


class DeliveryKind(StrEnum):
    """What a delivery reports: a day's statistics, current ones, completions, or a test."""

    DAILY = "daily"
    BROADCAST = "broadcast"
    COMPLETION = "completion"
    TEST = "test"


@dataclass(frozen=True)
class Delivery:
    """A report to the URL of a receiver, with the state of its delivery.

    `not_before` is the moment of the next attempt, None when it is finished or being sent.
    `attempts` counts from its filing or its last replay. `task_id` is the task whose secret signs
    it.
    """

    id: int
    event_id: str
    kind: DeliveryKind
    url: str
    url_hash: str
    host: str
    task_id: str | None
    stats_date: date | None
    body: str
    state: DeliveryState
    attempts: int
    not_before: datetime | None
    first_tried_at: datetime | None
    last_status: int | None
    last_error: str | None
    lease_token: int
    created_at: datetime
    finished_at: datetime | None


COLUMNS = tuple(column.name for column in fields(Delivery) if column.name != "id")


@dataclass(frozen=True)
class NewDelivery:
    """A report to file.

    `tasks` are the distribution tasks that it reports on, `task_id` the one whose secret signs it.
    `event_id` is a function of the content, so that nothing is filed twice.
    """

    event_id: str
    kind: DeliveryKind
    url: str
    url_hash: str
    host: str
    task_id: str | None
    stats_date: date | None
    body: str
    tasks: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Attempt:
    """One request to a receiver, or the reason why none could be made.

    `finished_at` is None while it is under way, and stays None when its process died. `status` is
    the HTTP status.
    """

    number: int
    started_at: datetime
    finished_at: datetime | None
    status: int | None
    response: str | None
    error: str | None


@dataclass(frozen=True, kw_only=True)
class AttemptEnd:
    """How an attempt ended: HTTP status and answer, or the error; the others are None.

    `number` is the attempt's among those of its delivery, from 1.
    """

    delivery_id: int
    number: int
    status: int | None
    response: str | None
    error: str | None


@dataclass(frozen=True)
class Filter:
    """A selection of deliveries, by all of its parts; a part that is None or empty selects all.

    `task_id` is a distribution task that a delivery reports on, alone or among others, and `title`
    a part of the title of one, in any case. `since` (included) and `until` (excluded) are moments
    of filing.
    """

    ids: Sequence[int] = ()
    states: Sequence[DeliveryState] = ()
    kinds: Sequence[DeliveryKind] = ()
    task_id: str | None = None
    title: str | None = None
    event_id: str | None = None
    url_hash: str | None = None
    since: datetime | None = None
    until: datetime | None = None


# In the order of the index of tasks: a task's newest deliveries are found without the others.
OF_TASK = (
    f"(SELECT t.delivery_id AS id, {', '.join(f'd.{name}' for name in COLUMNS)}"
    " FROM delivery_tasks t JOIN webhook_deliveries d ON d.id=t.delivery_id"
    " WHERE t.task_id=:of_task) found"
)


def enqueue(tx: Tx, new: NewDelivery, now: datetime) -> int | None:
    """File a delivery that is due at once, with its tasks, and return its id.

    None: a delivery with that event id is filed already. The URL becomes an endpoint when it is
    new.
    """
    _make_endpoint(tx, new, now)
    try:
        columns = row_of(new)
        tasks = columns.pop("tasks")
        moment = to_sql(now)
        delivery_id = tx.add(
            "webhook_deliveries",
            **columns,
            state="pending",
            not_before=moment,
            created_at=moment,
        )
    except DuplicateKeyError:
        return None
    delivery_tasks.add(tx, delivery_id, tasks)
    return delivery_id


def _make_endpoint(tx: Tx, new: NewDelivery, now: datetime) -> None:
    # Nearly every URL is known, and an INSERT that conflicts would lock its row until COMMIT.
    known = "SELECT 1 AS yes FROM webhook_endpoints WHERE url_hash=:url_hash"
    if tx.one(known, url_hash=new.url_hash) is not None:
        return
    tx.add(
        "webhook_endpoints",
        tx.dialect.on_conflict_ignore("url_hash"),
        url_hash=new.url_hash,
        url=new.url,
        host=new.host,
        is_enabled=1,
        changed_at=to_sql(now),
    )


def get(tx: Tx, delivery_id: int) -> Delivery | None:
    """Return the delivery with that id; None when there is none."""
    row = tx.one("SELECT * FROM webhook_deliveries WHERE id=:id", id=delivery_id)
    return row_to(Delivery, row) if row else None


def of_event(tx: Tx, event_id: str) -> Delivery | None:
    """Return the delivery of an event; None when none has that event id."""
    row = tx.one("SELECT * FROM webhook_deliveries WHERE event_id=:event_id", event_id=event_id)
    return row_to(Delivery, row) if row else None


def of_events(tx: Tx, event_ids: Collection[str]) -> dict[str, Delivery]:
    """Return the deliveries of those of the events that have one, by event id."""
    if not event_ids:
        return {}
    marks, names = in_list(sorted(event_ids))
    rows = tx.all(f"SELECT * FROM webhook_deliveries WHERE event_id IN ({marks})", **names)
    return {row["event_id"]: row_to(Delivery, row) for row in rows}


def newest(tx: Tx, wanted: Filter, limit: int) -> list[Delivery]:
    """Return up to `limit` deliveries that match, newest first."""
    source, where, params = selection(tx, wanted)
    rows = tx.all(
        f"SELECT * FROM {source} WHERE {where} ORDER BY id DESC LIMIT :limit",
        limit=limit,
        **params,
    )
    return [row_to(Delivery, row) for row in rows]


def counts(tx: Tx) -> dict[DeliveryState, int]:
    """Return the number of deliveries by state; a state without any is missing."""
    rows = tx.all("SELECT state, COUNT(*) AS n FROM webhook_deliveries GROUP BY state")
    return {DeliveryState(row["state"]): int(row["n"]) for row in rows}


def replay(tx: Tx, wanted: Filter, now: datetime) -> int:
    """Make matching deliveries due at once and count their attempts from 0; return their number.

    Deliveries that are being sent, and tests, stay as they are.
    """
    if wanted.task_id is None and wanted.title is None:
        return _make_due(tx, wanted, now)
    # The ids are read first: within an UPDATE the subquery would be asked for each delivery, and
    # each would be locked.
    source, where, params = selection(tx, wanted)
    ids = tx.column(f"SELECT id FROM {source} WHERE {where} ORDER BY id", **params)
    of_any = replace(wanted, task_id=None, title=None)
    return sum(
        _make_due(tx, replace(of_any, ids=ids[start : start + IDS_PER_QUERY]), now)
        for start in range(0, len(ids), IDS_PER_QUERY)
    )


def _make_due(tx: Tx, wanted: Filter, now: datetime) -> int:
    _, where, params = selection(tx, wanted)
    return tx.execute(
        "UPDATE webhook_deliveries SET state='pending', attempts=0, not_before=:now,"
        f" finished_at=NULL WHERE {where} AND state<>'sending' AND kind<>'test'",
        now=to_sql(now),
        **params,
    )


def attempts_of(tx: Tx, delivery_id: int) -> list[Attempt]:
    """Return a delivery's attempts, oldest first."""
    rows = tx.all(
        "SELECT * FROM webhook_attempts WHERE delivery_id=:id ORDER BY id", id=delivery_id
    )
    return [row_to(Attempt, row) for row in rows]


def begin_attempts(tx: Tx, numbers: Mapping[int, int], now: datetime) -> None:
    """Insert attempts that begin now; `numbers` has each one's, from 1, by its delivery."""
    tx.execute_many(
        "INSERT INTO webhook_attempts (delivery_id, number, started_at)"
        " VALUES (:delivery_id, :number, :now)",
        [
            {"delivery_id": delivery_id, "number": number, "now": to_sql(now)}
            for delivery_id, number in numbers.items()
        ],
    )


def drop_attempt(tx: Tx, delivery_id: int, number: int) -> None:
    """Delete an attempt that was never made."""
    tx.execute(
        "DELETE FROM webhook_attempts WHERE delivery_id=:id AND number=:number",
        id=delivery_id,
        number=number,
    )


def end_attempts(tx: Tx, ends: Sequence[AttemptEnd], now: datetime) -> None:
    """Record how attempts ended, one at most of a delivery."""
    marks, ids = in_list([end.delivery_id for end in ends])
    columns: dict[str, list[Any]] = {
        "status": [end.status for end in ends],
        "response": [end.response for end in ends],
        "error": [end.error and end.error[:MAX_TEXT_CHARS] for end in ends],
    }
    changes, params = ["finished_at=:now"], dict[str, Any]()
    for column, values in columns.items():
        case, named = by_row("delivery_id", ids, column, values)
        changes.append(f"{column}={case}")
        params |= named
    number, numbers = by_row("delivery_id", ids, "number", [end.number for end in ends])
    tx.execute(
        f"UPDATE webhook_attempts SET {', '.join(changes)}"
        f" WHERE delivery_id IN ({marks}) AND number={number}",
        now=to_sql(now),
        **ids,
        **numbers,
        **params,
    )


def selection(tx: Tx, wanted: Filter) -> tuple[str, str, dict[str, Any]]:
    """Return what to select from, the SQL condition of a filter, and its parameters by name."""
    terms, params = ["1=1"], dict[str, Any]()
    source = "webhook_deliveries"
    lists = {"id": wanted.ids, "state": wanted.states, "kind": wanted.kinds}
    for column, values in lists.items():
        if values:
            names = {f"{column}{n}": value for n, value in enumerate(values)}
            terms.append(f"{column} IN ({', '.join(':' + name for name in names)})")
            params |= {name: getattr(value, "value", value) for name, value in names.items()}
    task_id = wanted.task_id
    if wanted.title is not None:
        of_title = tasks_titled(tx, wanted.title)
        if task_id is None and of_title.task_ids is not None and len(of_title.task_ids) == 1:
            task_id = of_title.task_ids[0]
        else:
            of_tasks = f"SELECT delivery_id FROM delivery_tasks WHERE task_id IN ({of_title.sql})"
            terms.append(f"id IN ({of_tasks})")
            params |= of_title.params
    if task_id is not None:
        source = OF_TASK
        params["of_task"] = task_id
    for column, value in (("event_id", wanted.event_id), ("url_hash", wanted.url_hash)):
        if value is not None:
            terms.append(f"{column}=:{column}")
            params[column] = value
    for term, moment in (("created_at>=:since", wanted.since), ("created_at<:until", wanted.until)):
        if moment is not None:
            terms.append(term)
            params[term.partition(":")[2]] = to_sql_or_none(moment)
    return source, " AND ".join(terms), params
