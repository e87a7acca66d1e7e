"""EgressRoutes: what requests have shown of a route, and how long it is left alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.clock import Clock
from core.errors import FaultUnit, RetryableError, SourceError, TransportFault
from core.messages import Message
from sources.transport.egress import DIRECT, Egress
from storage.crawling import proxies
from storage.crawling.proxies import EgressRoute
from storage.engines.transactions import Database, Tx

# The first cooldown and the longest: each in a row is twice as long as the one before.
COOLDOWNS = {
    FaultUnit.EGRESS: (timedelta(minutes=1), timedelta(hours=1)),
    FaultUnit.EXIT: (timedelta(minutes=1), timedelta(hours=1)),
    # A person has to change a login or to pay; asking often may lock the login.
    FaultUnit.GATEWAY: (timedelta(minutes=10), timedelta(hours=6)),
}
# Each request by a rotating proxy leaves by another exit: one of them may be bad.
ROTATING_FAILURES = 3
GOOD_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class EgressRoutes:
    """Records what became of requests, by the route that they left by; for all platforms.

    Only failures that are certainly a proxy's count. A route in cooldown is half-open when that is
    over: one request, of whichever process takes the probe, shows whether it works again.
    """

    database: Database
    clock: Clock

    def note(self, route: Egress) -> None:
        """Make a route known, so that its failures can be counted."""
        self.database.write_idempotent(note_route, route, self.clock.now())

    def record_failure(self, egress: str, fault: TransportFault) -> datetime | None:
        """Count a failure, and return until when (UTC) the route is left alone; None: it is not.

        A failure of a request that left before the cooldown began does not make it longer.
        """
        if not fault.is_certain or fault.unit not in COOLDOWNS:
            return None
        return self.database.write_idempotent(record_failure_in, egress, fault, self.clock.now())

    def record_outcome(self, route: Egress, error: SourceError | None) -> None:
        """Record what became of one request beside the pool's work; `error` None: a good answer.

        An error that is the route's names it from now on.
        """
        self.note(route)
        fault = error.fault if isinstance(error, RetryableError) else None
        if error is None or (fault is None and error.evidence and error.evidence.http_status):
            self.record_success(route.name)
        elif fault is not None and not fault.is_of_this_host:
            until = self.record_failure(route.name, fault)
            if until is None:
                now = self.clock.now()
                self.database.write_idempotent(note_silence_in, route.name, fault, now)
            error.name_route(route.name, until)

    def record_success(self, egress: str) -> None:
        """Record that a request got an answer: failures and cooldown of the route are over.

        It only reads, but for one write a minute, as long as nothing failed.
        """
        now = self.clock.now()
        if self.database.read(_has_news, egress, now):
            self.database.write_idempotent(_record_success, egress, now)

    def cooling_until(self, egress: str) -> datetime | None:
        """Return until when (UTC) a route is in cooldown; None when it is not, or not known."""
        now = self.clock.now()
        route = self.database.read(proxies.find, egress)
        return route.cooldown_until if route is not None and route.is_cooling(now) else None


def note_route(tx: Tx, route: Egress, now: datetime) -> None:
    """Make a route known within a transaction."""
    proxies.note(
        tx,
        route.name,
        gateway=route.gateway,
        kind=route.kind,
        host=route.host,
        port=route.port,
        now=now,
    )


def record_failure_in(tx: Tx, egress: str, fault: TransportFault, now: datetime) -> datetime | None:
    """Count a failure within a transaction, as `EgressRoutes.record_failure` does."""
    route = proxies.find(tx, egress)
    if route is None:
        return None
    if route.is_cooling(now) and not route.is_probed:
        return route.cooldown_until
    cooldown = _cooldown(route, fault.unit, now)
    error = fault.message.dump()
    if not proxies.note_bad(tx, route, fault.unit, error, cooldown, now=now):
        # Another process was first: its failure has decided.
        changed = proxies.find(tx, egress)
        return changed.cooldown_until if changed is not None else None
    if cooldown is None:
        return None
    if fault.unit is FaultUnit.GATEWAY and _is_of_whole_gateway(tx, route, fault.message):
        proxies.cool_gateway(tx, route.gateway, error, cooldown, now)
    return cooldown[0]


def note_silence_in(tx: Tx, egress: str, fault: TransportFault, now: datetime) -> None:
    """Note within a transaction that no answer came by a route, which is not certainly its fault.

    A failure of a request that left before a cooldown began says nothing more.
    """
    route = proxies.find(tx, egress)
    if route is not None and (route.is_probed or not route.is_cooling(now)):
        proxies.note_silence(tx, egress, fault.message.dump(), now)


def _cooldown(route: EgressRoute, unit: FaultUnit, now: datetime) -> tuple[datetime, int] | None:
    """Return the end and the number in a row of the cooldown that one more failure begins."""
    if route.is_rotating and route.bad_in_row + 1 < ROTATING_FAILURES:
        return None
    first, longest = COOLDOWNS[unit]
    number = route.cooldowns + 1 if route.fault is unit else 1
    # 2**16 minutes are beyond any longest one; more would overflow in time.
    return now + min(first * 2 ** min(number - 1, 16), longest), number


def _is_of_whole_gateway(tx: Tx, route: EgressRoute, reason: Message) -> bool:
    """Return whether the gateway refuses a second route for the same reason, and none got an
    answer since it refused the first."""
    others = proxies.all_of(tx, route.gateway)
    good_at = max((one.last_good_at for one in others if one.last_good_at), default=None)
    return any(
        one.egress != route.egress
        and one.fault is FaultUnit.GATEWAY
        and one.bad_in_row > 0
        and Message.load(one.last_error or "").code == reason.code
        and one.last_bad_at is not None
        and (good_at is None or one.last_bad_at > good_at)
        for one in others
    )


def _has_news(tx: Tx, egress: str, now: datetime) -> bool:
    """Return whether a good answer says something that the rows do not say yet."""
    route = proxies.find(tx, egress)
    if route is None:
        return False
    good_at = route.last_good_at
    if good_at is None or now - good_at >= GOOD_NOTED_EVERY or route.bad_in_row:
        return True
    if route.cooldown_until is not None and not route.is_held_by_operator(now):
        return True
    # A second refusal of the gateway must find that it let another route through meanwhile.
    refused_at = None if route.kind == DIRECT else proxies.refused_at(tx, route.gateway)
    return refused_at is not None and refused_at >= good_at


def _record_success(tx: Tx, egress: str, now: datetime) -> None:
    route = proxies.find(tx, egress)
    if route is None:
        return
    proxies.note_good(tx, egress, now, ends_cooldown=not route.is_held_by_operator(now))
    if route.fault is FaultUnit.GATEWAY:
        proxies.end_gateway_cooldown(tx, route.gateway, now)
