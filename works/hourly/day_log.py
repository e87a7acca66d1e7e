"""Log files of one job and local day: `logs/spider/views_crawler_20261122.log`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from core.logs import LINE_BREAKS, redact


class DayLog(logging.Handler):
    """Writes `[2026-11-22 05:00:07] INFO message` to the file of the record's day in `zone`."""

    def __init__(self, *, folder: Path, name: str, zone: ZoneInfo) -> None:
        super().__init__()
        self._folder = folder
        self._name = name
        self._zone = zone

    def emit(self, record: logging.LogRecord) -> None:
        """Append the record to its day's file, without secrets and on one line."""
        moment = datetime.fromtimestamp(record.created, self._zone)
        message = LINE_BREAKS.sub(lambda found: repr(found[0])[1:-1], record.getMessage())
        line = f"[{moment:%Y-%m-%d %H:%M:%S}] {record.levelname} {redact(message)}\n"
        path = self._folder / f"{self._name}_{moment:%Y%m%d}.log"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(line)
        except OSError:
            # A full disk must not stop the crawl: logging reports the failure and goes on.
            self.handleError(record)


@contextmanager
def day_log(folder: Path, name: str, zone: ZoneInfo) -> Iterator[logging.Logger]:
    """Yield a logger of its own, whose records reach no other handler."""
    log = logging.Logger(name, logging.INFO)
    log.addHandler(DayLog(folder=folder, name=name, zone=zone))
    yield log
