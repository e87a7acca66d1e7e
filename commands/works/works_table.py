"""The table of `works list`."""

from __future__ import annotations

from datetime import datetime

from rich.markup import escape
from rich.table import Table

from app.container import App
from commands.framework.reader import column_titles, shown, text_of, word
from core.messages import Message
from core.plain_text import one_line
from storage.catalogue import works

TITLE_CELLS = 40


def works_table(app: App, found: list[works.Work]) -> Table:
    """Return a table of works: title, author, plays, and the reason why one is invalid or
    failed."""
    table = Table(box=None, pad_edge=False)
    for title in column_titles(
        ("work", "title", "author", "published", "plays", "checked", "state")
    ):
        table.add_column(title, no_wrap=True)
    table.columns[1].max_width = TITLE_CELLS
    table.columns[1].overflow = "ellipsis"
    for work in found:
        cells = (
            f"{work.platform}:{work.work_id}",
            one_line(work.title),
            one_line(work.author),
            _day(app, work.publish_time),
            f"{work.play_count:,}" if work.play_count is not None else "",
            _day(app, work.checked_at),
            one_line(_state(work)),
        )
        table.add_row(*map(escape, cells))
    return table


def _day(app: App, moment: datetime | None) -> str:
    return f"{moment.astimezone(app.calendar.zone):%Y-%m-%d}" if moment else ""


def _state(work: works.Work) -> str:
    if not work.is_valid:
        return text_of(Message.of("work_is_invalid", reason=shown(work.invalid_reason)))
    if not work.failure_count:
        return word("valid")
    return text_of(
        Message.of("work_has_failed", count=work.failure_count, error=shown(work.last_error))
    )
