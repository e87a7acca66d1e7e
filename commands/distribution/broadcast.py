"""`broadcast …`: the current counters of active distribution tasks, every few minutes."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.framework.context import (
    Exit,
    dashed,
    opened_app,
    reports_errors,
    result,
    result_json,
    result_message,
    tell,
)
from commands.framework.lease_context import leases_until_interrupted
from commands.framework.reader import shown
from commands.framework.system_user import system_user
from core.cancellation import StoppedSignal
from core.errors import InvalidInputError
from core.messages import Message

NUMBERS = ("total", "succeeded", "failed", "postponed", "reports")
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


def group() -> typer.Typer:
    """Return the commands of `broadcast`; `broadcast --once` is the group itself."""
    app = typer.Typer(
        help="Tell the numbers of active tasks every few minutes.",
        no_args_is_help=True,
        invoke_without_command=True,
        rich_markup_mode=None,
    )
    app.callback()(reports_errors(broadcast))
    dashed(app, "start")(start)
    dashed(app, "stop")(stop)
    dashed(app, "status")(status)
    return app


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
            tell(Message.of("broadcast_was_interrupted"))
            raise typer.Exit(Exit.INTERRUPTED) from None
    if as_json:
        result_json(answer.as_json())
    else:
        result(shown(answer.message))
    if not answer.success:
        raise typer.Exit(Exit.ERROR)
    if answer.failed:
        tell(Message.of("broadcast_lacks_numbers", n=answer.failed))
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
    """Whether it is on, and how the newest round went."""
    with opened_app() as app:
        state = app.distribution.broadcaster.status()
    if as_json:
        result_json(state)
        return
    result(shown(state["message"]))
    if state["is_running"]:
        result_message(Message.of("broadcast_round_runs", started=state["started_at"]))
    if state["finished_at"]:
        numbers = {name: state[name] for name in NUMBERS}
        ended = state["finished_at"]
        result_message(Message("broadcast_newest_round", {"ended": ended, **numbers}))
