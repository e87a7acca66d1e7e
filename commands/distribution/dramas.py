"""`dramas …`: distribution tasks, their users and completions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from commands.distribution.drama_table import detail_lines, drama_table, shared_video_table
from commands.framework.context import Exit, opened_app, result, result_json, result_table, say
from commands.framework.datetimes import moment_from, moment_until
from commands.framework.lazy_group import Group
from commands.framework.options import AsJson
from commands.framework.reader import in_english, reader, shown, word
from commands.framework.system_user import system_user
from core.messages import Message
from core.plain_text import read_bytes
from distribution.intake.importer import ImportResult, Problem
from distribution.intake.item_files import ItemFile, ItemKind
from distribution.serialization import (
    drama_details_object,
    drama_object,
    shared_video_object,
)
from presentation.i18n.renderer import Renderer
from storage.distribution.distribution_tasks import DramaStatus
from storage.operations.listings import Slice
from web.use_cases.distribution import STATUS_OF_VERB

SHOWN_PROBLEMS = 20
TaskId = Annotated[str, typer.Argument(help="the task's task_id")]
FromFile = Annotated[
    Path, typer.Argument(help="a list (CSV, Excel), a JSON array, or a JSON object a line")
]


def import_tasks(file: FromFile, as_json: AsJson = False) -> None:
    """Add or change distribution tasks from a file.

    A column or field that is absent or empty stays as it is.
    """
    _import(file, ItemKind.DRAMAS, "tasks", as_json)


def import_users(file: FromFile, as_json: AsJson = False) -> None:
    """Add or change users and their agents from a file."""
    _import(file, ItemKind.USERS, "users", as_json)


def import_completions(
    file: FromFile,
    no_report: Annotated[
        bool, typer.Option("--no-report", help="store only; for old completions")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add posted videos from a file; new ones are reported.

    A video that is there already gets what is verified now.
    """
    _import(file, ItemKind.COMPLETIONS, "completions", as_json, report=not no_report)


def list_tasks(
    status: Annotated[DramaStatus | None, typer.Option(help="only these")] = None,
    limit: Annotated[int, typer.Option(min=1, help="newest ones at most")] = 50,
    as_json: AsJson = False,
) -> None:
    """List distribution tasks, newest first."""
    with opened_app() as app:
        found = app.distribution.service.newest(limit, status)
    if as_json:
        result_json([drama_object(drama) for drama in found])
        return
    result_table(drama_table(found))


def show(task_id: TaskId, as_json: AsJson = False) -> None:
    """Show one task with its newest days."""
    with opened_app() as app:
        details = app.distribution.service.details(task_id)
    if as_json:
        result_json(drama_details_object(details))
        return
    for line in detail_lines(details):
        result(line)


def shared_videos(
    since: Annotated[
        str | None, typer.Option("--from", help="since this; else of the last 30 days")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="until this; a day is whole")] = None,
    same_task: Annotated[bool, typer.Option("--same-task", help="only within one task")] = False,
    limit: Annotated[int, typer.Option(min=1, help="newest ones at most")] = 50,
    as_json: AsJson = False,
) -> None:
    """List completions whose video was handed in before.

    By another user, or for another task; BATON_COUNT_VIDEO_ONCE_PER says which of them count.
    """
    with opened_app() as app:
        zone = app.calendar.zone
        part = Slice(
            limit=limit,
            since=moment_from("--from", since, zone),
            until=moment_until("--to", until, zone),
        )
        service = app.distribution.service
        found = app.database.read(lambda tx: service.shared_videos(tx, part, same_task=same_task))
        moments = Renderer(reader().language, zone)
    if as_json:
        result_json([shared_video_object(one) for one in found])
    elif not found:
        say(Message.of("no_shared_videos"))
    else:
        result_table(shared_video_table(found, moments))


def pause(task_id: TaskId) -> None:
    """Leave a task out of broadcasts until `dramas resume`."""
    _change(task_id, "pause")


def resume(task_id: TaskId) -> None:
    """Make a paused or finished task active again."""
    _change(task_id, "resume")


def finish(task_id: TaskId) -> None:
    """End a task: not broadcast any more.

    Completions that still come in are stored, reported and scanned.
    """
    _change(task_id, "finish")


def set_secret(
    task_id: TaskId, clear: Annotated[bool, typer.Option("--clear", help="sign no more")] = False
) -> None:
    """Set the secret that signs a task's reports.

    It comes on standard input: whsec_ and base64. While it is changed give both, the new one first.
    """
    secret = None
    if not clear:
        if sys.stdin.isatty():
            say(Message.of("paste_secret"))
        secret = sys.stdin.read()
    with opened_app() as app:
        app.use_cases.dramas.set_secret(system_user(app), task_id, secret)
    result(
        Message.of("drama_not_signed", task_id=task_id)
        if clear
        else Message.of("drama_secret_stored", task_id=task_id)
    )


def _import(file: Path, kind: ItemKind, noun: str, as_json: bool, *, report: bool = True) -> None:
    """Import a file's items and print the counts; exit with PARTIAL when some were refused."""
    items = ItemFile(content=read_bytes(file), name=str(file), kind=kind)
    for note in items.notes:
        say(note)
    with opened_app() as app:
        taken = app.use_cases.dramas.take_list(
            system_user(app), kind, items, str(file), report=report
        )
    if as_json:
        result_json(_as_object(taken, items))
    else:
        result(Message(f"{noun}_taken_in", taken.counts))
        _say_problems(taken.problems, "item_refused", file, items)
        _say_problems(taken.left_out, "item_cell_left_out", file, items)
    if taken.problems:
        count, more = len(taken.problems), len(taken.problems) - SHOWN_PROBLEMS
        say(
            Message.of("items_refused_more", count=count, hidden=more)
            if more > 0
            else Message.of("items_refused", count=count)
        )
        raise typer.Exit(Exit.PARTIAL)


def _say_problems(problems: Sequence[Problem], code: str, file: Path, items: ItemFile) -> None:
    for problem in problems[:SHOWN_PROBLEMS]:
        place, reason = items.places[problem.position], shown(items.reason(problem))
        reason = f"{problem.field} {reason}" if problem.field else reason
        say(Message(code, {"file": str(file), "place": place, "reason": reason}))


def _as_object(taken: ImportResult, items: ItemFile) -> dict[str, Any]:
    def listed(problems: Sequence[Problem]) -> list[dict[str, Any]]:
        return [
            {
                "place": in_english(items.places[problem.position]),
                "name": problem.name,
                "field": problem.field,
                "reason": in_english(items.reason(problem)),
            }
            for problem in problems
        ]

    return {
        **taken.counts,
        "problems": listed(taken.problems),
        "left_out": listed(taken.left_out),
    }


def _change(task_id: str, verb: str) -> None:
    with opened_app() as app:
        app.use_cases.dramas.change(system_user(app), verb, task_id)
    result(Message.of("drama_state", task_id=task_id, state=word(STATUS_OF_VERB[verb])))


GROUP = Group(
    {
        "import": import_tasks,
        "import_users": import_users,
        "import_completions": import_completions,
        "list": list_tasks,
        "show": show,
        "shared_videos": shared_videos,
        "pause": pause,
        "resume": resume,
        "finish": finish,
        "set_secret": set_secret,
    }
)
