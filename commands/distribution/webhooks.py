"""`webhooks …`: deliveries of reports, callback URLs and signing secrets."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from commands.distribution.webhook_tables import (
    attempt_table,
    delivery_lines,
    delivery_table,
    endpoint_line,
)
from commands.framework.context import Exit, opened_app, result, result_json, result_table, say
from commands.framework.datetimes import moment_from, moment_until
from commands.framework.lazy_group import Group
from commands.framework.options import AsJson
from commands.framework.reader import in_english, named_count, shown
from commands.framework.system_user import system_user
from core.errors import CredentialsError, InvalidInputError
from core.messages import Message
from core.requests import MAX_ID
from distribution.settlement.serialization import told_day_object
from presentation.i18n.renderer import counted
from storage.distribution.deliveries import DeliveryKind, DeliveryState
from webhooks.requests import (
    BY_THE_OPERATOR,
    DeliveryQuery,
    EndpointRequest,
    ReplayRequest,
    TrialRequest,
)
from webhooks.serialization import delivery_details_object, delivery_object, trial_object

Endpoint = Annotated[str, typer.Argument(metavar="URL|ID", help="the URL, or a delivery to it")]
TaskId = Annotated[str, typer.Argument(metavar="TASK", help="id of the distribution task")]
States = Annotated[
    list[DeliveryState] | None, typer.Option("--state", help="only these; may be repeated")
]
Kinds = Annotated[
    list[DeliveryKind] | None, typer.Option("--kind", help="only these; may be repeated")
]
TaskOption = Annotated[
    str | None, typer.Option("--task", help="only reports on this task, alone or among others")
]
TitleOption = Annotated[
    str | None, typer.Option("--title", help="only on tasks whose title contains this")
]
EventOption = Annotated[
    str | None, typer.Option("--event", help="only this event, as the receiver logs it")
]
UrlOption = Annotated[str | None, typer.Option("--url", help="only to this URL")]
From = Annotated[str | None, typer.Option("--from", help="filed then or later")]
To = Annotated[str | None, typer.Option("--to", help="filed then or before; a day is whole")]
SecretOnStdin = Annotated[
    bool, typer.Option("--secret-stdin", help="read the secret from standard input")
]


def list_deliveries(
    state: States = None,
    kind: Kinds = None,
    task: TaskOption = None,
    title: TitleOption = None,
    event: EventOption = None,
    url: UrlOption = None,
    since: From = None,
    until: To = None,
    limit: Annotated[int, typer.Option(min=1, help="newest ones at most")] = 50,
    as_json: AsJson = False,
) -> None:
    """List deliveries, newest first."""
    with opened_app() as app:
        zone = app.settings.quota_zone
        wanted = DeliveryQuery(
            states=state or (),
            kinds=kind or (),
            task_id=task,
            title=title,
            event_id=event,
            url=url,
            since=moment_from("--from", since, zone),
            until=moment_until("--to", until, zone),
        ).as_filter()
        overview = app.webhooks.service.overview(wanted, limit)
        if event and not overview.deliveries:
            raise InvalidInputError("event_not_found", event_id=event)
        if as_json:
            result_json([delivery_object(delivery, in_english) for delivery in overview.deliveries])
            return
        result_table(delivery_table(app, overview))
        counts = [
            named_count(overview.counts[one_state], one_state)
            for one_state in DeliveryState
            if one_state in overview.counts
        ]
        say(
            Message.of("deliveries_in_all", counts=counts)
            if counts
            else Message.of("no_deliveries_yet")
        )
        for endpoint in overview.disabled:
            say(endpoint_line(endpoint))


def show(
    id: Annotated[
        str, typer.Argument(metavar="ID|EVENT", help="the delivery's id, or its event id")
    ],
    as_json: AsJson = False,
) -> None:
    """Show one delivery with its tasks, its body and every attempt."""
    with opened_app() as app:
        service = app.webhooks.service
        number = _delivery_id(id)
        shown = service.show_event(id) if number is None else service.show(number)
        days = app.distribution.settlement.told_days(shown.delivery)
        if as_json:
            told = [told_day_object(day) for day in days]
            result_json(delivery_details_object(shown, in_english) | {"days": told})
            return
        for line in delivery_lines(app, shown, days):
            result(line)
        result_table(attempt_table(app, shown.attempts))


def replay(
    ids: Annotated[list[int] | None, typer.Argument(metavar="[ID]...")] = None,
    state: States = None,
    kind: Kinds = None,
    task: TaskOption = None,
    title: TitleOption = None,
    event: EventOption = None,
    url: UrlOption = None,
    since: From = None,
    until: To = None,
    as_json: AsJson = False,
) -> None:
    """Send deliveries again, under the same event ids.

    By id whatever their state; by task, URL, kind or time those that failed or were given up,
    unless --state says which.
    """
    with opened_app() as app:
        zone = app.settings.quota_zone
        request = ReplayRequest(
            ids=ids or (),
            states=state or (),
            kinds=kind or (),
            task_id=task,
            title=title,
            event_id=event,
            url=url,
            since=moment_from("--from", since, zone),
            until=moment_until("--to", until, zone),
        )
        count = app.use_cases.webhooks.replay(system_user(app), request)
        if as_json:
            result_json({"replayed": count})
            return
        result(Message.of("reports_due_again", reports=counted(count, "report")))
        if count:
            say(Message.of("reports_sent_by_run"))
        else:
            say(Message.of("nothing_else_replayed"))


def test(
    url: Annotated[str, typer.Argument(help="where to send it")],
    secret_stdin: SecretOnStdin = False,
    as_json: AsJson = False,
) -> None:
    """Send a test event now, once."""
    secret = _secret_from_stdin() if secret_stdin else None
    request = TrialRequest(url=url, secret=secret)
    with opened_app() as app:
        delivery, outcome = app.use_cases.webhooks.test(system_user(app), request)
    arrived = outcome.state is DeliveryState.DELIVERED
    if as_json:
        result_json(trial_object(delivery, outcome, in_english))
    elif arrived:
        result(Message.of("trial_delivered", status=outcome.status, event=delivery.event_id))
    else:
        say(Message.of("error_line", sentence=shown(outcome.error)))
    if not arrived:
        raise typer.Exit(Exit.ERROR)


def disable(
    endpoint: Endpoint,
    reason: Annotated[str, typer.Option(help="why; shown in lists")] = BY_THE_OPERATOR,
) -> None:
    """Send nothing more to a URL: reports that are filed wait."""
    with opened_app() as app:
        app.use_cases.webhooks.disable(system_user(app), _endpoint(endpoint, reason))
        result(Message.of("endpoint_is_disabled"))


def enable(endpoint: Endpoint) -> None:
    """Send to a URL again, also what waits and what it refused by HTTP 410."""
    with opened_app() as app:
        reopened = app.use_cases.webhooks.enable(system_user(app), _endpoint(endpoint))
        result(Message.of("endpoint_is_enabled", **vars(reopened)))
        if reopened.given_up:
            say(Message.of("endpoint_given_up", n=reopened.given_up))


def rotate_secret(
    task: TaskId,
    secret_stdin: SecretOnStdin = False,
    finish: Annotated[
        bool, typer.Option("--finish", help="sign with the newest secret only")
    ] = False,
) -> None:
    """Give a task a new signing secret beside the old one.

    Prints the new secret once. Reports carry two signatures until --finish.
    """
    if finish and secret_stdin:
        raise InvalidInputError("finish_without_secret")
    given = _secret_from_stdin() if secret_stdin else None
    with opened_app() as app:
        if finish:
            app.use_cases.webhooks.finish_rotation(system_user(app), task)
            result(Message.of("task_signs_newest", task=task))
            return
        fresh = app.use_cases.webhooks.rotate_secret(system_user(app), task, given)
        if given is None:
            result(fresh)
        say(Message.of("task_signs_both", task=task))
        say(Message.of("rotation_next", task=task))


def _endpoint(text: str, reason: str = BY_THE_OPERATOR) -> EndpointRequest:
    """Return the request for a URL, or for the id of a delivery to it.

    Raises:
        InvalidInputError: the number is no possible id.
    """
    number = _delivery_id(text)
    if number is None:
        return EndpointRequest(url=text, reason=reason)
    return EndpointRequest(delivery_id=number, reason=reason)


def _delivery_id(text: str) -> int | None:
    """Return the id in a text of digits; None for any other text.

    Raises:
        InvalidInputError: the number is no possible id.
    """
    if not (text.isascii() and text.isdigit()):
        return None
    if len(text) > len(str(MAX_ID)):  # also more digits than Python would read
        raise InvalidInputError("delivery_unknown_id", id=text[:40])
    return int(text)


def _secret_from_stdin() -> str:
    """Return the first line of standard input. Raise CredentialsError when it is empty."""
    secret = sys.stdin.readline().strip()
    if not secret:
        raise CredentialsError("no_secret_on_stdin")
    return secret


GROUP = Group(
    {
        "list": list_deliveries,
        "show": show,
        "replay": replay,
        "test": test,
        "disable": disable,
        "enable": enable,
        "rotate_secret": rotate_secret,
    }
)
