"""`alerts …`: what is wrong, or was, and whether the notification channels work."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from alerts.channels import SETTING
from alerts.serialization import alert_object
from app.container import App
from commands.framework.context import (
    Exit,
    dashed,
    opened_app,
    result,
    result_json,
    result_table,
    say,
)
from commands.framework.system_user import system_user
from presentation.i18n.messages import renderer_for
from storage.operations import alerts
from storage.operations.alerts import Alert
from web.use_cases.alerts import ChannelTrial

MAX_LISTED = 100
NO_CHANNEL = (
    f"no channel is configured: set {SETTING} (environment or .env), for example"
    f" {SETTING}=dingtalk://TOKEN; docs/operations.md shows more"
)


def group() -> typer.Typer:
    """Return the commands of `alerts`."""
    app = typer.Typer(help="What is wrong, or was.", no_args_is_help=True, rich_markup_mode=None)
    dashed(app, "list")(list_alerts)
    dashed(app, "test")(test)
    return app


def list_alerts(
    everything: Annotated[bool, typer.Option("--all", help="also those that are over")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """List alerts that are not over, and what to do."""
    with opened_app() as app:
        found = app.database.read(
            lambda tx: alerts.newest(tx, MAX_LISTED) if everything else alerts.all_open(tx)
        )
        if as_json:
            english = renderer_for("en", app.calendar.zone).sentence
            result_json([alert_object(alert, english) for alert in found])
            return
        if not found:
            say("no alerts")
            return
        result_table(_table(app, found))


def test() -> None:
    """Send a test notice to every channel."""
    with opened_app() as app:
        if not app.alerts.channels:
            say(NO_CHANNEL)
            raise typer.Exit(Exit.ERROR)
        message = app.alerts.messages.test_message(app.host)
        renderer = renderer_for(app.settings.language, app.calendar.zone)
        trials: list[ChannelTrial] = []

        def sent(trial: ChannelTrial) -> None:
            trials.append(trial)
            refusal = trial.refusal
            outcome = "accepted" if refusal is None else f"FAILED: {renderer.sentence(refusal)}"
            result(f"{trial.channel}: {outcome}")

        app.use_cases.alerts.test_channels(system_user(app), app.alerts.channels, message, sent)
        if any(trial.refusal is not None for trial in trials):
            raise typer.Exit(Exit.ERROR)


def _table(app: App, found: list[Alert]) -> Table:
    renderer = app.alerts.messages
    table = Table(box=None, pad_edge=False)
    for title in ("id", "since", "state", "what", "what to do"):
        table.add_column(title, no_wrap=True)
    for alert in found:
        advice = renderer.advice(alert) if alert.is_open else ""
        cells = (
            str(alert.id),
            renderer.moment(alert.raised_at),
            _state(app, alert),
            renderer.headline(alert),
            advice,
        )
        table.add_row(*map(escape, cells))
    return table


def _state(app: App, alert: Alert) -> str:
    if alert.resolved_at is not None:
        return f"over {app.alerts.messages.moment(alert.resolved_at)}"
    return "open" if alert.well_since is None else "ending"
