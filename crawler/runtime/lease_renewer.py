"""The lease renewer: renews the leases of this process, and reaps those of dead processes."""

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
from storage.crawling import account_leases
from storage.crawling import leases as lease_queries
from storage.engines.clock import DatabaseClock
from storage.engines.transactions import Database
from storage.models.workers import Worker

# The name of its file, `keeper-DAY.log`, is known to operators and stays.
log = service_log("keeper")
# A process that was last seen within a day is still shown, so that its death is noticed.
WORKER_RETENTION_SECS = 86400.0


class LeaseRenewer:
    """Renews the leases of this process at each third of their life, and reaps expired ones.

    Args:
        worker: the row that shows this process to the others.
        lease_secs: seconds that a lease lasts from its renewal.
        reap_tasks: requeues tasks whose lease ran out, and returns their number.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        leases: LeaseRegistry,
        worker: Worker,
        lease_secs: float,
        reap_tasks: Callable[[], int],
    ) -> None:
        self._reap_tasks = reap_tasks
        self._database = database
        self._clock = clock
        self._leases = leases
        self._worker = worker
        self._lease_secs = lease_secs

    def run(self, stop: threading.Event) -> None:
        """Renew and reap until `stop` is set, then remove the row of this process."""
        poller = Poller(
            clock=self._clock,
            poll_secs=self._lease_secs / 3,
            retried=(DatabaseError,),
            on_error=partial(log.error, "database trouble: %s"),
        )
        poller.run(self.renew_once, stop)
        self._sign_off()

    def renew_once(self) -> None:
        """Renew every lease, show this process to the others, and reap leases that ran out.

        A lease that was lost is marked so, which stops its holder.

        Raises:
            DatabaseError: the rest was not done; leases that were not renewed run out.
        """
        # All hosts compare leases by the time of the database; the clock of a host may drift.
        if isinstance(self._clock, DatabaseClock):
            self._clock.sync()
        for lease in self._leases.held():
            self._renew(lease)
        now = self._clock.now()
        seen = replace(self._worker, seen_at=now)
        self._database.write_idempotent(lease_queries.announce, seen)
        unseen_since = now - timedelta(seconds=WORKER_RETENTION_SECS)
        self._database.write_idempotent(lease_queries.forget_unseen, unseen_since)
        # Every process reaps: a single one that does would be missed when it dies.
        reaped_tasks = self._reap_tasks()
        reaped_accounts = self._database.write_idempotent(account_leases.reap, now)
        if reaped_tasks or reaped_accounts:
            log.warning(
                "%s taken back from dead workers",
                fields(tasks=reaped_tasks, accounts=reaped_accounts),
            )

    def _renew(self, lease: Lease) -> None:
        # The new deadline counts from before the write: the lease must not outlive its row.
        asked_at = self._clock.monotonic()
        until = self._clock.now() + timedelta(seconds=self._lease_secs)
        held = self._database.write_idempotent(
            lease_queries.renew,
            lease.kind,
            row_id=lease.row_id,
            owner=self._worker.id,
            token=lease.token,
            until=until,
        )
        if held:
            lease.extend(asked_at + self._lease_secs)
            return
        if lease in self._leases.held():  # else it was released meanwhile
            log.warning("%s lost", lease)
            lease.mark_lost()
            self._leases.remove(lease)

    def _sign_off(self) -> None:
        try:
            self._database.write_idempotent(lease_queries.retire, self._worker.id)
        except (DatabaseError, CommitUnknownError) as error:
            log.warning("could not sign off: %s", error)
