"""The keeper: renews this process's leases and takes back those of the dead."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from core.clock import Clock
from core.errors import CommitUnknownError, DatabaseError
from core.leases import Lease, LeaseRegistry
from core.logs import fields, service_log
from core.poller import Poller
from storage.crawling import account_leases, leases
from storage.engines.clock import DatabaseClock
from storage.engines.transactions import Database
from storage.models.workers import Worker

log = service_log("keeper")
FORGET_WORKERS_SECS = 86400.0


class LeaseRenewer:
    """Renews every lease in the book each third of its life, and reaps expired ones."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        book: LeaseRegistry,
        worker: Worker,
        lease_secs: float,
        reap_tasks: Callable[[], int],
    ) -> None:
        self._reap_tasks = reap_tasks
        self._database = database
        self._clock = clock
        self._book = book
        self._worker = worker
        self._lease_secs = lease_secs

    def run(self, stop: threading.Event) -> None:
        """Keep until `stop`, then take this process off the list."""
        poller = Poller(
            clock=self._clock,
            poll_secs=self._lease_secs / 3,
            retried=(DatabaseError,),
            on_error=partial(log.error, "database trouble: %s"),
        )
        poller.run(self.keep_once, stop)
        self._sign_off()

    def keep_once(self) -> None:
        """One round. Raises DatabaseError; leases that could not be renewed run on to their end."""
        if isinstance(self._clock, DatabaseClock):
            self._clock.sync()
        for lease in self._book.held():
            self._renew(lease)
        now = self._clock.now()
        seen = replace(self._worker, seen_at=now)
        self._database.write_idempotent(leases.announce, seen)
        forgotten = now - timedelta(seconds=FORGET_WORKERS_SECS)
        self._database.write_idempotent(leases.forget_unseen, forgotten)
        reaped_tasks = self._reap_tasks()
        reaped_accounts = self._database.write_idempotent(account_leases.reap, now)
        if reaped_tasks or reaped_accounts:
            log.warning(
                "%s taken back from dead workers",
                fields(tasks=reaped_tasks, accounts=reaped_accounts),
            )

    def _renew(self, lease: Lease) -> None:
        asked_at = self._clock.monotonic()
        until = self._clock.now() + timedelta(seconds=self._lease_secs)
        held = self._database.write_idempotent(
            leases.renew,
            lease.kind,
            row_id=lease.row_id,
            owner=self._worker.id,
            token=lease.token,
            until=until,
        )
        if held:
            lease.extend(asked_at + self._lease_secs)
            return
        if lease in self._book.held():  # not given back in the meantime
            log.warning("%s lost", lease)
            lease.mark_lost()
            self._book.remove(lease)

    def _sign_off(self) -> None:
        try:
            self._database.write_idempotent(leases.retire, self._worker.id)
        except (DatabaseError, CommitUnknownError) as error:
            log.warning("could not sign off: %s", error)
