"""Leasing of tasks to workers: claim, requeue, back off, finish, reap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from core.clock import Clock
from core.errors import (
    BatonError,
    DatabaseContentionError,
    DatabaseError,
    DatabaseUnclassifiedError,
    LeaseLostError,
)
from core.leases import Lease, LeaseKind, LeaseRegistry
from core.messages import Message
from core.supervision.internal_errors import described, lacks_resources
from crawler.tasks.doubts import DatabaseDoubts
from crawler.tasks.leases import TaskLease
from crawler.tasks.parents import update_parent
from storage.crawling import task_labels, task_leases, tasks
from storage.engines.transactions import Database, Tx, failure_is_lasting
from storage.models.tasks import Pin, TaskStatus, TaskType, WaitingFor

# Tasks of dead workers last: the lease renewers make them pending anyway.
CLAIM_ORDER = (TaskStatus.PENDING, TaskStatus.PAUSED, TaskStatus.IN_PROGRESS)
BACKOFF_BASE_SECS = 2.0
MAX_BACKOFF_SECS = 300.0
ROOM_WAIT_SECS = 5.0
SHORT_OF_RESOURCES = timedelta(seconds=30)  # until a task is tried again on this host or another
STARVING_DUE_SECS = 5.0
# A task that nobody has updated for a minute more has no worker to take the account.
STARVING_ALIVE_SECS = 60.0


@dataclass(frozen=True, kw_only=True)
class TaskScheduler:
    """Leases the tasks of the database to the workers of this process.

    Args:
        leases: the leases of this process; those of claimed tasks are added, to be renewed.
        owner: id of this process; leases carry it.
        lease_secs: seconds that a lease lasts unless it is renewed.
        attempts: failures in a row after which a task is failed.
        doubts: how long this process has met errors of the database that nobody knows.
    """

    database: Database
    clock: Clock
    leases: LeaseRegistry
    owner: str
    lease_secs: float
    attempts: int
    doubts: DatabaseDoubts

    def claim(
        self,
        task_type: TaskType,
        only_task_id: int | None = None,
        labels: Sequence[str] = (),
        *,
        waited_first: bool = False,
    ) -> TaskLease | None:
        """Lease the oldest task that may be worked on now; None when there is none.

        Args:
            only_task_id: claim this task or one of its pieces; None: any.
            labels: claim a task that has one of them; empty: any.
            waited_first: tasks whose wait is over are claimed before those that never waited, not
                after them.

        Raises:
            DatabaseContentionError: other workers took each task that was picked.
        """
        if labels:
            return self._claim_labelled(task_type, labels, waited_first)
        # A read without locks comes first: most looks find no work, and must not hold up others.
        now = self.clock.now()
        claimable = self.database.read(task_leases.claimable_statuses, task_type, now, only_task_id)
        for status in (status for status in CLAIM_ORDER if status in claimable):
            leased = self.database.write(
                partial(self._claim, task_type, status, only_task_id, waited_first)
            )
            if leased is not None:
                self.leases.add(leased.lease)
                return leased
        return None

    def assign(self, leased: TaskLease, account_id: int) -> None:
        """Record which account works on the task.

        Raises:
            LeaseLostError: another worker has taken the task over.
        """
        token, now = leased.lease.token, self.clock.now()
        if not self.database.write_idempotent(
            task_leases.assign_account, leased.id, token, account_id, now
        ):
            raise LeaseLostError("task_taken_over", task_id=leased.id)

    def set_waiting_for(self, leased: TaskLease, reason: WaitingFor | None) -> None:
        """Record what a task in progress waits for; None when it waits no more.

        Raises:
            LeaseLostError: another worker has taken the task over.
        """
        token, now = leased.lease.token, self.clock.now()
        if not self.database.write_idempotent(
            task_leases.show_waiting, leased.id, token, reason, now
        ):
            raise LeaseLostError("task_taken_over", task_id=leased.id)

    def requeue(
        self,
        leased: TaskLease,
        *,
        not_before: datetime | None = None,
        waiting_for: WaitingFor | None = None,
        paused: bool = False,
        error: Message | None = None,
    ) -> None:
        """Give an unfinished task back; whoever claims it next continues from its marker.

        A pause or cancellation by the operator meanwhile is kept. Nothing changes when the lease
        was lost.

        Args:
            not_before: when it may be claimed again; None: at once.
            waiting_for: what it waits for; None: nothing.
            paused: show it as paused rather than as pending until then.
            error: why it waits, for people to read; None keeps the stored one.
        """
        self.leases.remove(leased.lease)
        status = TaskStatus.PAUSED if paused else TaskStatus.PENDING

        self.database.write_idempotent(
            self._put_back,
            leased,
            status,
            not_before=not_before,
            waiting_for=waiting_for,
            error=error.dump() if error else None,
        )

    def back_off(
        self,
        leased: TaskLease,
        error: Message | BatonError,
        waiting_for: WaitingFor = WaitingFor.PLATFORM,
    ) -> None:
        """Requeue a task after a failure that may pass.

        The wait doubles with each failure in a row, from 2 s up to 300 s; after `attempts` of them
        the task is failed. `error` is stored as its reason.
        """
        task = self.database.read(tasks.get, leased.id)
        attempts = (task.attempts if task else 0) + 1
        if attempts >= self.attempts:
            self.finish(leased, Message.of("given_up_after", cause=error, attempts=attempts))
            return
        reason = error if isinstance(error, Message) else error.message
        wait_secs = min(MAX_BACKOFF_SECS, BACKOFF_BASE_SECS * 2.0 ** (attempts - 1))
        self.leases.remove(leased.lease)

        self.database.write(
            self._put_back,
            leased,
            TaskStatus.PENDING,
            not_before=self.clock.now() + timedelta(seconds=wait_secs),
            waiting_for=waiting_for,
            error=reason.dump(),
            failed_attempt=True,
        )

    def wait_for_room(self, leased: TaskLease, error: BatonError) -> None:
        """Requeue a task that waits for room on a disk, however long; no attempt is used up."""
        self.requeue(
            leased,
            not_before=self.clock.now() + timedelta(seconds=ROOM_WAIT_SECS),
            waiting_for=WaitingFor.DISK,
            error=error.message,
        )

    def wait_for_resources(self, leased: TaskLease, error: Message) -> None:
        """Requeue a task as this host lacks memory, descriptors or threads.

        It may be claimed again in half a minute, by another host as well; no attempt is used up.
        """
        later = self.clock.now() + SHORT_OF_RESOURCES
        self.requeue(leased, not_before=later, error=error)

    def joins(self, leased: TaskLease) -> int:
        """Return how many requests joined the task, for `finish`."""
        return self.database.read(tasks.joins, leased.task.top_level_id)

    def finish(
        self,
        leased: TaskLease,
        error: Message | None = None,
        *,
        joins: int | None = None,
        end_reason: Message | None = None,
    ) -> bool:
        """End the task: completed, or failed when there is an `error`.

        Return False when nothing was ended: the operator paused or cancelled it before, then only
        the lease ends; the lease was lost; or a request joined the task, then it is requeued.

        Args:
            joins: the number of joins before the last look at what is left to do; None: a later
                join does not matter.
            end_reason: what people are to know of a task that ends with work left.
        """
        self.leases.remove(leased.lease)
        status = TaskStatus.COMPLETED if error is None else TaskStatus.FAILED

        def work(tx: Tx) -> bool:
            now = self.clock.now()
            unseen_join = joins is not None and not task_leases.lock_unless_joined(
                tx, leased.task.top_level_id, joins, now
            )
            ended = not unseen_join and task_leases.finish(
                tx,
                leased.id,
                token=leased.lease.token,
                status=status,
                now=now,
                error=error.dump() if error else None,
            )
            if ended:
                if end_reason is not None:
                    tasks.set_end_reason(tx, leased.task.top_level_id, end_reason.dump())
                update_parent(tx, leased.task.parent_id, now)
            else:
                # The operator's status stays. A task that was joined becomes pending.
                self._put_back(tx, leased, TaskStatus.PENDING)
            return ended

        return self.database.write(work)

    def is_failed_by(self, leased: TaskLease, error: DatabaseError) -> bool:
        """Return whether an error of the database must fail the task.

        Outages pass, and no attempt is used up: the caller abandons the task then. An error that
        nobody knows fails it after ten minutes.
        """
        if isinstance(error, DatabaseUnclassifiedError):
            return self.doubts.is_over(leased.id, self.clock.monotonic())
        return failure_is_lasting(error)

    def end_after_bug(self, leased: TaskLease, error: Exception) -> None:
        """Fail the task for an unexpected error; for a lack of memory or descriptors, wait."""
        if lacks_resources(error):
            self.wait_for_resources(leased, described(error))
        else:
            self.finish(leased, described(error))

    def abandon(self, leased: TaskLease) -> None:
        """Stop renewing the lease without a write: it runs out by itself.

        For work whose state in the database is unknown, as after a lost answer to COMMIT.
        """
        self.leases.remove(leased.lease)
        leased.lease.mark_lost()

    def reap(self) -> int:
        """Give back tasks whose lease ran out, as their worker died, and return their number.

        They become pending, and the statuses of their parents follow.
        """

        def work(tx: Tx) -> int:
            now = self.clock.now()
            parents = task_leases.expired_parents(tx, now)
            count = task_leases.reap(tx, now)
            for parent_id in parents:
                update_parent(tx, parent_id, now)
            return count

        return self.database.write_idempotent(work)

    def starving(self, task_type: TaskType, platform: str, secs: float) -> set[Pin]:
        """Return the pins of the open tasks of that type that have lacked an account for `secs`
        seconds; NO_PIN among them is a task that any account would help."""
        now = self.clock.now()
        return self.database.read(
            tasks.pins_of_waiting,
            task_type,
            platform=platform,
            before=now - timedelta(seconds=secs),
            alive_since=now - timedelta(seconds=secs + STARVING_ALIVE_SECS),
            # A task that is not due for longer would not take the account that others leave it.
            due=now + timedelta(seconds=STARVING_DUE_SECS),
        )

    def is_halted(self, leased: TaskLease) -> bool:
        """Return whether the task is not in progress any more: paused, cancelled, given back or
        gone.
        """
        task = self.database.read(tasks.get, leased.id)
        return task is None or task.status is not TaskStatus.IN_PROGRESS

    def is_domain_being_crawled(self, platform: str, domain: str) -> bool:
        """Return whether a crawl of the platform and domain is open."""
        return self.database.read(tasks.is_domain_being_crawled, platform, domain)

    def _put_back(
        self,
        tx: Tx,
        leased: TaskLease,
        status: TaskStatus,
        *,
        not_before: datetime | None = None,
        waiting_for: WaitingFor | None = None,
        error: str | None = None,
        failed_attempt: bool = False,
    ) -> None:
        now = self.clock.now()
        task_leases.put_back(
            tx,
            leased.id,
            leased.lease.token,
            status,
            now,
            not_before=not_before,
            waiting_for=waiting_for,
            error=error,
            failed_attempt=failed_attempt,
        )
        update_parent(tx, leased.task.parent_id, now)

    def _claim_labelled(
        self, task_type: TaskType, labels: Sequence[str], waited_first: bool
    ) -> TaskLease | None:
        for task_id in self.database.read(task_labels.open_tasks, task_type, labels):
            leased = self.claim(task_type, task_id, waited_first=waited_first)
            if leased is not None:
                return leased
        return None

    def _claim(
        self,
        task_type: TaskType,
        status: TaskStatus,
        only_task_id: int | None,
        waited_first: bool,
        tx: Tx,
    ) -> TaskLease | None:
        # The deadline counts from before the write: the lease must not outlive its row.
        now, asked_at = self.clock.now(), self.clock.monotonic()
        task = task_leases.next_claimable(
            tx, task_type, status, now, only_task_id, waited_first=waited_first
        )
        if task is None:
            return None
        until = now + timedelta(seconds=self.lease_secs)
        if not task_leases.claim(tx, task, self.owner, now, until):
            raise DatabaseContentionError("task_taken_meanwhile", task_id=task.id)
        if task.status is not TaskStatus.IN_PROGRESS:
            update_parent(tx, task.parent_id, now)
        lease = Lease(
            kind=LeaseKind.TASK,
            row_id=task.id,
            token=task.lease_token + 1,
            deadline=asked_at + self.lease_secs,
        )
        return TaskLease(task, lease)
