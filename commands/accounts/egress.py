"""`egress …`: the routes by which requests leave, and their cooldowns."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from accounts.egress.operator import RouteOverview
from commands.framework.context import opened_app, result, result_json, result_table, say
from commands.framework.lazy_group import Group
from commands.framework.options import AsJson
from commands.framework.reader import column_titles, in_english
from commands.framework.system_user import system_user
from core.messages import Message
from core.plain_text import one_line
from presentation.egress_views import circuit_message, open_circuits, route_object, route_reason
from presentation.i18n.renderer import Renderer, renderer_for

Name = Annotated[str, typer.Argument(help="the route, or its gateway, from `egress list`")]
TITLES = (
    "egress",
    "gateway",
    "kind",
    "accounts",
    "last good",
    "last failure",
    "cools down until",
    "why",
    "circuits",
)


def list_routes(as_json: AsJson = False) -> None:
    """List the routes: what uses them, how they fared, until when they cool down."""
    with opened_app() as app:
        routes, now = app.pool.egress_operator.routes(), app.clock.now()
        if as_json:
            result_json([route_object(route, in_english, now) for route in routes])
            return
        if not routes:
            say(Message.of("no_egress_routes"))
            return
        renderer = renderer_for(app.settings.language, app.calendar.zone)
        table = Table(box=None, pad_edge=False)
        for title in column_titles(TITLES):
            table.add_column(title, no_wrap=True)
        for route in routes:
            table.add_row(*map(escape, _cells(route, renderer, now)))
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


def _cells(overview: RouteOverview, renderer: Renderer, now: datetime) -> tuple[str, ...]:
    route = overview.route
    is_cooling = route.is_cooling(now)
    shown = route.last_bad_at is not None or is_cooling
    return (
        route.egress,
        route.gateway,
        route.kind,
        str(overview.accounts),
        str(renderer.shown(route.last_good_at)),
        str(renderer.shown(route.last_bad_at)),
        str(renderer.shown(route.cooldown_until)) if is_cooling else "",
        one_line(renderer.text(route_reason(route))) if shown else "",
        "; ".join(
            one_line(renderer.text(circuit_message(circuit)))
            for circuit in open_circuits(overview.circuits, now)
        ),
    )


GROUP = Group({"list": list_routes, "open": open_route, "cooldown": cool_down})
