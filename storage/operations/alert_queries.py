"""Queries for the causes of alerts: what is wrong at this moment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.crawling.accounts import LIVE
from storage.engines.datetimes import from_sql, to_sql
from storage.engines.transactions import Tx
from storage.models.mapping import row_to
from storage.models.tasks import Task
from storage.schema import schema

WATCHED_SINCE = "alerts_since"
# The operator's word sets the count to 0, what the platform did makes it grow.
NOT_BY_OPERATOR = "failure_count>0"
TROUBLE = (
    "id, platform, username, COALESCE(disabled_reason, '') AS reason,"
    " session_expires_at AS ends_at,"
    " (SELECT MAX(created_at) FROM account_events WHERE account_id=accounts.id"
    " AND kind='disabled') AS disabled_at"
)
MAX_SUSPECT = 1000


@dataclass(frozen=True)
class AccountTrouble:
    """An account that needs a person's attention, as its session ended or ends, or it is disabled.

    `reason` is a stored message, empty without one; `ends_at` is when its session ends, if known,
    `disabled_at` when it was disabled last.
    """

    id: int
    platform: str
    username: str
    reason: str
    ends_at: datetime | None
    disabled_at: datetime | None


@dataclass(frozen=True)
class SuspectAccount:
    """An account in cooldown because of a risk check that concerns nobody else.

    `reason` (a stored message) and `since_at` are those of the refusal; None where its event is
    gone.
    """

    id: int
    platform: str
    username: str
    cooldown_until: datetime
    reason: str | None
    since_at: datetime | None


def watched_since(tx: Tx) -> datetime | None:
    """Return when alerts began to watch this database; None before that.

    What failed earlier raises no alert.
    """
    text = schema.get_fact(tx, WATCHED_SINCE)
    return None if text is None else from_sql(text)


def begin_watch(tx: Tx, now: datetime) -> datetime:
    """Record that alerts watch from now on, unless they do already; return since when."""
    schema.set_fact_once(tx, WATCHED_SINCE, to_sql(now))
    return watched_since(tx) or now


def disabled_accounts(tx: Tx, since: datetime) -> list[AccountTrouble]:
    """Return the accounts disabled since that moment by what the platform answered, by id."""
    rows = tx.all(
        f"SELECT {TROUBLE} FROM accounts"
        f" WHERE status='disabled' AND {NOT_BY_OPERATOR} AND {LIVE} AND last_used_at>=:since"
        " ORDER BY id",
        since=to_sql(since),
    )
    return [row_to(AccountTrouble, row) for row in rows]


def suspect_accounts(tx: Tx, now: datetime) -> list[SuspectAccount]:
    """Return the first MAX_SUSPECT accounts in cooldown for risk control, by platform and id."""
    newest = (
        "SELECT {column} FROM account_events WHERE account_id=accounts.id AND kind='suspect'"
        " ORDER BY id DESC LIMIT 1"
    )
    rows = tx.all(
        "SELECT id, platform, username, cooldown_until,"
        f" ({newest.format(column='detail')}) AS reason,"
        f" ({newest.format(column='created_at')}) AS since_at FROM accounts"
        " WHERE status<>'disabled' AND health='suspect' AND cooldown_until>:now"
        " ORDER BY platform, id LIMIT :most",
        now=to_sql(now),
        most=MAX_SUSPECT,
    )
    return [row_to(SuspectAccount, row) for row in rows]


def ending_sessions(tx: Tx, after: datetime, before: datetime) -> list[AccountTrouble]:
    """Return the accounts whose session ends in `(after, before)`, by id.

    Accounts that the operator disabled are left out.
    """
    rows = tx.all(
        f"SELECT {TROUBLE} FROM accounts"
        " WHERE session_expires_at>:after AND session_expires_at<:before"
        f" AND (status<>'disabled' OR {NOT_BY_OPERATOR}) AND {LIVE} ORDER BY id",
        after=to_sql(after),
        before=to_sql(before),
    )
    return [row_to(AccountTrouble, row) for row in rows]


def platforms_out_of_quota(tx: Tx) -> list[str]:
    """Return the platforms whose exports wait for the next quota day, sorted."""
    return tx.column(
        f"SELECT DISTINCT platform FROM tasks {tx.dialect.force_index('idx_tasks_claim')}"
        " WHERE task_type='export' AND is_leaf=1 AND status='paused' AND waiting_for='quota'"
        " ORDER BY platform"
    )


def oldest_wait_for_disk(tx: Tx, before: datetime) -> Task | None:
    """Return the export that has waited longest for room on its disk, since `before` at least."""
    index = tx.dialect.force_index("idx_tasks_claim")
    row = tx.one(
        f"SELECT * FROM tasks {index} WHERE task_type='export' AND is_leaf=1"
        " AND status IN ('pending','in_progress') AND waiting_for='disk'"
        " AND waiting_since<:before ORDER BY waiting_since LIMIT 1",
        before=to_sql(before),
    )
    return row_to(Task, row) if row else None


def failed_tasks(
    tx: Tx, since: datetime, cancelled: Collection[str], newest: int, and_of: Sequence[int]
) -> list[Task]:
    """Return top-level tasks that failed since `since`, unless cancelled or filed again later.

    `cancelled` are the stored errors that mean a cancellation. The `newest` newest failed tasks are
    looked at, and those with the ids `and_of`.
    """
    index = tx.dialect.force_index("idx_tasks_parent")
    rows = tx.all(
        f"SELECT * FROM tasks {index} WHERE parent_id IS NULL AND status='failed'"
        " AND not_before IS NULL ORDER BY id DESC LIMIT :newest",
        newest=newest,
    )
    found = {row["id"]: row for row in rows}
    for task_id in and_of:
        row = None if task_id in found else tx.one("SELECT * FROM tasks WHERE id=:id", id=task_id)
        if row is not None and row["status"] == "failed":
            found[task_id] = row
    failed = [row_to(Task, found[task_id]) for task_id in sorted(found)]
    return [
        task
        for task in failed
        if task.last_error not in cancelled
        and task.finished_at is not None
        and task.finished_at >= since
        and not _is_filed_anew(tx, task)
    ]


def _is_filed_anew(tx: Tx, task: Task) -> bool:
    return tx.exists(
        f"SELECT 1 AS yes FROM tasks {tx.dialect.force_index('idx_tasks_domain')}"
        " WHERE domain=:domain AND id>:id AND parent_id IS NULL AND task_type=:type"
        " AND platform=:platform LIMIT 1",
        domain=task.domain,
        id=task.id,
        type=task.task_type.value,
        platform=task.platform,
    )
