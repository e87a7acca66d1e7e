"""Events on the terminal: the latest of accounts, files, tasks and scheduled jobs."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePath

from rich.text import Text

from core.plain_text import one_line
from crawler.tasks.parents import CANCELLATIONS
from presentation.snapshot import Snapshot, TaskView
from presentation.terminal.layout import Page, shortened_left
from presentation.terminal.task_table import progress_text
from storage.crawling.job_runs import JobRun
from storage.models.accounts import AccountEvent
from storage.models.segments import Segment, SegmentState
from storage.models.tasks import TaskStatus, TaskType

CLOCK_CELLS = 10
SEALED_CELLS = 24  # in front of a file's name, at most


def draw(page: Page, snapshot: Snapshot, room: int) -> list[Text]:
    """Return the newest `room` events, a line of a screen each."""
    found = happened(page, snapshot)[:room]
    return [
        line
        for at, text in found
        for line in page.line(f"{page.clock(at)}  {one_line(text)}", "dim")
    ]


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
    task = view.task
    kind = page.word("task_type", task.task_type)
    if task.status is TaskStatus.FAILED and task.last_error not in CANCELLATIONS:
        error = page.renderer.shown_text(task.last_error or "?")
        return page.say("screen_ended_failed", kind=kind, domain=task.domain, error=error)
    is_cancelled = task.status is TaskStatus.FAILED
    is_crawl = task.task_type is TaskType.INGESTION
    if is_crawl and not view.items and not task.end_reason and not is_cancelled:
        return page.say("screen_no_creators", domain=task.domain)
    count = progress_text(page, view)
    if is_crawl:
        pages = page.renderer.count("page", view.pages_done)
        count = f"{pages}, {page.renderer.count('creator', view.items)}"
    code = "screen_ended_cancelled" if is_cancelled else "screen_ended"
    ended = page.say(code, kind=kind, domain=task.domain, count=count)
    return f"{ended}; {page.renderer.stored(task.end_reason)}" if task.end_reason else ended


def _of_account(page: Page, event: AccountEvent) -> str:
    kind = page.word("account_event", event.kind)
    if event.until_at is not None:
        kind += f" {page.say('screen_until')} {page.moment(event.until_at)}"
    return f"{event.username}  {kind}: {page.renderer.stored(event.detail)}"


def _of_job(page: Page, run: JobRun) -> str:
    state = page.word("job_state", run.state)
    return f"{run.job}  {state}" + (f": {page.renderer.stored(run.result)}" if run.result else "")


def _sealed(page: Page, segment: Segment) -> str:
    name = PurePath(segment.file_path or "").name
    if page.is_screen:
        name = shortened_left(name, max(20, page.width - CLOCK_CELLS - SEALED_CELLS))
    rows = page.renderer.count("row", segment.exported_count)
    return page.say("screen_sealed", rows=rows, file=name)
