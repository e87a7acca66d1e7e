"""Log files of one job and local day, such as `logs/spider/views_crawler_20261122.log`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from core.installation.file_access import SHARED, FileAccess, make_folder
from core.logs import LINE_BREAKS, open_log, redact
from core.messages import message_of
from presentation.i18n.renderer import Renderer


class DayLog(logging.Handler):
    """A handler that writes `[2026-11-22 05:00:07] INFO message` to the file of the record's day.

    Args:
        zone: the time zone of days and times.
        renderer: writes the messages and errors among a record's arguments.
        access: mode and group of new files.
    """

    def __init__(
        self,
        *,
        folder: Path,
        name: str,
        zone: ZoneInfo,
        renderer: Renderer,
        access: FileAccess = SHARED,
    ) -> None:
        super().__init__()
        self._access = access
        self._folder = folder
        self._name = name
        self._zone = zone
        self._renderer = renderer

    def emit(self, record: logging.LogRecord) -> None:
        """Append the record to its day's file, redacted and on one line."""
        moment = datetime.fromtimestamp(record.created, self._zone)
        message = LINE_BREAKS.sub(lambda found: repr(found[0])[1:-1], self._text(record))
        line = f"[{moment:%Y-%m-%d %H:%M:%S}] {record.levelname} {redact(message)}\n"
        path = self._folder / f"{self._name}_{moment:%Y%m%d}.log"
        try:
            make_folder(self._folder, self._access)
            with open_log(path, self._access) as file:
                file.write(line)
        except OSError:
            # A full disk must not stop the crawl: logging reports the failure and goes on.
            self.handleError(record)

    def _text(self, record: logging.LogRecord) -> str:
        if isinstance(record.args, tuple):
            record.args = tuple(
                value if message_of(value) is None else self._renderer.sentence(value)  # type: ignore[arg-type]
                for value in record.args
            )
        return record.getMessage()


@contextmanager
def day_log(
    folder: Path, name: str, zone: ZoneInfo, renderer: Renderer, access: FileAccess = SHARED
) -> Iterator[logging.Logger]:
    """Yield a logger of its own, whose records reach no other handler."""
    log = logging.Logger(name, logging.INFO)
    log.addHandler(DayLog(folder=folder, name=name, zone=zone, renderer=renderer, access=access))
    yield log
