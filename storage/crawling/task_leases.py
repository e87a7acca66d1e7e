"""Queries on `tasks` under a lease: claim, advance, put back, finish. All repeat the token."""

from __future__ import annotations

from datetime import datetime

from storage.engines.datetimes import to_sql, to_sql_or_none
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Tx
from storage.leasing import TASKS, TASKS_OF_ANY_STATUS
from storage.models.mapping import row_to
from storage.models.tasks import Task, TaskStatus, TaskType, WaitingFor

UNLEASED = "(lease_until IS NULL OR lease_until<:now)"
DUE = "(not_before IS NULL OR not_before<=:now)"
CLAIMABLE = {
    # A paused task without a moment to wake waits for the operator.
    TaskStatus.PENDING: f"status='pending' AND {DUE} AND {UNLEASED}",
    TaskStatus.PAUSED: f"status='paused' AND not_before<=:now AND {UNLEASED}",
    TaskStatus.IN_PROGRESS: "status='in_progress' AND lease_until<:now",
}
# Where the next task of a status stands in the claim's index, first choice first.
PLACES = {
    TaskStatus.PENDING: (("not_before IS NULL", "id"), ("not_before<=:now", "not_before, id")),
    TaskStatus.PAUSED: (("not_before<=:now", "not_before, id"),),
    TaskStatus.IN_PROGRESS: (("not_before IS NULL AND lease_until<:now", "id"),),
}
ASSIGNED = "assigned_account_id=:account, waiting_for=NULL, waiting_since=NULL"


def claimable_statuses(
    tx: Tx, task_type: TaskType, now: datetime, only: int | None
) -> set[TaskStatus]:
    """Return the statuses in which some leaf task can be claimed now. Locks nothing.

    `only` is the id of a task: only it and its pieces count; None is for all tasks.
    """
    # The status alone: with every column MariaDB makes a table on disk of each look, which costs
    # much more, and at which a Galera node (10.11.19) that is put out of its cluster crashes.
    looks = [
        _look(source, status, place, order, "status")
        for source in _sources(tx, only)
        for status, places in PLACES.items()
        for place, order in places
    ]
    statuses = [f"SELECT status FROM ({look}) AS look{n}" for n, look in enumerate(looks)]
    rows = tx.all(" UNION ALL ".join(statuses), type=task_type.value, now=to_sql(now), only=only)
    return {TaskStatus(row["status"]) for row in rows}


def next_claimable(
    tx: Tx,
    task_type: TaskType,
    status: TaskStatus,
    now: datetime,
    only: int | None,
    *,
    waited_first: bool = False,
) -> Task | None:
    """Lock and return the oldest leaf task in that status that can be claimed now; None without
    one.

    Leaves are tasks without pieces, and pieces. Those that never waited go first; with
    `waited_first` those whose wait is over. Rows that other claimers hold locked are passed over.

    Args:
        only: id of a task: only it and its pieces count; None is for all tasks.
    """
    step = -1 if waited_first else 1
    for source in _sources(tx, only):
        for place, order in PLACES[status][::step]:
            row = tx.one(
                _look(source, status, place, order) + tx.dialect.lock_suffix,
                type=task_type.value,
                now=to_sql(now),
                only=only,
            )
            if row is not None:
                return row_to(Task, row)
    return None


def _look(source: str, status: TaskStatus, place: str, order: str, columns: str = "*") -> str:
    return (
        f"SELECT {columns} FROM tasks {source} AND task_type=:type AND status='{status}'"
        f" AND is_leaf=1 AND {place} AND {UNLEASED} ORDER BY {order} LIMIT 1"
    )


def _sources(tx: Tx, only: int | None) -> tuple[str, ...]:
    if only is None:
        return (f"{tx.dialect.force_index('idx_tasks_claim')} WHERE 1=1",)
    return (f"{tx.dialect.force_index('idx_tasks_parent')} WHERE parent_id=:only", "WHERE id=:only")


def claim(tx: Tx, seen: Task, owner: str, now: datetime, until: datetime) -> bool:
    """Lease the task as `seen`, its token growing by 1; return False when it changed since."""
    return TASKS.claim(
        tx,
        seen.id,
        seen.lease_token,
        owner=owner,
        until=until,
        where=CLAIMABLE[seen.status],
        changes="status='in_progress', not_before=NULL, updated_at=:now",
        now=to_sql(now),
    )


