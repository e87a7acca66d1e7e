"""`alerts …`: open and resolved alerts, and tests of the notification channels."""

from __future__ import annotations

from typing import Annotated

import typer

from alerts.channels import SETTING
from alerts.serialization import alert_object
from app.container import App
from commands.framework.context import Exit, opened_app, result, result_json, result_table, say
from commands.framework.lazy_group import Group
from commands.framework.options import AsJson
from commands.framework.reader import column_of, in_english, shown, table_of, text_of, word
from commands.framework.system_user import system_user
from core.messages import Message
from presentation.terminal.tables import Table
from storage.operations import alerts
from storage.operations.alerts import NOT_RAISED, Alert
from web.use_cases.alerts import ChannelTrial

MAX_LISTED = 100


def list_alerts(
    everything: Annotated[bool, typer.Option("--all", help="also those that are over")] = False,
    as_json: AsJson = False,
) -> None:
    """List alerts that are not over, and what to do."""
    with opened_app() as app:
        found = app.alerts.monitor().open_now()
        if everything:
            ended = app.database.read(alerts.newest, MAX_LISTED)
            found = [*reversed(found), *(alert for alert in ended if not alert.is_open)]
        if as_json:
            result_json([alert_object(alert, in_english) for alert in found])
            return
        if not found:
            say(Message.of("no_alerts"))
            return
        result_table(_table(app, found))


def test() -> None:
    """Send a test notice to every channel."""
    with opened_app() as app:
        if not app.alerts.channels:
            say(Message.of("no_alert_channel", setting=SETTING))
            raise typer.Exit(Exit.ERROR)
        message = app.alerts.messages.test_message(app.host)
        trials: list[ChannelTrial] = []

        def sent(trial: ChannelTrial) -> None:
            trials.append(trial)
            if trial.refusal is None:
                result(Message.of("channel_accepted", channel=trial.channel))
                return
            result(Message.of("channel_refused", channel=trial.channel, cause=shown(trial.refusal)))

        app.use_cases.alerts.test_channels(system_user(app), app.alerts.channels, message, sent)
        if any(trial.refusal is not None for trial in trials):
            raise typer.Exit(Exit.ERROR)


def _table(app: App, found: list[Alert]) -> Table:
    renderer = app.alerts.messages
    table = table_of(
        (
            "id",
            "since",
            "state",
            column_of("what", is_long=True),
            column_of("what to do", is_long=True),
        )
    )
    for alert in found:
        advice = renderer.advice(alert) if alert.is_open else ""
        table.add(
            (
                str(alert.id) if alert.id != NOT_RAISED else "",
                renderer.moment(alert.since_at),
                _state(app, alert),
                renderer.headline(alert),
                advice,
            ),
        )
    return table


def _state(app: App, alert: Alert) -> str:
    if alert.resolved_at is not None:
        moment = app.alerts.messages.moment(alert.resolved_at)
        return text_of(Message.of("alert_over", moment=moment))
    return word("open" if alert.is_present(app.clock.now()) else "ending")


GROUP = Group({"list": list_alerts, "test": test})
