"""Lease due deliveries to workers, in turn between callback URLs, and record their outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.clock import Clock
from core.leases import LeaseRegistry
from core.logs import service_log
from core.messages import Message
from storage.distribution import deliveries
from storage.distribution import delivery_leases as leases
from storage.distribution.deliveries import NewDelivery
from storage.distribution.delivery_leases import DueDelivery
from storage.engines.transactions import Database, Tx
from webhooks.claims import Claim, Claimed, Claimer, Rotation
from webhooks.retry_policy import DeliveryOutcome
from webhooks.rounds import Rounds
from webhooks.settlement import Finished, NotAllHeldError, OutcomeListener, settle

log = service_log("webhooks")
INTERRUPTED = Message.of("delivery_interrupted").dump()
ROUND_SIZE = 16


@dataclass(frozen=True)
class Ask:
    """What a worker hands in, and whether it wants another delivery.

    `finished` is None when it has made no attempt.
    """

    finished: Finished | None
    wants_next: bool


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """What a worker gets for what it handed in.

    Args:
        is_recorded: False when the lease of the attempt was lost: nothing is stored then, and its
            new holder decides.
        claim: the next delivery; None when none is to be sent now.
        is_contended: True when another process was just claiming, so that a look soon is worth
            while.
    """

    is_recorded: bool
    claim: Claim | None
    is_contended: bool = False


class DeliveryQueue:
    """Leases deliveries to the workers of this process, under fencing tokens; safe for threads.

    Workers that come while a transaction is under way share the next one: it settles what they
    hand in and leases what they ask for.

    Args:
        per_host: the greatest number of requests to one host at a time, over all processes.
        quiet_secs: seconds without another query after nothing was due, for all workers of this
            process.
        on_outcome: called in the transaction that records the outcome of an attempt.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        lease_registry: LeaseRegistry,
        owner: str,
        lease_secs: float,
        per_host: int,
        quiet_secs: float = 0.0,
        on_outcome: OutcomeListener = lambda tx, attempt: None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._lease_registry = lease_registry
        self._quiet_secs = quiet_secs
        self._on_outcome = on_outcome
        self._claimer = Claimer(clock=clock, owner=owner, lease_secs=lease_secs, per_host=per_host)
        self._rounds: Rounds[Ask, Exchange] = Rounds(self.serve, ROUND_SIZE)
        # Used by the thread only that leads a round.
        self._rotation = Rotation()
        self._quiet_until = float("-inf")
        self._has_expired = False

    def claim(self) -> Claim | None:
        """Lease the next due delivery, from the callback URL that was served the longest ago.

        Returns None when nothing is due, or every host with due deliveries is at its limit.

        Raises:
            CommitUnknownError: a delivery may be leased; it is due again when that lease ends.
            DatabaseError: nothing was leased.
        """
        return self.exchange(None).claim

    def exchange(self, finished: Finished | None, *, wants_next: bool = True) -> Exchange:
        """Store an attempt's outcome, as `record_outcome` does, and lease the next delivery, as
        `claim` does, in one transaction with what other workers ask for.

        Raises:
            CommitUnknownError: the outcome may be stored, and deliveries leased that are due again
                when their leases end: `record_outcome` settles the outcome.
            Exception: nothing was stored or leased, for whatever reason one of the workers gave:
                `record_outcome` settles the outcome.
        """
        if finished is not None:
            self._lease_registry.remove(finished.claim.lease)
        exchange = self._rounds.ask(Ask(finished, wants_next))
        if exchange.claim is not None:
            self._lease_registry.add(exchange.claim.lease)
        return exchange

    def enqueue_and_claim(self, new: NewDelivery) -> Claim:
        """File a delivery and lease it in one transaction, so that no other process sends it.

        Its event id must be a new one.

        Raises:
            CommitUnknownError: a delivery may be filed and leased; it is due when that lease ends.
            DatabaseError: nothing was filed.
        """

        def file_and_take(tx: Tx) -> Claim:
            now = self._clock.now()
            delivery_id = deliveries.enqueue(tx, new, now)
            assert delivery_id is not None
            seen = deliveries.get(tx, delivery_id)
            assert seen is not None
            [claim] = self._claimer.take(tx, [DueDelivery(seen, tries=0, secret=None)], now)
            return claim

        claim = self._database.write(file_and_take)
        self._lease_registry.add(claim.lease)
        return claim

    def record_outcome(self, claim: Claim, outcome: DeliveryOutcome) -> bool:
        """Store an attempt's outcome for its delivery, callback URL and tasks, and release the
        lease, in a transaction of its own.

        Returns False when the lease was lost: then nothing is stored, and its new holder decides.
        """
        self._lease_registry.remove(claim.lease)
        finished, now = [Finished(claim, outcome)], self._clock.now()
        return self._database.write_idempotent(settle, finished, now, self._on_outcome)

    def put_back(self, claim: Claim, not_before: datetime) -> None:
        """Release the lease as if the attempt had never begun; it is due again at `not_before`.

        For an attempt that could not be made by a fault of this process.
        """
        self._lease_registry.remove(claim.lease)

        def put_back(tx: Tx) -> None:
            if leases.put_back(tx, claim.delivery, not_before):
                deliveries.drop_attempt(tx, claim.delivery.id, claim.attempt_number)

        self._database.write_idempotent(put_back)

    def abandon(self, claim: Claim) -> None:
        """Stop renewing the lease and record nothing: when it runs out, the delivery is due again
        under the same event id."""
        self._lease_registry.remove(claim.lease)
        claim.lease.mark_lost()

    def serve(self, asks: Sequence[Ask]) -> list[Exchange]:
        """Answer a round of workers in one transaction, as `exchange` says, in their order.

        For one thread at a time; the leases that it returns are not renewed yet.
        """
        finished = [ask.finished for ask in asks if ask.finished is not None]
        wanted = sum(ask.wants_next for ask in asks)
        if wanted and not self._may_claim(finished):
            wanted = 0
        if not (finished or wanted):
            return [Exchange(is_recorded=False, claim=None) for _ in asks]
        one_by_one = [[one] for one in finished]
        # Two of one delivery: the lease of the first one ran out, and it did not know.
        is_set = len({one.claim.delivery.id for one in finished}) == len(finished) > 1
        groups = [finished] if is_set else one_by_one
        try:
            held, claimed = self._database.write(self._round, groups, wanted)
        except NotAllHeldError:
            held, claimed = self._database.write(self._round, one_by_one, wanted)
        if wanted:
            self._note(claimed)
        return _answers(asks, held, claimed)

    def _round(
        self, tx: Tx, groups: Sequence[Sequence[Finished]], wanted: int
    ) -> tuple[list[bool], Claimed]:
        """Settle each group of outcomes, then lease; return whether each one's lease held."""
        now, held = self._clock.now(), list[bool]()
        for group in groups:
            is_held = settle(tx, group, now, self._on_outcome)
            held += [is_held] * len(group)
        return held, self._claimer.claim(tx, wanted, self._rotation) if wanted else Claimed()

    def _may_claim(self, finished: Sequence[Finished]) -> bool:
        """Return whether to look for due deliveries; take back first what dead workers left."""
        if self._clock.monotonic() < self._quiet_until:
            return False
        if self._has_expired:
            self._reap()
        if finished:  # there is a transaction anyway
            return True
        look = self._database.read(self._claimer.look)
        if look.has_expired:
            self._reap()
            return True
        if not look.is_anything_due:
            self._quiet_until = self._clock.monotonic() + self._quiet_secs
        return look.has_room

    def _note(self, claimed: Claimed) -> None:
        """Remember of a committed look for deliveries what the next one has to know."""
        for endpoint in claimed.served:
            self._rotation.served(endpoint)
        self._has_expired = claimed.has_expired
        if not claimed.is_anything_due:
            self._quiet_until = self._clock.monotonic() + self._quiet_secs

    def _reap(self) -> None:
        """Make deliveries due again whose lease ran out, as after the death of a process."""
        count = self._database.write_idempotent(leases.reap, self._clock.now(), INTERRUPTED)
        self._has_expired = False
        if count:
            log.warning("deliveries=%s taken back from dead workers", count)


def _answers(asks: Sequence[Ask], held: Sequence[bool], claimed: Claimed) -> list[Exchange]:
    """Return what each worker gets; who asked first is served first."""
    are_held, claims = iter(held), iter(claimed.claims)
    return [
        Exchange(
            is_recorded=ask.finished is not None and next(are_held),
            claim=next(claims, None) if ask.wants_next else None,
            is_contended=claimed.is_contended,
        )
        for ask in asks
    ]
