"""`hosts …`: the machines that work on this database."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.framework.context import opened_app, result, result_json, result_table
from commands.framework.lazy_group import Group
from commands.framework.options import AsJson
from commands.framework.reader import column_of, table_of
from commands.framework.system_user import system_user
from core.messages import Message
from web.use_cases.hosts import host_object

Name = Annotated[str, typer.Argument(help="its name, from `hosts list`")]


def list_hosts(as_json: AsJson = False) -> None:
    """List the hosts: version, time zone, room, what each runs, and when it was seen last."""
    with opened_app() as app:
        found = app.use_cases.hosts.every()
        if as_json:
            result_json([host_object(view) for view in found])
            return
        table = table_of(
            (
                "host",
                "version",
                "time zone",
                "free",
                "last seen",
                "left",
                "reached at",
                column_of("runs", is_long=True),
            )
        )
        for view in found:
            host = view.row
            free = "–" if host.free_bytes is None else f"{host.free_bytes / 1e9:,.1f} GB"
            seen, left = (
                moment.astimezone(app.calendar.zone).strftime("%Y-%m-%d %H:%M") if moment else "–"
                for moment in (host.seen_at, host.left_at)
            )
            zone, url = host.time_zone or "–", host.peer_url or "–"
            runs = ", ".join(view.runs)
            table.add((host.host, host.version, zone, free, seen, left, url, runs))
        result_table(table)


def forget(name: Name) -> None:
    """Forget a host that is gone for good; its files stay where they are."""
    with opened_app() as app:
        app.use_cases.hosts.forget(system_user(app), name)
        result(Message.of("host_forgotten", host=name))


GROUP = Group({"list": list_hosts, "forget": forget})
