"""Log files of one job and local day, such as `logs/spider/views_crawler_20261122.log`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

from core.installation.file_access import SHARED, FileAccess, make_folder
from core.logs import LINE_BREAKS, SparseNotice, open_log, redact, service_log
from core.messages import Message, message_of
from presentation.i18n.renderer import Renderer

trouble_log = service_log("views")


class LineWriter(logging.Handler):
    """Makes lines like `[2026-11-22 05:00:07] INFO message` of records, and gives them to `write`.

    Args:
        zone: the time zone of the times.
        renderer: writes the messages and errors among a record's arguments.
        write: gets each line, redacted and without its end, with the local time of its record.
    """

    def __init__(
        self, *, zone: ZoneInfo, renderer: Renderer, write: Callable[[str, datetime], object]
    ) -> None:
        super().__init__()
        self._zone = zone
        self._renderer = renderer
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record's line."""
        moment = datetime.fromtimestamp(record.created, self._zone)
        message = LINE_BREAKS.sub(lambda found: repr(found[0])[1:-1], self._text(record))
        line = f"[{moment:%Y-%m-%d %H:%M:%S}] {record.levelname} {redact(message)}"
        with suppress(OSError):  # the crawl goes on when a terminal is gone
            self._write(line, moment)

    def _text(self, record: logging.LogRecord) -> str:
        # The record is left as it is: other handlers render it in another language.
        if not isinstance(record.args, tuple) or not record.args:
            return record.getMessage()
        return str(record.msg) % tuple(
            value if message_of(value) is None else self._renderer.sentence(value)  # type: ignore[arg-type]
            for value in record.args
        )


class _DayFiles:
    """Appends lines to the file of their day, which stays open until the next day.

    A line that cannot be written is lost, as the work goes on without it; the service log says so
    once a minute at most.
    """

    def __init__(self, folder: Path, name: str, access: FileAccess) -> None:
        self._access = access
        self._folder = folder
        self._name = name
        self._open: tuple[Path, TextIO] | None = None
        self._notice = SparseNotice()

    def write(self, line: str, moment: datetime) -> None:
        """Append a line; nothing is raised."""
        path = self._folder / f"{self._name}_{moment:%Y%m%d}.log"
        try:
            file = self._opened(path)
            file.write(line + "\n")
            file.flush()
        except OSError as error:
            self.close()  # the next line opens it anew: the trouble may be over
            if self._notice.is_due():
                detail = error.strerror or str(error)
                unwritable = Message.of("log_unwritable", file=str(path), detail=detail)
                trouble_log.warning("%s", unwritable)

    def _opened(self, path: Path) -> TextIO:
        if self._open is None or self._open[0] != path:
            self.close()
            make_folder(self._folder, self._access)
            self._open = (path, open_log(path, self._access))
        return self._open[1]

    def close(self) -> None:
        if self._open is not None:
            with suppress(OSError):  # what is still buffered finds no room either
                self._open[1].close()
            self._open = None


@contextmanager
def day_log(
    folder: Path,
    name: str,
    zone: ZoneInfo,
    renderer: Renderer,
    *others: logging.Handler,
    access: FileAccess = SHARED,
) -> Iterator[logging.Logger]:
    """Yield a logger of its own, whose records reach the day's file and `others`, and no more."""
    log = logging.Logger(name, logging.INFO)
    files = _DayFiles(folder, name, access)
    log.addHandler(LineWriter(zone=zone, renderer=renderer, write=files.write))
    for handler in others:
        log.addHandler(handler)
    try:
        yield log
    finally:
        files.close()
