"""What `dramas list`, `dramas show` and `daily_stats` print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rich.markup import escape
from rich.table import Table

from core.messages import Message
from distribution.counters import COUNTED, PREFIXES
from distribution.serialization import drama_object
from distribution.service import DramaDetails
from presentation.i18n.renderer import LOG_RENDERER
from storage.distribution.distribution_tasks import Drama

TEXT_CELLS = 28
COUNTERS = ("view", "like", "comment", "share", "collect")


def drama_table(found: Iterable[Drama]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("task", "project", "title", "state", "platform", "callback", "signed"):
        table.add_column(title, no_wrap=True, overflow="ellipsis", max_width=TEXT_CELLS)
    for drama in found:
        told = drama.fields
        cells = (
            told.task_id,
            told.project_id,
            told.title,
            told.status.value,
            told.platform or "",
            drama.callback_status or ("set" if told.callback_url else ""),
            "yes" if told.callback_secret else "",
        )
        table.add_row(*map(escape, cells))
    return table


def detail_lines(details: DramaDetails) -> Iterator[str]:
    """The task for people."""
    for name, value in drama_object(details.drama).items():
        if value not in (None, ""):
            yield f"{name}: {value}"
    yield f"completions: {details.completion_count:,}"
    for day in details.days:
        yield f"{day.stats_date} revision {day.revision}: {counts_text(day.counts)}"
        if day.error:
            yield f"  {LOG_RENDERER.sentence(Message.load(day.error))}"


def counts_text(counts: Mapping[str, int]) -> str:
    """`3 accounts; yt 2 accounts, 1,200 views`: what is not 0."""
    parts = [f"{counts['account_count']:,} accounts"]
    for prefix in PREFIXES.values():
        told = [
            f"{counts[f'{prefix}_{name}_count']:,} {name}s"
            for name in ("account", *COUNTERS)
            if counts.get(f"{prefix}_{name}_count")
        ]
        if told:
            parts.append(f"{prefix} {', '.join(told)}")
    return "; ".join(parts)


def platform_rows(counts: Mapping[str, int]) -> Iterator[tuple[str, list[str]]]:
    """For each platform with accounts its name, and the cells: accounts and each of COUNTERS."""
    for platform, prefix in PREFIXES.items():
        if counts[f"{prefix}_account_count"]:
            cells = [f"{counts[f'{prefix}_account_count']:,}"]
            cells += [
                f"{counts[f'{prefix}_{name}_count']:,}" if name in COUNTED[platform] else ""
                for name in COUNTERS
            ]
            yield platform, cells
