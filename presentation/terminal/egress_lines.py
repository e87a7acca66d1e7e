"""Open circuits and egress routes in cooldown on the terminal: until when, what and why."""

from __future__ import annotations

from rich.text import Text

from core.plain_text import one_line
from presentation.egress_views import circuit_cause, route_reason, unit_message
from presentation.snapshot import Snapshot
from presentation.terminal.layout import Page

MAX_LINES = 4


def lines(page: Page, snapshot: Snapshot) -> list[str]:
    """Return a line for each circuit and route; the moment comes first, as lines are cut."""
    found = [
        page.say(
            "screen_circuit_open",
            until=page.moment(circuit.until_at),
            unit=unit_message(circuit.platform, circuit.egress, circuit.endpoint),
            cause=circuit_cause(circuit),
        )
        for circuit in snapshot.circuits
    ]
    found += [
        page.say(
            "screen_egress_cools",
            until=page.moment(route.cooldown_until) if route.cooldown_until else "?",
            egress=route.egress,
            reason=route_reason(route),
        )
        for route in snapshot.routes
    ]
    return [one_line(line) for line in found]


def draw(page: Page, snapshot: Snapshot) -> list[Text]:
    """Return the first lines; the others are counted in the last one."""
    found = lines(page, snapshot)
    shown = found if len(found) <= MAX_LINES else found[: MAX_LINES - 1]
    if len(shown) < len(found):
        more = f"{len(found) - len(shown):,}"
        shown = [*shown, page.say("circuits_and_routes_more", n=more)]
    return [Text(line, "yellow", no_wrap=True, overflow="ellipsis") for line in shown]
