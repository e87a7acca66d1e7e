"""The export service: drains a domain into files, account after account, from the last id on."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, auto

from accounts.account_lease import AccountLease, Purpose
from accounts.manager import AccountManager
from core.cancellation import TaskHaltedSignal
from core.clock import Clock, QuotaCalendar
from core.errors import (
    CommitUnknownError,
    DatabaseError,
    LeaseLostError,
    OutputError,
    QuotaExceededError,
)
from core.logs import fields, redact, service_log
from crawler.export.export_transaction import Batch, ExportTransaction
from crawler.export.options import ExportLimits, ExportOptions
from crawler.export.segment_files import SegmentWriter
from crawler.export.segment_finalizer import SegmentFinalizer
from crawler.tasks.scheduler import TaskLease, TaskScheduler
from storage.crawling import influencers
from storage.crawling.export_segments import NewSegment
from storage.engines.transactions import Database, failure_is_lasting
from storage.models.tasks import TaskType, WaitingFor

log = service_log("export")
LOOK_AGAIN_SECS = 0.02
WAIT_STEP_SECS = 0.2
SHOW_AFTER_SECS = 1.0


class Next(Enum):
    """What to do after a segment or a wait."""

    TASK_OVER = auto()  # completed, given back or halted
    NEXT_ACCOUNT = auto()  # quota used up or day turned: somebody else goes on


@dataclass
class Run:
    """A task while it is worked on: how far it is and what is open."""

    task: TaskLease
    options: ExportOptions
    marker: int
    exported: int
    account: AccountLease | None = None
    segment_id: int | None = None
    writer: SegmentWriter | None = None

    @property
    def limit_left(self) -> int | None:
        return None if self.options.limit is None else self.options.limit - self.exported

    @property
    def exporter(self) -> AccountLease:
        assert self.account is not None, "it waits without an account"
        return self.account


class ExportWorker:
    """One export thread. `only` narrows its work to one task and its pieces, `labels` to tasks with
    one of them."""

    def __init__(
        self,
        *,
        database: Database,
        scheduler: TaskScheduler,
        accounts: AccountManager,
        batches: ExportTransaction,
        sealer: SegmentFinalizer,
        clock: Clock,
        calendar: QuotaCalendar,
        limits: ExportLimits,
        only: int | None = None,
        labels: Sequence[str] = (),
    ) -> None:
        self._only = only
        self._labels = labels
        self._database = database
        self._scheduler = scheduler
        self._accounts = accounts
        self._batches = batches
        self._sealer = sealer
        self._clock = clock
        self._calendar = calendar
        self._limits = limits

    def run(self, stop: threading.Event) -> None:
        """Work until `stop`; a database that is away is waited for."""
        while not stop.is_set():
            try:
                worked = self.work_once(stop)
            except DatabaseError as error:
                log.error("database trouble, trying again: %s", error)
                worked = False
            if not worked:
                self._clock.wait(stop, self._limits.poll_secs)

    def work_once(self, stop: threading.Event) -> bool:
        """Claim one task and work on it as far as it goes; False when there was none."""
        leased = self._scheduler.claim(TaskType.EXPORT, self._only, self._labels)
        if leased is None:
            return False
        options = ExportOptions.from_json(leased.task.options)
        run = Run(
            task=leased,
            options=options,
            marker=leased.task.last_id,
            exported=leased.task.item_count,
        )
        try:
            return self._work_on(run, stop)
        except OutputError as error:
            log.error("%s %s", fields(task=leased.id), error)
            self._scheduler.step_back(leased, str(error), WaitingFor.DISK)
        except TaskHaltedSignal as error:
            log.warning("%s", error)
            self._scheduler.put_back(leased)
        except LeaseLostError as error:
            log.warning("%s %s", fields(task=leased.id), error)
            self._scheduler.abandon(leased)
        except CommitUnknownError as error:
            log.error("%s %s; its leases run out", fields(task=leased.id), error)
            self._scheduler.abandon(leased)
        except DatabaseError as error:
            if not failure_is_lasting(error):
                self._scheduler.abandon(leased)
                raise
            log.error("%s the database refuses it: %s", fields(task=leased.id), error)
            self._scheduler.finish(leased, f"the database refuses it: {redact(str(error))}")
        except Exception as error:  # a bug of ours must end this task, not the whole process
            log.exception("%s", fields(task=leased.id))
            self._scheduler.finish(leased, f"internal error, see the log: {redact(repr(error))}")
        finally:
            self._drop_part(run)
        return True

    def _work_on(self, run: Run, stop: threading.Event) -> bool:
        """False when there was nothing to do but wait."""
        self._sealer.seal_leftovers(run.task)
        self._sealer.finish_orphans(run.task.task.platform, run.task.task.domain)
        while True:
            if run.limit_left is not None and run.limit_left <= 0:
                return self._complete(run)
            if not self._has_pending(run):
                return self._without_rows(run)
            run.account = self._accounts.lease(Purpose.EXPORTING, run.task.task.platform)
            if run.account is None:
                return self._without_account(run)
            if self._with_account(run, stop) is Next.TASK_OVER:
                return True

    def _with_account(self, run: Run, stop: threading.Event) -> Next:
        """Export until the account or the task is through, and give the account back."""
        try:
            result = self._drain(run, stop)
        except TaskHaltedSignal:
            self._seal(run)
            self._give_back(run)
            raise
        except DatabaseError:
            if run.account is not None:
                self._accounts.abandon(run.account)
            raise
        except Exception:  # whatever it is, the account is not to blame
            self._give_back(run)
            raise
        self._give_back(run)
        return result

    def _give_back(self, run: Run) -> None:
        account, run.account = run.account, None
        if account is not None:
            self._accounts.release(account)

    def _drain(self, run: Run, stop: threading.Event) -> Next:
        self._scheduler.assign(run.task, run.exporter.id)
        day = self._calendar.day(self._clock.now())
        left = run.exporter.account.remaining_quota(day)
        while True:
            if stop.is_set():
                self._seal(run)
                self._scheduler.put_back(run.task)
                return Next.TASK_OVER
            if self._calendar.day(self._clock.now()) != day:
                self._seal(run)
                return Next.NEXT_ACCOUNT
            if left <= 0:
                return self._hand_over(run, day)
            try:
                batch = self._next_batch(run, run.exporter, day, left)
            except QuotaExceededError:
                left = self._accounts.get_remaining_quota(run.exporter.id)
                continue
            if batch is None:
                if not self._wait_for_rows(run, stop):
                    return self._end_or_put_back(run, stop)
                left = run.exporter.account.remaining_quota(day)
                continue
            left -= len(batch.rows)
            self._seal_if_full(run)
            if run.limit_left is not None and run.limit_left <= 0:
                self._seal(run)
                self._complete(run)
                return Next.TASK_OVER

    def _next_batch(self, run: Run, account: AccountLease, day: date, left: int) -> Batch | None:
        account.lease.require(self._clock)
        run.task.lease.require(self._clock)
        limit = min(self._limits.batch_rows, left)
        if run.limit_left is not None:
            limit = min(limit, run.limit_left)
        if run.writer is not None:
            limit = min(limit, self._limits.file_rows - run.writer.rows)
        limit = min(limit, self._limits.file_rows)
        segment = self._segment_of(run, account, day)
        for after in dict.fromkeys((run.marker, 0)):
            # The second look starts from 0: rows that were committed late have lower ids.
            batch = self._batches.export(
                run.task, account, segment, run.segment_id, after, run.marker, limit
            )
            if batch is not None:
                self._take_in(run, account, batch)
                return batch
        return None

    def _take_in(self, run: Run, account: AccountLease, batch: Batch) -> None:
        run.marker, run.segment_id = batch.marker, batch.segment_id
        run.exported += len(batch.rows)
        if run.writer is None:
            run.writer = self._sealer.begin(run.task, batch.segment_id)
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

    def _segment_of(self, run: Run, account: AccountLease, day: date) -> NewSegment:
        task = run.task.task
        return NewSegment(
            task_id=task.id,
            account_id=account.id,
            platform=task.platform,
            domain=task.domain,
            quota_day=day,
            quota_limit=account.account.daily_export_limit,
            format=run.options.format,
            options=run.options.of_segment(),
            host=self._sealer.host,
        )

    def _seal_if_full(self, run: Run) -> None:
        if run.writer is not None and run.writer.rows >= self._limits.file_rows:
            self._seal(run)

    def _seal(self, run: Run) -> None:
        if run.writer is None or run.segment_id is None:
            return
        writer, segment_id = run.writer, run.segment_id
        run.writer = run.segment_id = None
        self._sealer.seal(run.task, segment_id, writer)

    def _hand_over(self, run: Run, day: date) -> Next:
        self._seal(run)
        account = run.exporter
        detail = f"quota of {day} used up by {run.task.task.domain}, last_id={run.marker}"
        self._accounts.record_hand_over(account, detail)
        log.info("%s %s", fields(task=run.task.id, account=account.username), detail)
        return Next.NEXT_ACCOUNT

    def _wait_for_rows(self, run: Run, stop: threading.Event) -> bool:
        """Wait for rows with the file held open; False when that should end.

        Meanwhile the crawl that brings them has the account.
        """
        self._clock.wait(stop, LOOK_AGAIN_SECS)  # at first, rows that others hold locked
        if self._has_pending(run):
            return not stop.is_set()
        account_id = run.exporter.id
        self._give_back(run)
        waited_from, shown = self._clock.monotonic(), False
        while not stop.is_set() and self._may_come(run) and not self._has_pending(run):
            self._clock.wait(stop, min(self._limits.poll_secs, WAIT_STEP_SECS))
            waited_secs = self._clock.monotonic() - waited_from
            if waited_secs >= self._limits.idle_secs or self._scheduler.is_halted(run.task):
                return False
            if not shown and waited_secs >= SHOW_AFTER_SECS:
                self._scheduler.show_waiting(run.task, WaitingFor.ROWS)
                shown = True
        return self._has_pending(run) and self._come_back(run, account_id, stop)

    def _come_back(self, run: Run, account_id: int, stop: threading.Event) -> bool:
        """Lease the file's account again; False when it is used up, or not free for long."""
        waited_from, shown, pause = self._clock.monotonic(), False, LOOK_AGAIN_SECS
        while not stop.is_set() and self._accounts.has_exports_left(account_id):
            run.account = self._accounts.lease_by_id(account_id, Purpose.EXPORTING)
            if run.account is not None:
                self._scheduler.show_waiting(run.task, None)
                return True
            waited_secs = self._clock.monotonic() - waited_from
            if waited_secs >= self._limits.idle_secs or self._scheduler.is_halted(run.task):
                return False
            if not shown and waited_secs >= SHOW_AFTER_SECS:
                self._scheduler.show_waiting(run.task, WaitingFor.ACCOUNT)
                shown = True
            self._clock.wait(stop, pause)
            pause = min(2 * pause, WAIT_STEP_SECS)
        return False

    def _end_or_put_back(self, run: Run, stop: threading.Event) -> Next:
        self._seal(run)
        if stop.is_set():
            self._scheduler.put_back(run.task)
        else:
            self._without_rows(run)
        return Next.TASK_OVER

    def _may_come(self, run: Run) -> bool:
        """Whether rows may still come. Asked before the last look at the rows, never after."""
        task = run.task.task
        return run.options.follow or self._scheduler.is_domain_being_crawled(
            task.platform, task.domain
        )

    def _has_pending(self, run: Run) -> bool:
        task = run.task.task
        return self._database.read(influencers.domain_has_pending, task.platform, task.domain)

    def _without_rows(self, run: Run) -> bool:
        """Complete the task when no rows can come any more, else let it wait for them."""
        if self._may_come(run):
            pause = timedelta(seconds=self._limits.poll_secs)
            self._scheduler.put_back(
                run.task, not_before=self._clock.now() + pause, waiting_for=WaitingFor.ROWS
            )
            return False
        if self._has_pending(run):
            self._scheduler.put_back(run.task)
            return True
        return self._complete(run)

    def _without_account(self, run: Run) -> bool:
        shortage = self._accounts.shortage(Purpose.EXPORTING, run.task.task.platform)
        until = shortage.retry_at(self._clock.now(), self._limits.poll_secs)
        waiting = WaitingFor.QUOTA if shortage.spent else WaitingFor.ACCOUNT
        log.info("%s waits: %s", fields(task=run.task.id, until=until), shortage.reason)
        self._scheduler.put_back(
            run.task,
            not_before=until,
            waiting_for=waiting,
            paused=shortage.spent,
            error=shortage.reason,
        )
        return False

    def _complete(self, run: Run) -> bool:
        if self._scheduler.finish(run.task):
            log.info("%s completed", fields(task=run.task.id, rows=run.exported))
        return True

    def _drop_part(self, run: Run) -> None:
        if run.writer is not None:
            run.writer.discard()
            run.writer = None
