"""What operators see of egress routes and circuits, and what they change about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import NoReturn

from core.attribution import ALL
from core.clock import Clock
from core.errors import InvalidInputError
from sources.transport.egress import is_direct
from storage.crawling import accounts, proxies, source_states, task_control
from storage.crawling.proxies import EgressRoute
from storage.crawling.source_states import Circuit
from storage.engines.transactions import Database, Tx

MAX_NEAR = 3


class RouteState(StrEnum):
    """How an egress route fares, by the one rule of all listings."""

    GOOD = "good"  # the last request by it was answered
    UNUSED = "unused"
    HELD = "held"  # an operator ordered that it is left alone
    COOLING = "cooling"  # it failed, and no request leaves by it
    PARTLY_CLOSED = "partly_closed"  # a platform gets no request to some endpoint by it
    CLOSED = "closed"  # a platform gets no request by it, as it refused or did not answer
    UNPROVEN = "unproven"  # it failed, may be used again, and has brought no answer since


@dataclass(frozen=True)
class RouteOverview:
    """An egress route with what concerns it.

    Args:
        accounts: the number of enabled accounts that leave by it.
        circuits: those of the route alone that are not closed, of all platforms.
    """

    route: EgressRoute
    accounts: int
    circuits: tuple[Circuit, ...]

    def state(self, now: datetime) -> RouteState:
        """Return how the route fares now."""
        route = self.route
        if route.is_cooling(now) and not route.is_probed:
            return RouteState.HELD if route.is_held_by_operator(now) else RouteState.COOLING
        of_route = [circuit for circuit in self.circuits if circuit.endpoint == ALL]
        if any(circuit.is_open(now) for circuit in of_route):
            return RouteState.CLOSED
        if route.is_unproven(now) or any(circuit.is_unproven for circuit in of_route):
            return RouteState.UNPROVEN
        if any(circuit.is_open(now) for circuit in self.circuits):
            return RouteState.PARTLY_CLOSED
        return RouteState.UNUSED if route.last_good_at is None else RouteState.GOOD

    def closed_until(self, now: datetime) -> datetime | None:
        """Return the moment (UTC) before which no request, or none to a platform, leaves by it."""
        ends = [c.until_at for c in self.circuits if c.endpoint == ALL and c.is_open(now)]
        if self.route.cooldown_until is not None and self.route.is_cooling(now):
            ends.append(self.route.cooldown_until)
        return max(ends, default=None)


@dataclass(frozen=True, kw_only=True)
class EgressOperator:
    """Lists routes and circuits, and carries out what an operator orders.

    What waits for a route or a circuit looks again at once when an operator opens it.
    """

    database: Database
    clock: Clock

    def routes(self) -> list[RouteOverview]:
        """Return all routes by name."""
        return self.database.read(_overviews, self.clock.now())

    def circuits(self, platform: str | None = None) -> list[Circuit]:
        """Return the circuits that are not closed, of one platform or (None) of all."""
        return self.database.read(source_states.all_of, self.clock.now(), platform)

    def open(self, name: str) -> bool:
        """End the cooldown of a route, or of all of a gateway; return False when there was none.

        Raises:
            InvalidInputError: there is no such route or gateway.
        """
        now = self.clock.now()

        def work(tx: Tx) -> bool:
            routes = _named(tx, name)
            for route in routes:
                proxies.set_cooldown(tx, route.egress, None, now)
            for platform in accounts.platforms(tx):
                task_control.wake_for_egress(tx, platform, now)
            return any(route.cooldown_until is not None for route in routes)

        return self.database.write_idempotent(work)

    def cool_down(self, name: str, length: timedelta) -> datetime:
        """Leave a route, or all of a gateway, alone for a while; return until when (UTC).

        No good answer ends it.

        Raises:
            InvalidInputError: there is no such route or gateway.
        """
        now = self.clock.now()
        until = now + length

        def work(tx: Tx) -> None:
            for route in _named(tx, name):
                proxies.set_cooldown(tx, route.egress, until, now)

        self.database.write_idempotent(work)
        return until

    def close_circuits(
        self, platform: str, egress: str | None = None, endpoint: str | None = None
    ) -> list[Circuit]:
        """Close the circuits of a platform, of one route or endpoint or of all; return them.

        Raises:
            InvalidInputError: there is no such route; the message names those that are like it.
        """
        now = self.clock.now()

        def work(tx: Tx) -> list[Circuit]:
            found = [
                circuit
                for circuit in source_states.all_of(tx, now, platform)
                if egress in (None, circuit.egress) and endpoint in (None, circuit.endpoint)
            ]
            if not found and egress not in (None, ALL):
                _require_known(tx, egress or "", source_states.all_of(tx, now))
            for circuit in found:
                source_states.close(tx, circuit.unit)
            if found:
                task_control.wake_for_egress(tx, platform, now)
            return found

        return self.database.write(work)


def _named(tx: Tx, name: str) -> list[EgressRoute]:
    """Return the route of that name, or those of the gateway; InvalidInputError for neither."""
    route = proxies.find(tx, name)
    found = proxies.all_of(tx, name) if route is None else [route]
    if not found:
        _refuse(tx, name, [])
    return found


def _require_known(tx: Tx, name: str, circuits: Sequence[Circuit]) -> None:
    """Raise InvalidInputError unless a route has that name, or a circuit is about it."""
    if proxies.find(tx, name) is None:
        keys = [circuit.egress for circuit in circuits if circuit.egress != ALL]
        if name not in keys:
            _refuse(tx, name, keys)


def _refuse(tx: Tx, name: str, more: Sequence[str]) -> NoReturn:
    """Raise InvalidInputError for a name that no route has, with the names that are like it."""
    known = sorted({*(route.egress for route in proxies.all_of(tx)), *more})
    begun = [egress for egress in known if egress.startswith(name)] if name else []
    near = begun or get_close_matches(name, known, n=MAX_NEAR)
    if not near:
        raise InvalidInputError("egress_unknown", name=name)
    raise InvalidInputError("egress_unknown_near", name=name, near=near[:MAX_NEAR])


def _overviews(tx: Tx, now: datetime) -> list[RouteOverview]:
    found = {route.egress: RouteOverview(route, 0, ()) for route in proxies.all_of(tx)}
    for name, direct, number in accounts.used_routes(tx):
        if name in found and is_direct(name) == direct:
            known = found[name]
            found[name] = replace(known, accounts=known.accounts + number)
    for circuit in source_states.all_of(tx, now):
        if circuit.egress in found:
            known = found[circuit.egress]
            found[circuit.egress] = replace(known, circuits=(*known.circuits, circuit))
    return list(found.values())
