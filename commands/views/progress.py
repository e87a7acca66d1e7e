"""How far a run is: a bar on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from commands.framework.context import messages

PLAIN_LINE_SECS = 5.0
Show = Callable[[str, int, int], None]  # text, done, of how many


@contextmanager
def progress_shown() -> Iterator[Show]:
    """Shows what it is told, on stderr, until the end of the block."""
    terminal = messages()
    if not terminal.is_terminal:
        yield _PlainLines()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda text, done, total: bar.update(
            task, description=text, completed=done, total=total
        )


class _PlainLines:
    def __init__(self) -> None:
        self._told_at = -PLAIN_LINE_SECS
        self._told = ""

    def __call__(self, text: str, done: int, total: int) -> None:
        now = time.monotonic()
        line = f"{text} | {done:,}/{total:,}"
        if line == self._told or (now - self._told_at < PLAIN_LINE_SECS and done < total):
            return
        self._told_at, self._told = now, line
        print(line, file=sys.stderr, flush=True)
