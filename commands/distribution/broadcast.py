"""`broadcast …`: the current counters of active distribution tasks, every few minutes."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.framework.context import Exit, opened_app, result, result_json, result_table, say
from commands.framework.lazy_group import Group
from commands.framework.lease_context import leases_until_interrupted
from commands.framework.options import AsJson
from commands.framework.reader import column_of, in_english, shown, table_of
from commands.framework.system_user import system_user
from core.cancellation import StoppedSignal
from core.errors import InvalidInputError
from core.messages import Message
from distribution.serialization import failure_object

NUMBERS = ("total", "succeeded", "failed", "postponed", "reports")


def broadcast(
    ctx: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="one round now")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell the numbers of active tasks every few minutes."""
    if ctx.invoked_subcommand is not None:
        if once:
            raise InvalidInputError("once_or_command", command=ctx.invoked_subcommand)
        return
    if not once:
        raise InvalidInputError("broadcast_what")
    with opened_app() as app, leases_until_interrupted(app, "broadcast") as stop:
        try:
            answer = app.use_cases.broadcasts.trigger(system_user(app), stop)
        except StoppedSignal:
            say(Message.of("broadcast_was_interrupted"))
            raise typer.Exit(Exit.INTERRUPTED) from None
    if as_json:
        result_json(answer.as_json())
    else:
        result(shown(answer.message))
    if not answer.success:
        raise typer.Exit(Exit.ERROR)
    if answer.failed:
        say(Message.of("broadcast_lacks_numbers", n=answer.failed))
        raise typer.Exit(Exit.PARTIAL)


def start(as_json: AsJson = False) -> None:
    """Turn broadcasting on, also after a restart.

    `run` does the rounds. Each asks every task's platform, which may cost money.
    """
    with opened_app() as app:
        answer = app.use_cases.broadcasts.start(system_user(app))
    result_json(answer.as_json()) if as_json else result(shown(answer.message))


def stop(as_json: AsJson = False) -> None:
    """Turn broadcasting off."""
    with opened_app() as app:
        answer = app.use_cases.broadcasts.stop(system_user(app))
    result_json(answer.as_json()) if as_json else result(shown(answer.message))


def status(as_json: AsJson = False) -> None:
    """Tell if it is on, and how the newest round went."""
    with opened_app() as app:
        state = app.distribution.broadcaster.status()
        error = app.distribution.broadcaster.last_error()
    if as_json:
        result_json(state)
        return
    result(shown(Message(state["message_code"], state["message_params"])))
    if state["is_running"]:
        result(Message.of("broadcast_round_runs", started=state["started_at"]))
    if state["finished_at"]:
        numbers = {name: state[name] for name in NUMBERS}
        ended = state["finished_at"]
        result(Message("broadcast_newest_round", {"ended": ended, **numbers}))
    if state["stale_since"]:
        say(Message.of("broadcast_is_stale", since=state["stale_since"]))
    if error is not None:
        say(Message.of("broadcast_error", error=error))
    if state["failed"]:
        say(Message.of("broadcast_lacks_numbers", n=state["failed"]))


def failures(
    limit: Annotated[int, typer.Option(min=1, help="tasks at most")] = 50, as_json: AsJson = False
) -> None:
    """List the tasks without numbers in the newest round: why, and since when."""
    with opened_app() as app:
        found = app.distribution.broadcaster.failures(limit)
        if as_json:
            result_json([failure_object(failure, in_english) for failure in found])
            return
        if not found:
            say(Message.of("broadcast_all_told"))
            return
        table = table_of(
            (
                "task",
                column_of("title", is_long=True, is_optional=True),
                "platform",
                "since",
                column_of("reason", is_long=True),
            )
        )
        for one in found:
            since = f"{one.since_at.astimezone(app.settings.quota_zone):%m-%d %H:%M}"
            table.add((one.task_id, one.title, one.platform, since, shown(one.reason)))
        result_table(table)


GROUP = Group(
    {"start": start, "stop": stop, "status": status, "failures": failures}, main=broadcast
)
