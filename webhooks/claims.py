"""Lease due deliveries, from the callback URLs in turn and within the limits of their hosts."""

from __future__ import annotations

from collections import ChainMap, deque
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain

from core.clock import Clock
from core.errors import DatabaseContentionError
from core.leases import Lease, LeaseKind
from storage.distribution import deliveries
from storage.distribution import delivery_leases as leases
from storage.distribution.deliveries import Delivery, DeliveryState
from storage.distribution.delivery_leases import DueDelivery, DueEndpoint
from storage.engines.transactions import Tx

# Candidates beyond those wanted, as other transactions may have locked some.
SPARE = 4


@dataclass(frozen=True)
class Claim:
    """A delivery leased by this process; the claim has counted one more attempt at it.

    Args:
        delivery: the row after the claim: state `sending`, this attempt counted.
        attempt_number: the attempt's among those of the delivery, from 1.
        secret: the encrypted secret of its task; None when there is none.
    """

    delivery: Delivery
    lease: Lease
    attempt_number: int
    secret: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What is to be seen before a claim.

    `has_room` is True when something is due at a host below its limit, `has_expired` when leases
    ran out.
    """

    is_anything_due: bool
    has_room: bool
    has_expired: bool


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """What a look for due deliveries led to, once it is committed.

    Args:
        served: the callback URLs of the claims, in the order in which they took their turns.
        is_anything_due: True when something was due, at whichever host.
        is_contended: True when another process was just claiming from a host.
        has_expired: True when leases were seen that ran out.
    """

    claims: Sequence[Claim] = ()
    served: Sequence[DueEndpoint] = ()
    is_anything_due: bool = True
    is_contended: bool = False
    has_expired: bool = False


@dataclass(frozen=True, kw_only=True)
class Claimer:
    """Leases deliveries within a caller's transaction.

    Args:
        per_host: the greatest number of requests to one host at a time, over all processes.
    """

    clock: Clock
    owner: str
    lease_secs: float
    per_host: int

    def look(self, tx: Tx) -> Look:
        """Return what is to be seen without a lock."""
        now = self.clock.now()
        traffic = leases.traffic(tx, now)
        due = leases.due_endpoints(tx, now)
        full = {host.host for host in traffic if host.under_way >= self.per_host}
        return Look(
            is_anything_due=bool(due),
            has_room=any(endpoint.host not in full for endpoint in due),
            has_expired=any(host.expired for host in traffic),
        )

    def claim(self, tx: Tx, wanted: int, rotation: Rotation) -> Claimed:
        """Lease up to `wanted` due deliveries; `rotation` is left as it is."""
        now = self.clock.now()
        due = leases.due_endpoints(tx, now)
        pick = _Pick(tx, now, self.per_host, rotation.trial())
        # No more hosts are held against other processes than may be served.
        for endpoints in rotation.by_hosts(due, wanted):
            pick.go_on(endpoints, wanted)
            if len(pick.found) == wanted:
                break
        return Claimed(
            claims=self.take(tx, pick.found, now),
            served=pick.served,
            is_anything_due=bool(due),
            is_contended=pick.is_contended,
            has_expired=pick.has_expired,
        )

    def take(self, tx: Tx, found: Sequence[DueDelivery], now: datetime) -> list[Claim]:
        """Lease locked deliveries and count an attempt at each.

        Raises:
            DatabaseContentionError: one of them changed.
        """
        if not found:
            return []
        asked_at = self.clock.monotonic()
        until = now + timedelta(seconds=self.lease_secs)
        if not leases.take(tx, [one.delivery for one in found], self.owner, until):
            ids = ", ".join(str(one.delivery.id) for one in found)
            raise DatabaseContentionError("delivery_taken_meanwhile", delivery_id=ids)
        deliveries.begin_attempts(tx, {one.delivery.id: one.tries + 1 for one in found}, now)
        return [_claim(one, deadline=asked_at + self.lease_secs) for one in found]


def _claim(found: DueDelivery, deadline: float) -> Claim:
    seen = found.delivery
    token = seen.lease_token + 1
    return Claim(
        delivery=replace(
            seen, state=DeliveryState.SENDING, attempts=seen.attempts + 1, lease_token=token
        ),
        lease=Lease(kind=LeaseKind.WEBHOOK, row_id=seen.id, token=token, deadline=deadline),
        attempt_number=found.tries + 1,
        secret=found.secret,
    )


class Rotation:
    """The order in which callback URLs are served: least recently served host first, then its URL.

    In memory, for this process only.
    """

    def __init__(self, served: MutableMapping[str, int] | None = None, count: int = 0) -> None:
        self._served = {} if served is None else served
        self._count = count

    def trial(self) -> Rotation:
        """Return one that begins like this one, and leaves it as it is."""
        return Rotation(ChainMap({}, self._served), self._count)

    def in_order(self, due: Iterable[DueEndpoint]) -> list[DueEndpoint]:
        """Return the endpoints in the order to serve them; among equals, the longest due first."""

        def longest_ago(endpoint: DueEndpoint) -> tuple[int, int, str]:
            served = self._served.get
            host = f"host {endpoint.host}"
            return served(host, 0), served(endpoint.url_hash, 0), endpoint.due_since

        return sorted(due, key=longest_ago)

    def by_hosts(self, due: Iterable[DueEndpoint], at_once: int) -> Iterator[list[DueEndpoint]]:
        """Yield the endpoints of `at_once` hosts, then those of the next ones, in their order."""
        hosts: dict[str, list[DueEndpoint]] = {}
        for endpoint in self.in_order(due):
            hosts.setdefault(endpoint.host, []).append(endpoint)
        groups = list(hosts.values())
        for start in range(0, len(groups), at_once):
            yield list(chain.from_iterable(groups[start : start + at_once]))

    def served(self, endpoint: DueEndpoint) -> None:
        """Move an endpoint and its host to the end of the order."""
        self._count += 1
        self._served[f"host {endpoint.host}"] = self._count
        self._served[endpoint.url_hash] = self._count


class _Pick:
    """Picks and locks deliveries in a transaction: one from each endpoint in turn."""

    def __init__(self, tx: Tx, now: datetime, per_host: int, turns: Rotation) -> None:
        self.found: list[DueDelivery] = []
        self.served: list[DueEndpoint] = []
        self.is_contended = False
        self.has_expired = False
        self._tx = tx
        self._now = now
        self._per_host = per_host
        self._turns = turns
        self._room: dict[str, int] = {}
        self._offers: dict[str, deque[int]] = {}

    def go_on(self, endpoints: Sequence[DueEndpoint], wanted: int) -> None:
        """Lock deliveries to these endpoints until `wanted` are found, or there are no more."""
        self._hold(endpoints)
        while chosen := self._choose(endpoints, wanted - len(self.found)):
            locked = leases.lock(self._tx, list(chosen), self._now)
            self.found += locked
            for missed in chosen.keys() - {one.delivery.id for one in locked}:
                self._room[chosen[missed].host] += 1

    def _hold(self, endpoints: Sequence[DueEndpoint]) -> None:
        """Lock the hosts against other processes, and see how many requests each may get yet."""
        held = leases.hold_hosts(self._tx, {endpoint.host_key for endpoint in endpoints})
        # Only now: who held a host before has committed what it took.
        traffic = leases.traffic(self._tx, self._now)
        under_way = {host.host: host.under_way for host in traffic}
        self.has_expired = any(host.expired for host in traffic)
        for endpoint in endpoints:
            is_held = endpoint.host_key in held
            self.is_contended |= not is_held
            room = self._per_host - under_way.get(endpoint.host, 0) if is_held else 0
            self._room[endpoint.host] = room

    def _choose(self, endpoints: Sequence[DueEndpoint], wanted: int) -> dict[int, DueEndpoint]:
        """Return up to `wanted` ids of deliveries, with their endpoints, in turn."""
        chosen: dict[int, DueEndpoint] = {}
        while len(chosen) < wanted:
            endpoint = self._next(endpoints, wanted)
            if endpoint is None:
                break
            chosen[self._offers[endpoint.url_hash].popleft()] = endpoint
            self._room[endpoint.host] -= 1
            self._turns.served(endpoint)
            self.served.append(endpoint)
        return chosen

    def _next(self, endpoints: Sequence[DueEndpoint], wanted: int) -> DueEndpoint | None:
        """Return the endpoint whose turn it is; None when none has anything to send."""
        for endpoint in self._turns.in_order(endpoints):
            if self._room[endpoint.host] <= 0:
                continue
            url_hash = endpoint.url_hash
            if url_hash not in self._offers:
                ids = leases.candidates(self._tx, url_hash, self._now, wanted + SPARE)
                self._offers[url_hash] = deque(ids)
            if self._offers[url_hash]:
                return endpoint
        return None
