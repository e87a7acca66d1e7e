"""The tables and lines of `dramas list`, `dramas show` and `daily_stats`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from commands.framework.reader import (
    column_of,
    column_titles,
    joined,
    reader,
    shown,
    table_of,
    text_of,
    word,
)
from core.logs import redact
from core.messages import Message
from core.plain_text import one_line
from distribution.counters import COUNTED, PREFIXES
from distribution.serialization import drama_object
from distribution.service import DramaDetails
from distribution.shared_list import SharedVideo
from presentation.i18n.renderer import Renderer
from presentation.terminal.tables import Table
from storage.distribution.daily_stats import DailyStats
from storage.distribution.distribution_tasks import Drama

MIN_CELLS = 12  # of a text, in a window
COUNTERS = ("view", "like", "comment", "share", "collect")


def drama_table(found: Iterable[Drama]) -> Table:
    """Return a table of distribution tasks."""
    table = table_of(
        (
            "task",
            column_of("project", min_cells=MIN_CELLS),
            column_of("title", min_cells=MIN_CELLS),
            "state",
            "platform",
            "callback",
            "signed",
        ),
    )
    for drama in found:
        told = drama.fields
        table.add(
            (
                told.task_id,
                told.project_id,
                told.title,
                word(told.status),
                told.platform or "",
                _callback(drama),
                word("yes") if told.callback_secret else "",
            ),
        )
    return table


def shared_video_table(found: Iterable[SharedVideo], moments: Renderer) -> Table:
    """Return a table of completions whose video was handed in before."""
    table = table_of(
        (
            "task",
            "user",
            "at",
            "platform",
            column_of("link", is_long=True),
            "first_task",
            "first_user",
            "counted",
        )
    )
    for one in found:
        table.add(
            (
                one.completion.task_id,
                one.completion.user_id,
                str(moments.shown(one.completion.completed_at)),
                one.completion.platform,
                one.completion.submission_link,
                one.first_task,
                one.first_user,
                word("yes" if one.is_counted else "no"),
            )
        )
    return table


def detail_lines(details: DramaDetails) -> Iterator[str]:
    """Yield a task's fields, its number of completions and its newest days as lines."""
    for name, value in drama_object(details.drama).items():
        if value not in (None, ""):
            yield f"{name}: {value}"
    yield text_of(Message.of("drama_completions", count=details.completion_count))
    for day in details.days:
        counts = counts_text(day.counts)
        yield text_of(
            Message.of("drama_day", day=str(day.stats_date), revision=day.revision, counts=counts)
        )
        yield f"  {_report_text(day)}"
        if day.error:
            yield f"  {shown(day.error)}"


def _report_text(day: DailyStats) -> str:
    """Return what became of the report on a day."""
    if day.event_id is None:
        return word("unreported")
    answer = redact(one_line(shown(day.response))) or "-"
    if day.sent_at is not None:
        moment = f"{day.sent_at.astimezone(reader().zone):%Y-%m-%d %H:%M:%S}"
        told = Message.of("day_accepted", event=day.event_id, moment=moment, answer=answer)
    else:
        told = Message.of("day_not_accepted", event=day.event_id, tries=day.tries, answer=answer)
    return text_of(told)


def counts_text(counts: Mapping[str, int]) -> str:
    """Return the counts that are not 0, as `3 accounts; yt 2 accounts, 1,200 views`."""
    parts = [_number(counts["account_count"], "account")]
    for prefix in PREFIXES.values():
        told = [
            _number(counts[f"{prefix}_{name}_count"], name)
            for name in ("account", *COUNTERS)
            if counts.get(f"{prefix}_{name}_count")
        ]
        if told:
            parts.append(text_of(Message.of("platform_counts", prefix=prefix, counts=told)))
    return joined(parts)


def _number(count: int, name: str) -> str:
    (title,) = column_titles((f"{name}s",))
    return text_of(Message.of("named_count", count=count, name=title))


def _callback(drama: Drama) -> str:
    if drama.callback_status:
        return word(drama.callback_status)
    return word("set") if drama.fields.callback_url else ""


def platform_rows(counts: Mapping[str, int]) -> Iterator[tuple[str, list[str]]]:
    """Yield each platform with accounts, and its cells: accounts and each of COUNTERS."""
    for platform, prefix in PREFIXES.items():
        if counts[f"{prefix}_account_count"]:
            cells = [f"{counts[f'{prefix}_account_count']:,}"]
            cells += [
                f"{counts[f'{prefix}_{name}_count']:,}" if name in COUNTED[platform] else ""
                for name in COUNTERS
            ]
            yield platform, cells
