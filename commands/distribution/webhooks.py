"""`webhooks …`: reports on their way to receivers, and what an operator does about them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from app.container import App
from commands.distribution.webhook_tables import (
    attempt_table,
    delivery_lines,
    delivery_table,
    endpoint_line,
    sentence,
)
from commands.framework.context import (
    Exit,
    amount,
    dashed,
    opened_app,
    result,
    result_json,
    result_table,
    say,
)
from commands.framework.datetimes import moment_from, moment_until
from core.errors import CredentialsError, InvalidInputError
from presentation.i18n.messages import LOG_RENDERER
from storage.distribution.deliveries import Delivery, DeliveryKind, DeliveryState, Filter
from webhooks.outbox import url_hash
from webhooks.serialization import delivery_details_object, delivery_object, trial_object

ENGLISH = LOG_RENDERER.sentence
GIVEN_UP = (DeliveryState.FAILED, DeliveryState.DEAD)
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
Endpoint = Annotated[str, typer.Argument(metavar="URL|ID", help="the URL, or a delivery to it")]
TaskId = Annotated[str, typer.Argument(metavar="TASK", help="id of the distribution task")]
States = Annotated[
    list[DeliveryState] | None, typer.Option("--state", help="only these; may be repeated")
]
Kinds = Annotated[
    list[DeliveryKind] | None, typer.Option("--kind", help="only these; may be repeated")
]
TaskOption = Annotated[str | None, typer.Option("--task", help="only of this task")]
UrlOption = Annotated[str | None, typer.Option("--url", help="only to this URL")]
From = Annotated[str | None, typer.Option("--from", help="filed then or later")]
To = Annotated[str | None, typer.Option("--to", help="filed then or before; a day is whole")]
SecretOnStdin = Annotated[
    bool, typer.Option("--secret-stdin", help="read the secret from standard input")
]


def group() -> typer.Typer:
    app = typer.Typer(
        help="Reports to receivers: deliveries, endpoints.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    dashed(app, "list")(list_deliveries)
    dashed(app, "show")(show)
    dashed(app, "replay")(replay)
    dashed(app, "test")(test)
    dashed(app, "disable")(disable)
    dashed(app, "enable")(enable)
    dashed(app, "rotate_secret")(rotate_secret)
    return app


def list_deliveries(
    state: States = None,
    kind: Kinds = None,
    task: TaskOption = None,
    url: UrlOption = None,
    since: From = None,
    until: To = None,
    limit: Annotated[int, typer.Option(min=1, help="newest ones at most")] = 50,
    as_json: AsJson = False,
) -> None:
    """List deliveries, newest first."""
    with opened_app() as app:
        wanted = _filter(app, state, kinds=kind, task=task, url=url, since=since, until=until)
        overview = app.webhooks.service.overview(wanted, limit)
        if as_json:
            result_json([delivery_object(one, ENGLISH) for one in overview.deliveries])
            return
        result_table(delivery_table(app, overview))
        told = [
            f"{overview.counts[one]:,} {one}" for one in DeliveryState if one in overview.counts
        ]
        say(f"all in all {', '.join(told)}" if told else "nothing was filed yet")
        for endpoint in overview.disabled:
            say(endpoint_line(app, endpoint))


def show(
    id: Annotated[int, typer.Argument(help="the delivery's id")], as_json: AsJson = False
) -> None:
    """One delivery with its body and every attempt."""
    with opened_app() as app:
        shown = app.webhooks.service.show(id)
        if as_json:
            result_json(delivery_details_object(shown, ENGLISH))
            return
        for line in delivery_lines(app, shown):
            result(line)
        result_table(attempt_table(app, shown.attempts))


def replay(
    ids: Annotated[list[int] | None, typer.Argument(metavar="[ID]...")] = None,
    state: States = None,
    kind: Kinds = None,
    task: TaskOption = None,
    url: UrlOption = None,
    since: From = None,
    until: To = None,
    as_json: AsJson = False,
) -> None:
    """Send deliveries again, under the same event ids.

    By id whatever their state; by task, URL, kind or time those that failed or were given up,
    unless --state says which.
    """
    if not any((ids, kind, task, url, since, until, state)):
        raise InvalidInputError(
            "say which: ids, --task, --url, --kind, --state, or --from and --to; for example"
            " --from 2026-11-20"
        )
    chosen = state or (None if ids else list(GIVEN_UP))
    with opened_app() as app:
        wanted = _filter(
            app, chosen, kinds=kind, task=task, url=url, since=since, until=until, ids=ids
        )
        count = app.webhooks.service.replay(wanted)
        if as_json:
            result_json({"replayed": count})
            return
        result(f"{amount(count, 'report')} due again")
        if count:
            say("`python cli.py run` sends them")
        else:
            say("nothing else matched: tests, and what is under way, are not replayed")


def test(
    url: Annotated[str, typer.Argument(help="where to send it")],
    secret_stdin: SecretOnStdin = False,
    as_json: AsJson = False,
) -> None:
    """Send a test event now, once."""
    secret = _secret_from_stdin() if secret_stdin else None
    with opened_app() as app:
        delivery, outcome = app.webhooks.service.test(url, secret)
        arrived = outcome.state is DeliveryState.DELIVERED
        if as_json:
            result_json(trial_object(delivery, outcome, ENGLISH))
        elif arrived:
            result(f"delivered: HTTP {outcome.status}, event {delivery.event_id}")
        else:
            say(f"error: {sentence(app, outcome.error)}")
        if not arrived:
            raise typer.Exit(Exit.ERROR)


def disable(
    endpoint: Endpoint,
    reason: Annotated[str, typer.Option(help="why; shown in lists")] = "by the operator",
) -> None:
    """Send nothing more to a URL; what is filed waits."""
    with opened_app() as app:
        app.webhooks.service.set_enabled(_url(app, endpoint), enabled=False, reason=reason)
        result("disabled; what is to be sent there waits")


def enable(endpoint: Endpoint) -> None:
    """Send to a URL again, also what waits."""
    with opened_app() as app:
        app.webhooks.service.set_enabled(_url(app, endpoint), enabled=True)
        result("enabled; what waits is sent when it is due")


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
        raise InvalidInputError("--finish takes no new secret")
    given = _secret_from_stdin() if secret_stdin else None
    with opened_app() as app:
        if finish:
            app.webhooks.service.finish_rotation(task)
            result(f"task {task} signs with its newest secret only")
            return
        fresh = app.webhooks.service.rotate_secret(task, given)
        if given is None:
            result(fresh)
        say(f"task {task} signs with the new secret, and with the one before if there was one;")
        say(f"when the receiver knows it: python cli.py webhooks rotate_secret {task} --finish")


def _filter(
    app: App,
    states: list[DeliveryState] | None,
    kinds: list[DeliveryKind] | None,
    task: str | None,
    url: str | None,
    since: str | None,
    until: str | None,
    ids: list[int] | None = None,
) -> Filter:
    zone = app.settings.quota_zone
    return Filter(
        ids=ids or (),
        states=states or (),
        kinds=kinds or (),
        task_id=task,
        url_hash=None if url is None else url_hash(url),
        since=moment_from("--from", since, zone),
        until=moment_until("--to", until, zone),
    )


def _url(app: App, endpoint: str) -> str:
    if not (endpoint.isascii() and endpoint.isdigit()):
        return endpoint
    delivery: Delivery = app.webhooks.service.show(int(endpoint)).delivery
    return delivery.url


def _secret_from_stdin() -> str:
    secret = sys.stdin.readline().strip()
    if not secret:
        raise CredentialsError("no secret came on standard input")
    return secret
