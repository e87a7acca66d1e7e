"""`egress …`: the routes by which requests leave, and their cooldowns."""

from __future__ import annotations

from typing import Annotated

import typer

from accounts.egress.operator import RouteOverview, RouteState
from commands.framework.context import opened_app, result, result_json, result_table, say
from commands.framework.lazy_group import Group
from commands.framework.options import AsJson
from commands.framework.reader import column_of, in_english, joined, table_of
from commands.framework.system_user import system_user
from core.messages import Message
from presentation.egress_views import (
    circuit_advice,
    route_advice,
    route_object,
    route_reason,
    shown_circuits,
)
from presentation.i18n.renderer import renderer_for
from presentation.terminal.egress_lines import of_circuit
from presentation.terminal.layout import Page

ADVISED = (RouteState.HELD, RouteState.COOLING, RouteState.UNPROVEN)
Name = Annotated[str, typer.Argument(help="the route, or its gateway, from `egress list`")]


def list_routes(as_json: AsJson = False) -> None:
    """List the routes: who uses them, how they fared, until when they cool down, what to do."""
    with opened_app() as app:
        routes, now = app.pool.egress_operator.routes(), app.clock.now()
        if as_json:
            result_json([route_object(route, in_english, now) for route in routes])
            return
        if not routes:
            say(Message.of("no_egress_routes"))
            return
        table = table_of(
            (
                "egress",
                "kind",
                "accounts",
                "state",
                "last good",
                "last failure",
                "cools down until",
                column_of("why", is_long=True),
                column_of("circuits", is_long=True),
                column_of("what to do", is_long=True),
            ),
        )
        renderer = renderer_for(app.settings.language, app.calendar.zone)
        page = Page(renderer=renderer, width=0, now=now)
        for route in routes:
            table.add(_cells(route, page))
        result_table(table)


def open_route(name: Name) -> None:
    """End a route's cooldown: its accounts are used again at once."""
    with opened_app() as app:
        ended = app.use_cases.egress.open(system_user(app), name)
        result(Message.of("egress_opened" if ended else "egress_was_open", egress=name))


def cool_down(
    name: Name,
    length: Annotated[
        str, typer.Option("--for", metavar="TIME", help="so long: 90s, 30m, 2h; at most 24h")
    ],
) -> None:
    """Leave a route alone for a while: its accounts send no requests."""
    with opened_app() as app:
        until = app.use_cases.egress.cool_down(system_user(app), name, length)
        renderer = renderer_for(app.settings.language, app.calendar.zone)
        result(renderer.say("egress_cooled_down", egress=name, until=until))


def _cells(overview: RouteOverview, page: Page) -> tuple[str, ...]:
    route, renderer = overview.route, page.renderer
    state, until = overview.state(page.now), overview.closed_until(page.now)
    has_reason = route.last_bad_at is not None or until is not None
    circuits = shown_circuits(overview.circuits)
    advice = [route_advice(route)] if state in ADVISED else []
    advice += [circuit_advice(circuit) for circuit in circuits]
    told = dict.fromkeys(renderer.text(message) for message in advice)
    return (
        route.egress,
        route.kind,
        str(overview.accounts),
        renderer.word("route_state", state),
        page.moment(route.last_good_at) if route.last_good_at else "",
        page.moment(route.last_bad_at) if route.last_bad_at else "",
        page.moment(until) if until else "",
        renderer.text(route_reason(route)) if has_reason else "",
        joined([of_circuit(page, circuit).text for circuit in circuits]),
        joined(list(told)),
    )


GROUP = Group({"list": list_routes, "open": open_route, "cooldown": cool_down})
