"""The lease renewer: renews the leases of this process, and reaps those of dead processes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from core.clock import Clock
from core.errors import CommitUnknownError, DatabaseError
from core.leases import Lease, LeaseRegistry
from core.logs import fields, service_log
from core.poller import database_poller
from core.supervision.internal_errors import ComponentErrors
from storage.crawling import account_leases
from storage.crawling import leases as lease_queries
from storage.crawling.leases import Worker
from storage.engines.clock import DatabaseClock
from storage.engines.transactions import Database

# The name of its file, `keeper-DAY.log`, is known to operators and stays.
log = service_log("keeper")
# A process that was last seen within a day is still shown, so that its death is noticed.
WORKER_RETENTION_SECS = 86400.0


@dataclass(frozen=True, kw_only=True)
class LeaseRenewer:
    """Renews the leases of this process at each third of their life, and reaps expired ones.

    Args:
        worker: the row that shows this process to the others.
        lease_secs: seconds that a lease lasts from its renewal.
        reap_tasks: requeues tasks whose lease ran out, and returns their number.
    """

    database: Database
    clock: Clock
    leases: LeaseRegistry
    worker: Worker
    lease_secs: float
    reap_tasks: Callable[[], int]
    errors: ComponentErrors

    def run(self, stop: threading.Event) -> None:
        """Renew and reap until `stop` is set, then remove the row of this process."""
        poller = database_poller(
            clock=self.clock, poll_secs=self.lease_secs / 3, log=log, errors=self.errors
        )
        poller.run(self.renew_once, stop)
        self._sign_off()

    def renew_once(self) -> None:
        """Renew every lease, show this process to the others, and reap leases that ran out.

        A lease that another process has taken is marked as lost: its holder's next `require`
        raises.

        Raises:
            DatabaseError: the rest was not done; leases that were not renewed run out.
        """
        # All hosts compare leases by the time of the database; the clock of a host may drift.
        if isinstance(self.clock, DatabaseClock):
            self.clock.sync()
        for lease in self.leases.held():
            self._renew(lease)
        now = self.clock.now()
        self.database.write_idempotent(lease_queries.announce, replace(self.worker, seen_at=now))
        unseen_since = now - timedelta(seconds=WORKER_RETENTION_SECS)
        self.database.write_idempotent(lease_queries.forget_unseen, unseen_since)
        # Every process reaps: a single one that does would be missed when it dies.
        reaped_tasks = self.reap_tasks()
        reaped_accounts = self.database.write_idempotent(account_leases.reap, now)
        if reaped_tasks or reaped_accounts:
            log.warning(
                "%s taken back from dead workers",
                fields(tasks=reaped_tasks, accounts=reaped_accounts),
            )

    def _renew(self, lease: Lease) -> None:
        # The new deadline counts from before the write: the lease must not outlive its row.
        asked_at = self.clock.monotonic()
        until = self.clock.now() + timedelta(seconds=self.lease_secs)
        held = self.database.write_idempotent(
            lease_queries.renew,
            lease.kind,
            row_id=lease.row_id,
            owner=self.worker.id,
            token=lease.token,
            until=until,
        )
        if held:
            lease.extend(asked_at + self.lease_secs)
            return
        if lease in self.leases.held():  # else it was released meanwhile
            log.warning("%s lost", lease)
            lease.mark_lost()
            self.leases.remove(lease)

    def _sign_off(self) -> None:
        try:
            self.database.write_idempotent(lease_queries.retire, self.worker.id)
        except (DatabaseError, CommitUnknownError) as error:
            log.warning("could not sign off: %s", error)
