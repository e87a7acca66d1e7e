"""The table of `works list`."""

from __future__ import annotations

from datetime import datetime

from app.container import App
from commands.framework.reader import column_of, shown, table_of, text_of, word
from core.messages import Message
from presentation.terminal.tables import Table
from storage.catalogue import works

MIN_CELLS = 16  # of a title and an author, in a window


def works_table(app: App, found: list[works.Work]) -> Table:
    """Return a table of works: title, author, plays, and the reason why one is invalid or
    failed."""
    table = table_of(
        (
            "work",
            column_of("title", min_cells=MIN_CELLS),
            column_of("author", min_cells=MIN_CELLS),
            "published",
            column_of("plays", is_number=True),
            "checked",
            column_of("state", is_long=True),
        ),
    )
    for work in found:
        table.add(
            (
                f"{work.platform}:{work.work_id}",
                work.title,
                work.author,
                _day(app, work.publish_time),
                f"{work.play_count:,}" if work.play_count is not None else "",
                _day(app, work.checked_at),
                _state(work),
            ),
        )
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
