"""`status`: the live screen, printed once."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console as Terminal

from alerts.serialization import alert_object
from commands.framework.context import (
    dashed,
    database_place,
    opened_app,
    result,
    result_json,
    result_message,
)
from commands.framework.home import home_message
from core.installation.home import find_home
from core.messages import Message
from presentation.i18n.messages import renderer_for, texts_for
from presentation.json_rows import as_object, view_object
from presentation.terminal.dashboard import Dashboard
from storage.crawling import leases

EVENTS = 8
UNLIMITED_LINES = 10_000


def register(app: typer.Typer) -> None:
    """Register `status`."""
    dashed(app, "status")(status)


def status(as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False) -> None:
    """Show alerts, accounts, open tasks and the last events."""
    with opened_app() as app:
        lease_secs = app.settings.lease_secs
        snapshot = app.crawling.snapshots.snapshot(events=EVENTS, lease_secs=lease_secs)
        if as_json:
            english = renderer_for("en", app.calendar.zone).sentence
            workers = app.database.read(leases.workers)
            result_json(
                {
                    "accounts": [as_object(view.account) for view in snapshot.accounts],
                    "tasks": [view_object(view) for view in snapshot.tasks],
                    "events": [as_object(event) for event in snapshot.events],
                    "workers": [as_object(worker) for worker in workers],
                    "home": str(find_home().path.absolute()),
                    "alerts": [alert_object(alert, english) for alert in snapshot.alerts],
                }
            )
            return
        terminal = Terminal(highlight=False)
        screen = Dashboard(texts=texts_for(app.settings.language), zone=app.calendar.zone)
        terminal.print(screen.render(snapshot, terminal.size.width, UNLIMITED_LINES))
        result_message(Message.of("home_line", home=home_message()))
        result(database_place(app))
