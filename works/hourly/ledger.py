"""The hour as rows of the main database: its lease, and what each answered batch adds to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from core.clock import Clock
from core.errors import DatabaseError, LeaseLostError
from core.leases import Lease, LeaseKind, LeaseRegistry
from core.logs import service_log
from core.messages import Message
from storage.engines.transactions import Database, Tx
from storage.views import days, failures, hours, identities, points, totals
from storage.views.hours import CrawlState, ViewHour
from storage.views.identities import Key
from storage.views.points import Counts
from works.hour_data.contents import counted
from works.hour_data.hours import Hour
from works.hour_data.report import BILIBILI, SESSION_FORM, Failure, Numbers
from works.hour_data.rows import (
    NOTHING_KNOWN,
    KnownWorks,
    key_of,
    known_works,
    store_numbers,
    stored_failure,
)
from works.hourly.crawl_result import FailedWork, FailureCount

log = service_log("views")


@dataclass(kw_only=True)
class HeldHour:
    """An hour that this process crawls; every write carries the token of its lease.

    Args:
        numbers: the works that have numbers.
        failed: the works that failed, and whether that is final for this hour.
    """

    ledger: HourLedger
    hour: Hour
    row: ViewHour
    lease: Lease
    numbers: set[Key]
    failed: dict[Key, bool]
    _known: KnownWorks = field(default=NOTHING_KNOWN, init=False)

    @property
    def is_published(self) -> bool:
        """Return True when its last crawl was ended, and complete."""
        return self.row.state is CrawlState.COMPLETE and self.row.ended_at is not None

    def is_final(self, work_id: str) -> bool:
        """Return True when another request of the Bilibili work in this hour is of no use."""
        key = (BILIBILI, work_id)
        return key in self.numbers or self.failed.get(key, False)

    def has(self, work_id: str) -> bool:
        """Return True when there are numbers of the Bilibili work, or a failure."""
        return (BILIBILI, work_id) in self.numbers or (BILIBILI, work_id) in self.failed

    def read_ahead(self, work_ids: Iterable[str]) -> None:
        """Read what the database knows of Bilibili works, at once for all batches to come."""
        wanted = [(BILIBILI, work_id) for work_id in work_ids]
        self._known = self.ledger.database.read(known_works, self.hour.index, wanted)

    def before(self, work_id: str) -> Counts | None:
        """Return the newest numbers of a Bilibili work in the 24 hours before, when it was read
        ahead; None without any."""
        work = self._known.ids.get((BILIBILI, work_id))
        return None if work is None else self._known.counts.get(work)

    def note(self, data: Sequence[Numbers], errors: Sequence[Failure], listed: int) -> None:
        """Store a batch in one transaction; `listed` is the number of works to ask for.

        Raises:
            LeaseLostError: another process has taken the hour over; nothing was stored.
            DatabaseError: nothing was stored.
        """
        lost = [error for error in errors if key_of(error) not in self.numbers]
        # May be committed twice: numbers that came first stay, and the end of the crawl counts.
        self.ledger.database.write_idempotent(
            partial(self._note, data=data, errors=lost, listed=listed)
        )
        self.numbers.update(map(key_of, data))
        self.failed |= {key_of(error): error.get("final") is True for error in lost}
        for entry in data:
            self.failed.pop(key_of(entry), None)

    def _note(
        self, tx: Tx, data: Sequence[Numbers], errors: Sequence[Failure], listed: int
    ) -> None:
        index = self.hour.index
        if not hours.note_progress(tx, index, self.row.lease_token, len(data), listed):
            raise self._lost()
        store_numbers(tx, self.hour, data, self.ledger.zone, self._known)
        failures.delete(
            tx, index, [key_of(entry) for entry in data if key_of(entry) in self.failed]
        )
        failures.put(tx, index, map(stored_failure, errors))

    def end(
        self,
        state: CrawlState,
        *,
        listed: int,
        skipped: int | None,
        list_sha256: str | None = None,
    ) -> None:
        """Publish the hour as it is now, and end the lease.

        `list_sha256` is that of the list, unless it is the catalogue.

        Raises:
            LeaseLostError: another process has taken the hour over; nothing was changed.
        """
        self.ledger.database.write_idempotent(
            partial(self._end, state=state, listed=listed, skipped=skipped, list_sha256=list_sha256)
        )
        self.ledger.leases.remove(self.lease)

    def _end(
        self,
        tx: Tx,
        state: CrawlState,
        listed: int,
        skipped: int | None,
        list_sha256: str | None,
    ) -> None:
        index, now = self.hour.index, self.ledger.clock.now()
        days.note_hour(tx, index)
        ended = counted(tx, index, state, listed=listed, skipped=skipped, ended_at=now)
        if not hours.end(tx, index, self.row.lease_token, ended, list_sha256):
            raise self._lost()
        totals.count_anew(tx, self.hour.day_index)

    def failures(self, limit: int) -> tuple[FailedWork, ...]:
        """Return up to `limit` works without numbers, by platform and work id."""
        if not self.failed:
            return ()
        found = self.ledger.database.read(failures.of_hour, self.hour.index, limit)
        return tuple(FailedWork(one.work_id, one.title, Message.load(one.error)) for one in found)

    def reasons(self, limit: int) -> tuple[FailureCount, ...]:
        """Return up to `limit` reasons why works have no numbers, the most frequent first."""
        if not self.failed:
            return ()
        found = self.ledger.database.read(failures.by_error, self.hour.index, limit)
        return tuple(FailureCount(Message.load(error), works) for error, works in found)

    def release(self) -> None:
        """End the lease, unless `end` did; without the database it runs out by itself."""
        if self.lease not in self.ledger.leases.held():
            return
        self.ledger.leases.remove(self.lease)
        try:
            self.ledger.database.write_idempotent(
                hours.give_back, self.hour.index, self.row.lease_token
            )
        except DatabaseError as error:
            log.warning("the lease of %s runs out by itself: %s", self.hour, error)

    def _lost(self) -> LeaseLostError:
        return LeaseLostError("lease_lost", kind=LeaseKind.HOUR, id=self.hour.index)


@dataclass(frozen=True, kw_only=True)
class HourLedger:
    """Leases hours to this process, one process at a time for each.

    Args:
        leases: where the lease renewer of this process finds the leases of hours.
        owner: the id of this process; `host` is where it runs.
        lease_secs: seconds after which another process may go on with a dead one's hour.
    """

    database: Database
    clock: Clock
    leases: LeaseRegistry
    owner: str
    host: str
    lease_secs: float
    zone: ZoneInfo

    def is_known(self, hour: Hour) -> bool:
        """Return True when the hour was crawled or imported, or is crawled now."""
        return self.database.read(hours.get, hour.index) is not None

    def claim(self, hour: Hour) -> HeldHour | None:
        """Lease an hour and return it with what is known of it; None while another holds it."""
        # Read before the write: counted from later, the deadline could lie after the lease's end.
        claimed_at, now = self.clock.monotonic(), self.clock.now()
        row = self.database.write_idempotent(
            hours.claim,
            hour.index,
            owner=self.owner,
            host=self.host,
            session_id=now.astimezone(self.zone).strftime(SESSION_FORM),
            now=now,
            until=now + timedelta(seconds=self.lease_secs),
        )
        if row is None:
            return None
        lease = Lease(
            kind=LeaseKind.HOUR,
            row_id=hour.index,
            token=row.lease_token,
            deadline=claimed_at + self.lease_secs,
        )
        self.leases.add(lease)
        numbers, failed = self.database.read(_known, hour.index)
        return HeldHour(
            ledger=self, hour=hour, row=row, lease=lease, numbers=numbers, failed=failed
        )

    def unfinished(self, before: Hour) -> list[Hour]:
        """Return the hours before `before` that are still open."""
        return [Hour.from_index(one) for one in self.database.read(hours.open_before, before.index)]


def _known(tx: Tx, hour: int) -> tuple[set[Key], dict[Key, bool]]:
    """Return the works with numbers in an hour, and those that failed with whether that is
    final."""
    keys = identities.keys_of(tx, points.works_of_hour(tx, hour))
    return set(keys.values()), {one.key: one.is_final for one in failures.of_hour(tx, hour)}
