"""Tasks on the terminal: progress and rate of each, what it waits for, and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from rich.text import Text

from core.plain_text import one_line
from crawler.export.selection import LISTED_VALUES, choice_in_words
from presentation.i18n.command_lines import going_on_command
from presentation.snapshot import RateMeter, StoppedCrawl, TaskView, Waiting
from presentation.terminal.layout import Page, screen_table
from storage.models.tasks import TaskStatus, TaskType, WaitingFor

STYLES = {
    TaskStatus.PENDING: "dim",
    TaskStatus.IN_PROGRESS: "cyan",
    TaskStatus.PAUSED: "yellow",
    TaskStatus.COMPLETED: "green",
    TaskStatus.FAILED: "red",
}
RUNNING, WAITING, PENDING, ENDED = range(4)
NAME_CELLS, MIN_NAME_CELLS = 30, 16
# Waits for rows and for the next quota day need no reason beside them.
EXPLAINED_WAITS = (WaitingFor.ACCOUNT, WaitingFor.DISK, WaitingFor.PLATFORM)


def draw(
    page: Page,
    tasks: Sequence[TaskView],
    rates: RateMeter,
    max_tasks: int,
    own: Collection[int] = (),
) -> list[Text]:
    """Return the first `max_tasks` tasks as `ordered`; the others are counted by state."""
    if not tasks:
        return page.line(page.say("screen_no_tasks"), "dim")
    in_order = ordered(tasks, own)
    shown, left_out = in_order[:max_tasks], in_order[max_tasks:]
    table = screen_table(
        page,
        [
            page.titled("column_task", max_cells=NAME_CELLS, min_cells=MIN_NAME_CELLS),
            page.titled("column_state"),
            page.titled("screen_progress", min_cells=1),
            page.titled("column_rate", is_optional=True),
        ],
    )
    for view in shown:
        told = [Text(text, style) for text, style in remarks(page, view)]
        table.add(_cells(page, view, rates), remarks=told)
    lines = table.lines(page.window)
    if left_out:
        states = Counter(page.word("task_state", view.task.status) for view in left_out)
        counts = ", ".join(f"{number:,} {state}" for state, number in states.items())
        more = page.say("screen_more", n=f"{len(left_out):,}", counts=counts)
        lines += page.line(more, "dim", indent=1)
    return lines


def ordered(tasks: Sequence[TaskView], own: Collection[int] = ()) -> list[TaskView]:
    """Return the tasks whose ids are `own` first, then those that run, wait, and are pending."""
    return sorted(tasks, key=lambda view: (view.task.id not in own, _rank(view), view.task.id))


def _rank(view: TaskView) -> int:
    status = view.task.status
    if status is TaskStatus.IN_PROGRESS:
        return RUNNING if view.waiting is None and view.attended else WAITING
    if not view.task.is_open:
        return ENDED
    is_held = status is TaskStatus.PAUSED or view.waiting is not None
    return WAITING if is_held or view.not_before is not None else PENDING


def _cells(page: Page, view: TaskView, rates: RateMeter) -> list[Text]:
    progress = Text(progress_text(page, view))
    share = share_done(view)
    if share is not None:
        progress = page.bar(share, 4, 20, STYLES[view.task.status]) + Text(" ") + progress
    name = Text(one_line(title(page, view)))
    return [name, _state(page, view), progress, Text(rate(page, view, rates))]


def title(page: Page, view: TaskView) -> str:
    """Return id, type and domain of a task: `#3 crawl beauty`."""
    return f"#{view.task.id} {page.word('task_type', view.task.task_type)} {view.task.domain}"


def progress_text(page: Page, view: TaskView) -> str:
    """Return a task's progress: `29/300 pages, 580 creators`, `560 rows, 20 waiting`."""
    renderer, task = page.renderer, view.task
    if task.task_type is TaskType.INGESTION:
        pages = renderer.count("page", view.pages_done)
        if task.page_to:
            done = f"{view.pages_done:,}"
            pages = page.say("screen_of_pages", done=done, all=f"{task.page_to:,}")
        fresh = "" if view.new == view.items else f" ({view.new:,} {page.say('screen_new')})"
        return f"{pages}, {renderer.count('creator', view.items)}{fresh}"
    text = renderer.count("row", view.items)
    left = view.rows_left
    if left.rows:
        more = "" if left.is_exact else "+"
        text += ", " + page.say("screen_rows_waiting", n=f"{left.rows:,}{more}")
    return text


