"""Which egress routes are closed at a moment, and which of them may be probed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from core.attribution import ALL
from sources.transport.egress import is_direct
from storage.crawling import proxies, source_states
from storage.crawling.proxies import MAX_AHEAD, ClosedRoutes
from storage.crawling.source_states import Circuit
from storage.engines.transactions import Tx
from storage.models.accounts import Account

EARLIEST = datetime.min.replace(tzinfo=UTC)


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
        return route_of(account, self.direct)

    def without(self, egress: str) -> RouteStates:
        """Return the states with one more closed route."""
        return replace(self, closed=_closed({egress}, self.direct, self.closed))


@dataclass(frozen=True)
class Closures:
    """What lets no request through at a moment, as leases and listings see it alike.

    Args:
        cooldowns: until when each route in cooldown is left alone, for all platforms.
        circuits: the open circuits.
        due: the routes whose cooldown is over; the next request by each probes it.
    """

    cooldowns: Mapping[str, datetime]
    circuits: tuple[Circuit, ...]
    due: frozenset[str] = frozenset()

    @property
    def is_any(self) -> bool:
        """Return whether anything is closed."""
        return bool(self.cooldowns or self.circuits)

    def routes(self, platform: str, endpoints: tuple[str, ...]) -> dict[str, datetime]:
        """Return until when each route is closed for requests to these endpoints of a platform."""
        ends = dict(self.cooldowns)
        for circuit in self._concerning(platform, endpoints):
            if circuit.egress != ALL:
                ends[circuit.egress] = max(ends.get(circuit.egress, EARLIEST), circuit.until_at)
        return ends

    def everywhere(self, platform: str, endpoints: tuple[str, ...]) -> datetime | None:
        """Return until when these endpoints get no request by any route; None for at once."""
        ends = [c.until_at for c in self._concerning(platform, endpoints) if c.egress == ALL]
        return max(ends, default=None)

    def _concerning(self, platform: str, endpoints: tuple[str, ...]) -> Iterator[Circuit]:
        names = (*endpoints, ALL)
        return (c for c in self.circuits if c.platform == platform and c.endpoint in names)


def read_closures(tx: Tx, now: datetime, platform: str | None = None) -> Closures:
    """Return what is closed now, with the circuits of one platform or (None) of all."""
    cooldowns = {route.egress: route.cooldown_until for route in proxies.cooldowns(tx)}
    cooling = {name: end for name, end in cooldowns.items() if now < end <= now + MAX_AHEAD}
    circuits = source_states.all_of(tx, now, platform)
    return Closures(
        cooldowns=cooling,
        circuits=tuple(circuit for circuit in circuits if circuit.is_open(now)),
        due=frozenset(cooldowns.keys() - cooling.keys()),
    )


def read_route_states(
    tx: Tx, direct: str, platform: str, endpoints: tuple[str, ...], now: datetime
) -> RouteStates:
    """Return the states of the routes for requests to these endpoints of a platform."""
    closures = read_closures(tx, now, platform)
    closed = closures.routes(platform, endpoints)
    due = closures.due - closed.keys()
    return RouteStates(direct=direct, closed=_closed(set(closed), direct), due=due)


def route_of(account: Account, direct: str) -> str | None:
    """Return the route by which an account leaves a host with that direct route; None when that is
    not known yet."""
    return direct if account.proxy is None else account.egress


def closed_of(ends: Iterable[str], direct: str) -> ClosedRoutes:
    """Return the closed routes of that name as the host of that direct route sees them."""
    return _closed(set(ends), direct)


def _closed(names: set[str], direct: str, more: ClosedRoutes | None = None) -> ClosedRoutes:
    before = more or ClosedRoutes()
    through_proxies = frozenset(name for name in names if not is_direct(name))
    return ClosedRoutes(before.proxies | through_proxies, before.direct or direct in names)
