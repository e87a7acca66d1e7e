"""The summary at the end of `start_crawl` and `start_export`."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from app.container import App
from commands.framework.context import Exit, result, result_json, say
from commands.framework.foreground import ForegroundResult
from presentation.i18n.renderer import renderer_for
from presentation.snapshot import Snapshot, TaskView
from storage.crawling import export_segments
from storage.models.segments import Segment
from storage.models.tasks import Task, TaskStatus, TaskType


def conclude(
    app: App,
    tasks: Sequence[Task],
    last: Snapshot | None,
    ending: ForegroundResult,
    as_json: bool,
) -> None:
    """Print the result of a run, as text or JSON; raise typer.Exit with its code unless that is OK.

    Args:
        tasks: those that were worked on, at least one.
        last: the newest snapshot; None when the database never answered.
    """
    views = {view.task.id: view for view in last.tasks} if last else {}
    if as_json:
        found = [_summary(app, task, views.get(task.id), _files_of(app, task)) for task in tasks]
        summary = found[0] if len(found) == 1 else {"tasks": found}
        result_json(summary | {"exit_code": int(ending.code), "message": ending.message})
    else:
        for task in tasks:
            _print_summary(app, task, views.get(task.id), _files_of(app, task))
    if ending.message:
        say(ending.message)
    if ending.code is not Exit.OK:
        raise typer.Exit(ending.code)


def _files_of(app: App, task: Task) -> list[Segment]:
    segments = app.database.read(export_segments.of_task, task.id)
    return [segment for segment in segments if segment.file_path is not None]


def _summary(
    app: App, task: Task, view: TaskView | None, files: list[Segment]
) -> dict[str, object]:
    summary: dict[str, object] = {
        "task_id": task.id,
        "status": view.task.status.value if view else None,
        "domain": task.domain,
    }
    if task.task_type is TaskType.INGESTION:
        counts = (view.pages_done, view.items, view.new) if view else (None, None, None)
        if task.keyword is not None:
            summary["keyword"] = task.keyword
        return summary | dict(zip(("pages", "creators", "new"), counts, strict=True))
    file_objects = [
        {
            "path": str(app.crawling.segment_files.locate(file.file_path or "")),
            "rows": file.exported_count,
        }
        for file in files
    ]
    return summary | {"rows": view.items if view else None, "files": file_objects}


def _print_summary(app: App, task: Task, view: TaskView | None, files: list[Segment]) -> None:
    renderer = renderer_for(app.settings.language)
    kind = renderer.word("task_type", task.task_type)
    pages, items, new = (view.pages_done, view.items, view.new) if view else (0, 0, 0)
    if task.task_type is TaskType.INGESTION:
        fresh = "" if new == items else f" ({new:,} {renderer.say('screen_new')})"
        counts = f"{renderer.count('page', pages)}, {renderer.count('creator', items)}{fresh}"
        name = task.domain if task.keyword is None else f"{task.domain} · {task.keyword}"
        result(f"{kind} {name}: {counts}")
        if view and view.task.end_reason:
            say(renderer.stored(view.task.end_reason))
        if view and view.task.status is TaskStatus.COMPLETED and not items:
            say(renderer.say("screen_no_creators", domain=task.domain))
        return
    counts = f"{renderer.count('row', items)}, {renderer.count('file', len(files))}"
    result(f"{kind} {task.domain}: {counts}")
    if view and view.task.end_reason:
        say(renderer.stored(view.task.end_reason))
    for file in files:
        path = app.crawling.segment_files.locate(file.file_path or "")
        result(f"  {file.exported_count:>7,}  {path}")
