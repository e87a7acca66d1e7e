"""The export worker: drains a domain into files with one account after another."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from accounts.account_lease import AccountLease, Purpose
from accounts.manager import AccountManager
from core.cancellation import TaskHaltedSignal
from core.clock import Clock, QuotaCalendar
from core.errors import (
    CommitUnknownError,
    DatabaseError,
    LeaseLostError,
    NoRoomError,
    OutputError,
    QuotaExceededError,
)
from core.logs import fields, redacted, service_log
from core.messages import Message
from core.poller import database_poller
from core.supervision.internal_errors import ComponentErrors
from crawler.export.export_transaction import Batch, ExportTransaction, RowsOutOfOrder
from crawler.export.formats import FORMATS
from crawler.export.options import ExportLimits
from crawler.export.row_sources import source_of
from crawler.export.row_waits import RowWaiter
from crawler.export.run import ExportRun, Next
from crawler.export.segment_finalizer import SegmentFinalizer
from crawler.tasks.scheduler import TaskScheduler
from storage.models.tasks import TaskType, WaitingFor

log = service_log("export")


@dataclass(frozen=True, kw_only=True)
class ExportWorker:
    """The work of one export thread, which holds at most one task and one account at a time.

    Args:
        only_task_id: work on this task and its pieces only; None: on all.
        labels: work on tasks that have one of these labels only; empty: on all.
    """

    scheduler: TaskScheduler
    accounts: AccountManager
    transaction: ExportTransaction
    finalizer: SegmentFinalizer
    clock: Clock
    calendar: QuotaCalendar
    limits: ExportLimits
    row_waiter: RowWaiter
    errors: ComponentErrors
    only_task_id: int | None = None
    labels: Sequence[str] = ()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; while the database is unavailable, wait and try again."""
        poller = database_poller(
            clock=self.clock, poll_secs=self.limits.poll_secs, log=log, errors=self.errors
        )
        poller.run_busy(lambda: self.work_once(stop), stop)

    def work_once(self, stop: threading.Event) -> bool:
        """Claim one task and work on it as far as possible.

        Return False when there was no task, or nothing to do for it but to wait, so that the caller
        pauses. Failures of the task itself are recorded on it and not raised.

        Raises:
            DatabaseError: the database failed in a way that may pass; the task's lease runs out by
                itself.
        """
        leased = self.scheduler.claim(TaskType.EXPORT, self.only_task_id, self.labels)
        if leased is None:
            return False
        run = ExportRun.of(leased)
        try:
            return self._work_on(run, stop)
        except NoRoomError as error:
            log.error("%s %s", fields(task=leased.id), error)
            self.scheduler.wait_for_room(leased, error)
        except OutputError as error:
            log.error("%s %s", fields(task=leased.id), error)
            self.scheduler.back_off(leased, error, WaitingFor.DISK)
        except TaskHaltedSignal as error:
            log.warning("%s", error)
            self.scheduler.requeue(leased)
        except LeaseLostError as error:
            log.warning("%s %s", fields(task=leased.id), error)
            self.scheduler.abandon(leased)
        except CommitUnknownError as error:
            log.error("%s %s; its leases run out", fields(task=leased.id), error)
            self.scheduler.abandon(leased)
        except DatabaseError as error:
            if not self.scheduler.is_failed_by(leased, error):
                self.scheduler.abandon(leased)
                raise
            log.error("%s the database refuses it: %s", fields(task=leased.id), error)
            self.scheduler.finish(leased, Message.of("database_refused", cause=redacted(error)))
        except Exception as error:  # a programming error must end this task, not the process
            log.exception("%s", fields(task=leased.id))
            self.errors.settled(error)
            self.scheduler.end_after_bug(leased, error)
        finally:
            run.discard_part()
        return True

    def _work_on(self, run: ExportRun, stop: threading.Event) -> bool:
        """Work on the task until it ends; return False when there is nothing to do but wait."""
        self.finalizer.files.require_format(run.options.format)
        # Rows of segments that were left open count as exported: give them their files first.
        self.finalizer.finalize_leftovers(run.task)
        self.finalizer.finalize_orphans(run.task.task.platform, run.task.task.domain)
        while True:
            if run.is_limit_reached:
                return self._complete(run)
            if not self.row_waiter.has_rows(run):
                return self._without_rows(run)
            task = run.task.task
            run.account = self.accounts.lease(
                Purpose.EXPORTING, task.platform, task.top_level_id, pin=task.pin
            )
            if run.account is None:
                return self._without_account(run)
            if self._with_account(run, stop) is Next.TASK_OVER:
                return True

    def _with_account(self, run: ExportRun, stop: threading.Event) -> Next:
        """Export with one account until it or the task ends, and give the account back."""
        try:
            result = self._drain_until_halted(run, stop)
        except DatabaseError:
            # What was written of the account is not known: its lease must run out by itself.
            if run.account is not None:
                self.accounts.abandon(run.account)
            raise
        except Exception:  # a halt, or an error in which the account has no part
            run.release_account(self.accounts)
            raise
        run.release_account(self.accounts)
        return result

    def _drain_until_halted(self, run: ExportRun, stop: threading.Event) -> Next:
        """Export with the account of the run; before a TaskHaltedSignal leaves, end the file."""
        try:
            return self._drain(run, stop)
        except TaskHaltedSignal:
            # The rows of the segment count as exported: they need their file, halted or not.
            self._finalize(run)
            raise

    def _drain(self, run: ExportRun, stop: threading.Event) -> Next:
        """Export batch after batch with the account of the run."""
        is_assigned = False  # the first batch does it: a transaction of its own costs as much
        day = self.calendar.day(self.clock.now())
        quota_left = run.exporter.account.remaining_quota(day)
        while True:
            ending = self._end_if_due(run, day, quota_left, stop)
            if ending is not None:
                return ending
            try:
                batch = self._next_batch(run, run.exporter, day, quota_left)
            except QuotaExceededError:
                quota_left = self.accounts.get_remaining_quota(run.exporter.id)
                continue
            if batch is None:
                if not is_assigned:
                    self.scheduler.assign(run.task, run.exporter.id)
                    is_assigned = True
                if not self.row_waiter.wait(run, stop):
                    return self._end_or_requeue(run, stop)
                quota_left = run.exporter.account.remaining_quota(day)
                continue
            is_assigned = True
            quota_left -= len(batch.rows)
            if run.writer is not None and run.writer.rows >= self._file_rows(run):
                self._finalize(run)

    def _end_if_due(
        self, run: ExportRun, day: date, quota_left: int, stop: threading.Event
    ) -> Next | None:
        """End the segment when limit, `stop`, day or quota asks for it; None to continue."""
        if run.is_limit_reached:
            self._finalize(run)
            self._complete(run)
            return Next.TASK_OVER
        if stop.is_set():
            self._finalize(run)
            self.scheduler.requeue(run.task)
            return Next.TASK_OVER
        if self.calendar.day(self.clock.now()) != day:
            self._finalize(run)
            return Next.NEXT_ACCOUNT
        return self._hand_over(run, day) if quota_left <= 0 else None

    def _file_rows(self, run: ExportRun) -> int:
        """Return how many rows a file of the run may have."""
        most = FORMATS[run.options.format].max_rows
        return self.limits.file_rows if most is None else min(most, self.limits.file_rows)

    def _next_batch(
        self, run: ExportRun, account: AccountLease, day: date, quota_left: int
    ) -> Batch | None:
        """Export the next rows into the segment and its file; None when there are none just now."""
        account.lease.require(self.clock)
        run.task.lease.require(self.clock)
        limit = min(self.limits.batch_rows, quota_left)
        if run.limit_left is not None:
            limit = min(limit, run.limit_left)
        if run.writer is not None:
            limit = min(limit, self._file_rows(run) - run.writer.rows)
        limit = min(limit, self._file_rows(run))
        segment = run.new_segment(account, day, self.finalizer.host)
        source = source_of(run)
        for after in source.starts(run.marker):
            batch = self.transaction.export(
                run.task,
                account,
                segment,
                source=source,
                segment_id=run.segment_id,
                last_id=run.segment_last_id,
                after=after,
                marker=run.marker,
                limit=limit,
            )
            if isinstance(batch, RowsOutOfOrder):
                self._finalize(run)
                return self._next_batch(run, account, day, quota_left)
            if batch is not None:
                self._append(run, account, batch)
                return batch
        return None

    def _append(self, run: ExportRun, account: AccountLease, batch: Batch) -> None:
        run.marker, run.segment_id = batch.marker, batch.segment_id
        if run.options.selection is None:
            run.segment_last_id = batch.rows[-1]["id"]
        run.exported += len(batch.rows)
        if run.writer is None:
            run.writer = self.finalizer.open_part(run.task, batch.segment_id)
        run.writer.append(batch.rows)
        log.info(
            "%s",
            fields(
                task=run.task.id,
                account=account.username,
                segment=batch.segment_id,
                rows=len(batch.rows),
                ids=f"{batch.rows[0]['id']}-{batch.rows[-1]['id']}",
            ),
        )

    def _finalize(self, run: ExportRun) -> None:
        if run.writer is None or run.segment_id is None:
            return
        # Cleared first: a segment that cannot be finalized stays open for the next holder.
        writer, segment_id = run.writer, run.segment_id
        run.writer = run.segment_id = None
        run.segment_last_id = 0
        self.finalizer.finalize(run.task, segment_id, writer)

    def _hand_over(self, run: ExportRun, day: date) -> Next:
        self._finalize(run)
        account = run.exporter
        detail = _handed_over(run, day)
        self.accounts.record_hand_over(account, detail)
        log.info("%s %s", fields(task=run.task.id, account=account.username), detail)
        return Next.NEXT_ACCOUNT

    def _end_or_requeue(self, run: ExportRun, stop: threading.Event) -> Next:
        self._finalize(run)
        if stop.is_set():
            self.scheduler.requeue(run.task)
        else:
            self._without_rows(run)
        return Next.TASK_OVER

    def _without_rows(self, run: ExportRun) -> bool:
        """Complete the task when no rows can come any more, else requeue it to wait for them."""
        # Read before the looks: who joins after them brings a crawl or rows that they did not see.
        joins = self.scheduler.joins(run.task)
        if self.row_waiter.may_get_rows(run):
            pause = timedelta(seconds=self.limits.poll_secs)
            self.scheduler.requeue(
                run.task, not_before=self.clock.now() + pause, waiting_for=WaitingFor.ROWS
            )
            return False
        if self.row_waiter.has_rows(run, is_last_look=True):
            self.scheduler.requeue(run.task)
            return True
        return self._complete(run, joins)

    def _without_account(self, run: ExportRun) -> bool:
        task = run.task.task
        shortage = self.accounts.shortage(Purpose.EXPORTING, task.platform, pin=task.pin)
        now = self.clock.now()
        until = shortage.retry_at(now, self.limits.poll_secs)
        waiting = WaitingFor.QUOTA if shortage.spent else WaitingFor.ACCOUNT
        log.info("%s waits: %s", fields(task=run.task.id, until=until), shortage.reason)
        self.scheduler.requeue(
            run.task,
            not_before=until,
            waiting_for=waiting,
            paused=shortage.spent,
            error=shortage.worth_telling(now),
        )
        return False

    def _complete(self, run: ExportRun, joins: int | None = None) -> bool:
        reason = self.row_waiter.finder.end_reason(run)
        if self.scheduler.finish(run.task, joins=joins, end_reason=reason):
            log.info("%s completed", fields(task=run.task.id, rows=run.exported))
        return True


def _handed_over(run: ExportRun, day: date) -> Message:
    """Return how far the export came with a quota that is used up."""
    domain = run.task.task.domain
    if run.options.selection is None:
        return Message.of("quota_handed_over", day=day, domain=domain, last_id=run.marker)
    return Message.of("quota_handed_over_choice", day=day, domain=domain, place=run.marker)