def rate(page: Page, view: TaskView, rates: RateMeter) -> str:
    """Return the speed of a task, `121 creators/s`; empty when no process works on it."""
    per_sec = rates.per_sec(view.task.id)
    if view.task.status is not TaskStatus.IN_PROGRESS or per_sec is None or not view.attended:
        return ""
    return page.say(f"rate_of_{view.task.task_type}", n=f"{per_sec:,.0f}")


def wait_text(page: Page, view: TaskView) -> str:
    """Return what a task waits for, why, and until when; empty when it does not wait."""
    if view.stopped_crawl is not None and view.attended:
        return _stopped_text(page, view.stopped_crawl)
    wait = view.waiting
    if wait is None:
        return ""
    text = page.say(f"waits_for_{wait.reason}")
    if wait.error and wait.reason in EXPLAINED_WAITS:
        text += f": {one_line(_why(page, wait))}"
    if wait.until is not None and (wait.until - page.now).total_seconds() > 2:
        moment = page.moment(wait.until)
        if wait.reason is WaitingFor.ACCOUNT:
            return page.say("waits_and_looks_again", wait=text, moment=moment)
        text += f", {page.say('screen_until')} {moment}"
    return text


def _stopped_text(page: Page, crawl: StoppedCrawl) -> str:
    """Return which crawl an export waits for, and how to let it go on."""
    if crawl.is_paused:
        return page.say("waits_for_paused_crawl", id=crawl.task.id)
    command = going_on_command(crawl.task)
    return page.say("waits_for_stopped_crawl", id=crawl.task.id, command=command)


def _why(page: Page, wait: Waiting) -> str:
    # Advice about accounts would stand between the reason and its end.
    """Return the reason of a wait in one sentence."""
    if wait.reason is WaitingFor.ACCOUNT:
        return page.renderer.stored(wait.error)
    return page.renderer.shown_text(wait.error or "")


def _state(page: Page, view: TaskView) -> Text:
    status = view.task.status
    if status is TaskStatus.IN_PROGRESS and not view.attended:
        return Text(page.say("screen_stopped_state"), "yellow")
    return Text(page.word("task_state", status), STYLES[status])


def remarks(page: Page, view: TaskView) -> list[tuple[str, str]]:
    """Return the lines below a task's progress, each with its style; empty for none."""
    task = view.task
    if task.status is TaskStatus.FAILED:
        return [(one_line(page.renderer.shown_text(view.error or "")), "red")] if view.error else []
    wait = wait_text(page, view)
    found = [(wait, "yellow")] if wait else []
    if task.end_reason:
        found.append((one_line(page.renderer.stored(task.end_reason)), "yellow"))
    choice = choice_in_words(task.options, LISTED_VALUES)
    if choice:
        found.append((one_line(page.say("export_choice_line", choice=choice)), "dim"))
    if view.labels:
        labels = " ".join(view.labels)
        found.append((page.say("column_label", title=page.say("column_labels")) + labels, "dim"))
    if view.pin is not None and task.is_open:
        found.append((one_line(page.renderer.text(view.pin)), "dim"))
    if task.status is TaskStatus.PAUSED and view.waiting is None and view.not_before is None:
        return [*found, (page.say("screen_task_paused", id=task.id), "yellow")]
    if task.is_open and not view.attended:
        command = going_on_command(task)
        found.append((page.say("screen_nobody", command=command), "yellow"))
    return found


def share_done(view: TaskView) -> float | None:
    """Return the done share of a task, 0 to 1; None when its size is not known."""
    if view.task.task_type is TaskType.INGESTION:
        if not view.task.page_to:
            return None
        return view.pages_done / view.task.page_to
    total = view.items + view.rows_left.rows
    return view.items / total if total and view.rows_left.is_exact else None
