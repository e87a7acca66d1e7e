"""Waiting for new rows while a segment is open and the crawl that brings them uses the account."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from accounts.account_lease import Purpose
from accounts.manager import AccountManager
from core.clock import Clock
from crawler.export.options import ExportLimits
from crawler.export.row_sources import RowFinder
from crawler.export.run import ExportRun
from crawler.tasks.scheduler import TaskScheduler
from storage.models.tasks import WaitingFor

RECHECK_SECS = 0.02
MAX_STEP_SECS = 0.2
SHOW_AFTER_SECS = 1.0  # shorter waits are not shown: each costs a write


@dataclass(frozen=True, kw_only=True)
class RowWaiter:
    """Waits until a domain has rows to export, and then leases again the account of the open
    segment.
    """

    finder: RowFinder
    scheduler: TaskScheduler
    accounts: AccountManager
    clock: Clock
    limits: ExportLimits

    def has_rows(self, run: ExportRun, *, is_last_look: bool = False) -> bool:
        """Return whether creators are stored that the run is to export (see RowFinder)."""
        return self.finder.has_rows(run, is_last_look=is_last_look)

    def may_get_rows(self, run: ExportRun) -> bool:
        """Return whether rows may still come: a crawl of the domain is open, or the export follows
        it.

        Call it before the last look at the rows: a crawl may end between the two.
        """
        task = run.task.task
        return run.options.follow or self.scheduler.is_domain_being_crawled(
            task.platform, task.domain
        )

    def wait(self, run: ExportRun, stop: threading.Event) -> bool:
        """Wait for rows with the segment left open; the account is given back meanwhile.

        Return True with the account leased again. False: end the segment, as no rows came within
        `idle_secs` or none can come, the task was paused or cancelled, the account's quota is used
        up or the account not free in time, or `stop` is set. Then `run.account` may be None.

        Raises:
            LeaseLostError: another worker has taken the task over.
        """
        if not self.may_get_rows(run) and not self.has_rows(run):
            return False
        self.clock.wait(stop, RECHECK_SECS)  # at first, for rows that others hold locked
        if self.has_rows(run):
            return not stop.is_set()
        account_id = run.exporter.id
        # The crawl needs the accounts: when waiting exports kept theirs, a crawl with three
        # accounts took half as long again.
        run.release_account(self.accounts, keeps_task=self.may_get_rows(run))
        waited_from, shown = self.clock.monotonic(), False
        while not stop.is_set() and self.may_get_rows(run) and not self.has_rows(run):
            self.clock.wait(stop, min(self.limits.poll_secs, MAX_STEP_SECS))
            waited_secs = self.clock.monotonic() - waited_from
            if self._is_too_long(run, waited_secs):
                return False
            if not shown and waited_secs >= SHOW_AFTER_SECS:
                self.scheduler.set_waiting_for(run.task, WaitingFor.ROWS)
                shown = True
        return self.has_rows(run) and self._lease_again(run, account_id, stop)

    def _lease_again(self, run: ExportRun, account_id: int, stop: threading.Event) -> bool:
        """Lease the segment's account again; False when it is used up or not free in time."""
        waited_from, shown, pause_secs = self.clock.monotonic(), False, RECHECK_SECS
        while not stop.is_set() and self.accounts.has_exports_left(account_id):
            run.account = self.accounts.lease_by_id(
                account_id, Purpose.EXPORTING, run.task.task.top_level_id
            )
            if run.account is not None:
                self.scheduler.set_waiting_for(run.task, None)
                return True
            waited_secs = self.clock.monotonic() - waited_from
            if self._is_too_long(run, waited_secs):
                return False
            if not shown and waited_secs >= SHOW_AFTER_SECS:
                self.scheduler.set_waiting_for(run.task, WaitingFor.ACCOUNT)
                shown = True
            self.clock.wait(stop, pause_secs)
            pause_secs = min(2 * pause_secs, MAX_STEP_SECS)
        return False

    def _is_too_long(self, run: ExportRun, waited_secs: float) -> bool:
        return waited_secs >= self.limits.idle_secs or self.scheduler.is_halted(run.task)
