"""Snapshots of the pool and its tasks, for the terminal, `status` and the web console."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from core.clock import Clock, QuotaCalendar
from core.messages import Message
from crawler.export.rows_left import NO_ROWS_LEFT, RowsLeft, rows_left
from crawler.tasks.pins import pin_messages
from presentation.account_views import AccountView, AccountViewReader, served_types
from presentation.egress_views import shown_circuits
from storage.crawling import (
    accounts,
    export_segments,
    job_runs,
    leases,
    proxies,
    source_states,
    task_labels,
    task_pieces,
    tasks,
)
from storage.crawling.job_runs import JobRun
from storage.crawling.proxies import EgressRoute
from storage.crawling.source_states import Circuit
from storage.crawling.task_pieces import Wait
from storage.engines.datetimes import from_sql_or_none
from storage.engines.transactions import Database, Tx
from storage.models.accounts import AccountEvent
from storage.models.segments import Segment
from storage.models.tasks import Task, TaskStatus, TaskType, WaitingFor
from storage.operations import alerts
from storage.operations.alerts import Alert

RATE_WINDOW_SECS = 10.0
MIN_RATE_SECS = 1.0
MAX_TASKS = 20
SHOWN_ENDINGS = 4
MAX_REASONS = 20  # of cooldowns: each costs a query
WAIT_SHOWN_SECS = 3.0  # an ended wait still shows: the next look mostly renews it


@dataclass(frozen=True)
class Waiting:
    """What a task waits for, until when, and why.

    `until` is in UTC, None when not known; `error` is a stored message, None without one.
    """

    reason: WaitingFor
    until: datetime | None
    error: str | None


@dataclass(frozen=True)
class StoppedCrawl:
    """An open crawl that a person has to let go on: it is paused, or no process works on it."""

    task: Task
    is_paused: bool


@dataclass(frozen=True)
class TaskView:
    """A task that is no piece of another, with the sums over its pieces.

    Args:
        items: creators crawled or rows exported; `new` of the creators were not known before.
        not_before: earliest UTC time at which a waiting piece is claimed; None without one.
        error: the last error as a stored message; None without one.
        account: the name of the account that is used; None when none is.
        rows_left: what an export has left of its choice, within its limit; nothing for a crawl.
        waiting: what it waits for, or did until 3 s ago; None when it does not wait.
        attended: whether a living process works on tasks of its type.
        working: the accounts that work for it.
        stopped_crawl: for an export that waits for rows, the crawl of its domain that does not go
            on by itself.
        pin: whom it is pinned to; None when every account may work on it.
    """

    task: Task
    items: int
    new: int
    pages_done: int
    waiting_for: WaitingFor | None
    not_before: datetime | None
    error: str | None
    account: str | None
    rows_left: RowsLeft
    waiting: Waiting | None = None
    attended: bool = True
    labels: tuple[str, ...] = ()
    working: tuple[AccountView, ...] = ()
    stopped_crawl: StoppedCrawl | None = None
    pin: Message | None = None


@dataclass(frozen=True)
class Snapshot:
    """The pool and its tasks at one time.

    Args:
        day_ends: UTC time at which the next quota day begins.
        ended: the tasks that ended last.
        alerts: the open alerts.
        runs: the newest runs of scheduled jobs.
        circuits: the open and half-open ones.
        routes: the egress routes in cooldown.
        cooldown_reasons: why accounts are in cooldown for risk control, as stored messages, by id.
    """

    now: datetime
    day_ends: datetime
    accounts: list[AccountView]
    tasks: list[TaskView]
    events: list[AccountEvent]
    segments: list[Segment]
    ended: list[TaskView]
    alerts: list[Alert]
    runs: list[JobRun] = field(default_factory=list)
    circuits: list[Circuit] = field(default_factory=list)
    routes: list[EgressRoute] = field(default_factory=list)
    cooldown_reasons: Mapping[int, str] = field(default_factory=dict)

    @property
    def unproven_routes(self) -> list[EgressRoute]:
        """Return the routes of accounts that failed, are tried again, and have not answered yet."""
        cooling = {route.egress for route in self.routes}
        found = {
            view.unproven_route.egress: view.unproven_route
            for view in self.accounts
            if view.unproven_route is not None
        }
        return [route for name, route in found.items() if name not in cooling]


class SnapshotReader:
    """Reads snapshots; each costs a handful of indexed queries, which need not see the same
    instant."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        calendar: QuotaCalendar,
        account_views: AccountViewReader,
    ) -> None:
        self._database = database
        self._clock = clock
        self._calendar = calendar
        self._account_views = account_views

    def snapshot(
        self,
        task_ids: tuple[int, ...] = (),
        events: int = 4,
        here: Collection[TaskType] = (),
        lease_secs: float = 30.0,
    ) -> Snapshot:
        """Return the pool, the newest 20 tasks that are open and in progress, those of
        `task_ids`, and the newest events.

        Ids without a task are left out.

        Args:
            events: the number of events of each kind.
            here: the types of tasks that this process works on.
            lease_secs: seconds for which a process counts as living after its last sign of life.
        """

        def work(tx: Tx) -> Snapshot:
            alive_since = self._clock.now() - timedelta(seconds=lease_secs)
            served = {*here, *served_types(leases.workers(tx), alive_since)}
            return self._read(tx, task_ids, events, served)

        return self._database.read(work)

    def _read(
        self, tx: Tx, task_ids: tuple[int, ...], events: int, served: set[TaskType]
    ) -> Snapshot:
        now = self._clock.now()
        pool = self._account_views.read(tx, accounts.every(tx), served)
        newest = tasks.top_level(tx, only_open=True, limit=MAX_TASKS)
        shown = {task.id: task for task in (*tasks.running(tx, MAX_TASKS), *newest)}
        for task_id in task_ids:
            task = tasks.get(tx, task_id)
            if task is not None:
                shown[task.id] = task
        labels = task_labels.of_tasks(tx, shown)
        pins = pin_messages(tx, shown.values())
        ended = tasks.newest_ended(tx, min(events, SHOWN_ENDINGS))
        return Snapshot(
            now=now,
            day_ends=self._calendar.next_day_starts(now),
            accounts=pool,
            tasks=[
                replace(
                    self._task(tx, shown[task_id], pool, served, now),
                    labels=tuple(labels.get(task_id, ())),
                    pin=pins.get(task_id),
                )
                for task_id in sorted(shown)
            ],
            events=accounts.events(tx, None, events),
            segments=export_segments.newest(tx, events),
            ended=[self._task(tx, task, pool, served, now) for task in ended],
            alerts=alerts.all_open(tx),
            runs=job_runs.newest(tx, min(events, SHOWN_ENDINGS)),
            circuits=shown_circuits(source_states.all_of(tx, now)),
            routes=proxies.cooling(tx, now),
            cooldown_reasons=_cooldown_reasons(tx, pool, now),
        )

    def _task(
        self, tx: Tx, task: Task, pool: list[AccountView], served: set[TaskType], now: datetime
    ) -> TaskView:
        summed = task_pieces.progress(tx, task)
        exporting = task.task_type is TaskType.EXPORT and task.is_open
        attended = task.task_type in served
        ends_after = now - timedelta(seconds=WAIT_SHOWN_SECS if attended else 0)
        wait = task_pieces.waiting_now(tx, task, ends_after)
        working = working_for(task.id, pool)
        if wait is not None and is_usual(wait, task, working):
            wait = None
        waits_for_rows = exporting and summed.waiting_for is WaitingFor.ROWS
        return TaskView(
            task=task,
            items=summed.item_count,
            new=summed.new_count,
            pages_done=summed.pages_done,
            waiting_for=summed.waiting_for if task.is_open else None,
            not_before=from_sql_or_none(summed.not_before) if task.is_open else None,
            error=summed.error if task.is_open else task.last_error,
            account=_name_of(tx, task.assigned_account_id, pool),
            rows_left=rows_left(tx, task, summed.item_count) if exporting else NO_ROWS_LEFT,
            waiting=Waiting(wait.reason, from_sql_or_none(wait.until), wait.error)
            if wait
            else None,
            attended=attended,
            working=working,
            stopped_crawl=_stopped_crawl(tx, task, served) if waits_for_rows else None,
        )


