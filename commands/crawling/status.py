"""`status`: the live screen, printed once."""

from __future__ import annotations

from dataclasses import replace

from alerts.serialization import alert_object
from commands.framework.context import (
    database_place,
    opened_app,
    result,
    result_json,
    result_line,
    window_width,
)
from commands.framework.options import AsJson
from core.installation.home import find_home, home_message
from core.messages import Message
from presentation.egress_views import circuit_object, cooling_object, open_circuits
from presentation.i18n.renderer import renderer_for
from presentation.json_rows import account_object, as_object, view_object
from presentation.report_health import health_object, health_sentences
from presentation.terminal.dashboard import Dashboard
from storage.crawling import leases

EVENTS = 8


def status(as_json: AsJson = False) -> None:
    """Show alerts, accounts, open tasks and the last events."""
    with opened_app() as app:
        lease_secs = app.settings.lease_secs
        snapshot = app.crawling.snapshots.snapshot(events=EVENTS, lease_secs=lease_secs)
        snapshot = replace(snapshot, alerts=app.alerts.monitor().open_now())
        health = app.report_health.read()
        if as_json:
            english = renderer_for("en", app.calendar.zone).sentence
            workers = app.database.read(leases.workers)
            result_json(
                {
                    "accounts": [account_object(view) for view in snapshot.accounts],
                    "tasks": [view_object(view) for view in snapshot.tasks],
                    "events": [as_object(event) for event in snapshot.events],
                    "workers": [as_object(worker) for worker in workers],
                    "home": str(find_home().path.absolute()),
                    "alerts": [alert_object(alert, english) for alert in snapshot.alerts],
                    "circuits": [
                        circuit_object(circuit) for circuit in open_circuits(snapshot.circuits)
                    ],
                    "egress": [cooling_object(route, english) for route in snapshot.routes],
                    "reports": health_object(health, english),
                }
            )
            return
        screen = Dashboard(renderer_for(app.settings.language, app.calendar.zone))
        for line in screen.report(snapshot, window_width()):
            result_line(line)
        for sentence in health_sentences(health):
            result(sentence)
        result(Message.of("home_line", home=home_message()))
        result(database_place(app))


COMMANDS = {"status": status}
