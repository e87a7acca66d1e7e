"""The progress of a run: a bar on a terminal, a plain line every 5 seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from commands.framework.context import is_animated, stderr_terminal
from core.plain_text import escaped_turns

PLAIN_LINE_SECS = 5.0


class Shown(Protocol):
    """The progress of a run on stderr, and lines of its log above it."""

    def show(self, text: str, done: int, total: int) -> None:
        """Show a text, and how much is done of how much."""

    def line(self, text: str) -> None:
        """Print a line."""


@contextmanager
def progress_shown() -> Iterator[Shown]:
    """Provide what shows progress on stderr, until the end of the block.

    A terminal shows a bar, others get a line now and then.
    """
    terminal = stderr_terminal()
    if not is_animated(terminal):
        yield _PlainLines()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=terminal) as bar:
        yield _Bar(bar)


class _Bar:
    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None)

    def show(self, text: str, done: int, total: int) -> None:
        self._bar.update(self._task, description=text, completed=done, total=total)

    def line(self, text: str) -> None:
        self._bar.console.print(escaped_turns(text), markup=False, highlight=False, soft_wrap=True)


class _PlainLines:
    """Prints a changed line of progress at most every 5 seconds, and always the last one."""

    def __init__(self) -> None:
        self._printed_at = -PLAIN_LINE_SECS
        self._printed = ""

    def show(self, text: str, done: int, total: int) -> None:
        now = time.monotonic()
        line = f"{text} | {done:,}/{total:,}"
        if line == self._printed or (now - self._printed_at < PLAIN_LINE_SECS and done < total):
            return
        self._printed_at, self._printed = now, line
        self.line(line)

    def line(self, text: str) -> None:
        print(escaped_turns(text), file=sys.stderr, flush=True)
