"""Which egress routes are closed at a moment, and which of them may be probed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from core.attribution import ALL
from sources.transport.egress import is_direct
from storage.crawling import proxies, source_states
from storage.crawling.proxies import MAX_AHEAD, ClosedRoutes
from storage.engines.transactions import Tx
from storage.models.accounts import Account


@dataclass(frozen=True)
class RouteStates:
    """The routes that are not simply open, as this host sees them.

    Direct routes of other hosts are left out: an account without a proxy leaves by this host's.

    Args:
        direct: the name of this host's direct route.
        closed: by them no request may leave now.
        due: their cooldown is over; the next request probes them.
    """

    direct: str
    closed: ClosedRoutes
    due: frozenset[str]

    def route_of(self, account: Account) -> str | None:
        """Return the route by which an account leaves here; None when that is not known yet."""
        return self.direct if account.proxy is None else account.egress

    def without(self, egress: str) -> RouteStates:
        """Return the states with one more closed route."""
        return replace(self, closed=_closed({egress}, self.direct, self.closed))


def read_route_states(
    tx: Tx, direct: str, platform: str, endpoints: tuple[str, ...], now: datetime
) -> RouteStates:
    """Return the states of the routes for requests to these endpoints of a platform."""
    cooling: set[str] = set()
    due: set[str] = set()
    for found in proxies.cooldowns(tx):
        is_cooling = now < found.cooldown_until <= now + MAX_AHEAD
        (cooling if is_cooling else due).add(found.egress)
    cooling |= set(source_states.open_egresses(tx, platform, endpoints, now))
    return RouteStates(direct=direct, closed=_closed(cooling, direct), due=frozenset(due - cooling))


def closed_until(
    tx: Tx, platform: str, endpoints: tuple[str, ...], now: datetime
) -> dict[str, datetime]:
    """Return when each closed route opens again, by its name."""
    ends: dict[str, datetime] = {}
    for found in proxies.cooldowns(tx):
        if now < found.cooldown_until <= now + MAX_AHEAD:
            ends[found.egress] = found.cooldown_until
    for circuit in source_states.all_of(tx, now, platform):
        if circuit.is_open(now) and circuit.egress != ALL and circuit.endpoint in (*endpoints, ALL):
            known = ends.get(circuit.egress, circuit.until_at)
            ends[circuit.egress] = max(known, circuit.until_at)
    return ends


def closed_routes(tx: Tx, now: datetime) -> dict[tuple[str, str], datetime]:
    """Return until when each route is closed for a platform, by platform and name.

    One that is closed for one endpoint only counts too; the platform is ALL for a cooldown.
    """
    ends = {
        (ALL, found.egress): found.cooldown_until
        for found in proxies.cooldowns(tx)
        if now < found.cooldown_until <= now + MAX_AHEAD
    }
    for circuit in source_states.all_of(tx, now):
        if circuit.is_open(now) and circuit.egress != ALL:
            key = circuit.platform, circuit.egress
            ends[key] = max(ends.get(key, now), circuit.until_at)
    return ends


def closed_of(ends: Iterable[str], direct: str) -> ClosedRoutes:
    """Return the closed routes of that name as the host of that direct route sees them."""
    return _closed(set(ends), direct)


def _closed(names: set[str], direct: str, more: ClosedRoutes | None = None) -> ClosedRoutes:
    before = more or ClosedRoutes()
    through_proxies = frozenset(name for name in names if not is_direct(name))
    return ClosedRoutes(before.proxies | through_proxies, before.direct or direct in names)