def _cooldown_reasons(tx: Tx, pool: Collection[AccountView], now: datetime) -> dict[int, str]:
    """Return why the first MAX_REASONS suspect accounts are in cooldown, by id."""
    suspect = [view.account.id for view in pool if view.is_suspect(now)][:MAX_REASONS]
    found = {account_id: accounts.cooldown_reason(tx, account_id) for account_id in suspect}
    return {account_id: reason for account_id, reason in found.items() if reason}


def working_for(task_id: int, pool: Collection[AccountView]) -> tuple[AccountView, ...]:
    """Return those of the accounts that work for a top-level task."""
    return tuple(view for view in pool if view.task is not None and view.task.id == task_id)


def is_usual(wait: Wait, task: Task, working: Collection[AccountView]) -> bool:
    """Return True for a wait that need not be shown: a crawl waits for the next turn of accounts
    that work for it."""
    is_crawl = task.task_type is TaskType.INGESTION
    return is_crawl and wait.reason is WaitingFor.ACCOUNT and bool(working)


def _stopped_crawl(tx: Tx, export: Task, served: set[TaskType]) -> StoppedCrawl | None:
    """Return the open crawl of the export's domain when it does not go on by itself."""
    crawl = tasks.open_crawl(tx, export.platform, export.domain)
    if crawl is None:
        return None
    # Crawls that wait are pending: a paused one was paused by the operator.
    is_paused = crawl.status is TaskStatus.PAUSED
    if not is_paused and TaskType.INGESTION in served:
        return None
    return StoppedCrawl(crawl, is_paused)


