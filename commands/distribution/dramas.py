"""`dramas …`: distribution tasks, who posts for them, and what was posted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated, Any

import typer

from app.container import App
from commands.distribution.drama_files import ItemFile
from commands.distribution.drama_table import detail_lines, drama_table
from commands.framework.context import (
    Exit,
    dashed,
    opened_app,
    result,
    result_json,
    result_table,
    say,
)
from distribution.intake.importer import ImportResult, Problem
from distribution.intake.validation import COMPLETION_FIELDS, DRAMA_FIELDS, USER_FIELDS
from distribution.serialization import drama_details_object, drama_object
from presentation.i18n.messages import LOG_RENDERER
from presentation.message_fields import message_fields
from storage.distribution.distribution_tasks import DramaStatus

SHOWN_PROBLEMS = 20
TaskId = Annotated[str, typer.Argument(help="the task's task_id")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
FromFile = Annotated[Path, typer.Argument(help="CSV, JSON array, or a JSON object a line")]


def group() -> typer.Typer:
    app = typer.Typer(
        help="Distribution tasks and their completions.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    dashed(app, "import")(import_tasks)
    dashed(app, "import_users")(import_users)
    dashed(app, "import_completions")(import_completions)
    dashed(app, "list")(list_tasks)
    dashed(app, "show")(show)
    dashed(app, "pause")(pause)
    dashed(app, "resume")(resume)
    dashed(app, "finish")(finish)
    dashed(app, "set_secret")(set_secret)
    return app


def import_tasks(file: FromFile, as_json: AsJson = False) -> None:
    """Add or change distribution tasks from a file.

    A column or field that is absent or empty stays as it is.
    """
    _import(
        file,
        DRAMA_FIELDS,
        "tasks",
        as_json,
        lambda app, items: app.distribution.importer.add_dramas(items),
    )


def import_users(file: FromFile, as_json: AsJson = False) -> None:
    """Add or change users and their agents from a file."""
    _import(
        file,
        USER_FIELDS,
        "users",
        as_json,
        lambda app, items: app.distribution.importer.add_users(items),
    )


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
    _import(
        file,
        COMPLETION_FIELDS,
        "completions",
        as_json,
        lambda app, items: app.distribution.importer.add_completions(items, report=not no_report),
    )


def list_tasks(
    status: Annotated[DramaStatus | None, typer.Option(help="only these")] = None,
    limit: Annotated[int, typer.Option(min=1, help="newest ones at most")] = 50,
    as_json: AsJson = False,
) -> None:
    """List distribution tasks, newest first."""
    with opened_app() as app:
        found = app.distribution.service.newest(limit, status)
    if as_json:
        result_json([drama_object(one) for one in found])
        return
    result_table(drama_table(found))


def show(task_id: TaskId, as_json: AsJson = False) -> None:
    """One task with its newest days."""
    with opened_app() as app:
        details = app.distribution.service.details(task_id)
    if as_json:
        result_json(drama_details_object(details))
        return
    for line in detail_lines(details):
        result(line)


def pause(task_id: TaskId) -> None:
    """Leave a task out of broadcasts until `dramas resume`."""
    _set_status(task_id, DramaStatus.PAUSED)


def resume(task_id: TaskId) -> None:
    """Make a paused or finished task active again."""
    _set_status(task_id, DramaStatus.ACTIVE)


def finish(task_id: TaskId) -> None:
    """End a task: not broadcast any more.

    Completions that still come in are stored, reported and scanned.
    """
    _set_status(task_id, DramaStatus.FINISHED)


def set_secret(
    task_id: TaskId,
    clear: Annotated[bool, typer.Option("--clear", help="sign no more")] = False,
) -> None:
    """Set the secret that signs a task's reports.

    It comes on standard input: whsec_ and base64. While it is changed give both, the new one first.
    """
    secret = None
    if not clear:
        if sys.stdin.isatty():
            say('paste the secret ("whsec_…"; NEW OLD while it is changed), then Ctrl-D:')
        secret = sys.stdin.read()
    with opened_app() as app:
        app.distribution.service.set_secret(task_id, secret)
    result(f"task {task_id}: " + ("not signed any more" if clear else "secret stored, encrypted"))


def _import(
    file: Path,
    columns: Collection[str],
    noun: str,
    as_json: bool,
    take: Callable[[App, ItemFile], ImportResult],
) -> None:
    items = ItemFile(file=file, columns=columns)
    with opened_app() as app:
        taken = take(app, items)
    places = items.places
    if as_json:
        result_json(_as_object(taken, places))
    else:
        result(
            f"{noun}: {taken.created:,} new, {taken.updated:,} changed,"
            f" {taken.unchanged:,} as before"
        )
        for problem in taken.problems[:SHOWN_PROBLEMS]:
            say(f"{file}, {places[problem.position]}: {_told(problem)}")
    if taken.problems:
        more = len(taken.problems) - SHOWN_PROBLEMS
        hidden = f" ({more:,} of them not shown; --json has all)" if more > 0 else ""
        say(f"{len(taken.problems):,} refused{hidden}; mend those and run it again")
        raise typer.Exit(Exit.PARTIAL)


def _told(problem: Problem) -> str:
    reason = LOG_RENDERER.sentence(problem.reason)
    return f"{problem.field} {reason}" if problem.field else reason


def _as_object(taken: ImportResult, places: list[str]) -> dict[str, Any]:
    problems = [
        {"place": places[one.position], "name": one.name, "field": one.field}
        | message_fields("reason", one.reason)
        for one in taken.problems
    ]
    return {
        "created": taken.created,
        "updated": taken.updated,
        "unchanged": taken.unchanged,
        "problems": problems,
    }


def _set_status(task_id: str, status: DramaStatus) -> None:
    with opened_app() as app:
        app.distribution.service.set_status(task_id, status)
    result(f"task {task_id}: {status.value}")
