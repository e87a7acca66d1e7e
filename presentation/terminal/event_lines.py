"""Events on the terminal: the latest of accounts, files, tasks and scheduled jobs."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePath

from rich.text import Text

from core.plain_text import one_line
from presentation.snapshot import Snapshot, TaskView
from presentation.terminal.layout import Page, shortened_left
from presentation.terminal.task_table import progress_text
from storage.crawling.job_runs import JobRun
from storage.models.accounts import AccountEvent
from storage.models.segments import Segment, SegmentState
from storage.models.tasks import TaskStatus, TaskType

CLOCK_CELLS = 10
SEALED_CELLS = 24  # in front of a file's name, at most


def draw(page: Page, snapshot: Snapshot, room: int) -> Text:
    """Return the newest events, a line each, in at most `room` lines."""
    lines = Text(no_wrap=True, overflow="ellipsis", style="dim")
    rows = [f"{page.clock(at)}  {one_line(text)}" for at, text in happened(page, snapshot)[:room]]
    lines.append("\n".join(rows))
    return lines


def happened(page: Page, snapshot: Snapshot) -> list[tuple[datetime, str]]:
    """Return the events of the snapshot as (time in UTC, text), newest first."""
    events = [(event.created_at, _of_account(page, event)) for event in snapshot.events]
    events += [
        (segment.end_time, _sealed(page, segment))
        for segment in snapshot.segments
        if segment.state is SegmentState.SEALED and segment.end_time is not None
    ]
    events += [
        (view.task.finished_at, of_task(page, view))
        for view in snapshot.ended
        if view.task.finished_at is not None
    ]
    for run in snapshot.runs:
        at = run.finished_at or run.started_at
        events += [(at, _of_job(page, run))] if at is not None else []
    return sorted(events, key=lambda pair: pair[0], reverse=True)


def of_task(page: Page, view: TaskView) -> str:
    """Return how a task ended, in one line."""
    texts, task = page.texts, view.task
    kind = texts.task_types[task.task_type]
    if task.status is TaskStatus.FAILED:
        error = page.renderer.shown_text(task.last_error or "?")
        return texts.ended_failed.format(kind=kind, domain=task.domain, error=error)
    if task.task_type is TaskType.INGESTION and not view.items:
        return texts.no_creators.format(domain=task.domain)
    count = progress_text(page, view)
    if task.task_type is TaskType.INGESTION:
        count = texts.count("page", view.pages_done) + ", " + texts.count("creator", view.items)
    return texts.ended.format(kind=kind, domain=task.domain, count=count)


def _of_account(page: Page, event: AccountEvent) -> str:
    texts = page.texts
    kind = texts.event_kinds.get(event.kind, event.kind)
    if event.until_at is not None:
        kind += f" {texts.until} {page.moment(event.until_at)}"
    return f"{event.username}  {kind}: {page.renderer.stored(event.detail)}"


def _of_job(page: Page, run: JobRun) -> str:
    state = page.texts.job_states[run.state]
    return f"{run.job}  {state}" + (f": {page.renderer.stored(run.result)}" if run.result else "")


def _sealed(page: Page, segment: Segment) -> str:
    name = PurePath(segment.file_path or "").name
    short = shortened_left(name, max(20, page.width - CLOCK_CELLS - SEALED_CELLS))
    return page.texts.sealed.format(
        rows=page.texts.count("row", segment.exported_count), file=short
    )