def lock(tx: Tx, task_id: int, token: int, now: datetime) -> bool:
    """Lock the task's row until the transaction ends.

    Return False when the lease was lost or the task is not in progress any more.
    """
    return TASKS.write(tx, task_id, token, "updated_at=:now", now=to_sql(now))


def lock_in_any_status(tx: Tx, task_id: int, token: int, now: datetime) -> bool:
    """Lock the task's row for its holder, even if it was paused or cancelled meanwhile.

    Return False when the lease was lost.
    """
    return TASKS_OF_ANY_STATUS.write(tx, task_id, token, "updated_at=:now", now=to_sql(now))


def assign_account(tx: Tx, task_id: int, token: int, account_id: int, now: datetime) -> bool:
    """Record the account that works on the task; return False when the lease was lost."""
    return TASKS_OF_ANY_STATUS.write(
        tx,
        task_id,
        token,
        f"{ASSIGNED}, updated_at=:now",
        account=account_id,
        now=to_sql(now),
    )


def advance(
    tx: Tx,
    task_id: int,
    token: int,
    marker: str,
    items: int,
    new: int,
    now: datetime,
    page_to: int | None = None,
    account_id: int | None = None,
) -> bool:
    """Move the progress marker, add to the counters and set the attempts in a row to 0.

    `marker` is `page=N` or `last_id=N`; `items` and `new` are added; `page_to`, unless None, is the
    new end of the range, and `account_id` the account that is recorded as `assign_account` does.
    Return False when the lease was lost or the task is not in progress any more.
    """
    more = "" if page_to is None else ", page_to=:page_to"
    more += "" if account_id is None else f", {ASSIGNED}"
    return TASKS.write(
        tx,
        task_id,
        token,
        "progress_marker=:marker, item_count=item_count+:items, new_count=new_count+:new,"
        f" attempts=0, last_error=NULL, updated_at=:now{more}",
        account=account_id,
        marker=marker,
        items=items,
        new=new,
        page_to=page_to,
        now=to_sql(now),
    )


def add_new_count(tx: Tx, task_id: int, new: int) -> None:
    """Add to the task's count of new creators, in a transaction that holds the task locked."""
    tx.execute("UPDATE tasks SET new_count=new_count+:new WHERE id=:id", id=task_id, new=new)


def show_waiting(
    tx: Tx, task_id: int, token: int, reason: WaitingFor | None, now: datetime
) -> bool:
    """Record what a task in progress waits for, or None; return False when the lease was lost."""
    return TASKS_OF_ANY_STATUS.write(
        tx,
        task_id,
        token,
        "waiting_for=:reason, waiting_since=:since, updated_at=:now",
        reason=reason and reason.value,
        since=to_sql(now) if reason else None,
        now=to_sql(now),
    )


def put_back(
    tx: Tx,
    task_id: int,
    token: int,
    status: TaskStatus,
    now: datetime,
    *,
    not_before: datetime | None = None,
    waiting_for: WaitingFor | None = None,
    error: str | None = None,
    failed_attempt: bool = False,
) -> bool:
    """End a lease with the work unfinished; return False when the lease was lost.

    A pause or cancellation by the operator meanwhile is kept.

    Args:
        status: pending or paused.
        not_before: when the task may be claimed again; None: at once or, with status `paused`, when
            the operator resumes it.
        waiting_for: what it waits for; None: nothing.
        error: a stored message; None keeps the stored one.
        failed_attempt: count one more failure in a row.
    """
    attempts = ", attempts=attempts+1" if failed_attempt else ""
    keeps = "CASE WHEN status='in_progress' THEN {} ELSE {} END"
    return TASKS_OF_ANY_STATUS.give_back(
        tx,
        task_id,
        token,
        # MySQL evaluates assignments from left to right: each CASE looks at old values, so status
        # and waiting_for are set after those that look at them. waiting_since keeps its value while
        # the reason stays the same, so that it measures the whole wait and not the last try.
        f"not_before={keeps.format(':not_before', 'not_before')},"
        " waiting_since=CASE WHEN :waiting_for IS NULL THEN NULL"
        " WHEN waiting_for=:waiting_for THEN COALESCE(waiting_since, :now) ELSE :now END,"
        f" waiting_for={keeps.format(':waiting_for', 'waiting_for')},"
        " last_error=CASE WHEN status='failed' THEN last_error"
        " ELSE COALESCE(:error, last_error) END,"
        f" status={keeps.format(':status', 'status')}, updated_at=:now{attempts}",
        status=status.value,
        not_before=to_sql_or_none(not_before),
        waiting_for=waiting_for and waiting_for.value,
        error=error and error[:MAX_TEXT_CHARS],
        now=to_sql(now),
    )


