"""The lease renewer: renews the leases of this process, and reaps those of dead processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice

from core.clock import Clock
from core.errors import CommitUnknownError, DatabaseError
from core.leases import Lease, LeaseKind, LeaseRegistry
from core.logs import fields, service_log
from core.messages import Message
from core.poller import database_poller
from core.supervision.internal_errors import ComponentErrors
from storage.crawling import account_leases
from storage.crawling import leases as lease_queries
from storage.crawling.leases import Worker
from storage.engines.clock import DatabaseClock
from storage.engines.transactions import Database
from storage.operations import background_operations, database_clock

# The name of its file, `keeper-DAY.log`, is known to operators and stays.
log = service_log("keeper")
# A process that was last seen within a day is still shown, so that its death is noticed.
WORKER_RETENTION_SECS = 86400.0
RENEWED_AT_ONCE = 200
PROCESS_ENDED = Message.of("operation_process_ended")
LOCKED_RETRY_SECS = 1.0
CLOCK_NOTED_SECS = 60.0


@dataclass(kw_only=True)
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
    _locked: list[Lease] = field(default_factory=list, init=False)
    _due_at: float = field(default=0.0, init=False)
    _clock_due_at: float = field(default=0.0, init=False)

    def run(self, stop: threading.Event) -> None:
        """Renew and reap until `stop` is set, then remove the row of this process."""
        poller = database_poller(
            clock=self.clock, poll_secs=self.lease_secs / 3, log=log, errors=self.errors
        )
        poller.run_paced(self._look, stop)
        self._sign_off()

    def renew_once(self) -> None:
        """Renew every lease, show this process to the others, and reap leases that ran out.

        A lease that another process has taken is marked as lost: its holder's next `require`
        raises. A row that another client has locked costs no lease but its own.

        Raises:
            DatabaseError: the rest was not done; leases that were not renewed run out.
        """
        # All hosts compare leases by the time of the database; the clock of a host may drift.
        if isinstance(self.clock, DatabaseClock):
            self.clock.sync()
        self._renew(self.leases.held())
        now = self.clock.now()
        self._note_clock(now)
        self._show_worker(now)
        # Every process reaps: a single one that does would be missed when it dies.
        reaped_tasks = self.reap_tasks()
        reaped_accounts = self.database.write_idempotent(account_leases.reap, now)
        self.database.write_idempotent(background_operations.reap, now, PROCESS_ENDED.dump())
        if reaped_tasks or reaped_accounts:
            log.warning(
                "%s taken back from dead workers",
                fields(tasks=reaped_tasks, accounts=reaped_accounts),
            )

    def _look(self) -> float:
        """Renew what is due; return the seconds until the next look."""
        pause_secs = self.lease_secs / 3
        if self._locked and self.clock.monotonic() < self._due_at:
            held = self.leases.held()
            self._renew([lease for lease in self._locked if lease in held])
        else:
            self._due_at = self.clock.monotonic() + pause_secs
            self.renew_once()
        return min(LOCKED_RETRY_SECS, pause_secs) if self._locked else pause_secs

    def _show_worker(self, now: datetime) -> None:
        """Show this process to the others, and forget those that were not seen for a day."""
        self.database.write_idempotent(lease_queries.announce, replace(self.worker, seen_at=now))
        unseen_since = now - timedelta(seconds=WORKER_RETENTION_SECS)
        self.database.write_idempotent(lease_queries.forget_unseen, unseen_since)

    def _note_clock(self, now: datetime) -> None:
        """Keep the latest time of the database, by which one that went back is noticed."""
        if self.clock.monotonic() >= self._clock_due_at:
            self._clock_due_at = self.clock.monotonic() + CLOCK_NOTED_SECS
            self.database.write_idempotent(database_clock.note_highest, now)

    def _renew(self, leases: list[Lease]) -> None:
        """Renew leases in one transaction for each kind; the trouble of one is not the others'.

        Raises:
            DatabaseError: that of the first kind that failed.
        """
        self._locked = []
        errors = []
        for kind in LeaseKind:
            of_kind = {lease.row_id: lease for lease in leases if lease.kind is kind}
            try:
                for ids in _batched(of_kind, RENEWED_AT_ONCE):
                    self._renew_some(kind, {row_id: of_kind[row_id] for row_id in ids})
            except DatabaseError as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def _renew_some(self, kind: LeaseKind, leases: Mapping[int, Lease]) -> None:
        # The new deadline counts from before the write: the lease must not outlive its row.
        asked_at = self.clock.monotonic()
        until = self.clock.now() + timedelta(seconds=self.lease_secs)
        tokens = {row_id: lease.token for row_id, lease in leases.items()}
        renewal = self.database.write_idempotent(
            lease_queries.renew, kind, tokens, owner=self.worker.id, until=until
        )
        for row_id in renewal.renewed:
            leases[row_id].extend(asked_at + self.lease_secs)
        for row_id in renewal.lost:
            self._lose(leases[row_id])
        for row_id in renewal.locked:
            log.warning("%s not renewed: another client has locked its row", leases[row_id])
            self._locked.append(leases[row_id])

    def _lose(self, lease: Lease) -> None:
        if lease in self.leases.held():  # else it was released meanwhile
            log.warning("%s lost", lease)
            lease.mark_lost()
            self.leases.remove(lease)

    def _sign_off(self) -> None:
        try:
            self.database.write_idempotent(lease_queries.retire, self.worker.id)
        except (DatabaseError, CommitUnknownError) as error:
            log.warning("could not sign off: %s", error)


def _batched(values: Iterable[int], size: int) -> Iterator[list[int]]:
    """Yield the values in lists of at most `size`."""
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk
