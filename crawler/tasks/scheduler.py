"""TaskScheduler: files tasks, leases them to workers, and lets parents follow their pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from core.cancellation import TaskHaltedSignal
from core.clock import Clock
from core.errors import DatabaseContentionError, InvalidInputError, LeaseLostError
from core.leases import Lease, LeaseKind, LeaseRegistry
from crawler.tasks.options import CrawlOptions
from storage.crawling import task_labels, task_leases
from storage.crawling import tasks as rows
from storage.engines.transactions import Database, Tx
from storage.models.tasks import Task, TaskStatus, TaskType, WaitingFor

CLAIM_ORDER = (TaskStatus.PENDING, TaskStatus.PAUSED, TaskStatus.IN_PROGRESS)
BACKOFF_BASE_SECS = 2.0
BACKOFF_MOST_SECS = 300.0
STARVING_DUE_SECS = 5.0
CANCELLED = "cancelled by the operator"


@dataclass(frozen=True)
class TaskLease:
    """A leased task, as it was when it was claimed (its token is the lease's)."""

    task: Task
    lease: Lease

    @property
    def id(self) -> int:
        return self.task.id


@dataclass(frozen=True)
class FiledTask:
    """What `submit_*` gives: the task, and whether it is new (else an open one was joined)."""

    task: Task
    is_new: bool


class TaskScheduler:
    """Tasks in the database, leased to the workers of this process.

    Args:
        owner: id of this process; leases carry it.
        pages_per_task: size of the pieces that a crawl is split into.
        attempts: failures in a row after which a task is failed.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        book: LeaseRegistry,
        owner: str,
        lease_secs: float,
        pages_per_task: int,
        attempts: int,
    ) -> None:
        self._database = database
        self._clock = clock
        self._book = book
        self._owner = owner
        self._lease_secs = lease_secs
        self._attempts = attempts
        self.pages_per_task = pages_per_task

    def submit_crawl(
        self,
        platform: str,
        domain: str,
        pages: int | None,
        options: CrawlOptions,
        labels: Sequence[str] = (),
    ) -> FiledTask:
        """File a crawl, or join the open one of the same platform and domain.

        It is split at once when `pages` is given, else by what page 1 says; a sequential one stays
        one piece.
        """
        if options.sequential:
            options, pages = replace(options, at_most=pages), None
        parent = rows.NewTask(
            task_type=TaskType.INGESTION,
            platform=platform,
            domain=domain,
            options=options.as_json(),
            is_leaf=pages is None,
            page_from=1,
            page_to=pages,
        )

        def work(tx: Tx) -> FiledTask:
            task, is_new = rows.open_or_join(tx, parent, self._clock.now())
            if is_new and pages is not None:
                for piece in self.pieces(task, pages, open_ended=False):
                    rows.add_child(tx, piece, self._clock.now())
            task_labels.add(tx, task.id, labels)
            return FiledTask(task, is_new)

        return self._database.write_idempotent(work)

    def submit_export(
        self,
        platform: str,
        domain: str,
        options: Mapping[str, Any],
        lanes: int,
        labels: Sequence[str] = (),
    ) -> FiledTask:
        """File an export of a domain; several lanes are pieces that drain it side by side."""
        parent = rows.NewTask(
            task_type=TaskType.EXPORT,
            platform=platform,
            domain=domain,
            options=options,
            is_leaf=lanes == 1,
        )

        def work(tx: Tx) -> FiledTask:
            now = self._clock.now()
            task, is_new = rows.open_or_join(tx, parent, now)
            if is_new and lanes > 1:
                lane = rows.NewTask(
                    task_type=TaskType.EXPORT,
                    platform=platform,
                    domain=domain,
                    options=options,
                    parent_id=task.id,
                )
                for _ in range(lanes):
                    rows.add_child(tx, lane, now)
            task_labels.add(tx, task.id, labels)
            return FiledTask(task, is_new)

        return self._database.write_idempotent(work)

    def pieces(self, parent: Task, pages: int, *, open_ended: bool) -> list[rows.NewTask]:
        """The children that cover pages 1 to `pages`. An open-ended last one follows the platform
        when it grows meanwhile."""
        made = []
        options = CrawlOptions.from_json(parent.options)
        step = pages if options.sequential else self.pages_per_task
        for first in range(1, pages + 1, step):
            last = min(pages, first + step - 1)
            follows = open_ended and last == pages
            made.append(
                rows.NewTask(
                    task_type=TaskType.INGESTION,
                    platform=parent.platform,
                    domain=parent.domain,
                    options=replace(options, open_ended=follows).as_json(),
                    parent_id=parent.id,
                    page_from=first,
                    page_to=last,
                )
            )
        return made

    def claim(
        self,
        task_type: TaskType,
        only: int | None = None,
        labels: Sequence[str] = (),
        *,
        waited_first: bool = False,
    ) -> TaskLease | None:
        """Lease the oldest task that may be worked on now; None when there is none.

        `only` narrows it to one task and its pieces, `labels` to tasks that have one of them. Those
        that never waited go before those whose wait is over, or behind them (`waited_first`).
        """
        if labels:
            return self._claim_labelled(task_type, labels, waited_first)
        now = self._clock.now()
        found = self._database.read(task_leases.claimable_statuses, task_type, now, only)
        for status in (status for status in CLAIM_ORDER if status in found):
            taken = self._database.write(
                partial(self._claim, task_type, status, only, waited_first)
            )
            if taken is not None:
                self._book.add(taken.lease)
                return taken
        return None

    def assign(self, leased: TaskLease, account_id: int) -> None:
        """Write down which account works on the task. Raises LeaseLostError."""
        token, now = leased.lease.token, self._clock.now()
        if not self._database.write_idempotent(
            task_leases.assign_account, leased.id, token, account_id, now
        ):
            raise LeaseLostError(f"task {leased.id} was taken over")

    def show_waiting(self, leased: TaskLease, reason: WaitingFor | None) -> None:
        """Tell what a task in progress waits for. Raises LeaseLostError."""
        token, now = leased.lease.token, self._clock.now()
        if not self._database.write_idempotent(
            task_leases.show_waiting, leased.id, token, reason, now
        ):
            raise LeaseLostError(f"task {leased.id} was taken over")

    def put_back(
        self,
        leased: TaskLease,
        *,
        not_before: datetime | None = None,
        waiting_for: WaitingFor | None = None,
        paused: bool = False,
        error: str | None = None,
    ) -> None:
        """Give a task back unfinished; it goes on from its marker, not before that moment."""
        self._book.strike(leased.lease)
        status = TaskStatus.PAUSED if paused else TaskStatus.PENDING

        def work(tx: Tx) -> None:
            task_leases.put_back(
                tx,
                leased.id,
                leased.lease.token,
                status,
                self._clock.now(),
                not_before=not_before,
                waiting_for=waiting_for,
                error=error,
                failed_attempt=False,
            )
            self._follow(tx, leased.task.parent_id)

        self._database.write_idempotent(work)

    def step_back(
        self, leased: TaskLease, error: str, waiting_for: WaitingFor = WaitingFor.PLATFORM
    ) -> None:
        """Give a task back after a failure that may pass; later each time, failed in the end."""
        seen = self._database.read(rows.get, leased.id)
        attempts = (seen.attempts if seen else 0) + 1
        if attempts >= self._attempts:
            self.finish(leased, f"{error} (given up after {attempts} attempts)")
            return
        pause = min(BACKOFF_MOST_SECS, BACKOFF_BASE_SECS * 2.0 ** (attempts - 1))
        self._book.strike(leased.lease)

        def work(tx: Tx) -> None:
            now = self._clock.now()
            task_leases.put_back(
                tx,
                leased.id,
                leased.lease.token,
                TaskStatus.PENDING,
                now,
                not_before=now + timedelta(seconds=pause),
                waiting_for=waiting_for,
                error=error,
                failed_attempt=True,
            )
            self._follow(tx, leased.task.parent_id)

        self._database.write(work)

    def finish(self, leased: TaskLease, error: str | None = None) -> bool:
        """End the task, completed or (with an error) failed; False when its run ended before."""
        self._book.strike(leased.lease)
        status = TaskStatus.COMPLETED if error is None else TaskStatus.FAILED

        def work(tx: Tx) -> bool:
            now = self._clock.now()
            ended = task_leases.finish(
                tx, leased.id, token=leased.lease.token, status=status, now=now, error=error
            )
            if not ended:  # the operator's word came first and stays; only the lease ends
                task_leases.put_back(
                    tx,
                    leased.id,
                    leased.lease.token,
                    TaskStatus.PENDING,
                    now,
                    not_before=None,
                    waiting_for=None,
                    error=None,
                    failed_attempt=False,
                )
            self._follow(tx, leased.task.parent_id)
            return ended

        return self._database.write(work)

    def reap(self) -> int:
        """Put back every task whose lease ran out; how many."""

        def work(tx: Tx) -> int:
            now = self._clock.now()
            parents = task_leases.expired_parents(tx, now)
            count = task_leases.reap(tx, now)
            for parent_id in parents:
                self._follow(tx, parent_id)
            return count

        return self._database.write_idempotent(work)

    def is_starving(self, task_type: TaskType, platform: str, secs: float) -> bool:
        """Whether an open task of that type has lacked an account for `secs` seconds or more."""
        now = self._clock.now()
        before, alive = now - timedelta(seconds=secs), now - timedelta(seconds=secs + 60)
        due = now + timedelta(seconds=STARVING_DUE_SECS)  # a task that rests longer takes none now
        return self._database.read(
            rows.is_waiting_for_account,
            task_type,
            platform=platform,
            before=before,
            alive_since=alive,
            due=due,
        )

    def is_halted(self, leased: TaskLease) -> bool:
        """Whether the operator paused or cancelled the task meanwhile."""
        task = self._database.read(rows.get, leased.id)
        return task is None or task.status is not TaskStatus.IN_PROGRESS

    def is_domain_being_crawled(self, platform: str, domain: str) -> bool:
        """Whether a crawl of the domain is open."""
        return self._database.read(rows.is_domain_being_crawled, platform, domain)

    def abandon(self, leased: TaskLease) -> None:
        """Stop renewing without telling the database: the lease runs out by itself."""
        self._book.strike(leased.lease)
        leased.lease.mark_lost()

    def why_not_advanced(self, tx: Tx, leased: TaskLease) -> Exception:
        """What a write under the lease that changed nothing means."""
        task = rows.get(tx, leased.id)
        if task is not None and task.lease_token == leased.lease.token:
            return TaskHaltedSignal(f"task {leased.id} is {task.status}")
        return LeaseLostError(f"task {leased.id} was taken over")

    # The operator's words.

    def pause(self, task_id: int) -> None:
        """Hold a task until it is resumed. Raises InvalidInputError when it has ended."""

        def work(tx: Tx) -> int:
            changed = rows.pause(tx, self._open_task(tx, task_id).id, self._clock.now())
            self._follow(tx, self._existing(tx, task_id).parent_id)
            return changed

        self._database.write_idempotent(work)

    def resume(self, task_id: int) -> None:
        """Make a paused, waiting or failed task claimable now. Raises InvalidInputError if it"
        " cannot."""

        def work(tx: Tx) -> None:
            task = self._existing(tx, task_id)
            if task.status is TaskStatus.COMPLETED:
                raise InvalidInputError(f"task {task_id} is completed; start a new one instead")
            whole = task if task.parent_id is None else self._existing(tx, task.parent_id)
            if not rows.reopen(tx, whole):
                raise InvalidInputError(
                    f"another {task.task_type} task of {task.domain} is open; resume that one"
                )
            rows.resume(tx, task.id, self._clock.now())
            self._follow(tx, task.parent_id if task.is_leaf else task.id)

        self._database.write_idempotent(work)

    def cancel(self, task_id: int) -> None:
        """End a task for good; what it stored and exported stays. Raises InvalidInputError if"
        " ended."""

        def work(tx: Tx) -> None:
            task = self._open_task(tx, task_id)
            rows.cancel(tx, task.id, self._clock.now(), CANCELLED)
            self._follow(tx, task.parent_id)

        self._database.write_idempotent(work)

    def _claim_labelled(
        self, task_type: TaskType, labels: Sequence[str], waited_first: bool
    ) -> TaskLease | None:
        found = self._database.read(task_labels.open_tasks, task_type, labels)
        claims = (self.claim(task_type, one, waited_first=waited_first) for one in found)
        return next((leased for leased in claims if leased is not None), None)

    def _claim(
        self,
        task_type: TaskType,
        status: TaskStatus,
        only: int | None,
        waited_first: bool,
        tx: Tx,
    ) -> TaskLease | None:
        now, asked_at = self._clock.now(), self._clock.monotonic()
        seen = task_leases.next_claimable(
            tx, task_type, status, now, only, waited_first=waited_first
        )
        if seen is None:
            return None
        until = now + timedelta(seconds=self._lease_secs)
        if not task_leases.take(tx, seen, self._owner, now, until):
            raise DatabaseContentionError(f"task {seen.id} was taken meanwhile")
        if seen.status is not TaskStatus.IN_PROGRESS:
            self._follow(tx, seen.parent_id)
        token = seen.lease_token + 1
        return TaskLease(
            seen,
            Lease(
                kind=LeaseKind.TASK,
                row_id=seen.id,
                token=token,
                deadline=asked_at + self._lease_secs,
            ),
        )

    def _follow(self, tx: Tx, parent_id: int | None) -> None:
        """Give a parent the status that its pieces make."""
        if parent_id is None:
            return
        now = self._clock.now()
        rows.lock_parent(tx, parent_id, now)
        status = _status_of(rows.child_statuses(tx, parent_id))
        error = self._why_failed(tx, parent_id) if status is TaskStatus.FAILED else None
        rows.set_parent_status(tx, parent_id, status, now, error)

    def _why_failed(self, tx: Tx, parent_id: int) -> str | None:
        """The first failed piece's error; the operator's word stays, whatever failed before it."""
        if self._existing(tx, parent_id).last_error == CANCELLED:
            return CANCELLED
        return rows.first_child_error(tx, parent_id)

    def _existing(self, tx: Tx, task_id: int) -> Task:
        task = rows.get(tx, task_id)
        if task is None:
            raise InvalidInputError(f"no task has the id {task_id}; see: python cli.py tasks list")
        return task

    def _open_task(self, tx: Tx, task_id: int) -> Task:
        task = self._existing(tx, task_id)
        if not task.is_open:
            raise InvalidInputError(f"task {task_id} has ended ({task.status})")
        return task


def _status_of(pieces: set[TaskStatus]) -> TaskStatus:
    if TaskStatus.IN_PROGRESS in pieces:
        return TaskStatus.IN_PROGRESS
    if TaskStatus.PENDING in pieces:
        return TaskStatus.PENDING if len(pieces) == 1 else TaskStatus.IN_PROGRESS
    if TaskStatus.PAUSED in pieces:
        return TaskStatus.PAUSED
    return TaskStatus.FAILED if TaskStatus.FAILED in pieces else TaskStatus.COMPLETED
