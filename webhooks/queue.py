"""Which delivery is sent next, and by whom: leases with fencing tokens, fair between endpoints."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.clock import Clock
from core.errors import DatabaseContentionError
from core.leases import Lease, LeaseKind, LeaseRegistry
from core.logs import service_log
from storage.distribution import callback_secrets
from storage.distribution import deliveries as rows
from storage.distribution import delivery_leases as leases
from storage.distribution import endpoints as endpoints
from storage.distribution.deliveries import Delivery, DeliveryState, NewDelivery
from storage.distribution.delivery_leases import DueEndpoint
from storage.engines.transactions import Database, Tx
from webhooks.affected_tasks import affected_tasks
from webhooks.retry_policy import DeliveryOutcome

log = service_log("webhooks")


@dataclass(frozen=True)
class Claim:
    """A delivery that this process may send; its attempt is counted already."""

    delivery: Delivery
    lease: Lease
    attempt_id: int


@dataclass(frozen=True)
class SettledDelivery:
    """An attempt that is over; what follows from it is written in the same transaction."""

    delivery: Delivery
    verdict: DeliveryOutcome
    at: datetime


Follower = Callable[[Tx, SettledDelivery], object]


class DeliveryQueue:
    """Leases deliveries to the senders of this process.

    Args:
        per_host: requests to one host that may be under way; several processes that claim in the
            same instant may pass it by one each.
        quiet_secs: when nothing was due, nobody of this process looks again for so long.
        follow: what else is written down when an attempt is over.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        book: LeaseRegistry,
        owner: str,
        lease_secs: float,
        per_host: int,
        quiet_secs: float = 0.0,
        follow: Follower = lambda tx, settled: None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._book = book
        self._owner = owner
        self._lease_secs = lease_secs
        self._per_host = per_host
        self._quiet_secs = quiet_secs
        self._quiet_until = float("-inf")
        self._follow = follow
        self._turns = _Turns()
        self._one_at_a_time = threading.Lock()

    def claim(self) -> Claim | None:
        """Lease what is due, from the endpoint whose turn it is; None when there is nothing.

        Raises:
            CommitUnknownError: perhaps something was leased; it is taken back when the lease ends.
            DatabaseError: nothing was leased.
        """
        with self._one_at_a_time:
            if self._clock.monotonic() < self._quiet_until:
                return None
            now = self._clock.now()
            traffic = self._database.read(leases.traffic, now)
            if any(host.expired for host in traffic):
                self._reap(now)
            full = {host.host for host in traffic if host.under_way >= self._per_host}
            due = self._database.read(leases.due_endpoints, now)
            if not due:
                self._quiet_until = self._clock.monotonic() + self._quiet_secs
            for endpoint in self._turns.in_order(one for one in due if one.host not in full):
                claim = self._claim_from(endpoint)
                if claim is not None:
                    self._turns.served(endpoint)
                    return claim
            return None

    def file_and_claim(self, new: NewDelivery) -> Claim:
        """File a delivery that only this process shall send, once."""

        def work(tx: Tx) -> Claim:
            now = self._clock.now()
            delivery_id = rows.enqueue(tx, new, now)
            assert delivery_id is not None  # its event id is fresh
            seen = rows.get(tx, delivery_id)
            assert seen is not None
            return self._take(tx, seen, now)

        return self._kept(self._database.write(work))

    def settle(self, claim: Claim, verdict: DeliveryOutcome) -> bool:
        """Write down how the attempt ended, and give the lease back; False when it was lost, and
        nothing was written."""
        self._book.strike(claim.lease)
        now, delivery = self._clock.now(), claim.delivery

        def work(tx: Tx) -> bool:
            if not leases.settle(
                tx,
                delivery,
                verdict.state,
                now,
                not_before=verdict.not_before,
                status=verdict.status,
                error=verdict.error,
            ):
                return False
            rows.end_attempt(
                tx,
                claim.attempt_id,
                status=verdict.status,
                response=verdict.response,
                error=verdict.error,
                now=now,
            )
            self._settle_endpoint(tx, delivery, verdict, now)
            self._follow_tasks(tx, SettledDelivery(delivery, verdict, now))
            return True

        return self._database.write_idempotent(work)

    def abandon(self, claim: Claim) -> None:
        """Stop renewing without a word: the lease runs out, and it is sent again."""
        self._book.strike(claim.lease)
        claim.lease.mark_lost()

    def _claim_from(self, endpoint: DueEndpoint) -> Claim | None:
        def work(tx: Tx) -> Claim | None:
            now = self._clock.now()
            for delivery_id in leases.candidates(tx, endpoint.url_hash, now):
                seen = leases.lock(tx, delivery_id, now)
                if seen is not None:
                    return self._take(tx, seen, now)
            return None

        claim = self._database.write(work)
        return None if claim is None else self._kept(claim)

    def _take(self, tx: Tx, seen: Delivery, now: datetime) -> Claim:
        asked_at = self._clock.monotonic()
        until = now + timedelta(seconds=self._lease_secs)
        if not leases.take(tx, seen, self._owner, until):
            raise DatabaseContentionError(f"delivery {seen.id} was taken meanwhile")
        token = seen.lease_token + 1
        lease = Lease(
            kind=LeaseKind.WEBHOOK,
            row_id=seen.id,
            token=token,
            deadline=asked_at + self._lease_secs,
        )
        taken = replace(
            seen, state=DeliveryState.SENDING, attempts=seen.attempts + 1, lease_token=token
        )
        return Claim(taken, lease, rows.begin_attempt(tx, seen.id, now))

    def _kept(self, claim: Claim) -> Claim:
        self._book.add(claim.lease)
        return claim

    def _reap(self, now: datetime) -> None:
        count = self._database.write_idempotent(leases.reap, now)
        if count:
            log.warning("deliveries=%s taken back from dead workers", count)

    def _settle_endpoint(
        self, tx: Tx, delivery: Delivery, verdict: DeliveryOutcome, now: datetime
    ) -> None:
        if verdict.disables is not None:
            reason = verdict.disables
            endpoints.set_enabled(tx, delivery.url_hash, now, enabled=False, reason=reason)
        if verdict.rest_until is not None:
            endpoints.rest(tx, delivery.url_hash, verdict.rest_until, now)

    def _follow_tasks(self, tx: Tx, settled: SettledDelivery) -> None:
        delivery, state = settled.delivery, settled.verdict.state
        tasks = affected_tasks(delivery)
        if tasks:
            callback_secrets.note_delivery(
                tx,
                tasks,
                delivery_id=delivery.id,
                state=state.value,
                retries=delivery.attempts - 1,
                now=settled.at,
            )
        self._follow(tx, settled)


class _Turns:
    """Whose turn it is: the host, and of its URLs the one, that was served the longest ago."""

    def __init__(self) -> None:
        self._count = 0
        self._served: dict[str, int] = {}

    def in_order(self, due: Iterable[DueEndpoint]) -> list[DueEndpoint]:
        def longest_ago(one: DueEndpoint) -> tuple[int, int, str]:
            served = self._served.get
            return served(f"host {one.host}", 0), served(one.url_hash, 0), one.due_since

        return sorted(due, key=longest_ago)

    def served(self, endpoint: DueEndpoint) -> None:
        self._count += 1
        self._served[f"host {endpoint.host}"] = self._count
        self._served[endpoint.url_hash] = self._count