@dataclass
class RateMeter:
    """Measures the items (creators or rows) per second of each task over the last 10 s of
    snapshots."""

    _seen: dict[int, deque[tuple[float, int]]] = field(default_factory=dict)

    def record(self, snapshot: Snapshot) -> None:
        """Record the progress of the tasks in a snapshot."""
        at = snapshot.now.timestamp()
        shown = {view.task.id for view in snapshot.tasks}
        self._seen = {task_id: seen for task_id, seen in self._seen.items() if task_id in shown}
        for view in snapshot.tasks:
            points = self._seen.setdefault(view.task.id, deque())
            points.append((at, view.items))
            while len(points) > 2 and at - points[1][0] >= RATE_WINDOW_SECS:
                points.popleft()

    def per_sec(self, task_id: int) -> float | None:
        """Return the items per second of a task; None while too little was recorded of it."""
        points = self._seen.get(task_id)
        if not points:
            return None
        secs, items = points[-1][0] - points[0][0], points[-1][1] - points[0][1]
        # Items come in pages and batches: between two of them even a fast task seems to stand.
        min_secs = MIN_RATE_SECS if items else RATE_WINDOW_SECS
        return items / secs if secs >= min_secs else None

    def secs_left(self, views: list[TaskView], snapshot: Snapshot) -> float | None:
        """Return the seconds that tasks which share their workers still take.

        None while no rate is known, or when a task has no known end.
        """
        left = [_items_left(view, snapshot) for view in views]
        known = [items for items in left if items is not None]
        rate = sum(self.per_sec(view.task.id) or 0.0 for view in views)
        return sum(known) / rate if rate and len(known) == len(left) else None


def _items_left(view: TaskView, snapshot: Snapshot) -> float | None:
    """Return the rows or creators that a task has left; None when its end is not known."""
    if view.task.task_type is TaskType.EXPORT:
        is_known = view.rows_left.is_exact and not _may_grow(view.task, snapshot)
        return view.rows_left.rows if is_known else None
    if not view.task.page_to or not view.pages_done:
        return None
    return max(0, view.task.page_to - view.pages_done) * view.items / view.pages_done


def _may_grow(export: Task, snapshot: Snapshot) -> bool:
    """Return True when more rows may come while they are exported."""
    return bool(export.options.get("follow")) or any(
        view.task.task_type is TaskType.INGESTION
        and view.task.is_open
        and (view.task.platform, view.task.domain) == (export.platform, export.domain)
        for view in snapshot.tasks
    )


def _name_of(tx: Tx, account_id: int | None, pool: Collection[AccountView]) -> str | None:
    """Return the name of an account, in the pool or deleted; None without one."""
    if account_id is None:
        return None
    known = next((v.account.username for v in pool if v.account.id == account_id), None)
    return known or accounts.names(tx, [account_id]).get(account_id)
