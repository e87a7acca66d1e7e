"""`stats fetch`: counters of videos of any known platform."""

from __future__ import annotations

import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console as Terminal
from rich.table import Table

from commands.framework.context import Exit, opened_app, result, result_json, say
from commands.framework.lazy_group import Group
from commands.framework.lease_context import leases_until_interrupted
from commands.framework.options import AsJson
from commands.framework.reader import column_titles, shown, word
from core.errors import InvalidInputError
from core.message_json import message_keys
from core.messages import Message
from core.plain_text import decoded, read_bytes, read_stream
from crawler.statistics.items import FetchedItem
from crawler.statistics.waits import Wait
from presentation.i18n.renderer import ENGLISH_RENDERER
from sources.base import VideoStats

COUNTERS = ("view", "danmaku", "comment", "like", "coin", "favorite", "share")
TITLE_CELLS = 30
MIN_TITLE_WIDTH, WIDE, FILE_WIDTH = 100, 130, 200
ID_CELLS = 19
SAME_WAIT = timedelta(seconds=2)
SHORT_TITLE_CHARS = 5  # of a column, on a narrow screen


def fetch(
    links: Annotated[list[str] | None, typer.Argument(help="links, share texts or ids")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="one link a line; - is standard input")
    ] = None,
    platform: Annotated[
        str | None, typer.Option("--platform", help="whose the bare ids are")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask for the counters of videos, of several platforms at once."""
    texts = [*(links or ()), *_lines(file)]
    if not texts:
        raise InvalidInputError("links_or_file")
    with opened_app() as app, leases_until_interrupted(app, "stats") as stop:
        if platform is not None:
            platform = app.pool.platforms.named(platform).name
        items = app.pool.statistics.fetch(texts, stop, platform, WaitPrinter().show)
    if as_json:
        result_json([_as_object(item) for item in items])
    else:
        _print(items)
    missing = sum(1 for item in items if not isinstance(item.answer, VideoStats))
    if stop.is_set():
        raise typer.Exit(Exit.INTERRUPTED)
    if missing:
        say(Message.of("links_with_counters", found=len(items) - missing, count=len(items)))
        raise typer.Exit(Exit.PARTIAL)


class WaitPrinter:
    """Prints what a fetch waits for and until when, once for the requests that wait together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shown: dict[str, datetime] = {}

    def show(self, wait: Wait) -> None:
        """Print the wait, unless one of that platform as long was printed."""
        with self._lock:
            shown_until = self._shown.get(wait.platform)
            if shown_until is not None and wait.until < shown_until + SAME_WAIT:
                return
            self._shown[wait.platform] = wait.until
        say(Message.of("fetch_waits", platform=wait.platform, reason=wait.reason, until=wait.until))


def _lines(file: Path | None) -> list[str]:
    """Return the lines of a file (`-` for standard input) that are not blank; empty for None.

    Raises:
        InvalidInputError: the file cannot be read, is too large, or is no text.
    """
    if file is None:
        return []
    content = read_stream(sys.stdin.buffer, "-") if str(file) == "-" else read_bytes(file)
    found = decoded(content, str(file))
    if found.note is not None:
        say(Message.of("file_told", file=str(file), note=found.note))
    # Spreadsheets and Notepad put a BOM in front of UTF-8.
    return [line.strip("\ufeff \t") for line in found.text.splitlines() if line.strip()]


def _as_object(item: FetchedItem) -> dict[str, object]:
    shared = {"input": item.text, "platform": item.platform, "video_id": item.video_id}
    answer = item.answer
    if isinstance(answer, VideoStats):
        published = answer.published_at
        counters = {name: getattr(answer, name) for name in COUNTERS}
        return {
            **shared,
            "status": "success",
            **counters,
            "title": answer.title,
            "author": answer.author,
            "uid": answer.uid,
            "published_at": published.isoformat().replace("+00:00", "Z") if published else None,
        }
    if answer is not None:
        error = message_keys("error", answer.detail, ENGLISH_RENDERER.text)
        reason = {"reason": answer.reason.value, **error, "final": answer.final}
        return {**shared, "status": "unavailable", **reason}
    error = message_keys("error", item.error, ENGLISH_RENDERER.text)
    return {**shared, "status": "failed", **error, "final": item.final}


def _print(items: list[FetchedItem]) -> None:
    terminal = Terminal(highlight=False)
    # A file or pipe has no width that a table would have to fit.
    if not terminal.is_terminal:
        terminal.width = FILE_WIDTH
    number = _number if terminal.width >= WIDE else _short_number
    table = Table(box=None, pad_edge=False)
    platform, video_id, last = column_titles(("platform", "id", "title"))
    table.add_column(platform, no_wrap=True, min_width=8)
    table.add_column(video_id, no_wrap=True, min_width=ID_CELLS)
    for name in COUNTERS:
        (title,) = column_titles((name if terminal.width >= WIDE else name[:SHORT_TITLE_CHARS],))
        table.add_column(title, justify="right", no_wrap=True, min_width=SHORT_TITLE_CHARS)
    has_room = terminal.width >= MIN_TITLE_WIDTH
    if has_room:
        table.add_column(last, no_wrap=True, max_width=TITLE_CELLS, overflow="ellipsis")
    for item in items:
        if isinstance(item.answer, VideoStats):
            table.add_row(
                item.platform,
                item.video_id,
                *(number(getattr(item.answer, name)) for name in COUNTERS),
                *([item.answer.title or ""] if has_room else []),
            )
    if table.row_count:
        terminal.print(table)
    for item in items:
        if item.answer is not None and not isinstance(item.answer, VideoStats):
            result(f"{item.text}: {word(item.answer.reason)}: {shown(item.answer.detail)}")
        elif item.answer is None:
            result(f"{item.text}: {shown(item.error)}")


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _short_number(value: int | None) -> str:
    """Return a number with three significant digits: 1,645, 12.3k, 3.7M."""
    if value is None or value < 10_000:
        return _number(value)
    for size, mark in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if value >= size:
            return f"{value / size:.3g}{mark}"
    return _number(value)


GROUP = Group({"fetch": fetch})