def finish(
    tx: Tx, task_id: int, token: int, status: TaskStatus, now: datetime, error: str | None = None
) -> bool:
    """End a lease with the task completed or failed, and free its key for another task.

    Return False when the lease was lost or the task is not in progress any more.
    """
    return TASKS.give_back(
        tx,
        task_id,
        token,
        "status=:status, open_key=NULL, not_before=NULL, waiting_for=NULL, last_error=:error,"
        " finished_at=:now, updated_at=:now",
        status=status.value,
        error=error and error[:MAX_TEXT_CHARS],
        now=to_sql(now),
    )


def lock_unless_joined(tx: Tx, task_id: int, joins: int, now: datetime) -> bool:
    """Lock a top-level task until the transaction ends; return False when a request joined it.

    `joins` is the number of joins that the caller has seen.
    """
    return 1 == tx.execute(
        "UPDATE tasks SET updated_at=:now WHERE id=:id AND joins=:joins",
        id=task_id,
        joins=joins,
        now=to_sql(now),
    )


def make_parent(tx: Tx, task_id: int, token: int, page_to: int | None, now: datetime) -> bool:
    """End the lease of a task that was split and make it the parent of its pieces.

    Return False when the lease was lost or the task is not in progress any more.
    """
    return TASKS.give_back(
        tx,
        task_id,
        token,
        "is_leaf=0, page_to=:page_to, lease_token=lease_token+1, updated_at=:now",
        page_to=page_to,
        now=to_sql(now),
    )


def drop_pages_beyond(tx: Tx, parent_id: int, last_page: int, now: datetime) -> int:
    """Complete, with an empty range, pieces that begin after `last_page`; return their number.

    Only those that are not leased and have stored nothing. `last_page` is the platform's last page.
    """
    return tx.execute(
        "UPDATE tasks SET status='completed', page_to=page_from-1, finished_at=:now,"
        " updated_at=:now, waiting_for=NULL, not_before=NULL"
        " WHERE parent_id=:id AND page_from>:last AND progress_marker IS NULL"
        f" AND status IN ('pending','paused') AND {UNLEASED}",
        id=parent_id,
        last=last_page,
        now=to_sql(now),
    )


# Both types and the leaf are named, as the index begins with them.
EXPIRED = f"task_type IN ('ingestion','export') AND is_leaf=1 AND {TASKS.expired}"


def reap(tx: Tx, now: datetime) -> int:
    """Make the tasks pending whose lease ran out; return their number."""
    return TASKS.reap(tx, now, "status='pending', updated_at=:now", where=EXPIRED)


def expired_parents(tx: Tx, now: datetime) -> list[int]:
    """Return the ids of the parents of tasks that `reap` would make pending, ascending."""
    return tx.column(
        f"SELECT DISTINCT parent_id FROM tasks WHERE {EXPIRED} AND parent_id IS NOT NULL"
        " ORDER BY parent_id",
        now=to_sql(now),
    )


def count_expired(tx: Tx, now: datetime) -> int:
    """Return the number of tasks whose lease ran out and that `reap` did not make pending yet."""
    return tx.number(f"SELECT COUNT(*) AS n FROM tasks WHERE {EXPIRED}", now=to_sql(now))


def set_page_to(tx: Tx, task_id: int, token: int, page_to: int, now: datetime) -> bool:
    """Set the last page of a task's range.

    Return False when the lease was lost or the task is not in progress any more.
    """
    return TASKS.write(
        tx, task_id, token, "page_to=:page_to, updated_at=:now", page_to=page_to, now=to_sql(now)
    )


def current_token(tx: Tx, task_id: int) -> int:
    """Return the token of the task's newest lease; 0 when there is no such task."""
    return tx.number("SELECT lease_token FROM tasks WHERE id=:id", id=task_id)


def bump_token_unless_leased(tx: Tx, task_id: int, now: datetime) -> int | None:
    """Raise the task's token, so that every earlier holder is stale; return it.

    None: the task is leased, has pieces, or does not exist.
    """
    changed = tx.execute(
        "UPDATE tasks SET lease_token=lease_token+1, lease_owner=NULL, lease_until=NULL,"
        " status=CASE WHEN status='in_progress' THEN 'pending' ELSE status END"
        f" WHERE id=:id AND is_leaf=1 AND {UNLEASED}",
        id=task_id,
        now=to_sql(now),
    )
    return current_token(tx, task_id) if changed else None
