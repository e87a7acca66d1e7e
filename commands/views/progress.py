"""The progress of a run: a bar on a terminal, a plain line every 5 seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from commands.framework.context import is_animated, stderr_terminal

PLAIN_LINE_SECS = 5.0
Show = Callable[[str, int, int], None]  # text, done, of how many


@contextmanager
def progress_shown() -> Iterator[Show]:
    """Provide a function that shows progress on stderr, until the end of the block.

    It takes a text, and how much is done of how much. A terminal shows a bar, others get a line now
    and then.
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
        task = bar.add_task("", total=None)
        yield lambda text, done, total: bar.update(
            task, description=text, completed=done, total=total
        )


class _PlainLines:
    """Prints a changed line at most every 5 seconds, and always the last one."""

    def __init__(self) -> None:
        self._printed_at = -PLAIN_LINE_SECS
        self._printed = ""

    def __call__(self, text: str, done: int, total: int) -> None:
        now = time.monotonic()
        line = f"{text} | {done:,}/{total:,}"
        if line == self._printed or (now - self._printed_at < PLAIN_LINE_SECS and done < total):
            return
        self._printed_at, self._printed = now, line
        print(line, file=sys.stderr, flush=True)
