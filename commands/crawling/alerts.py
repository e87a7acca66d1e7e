"""`alerts …`: open and resolved alerts, and tests of the notification channels."""

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
    result_json,
    result_message,
    result_table,
    tell,
)
from commands.framework.reader import column_titles, in_english, shown, text_of, word
from commands.framework.system_user import system_user
from core.messages import Message
from storage.operations import alerts
from storage.operations.alerts import Alert
from web.use_cases.alerts import ChannelTrial

MAX_LISTED = 100


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
            result_json([alert_object(alert, in_english) for alert in found])
            return
        if not found:
            tell(Message.of("no_alerts"))
            return
        result_table(_table(app, found))


def test() -> None:
    """Send a test notice to every channel."""
    with opened_app() as app:
        if not app.alerts.channels:
            tell(Message.of("no_alert_channel", setting=SETTING))
            raise typer.Exit(Exit.ERROR)
        message = app.alerts.messages.test_message(app.host)
        trials: list[ChannelTrial] = []

        def sent(trial: ChannelTrial) -> None:
            trials.append(trial)
            if trial.refusal is None:
                result_message(Message.of("channel_accepted", channel=trial.channel))
                return
            result_message(
                Message.of("channel_refused", channel=trial.channel, cause=shown(trial.refusal))
            )

        app.use_cases.alerts.test_channels(system_user(app), app.alerts.channels, message, sent)
        if any(trial.refusal is not None for trial in trials):
            raise typer.Exit(Exit.ERROR)


def _table(app: App, found: list[Alert]) -> Table:
    renderer = app.alerts.messages
    table = Table(box=None, pad_edge=False)
    for title in column_titles(("id", "since", "state", "what", "what to do")):
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
        moment = app.alerts.messages.moment(alert.resolved_at)
        return text_of(Message.of("alert_over", moment=moment))
    return word("open" if alert.well_since is None else "ending")
