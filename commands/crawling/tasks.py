"""`tasks …`: crawl and export tasks: list, pause, resume, cancel and labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from app.container import App
from commands.framework.context import opened_app, result, result_json, result_table
from commands.framework.lazy_group import Group
from commands.framework.options import AsJson, OnlyAccount, OnlyGroup
from commands.framework.reader import column_of, shown, table_of, text_of, word
from commands.framework.system_user import system_user
from core.errors import InvalidInputError
from core.messages import Message
from crawler.export.selection import LISTED_VALUES, TOLD_VALUES, choice_in_words
from crawler.tasks.pins import pin_messages
from crawler.tasks.requests import DEFAULT_PLATFORM, LabelChange, PinChange
from presentation.account_views import AccountView, note_messages
from presentation.i18n.renderer import renderer_for
from presentation.json_rows import task_object
from presentation.snapshot import is_usual, working_for
from presentation.terminal.tables import Table
from storage.crawling import task_labels, task_pieces
from storage.crawling import tasks as rows
from storage.models.tasks import Task

DOMAIN_CELLS = 12  # in a window, at least
MAX_NAMES = 3
TaskId = Annotated[int, typer.Argument(help="the task's id")]
Labels = Annotated[list[str], typer.Argument(metavar="LABEL...", help="one or several")]


def list_tasks(
    only_open: Annotated[bool, typer.Option("--open", help="leave ended tasks out")] = False,
    label: Annotated[str | None, typer.Option("--label", help="only with this label")] = None,
    limit: Annotated[int, typer.Option(min=1, help="newest ones at most")] = 50,
    as_json: AsJson = False,
) -> None:
    """List tasks, newest first; --json has their pieces too."""
    with opened_app() as app:
        found = app.database.read(rows.top_level, only_open=only_open, limit=limit, label=label)
        if as_json:
            _print_json(app, [task for parent in found for task in _with_pieces(app, parent)])
            return
        result_table(_table(app, found))


def show(task_id: TaskId, as_json: AsJson = False) -> None:
    """Show one task with its pieces, and the accounts that work for it."""
    with opened_app() as app:
        found = _with_pieces(app, app.crawling.service.task(task_id))
        if as_json:
            _print_json(app, found)
            return
        result_table(_table(app, found))
        if found[0].end_reason:
            result(Message.load(found[0].end_reason))
        choice = choice_in_words(found[0].options, TOLD_VALUES)
        if choice:
            result(Message.of("export_choice_line", choice=choice))
        for target in app.database.read(pin_messages, found[:1]).values():
            result(Message.of("task_pin_line", pin=target))
        now = app.clock.now()
        for view in working_for(found[0].id, _pool(app)):
            work = [text_of(message) for message in note_messages(view, now)]
            result(Message.of("task_account_line", account=view.account.username, work=work))


def keywords(
    domain: Annotated[str, typer.Argument(help="the domain, e.g. 美妆")],
    platform: Annotated[str, typer.Option("--platform", help="where the creators are")] = (
        DEFAULT_PLATFORM
    ),
    as_json: AsJson = False,
) -> None:
    """Show what each keyword of a domain found over all time, and how many were new."""
    with opened_app() as app:
        found = app.database.read(rows.yields, platform, domain)
    if as_json:
        result_json([vars(one) for one in found])
        return
    numbers = ("pages", "creators", "new creators", "share new")
    table = table_of(("keyword", *(column_of(name, is_number=True) for name in numbers)))
    for one in found:
        share = f"{one.new / one.creators:.0%}" if one.creators else ""
        table.add((one.keyword, f"{one.pages:,}", f"{one.creators:,}", f"{one.new:,}", share))
    result_table(table)


def pause(task_id: TaskId) -> None:
    """Hold a task until `tasks resume`.

    Running workers stop after the page or batch in hand.
    """
    with opened_app() as app:
        app.use_cases.tasks.pause(system_user(app), task_id)
        result(Message.of("task_was_paused", task_id=task_id))


def resume(task_id: TaskId) -> None:
    """Let a paused, waiting or failed task go on now.

    It goes on from where it stopped.
    """
    with opened_app() as app:
        app.use_cases.tasks.resume(system_user(app), task_id)
        result(Message.of("task_goes_on", task_id=task_id))


def cancel(task_id: TaskId) -> None:
    """End a task for good.

    What it stored and exported stays; open files are finished.
    """
    with opened_app() as app:
        cancelled = app.use_cases.tasks.cancel(system_user(app), task_id)
        result(Message.of("task_was_cancelled", task_id=task_id))
        for segment_id, file in cancelled.finished.items():
            result(Message.of("segment_was_finished", segment_id=segment_id, file=str(file.path)))
        for segment_id, error in cancelled.left_open.items():
            result(Message.of("segment_stays_open", segment_id=segment_id, cause=error.message))


def label(task_id: TaskId, labels: Labels) -> None:
    """File a task under labels, beside those it has."""
    _change_labels(LabelChange(task_id=task_id, add=labels))


def unlabel(task_id: TaskId, labels: Labels) -> None:
    """Take labels off a task."""
    _change_labels(LabelChange(task_id=task_id, remove=labels))


def pin(
    task_id: TaskId,
    account: OnlyAccount = None,
    group: OnlyGroup = None,
    nobody: Annotated[bool, typer.Option("--none", help="every account may work on it")] = False,
) -> None:
    """Let only an account, or the accounts of a group, work on an open task.

    Its workers take it up anew, from where they stopped.
    """
    if (account is not None) + (group is not None) + nobody != 1:
        raise InvalidInputError("pin_to_what")
    change = PinChange(task_id=task_id, account=account, group=group)
    with opened_app() as app:
        target = app.use_cases.tasks.pin(system_user(app), change)
    if target is None:
        result(Message.of("task_was_unpinned", task_id=task_id))
    else:
        result(Message.of("task_was_pinned", task_id=task_id, pin=target))


def _change_labels(change: LabelChange) -> None:
    with opened_app() as app:
        labels = app.use_cases.tasks.label(system_user(app), change)
    if labels:
        result(Message.of("task_has_labels", task_id=change.task_id, labels=list(labels)))
    else:
        result(Message.of("task_without_labels", task_id=change.task_id))


def _print_json(app: App, found: list[Task]) -> None:
    ids = [task.id for task in found]
    labels = app.database.read(task_labels.of_tasks, ids)
    pool, pins = _pool(app), app.database.read(pin_messages, found)
    result_json([task_object(task, labels, pool, pins) for task in found])


def _pool(app: App) -> list[AccountView]:
    return app.crawling.account_views.views(app.pool.registry.all())


def _with_pieces(app: App, task: Task) -> list[Task]:
    return [task, *app.database.read(rows.children, task.id)]


def _table(app: App, found: list[Task]) -> Table:
    now, renderer = app.clock.now(), renderer_for(app.settings.language, app.calendar.zone)
    pins = app.database.read(pin_messages, found)
    choices = {task.id: choice_in_words(task.options, LISTED_VALUES) for task in found}
    has_choice = any(choices.values())
    table = table_of(
        (
            "id",
            "type",
            column_of("domain", min_cells=DOMAIN_CELLS),
            "state",
            "pages",
            column_of("items", is_number=True),
            column_of("marker", is_optional=True),
            "last updated",
            column_of("created", is_optional=True),
            "accounts",
            column_of("labels", is_long=True),
            *([column_of("choice", is_long=True)] if has_choice else []),
            *([column_of("pinned to", is_long=True)] if pins else []),
            column_of("waits for", is_long=True),
            column_of("error", is_long=True),
        ),
    )
    ids = [task.id for task in found]
    labels = app.database.read(task_labels.of_tasks, ids)
    pool = _pool(app)
    progress = app.database.read(lambda tx: [task_pieces.progress(tx, task) for task in found])
    waits = app.database.read(lambda tx: [task_pieces.waiting_now(tx, one, now) for one in found])
    for task, summed, wait in zip(found, progress, waits, strict=True):
        working = working_for(task.id, pool)
        if wait is not None and is_usual(wait, task, working):
            wait = None
        table.add(
            (
                str(task.id) if task.parent_id is None else f"{task.parent_id}.{task.id}",
                renderer.word("task_type", task.task_type),
                task.domain,
                renderer.word("task_state", task.status),
                _pages(task),
                f"{summed.item_count:,}",
                task.progress_marker or "",
                str(renderer.shown(task.updated_at)),
                str(renderer.shown(task.created_at)),
                _names(working),
                " ".join(labels.get(task.id, [])),
                *([choices[task.id]] if has_choice else []),
                *([text_of(pins[task.id]) if task.id in pins else ""] if pins else []),
                word(wait.reason) if wait else "",
                shown(task.last_error),
            ),
        )
    return table


def _names(working: Sequence[AccountView]) -> str:
    """Return the names of accounts; of many the first ones, and how many there are."""
    names = [view.account.username for view in working[:MAX_NAMES]]
    more = f" … ({len(working):,})" if len(working) > len(names) else ""
    return ", ".join(names) + more


def _pages(task: Task) -> str:
    """Return the page range of a crawl, such as `1-300`; empty while it is not known."""
    if task.page_from is None or not task.page_to or task.page_to < task.page_from:
        return ""
    return f"{task.page_from:,}-{task.page_to:,}"


GROUP = Group(
    {
        "list": list_tasks,
        "show": show,
        "keywords": keywords,
        "pause": pause,
        "resume": resume,
        "cancel": cancel,
        "label": label,
        "unlabel": unlabel,
        "pin": pin,
    }
)
