"""A snapshot of the whole pool and its tasks, for the console and `status`."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from core.clock import Clock, QuotaCalendar
from storage import accounts, influencers, segments, tasks
from storage.database import Database, Tx
from storage.records import Account, AccountEvent, Segment, Task, TaskType, WaitingFor
from storage.times import from_sql_or_none

MOST_PENDING = 100_000
RATE_WINDOW_SECS = 10.0


@dataclass(frozen=True)
class AccountView:
    account: Account
    used: int


@dataclass(frozen=True)
class TaskView:
    """A top-level task with all its pieces. `pending_rows` (exports) is counted up to
    MOST_PENDING."""

    task: Task
    items: int
    new: int
    pages_done: int
    waiting_for: WaitingFor | None
    not_before: datetime | None
    error: str | None
    account: str | None
    pending_rows: int


@dataclass(frozen=True)
class Snapshot:
    now: datetime
    day_ends: datetime
    accounts: list[AccountView]
    tasks: list[TaskView]
    events: list[AccountEvent]
    segments: list[Segment]


class ProgressReader:
    """Reads snapshots; each costs a handful of indexed queries."""

    def __init__(self, database: Database, clock: Clock, calendar: QuotaCalendar) -> None:
        self._database = database
        self._clock = clock
        self._calendar = calendar

    def snapshot(self, task_ids: tuple[int, ...] = (), events: int = 4) -> Snapshot:
        """The pool, the open tasks and those of `task_ids`, and what happened last."""
        return self._database.read(lambda tx: self._read(tx, task_ids, events))

    def _read(self, tx: Tx, task_ids: tuple[int, ...], events: int) -> Snapshot:
        now = self._clock.now()
        day = self._calendar.day(now)
        pool = accounts.every(tx)
        names = {account.id: account.username for account in pool}
        shown = {task.id: task for task in tasks.top_level(tx, only_open=True, limit=20)}
        for task_id in task_ids:
            task = tasks.get(tx, task_id)
            if task is not None:
                shown[task.id] = task
        return Snapshot(
            now=now,
            day_ends=self._calendar.next_day_starts(now),
            accounts=[AccountView(account, account.exported_on(day)) for account in pool],
            tasks=[self._task(tx, shown[task_id], names) for task_id in sorted(shown)],
            events=accounts.events(tx, None, events),
            segments=segments.newest(tx, events),
        )

    def _task(self, tx: Tx, task: Task, names: dict[int, str]) -> TaskView:
        summed = tasks.progress(tx, task.id)
        exporting = task.task_type is TaskType.EXPORT and task.is_open
        return TaskView(
            task=task,
            items=summed.item_count,
            new=summed.new_count,
            pages_done=summed.pages_done,
            waiting_for=summed.waiting_for if task.is_open else None,
            not_before=from_sql_or_none(summed.not_before) if task.is_open else None,
            error=summed.error if task.is_open else task.last_error,
            account=names.get(task.assigned_account_id or 0),
            pending_rows=influencers.count_pending(tx, task.platform, task.domain, MOST_PENDING)
            if exporting
            else 0,
        )


@dataclass
class RateMeter:
    """Items per second of each task over the last ten seconds of snapshots."""

    _seen: dict[int, deque[tuple[float, int]]] = field(default_factory=dict)

    def note(self, snapshot: Snapshot) -> None:
        at = snapshot.now.timestamp()
        for view in snapshot.tasks:
            points = self._seen.setdefault(view.task.id, deque())
            points.append((at, view.items))
            while len(points) > 2 and at - points[0][0] > RATE_WINDOW_SECS:
                points.popleft()

    def per_sec(self, task_id: int) -> float:
        points = self._seen.get(task_id)
        if not points or points[-1][0] <= points[0][0]:
            return 0.0
        return (points[-1][1] - points[0][1]) / (points[-1][0] - points[0][0])
